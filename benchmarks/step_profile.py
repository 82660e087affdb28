"""What our engine does between its steps, and how busy the GPU is meanwhile.

    python benchmarks/step_profile.py /tmp/skywork-1.5b --problems 128 > profile.json

`steps`: for each step when scheduling started and ended, when its kernels were launched, and when
its results were there and handed on (milliseconds), its tokens and requests. On a GPU: `gpu`, the
same work as the card saw it, and `alone`, eight solutions one after the other.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prm_app.bench import prompts
from prm_app.bench.peers import Peer
from prm_app.bench.worker import Worker
from prm_app.catalog import find_model
from prm_app.checkpoint import fetch
from prm_app.solutions.solution import Solution

GAPS = {"up to 10 us": 1e4, "up to 0.1 ms": 1e5, "up to 1 ms": 1e6, "longer": float("inf")}


def steps(peer: Peer, solutions: Sequence[Solution]) -> dict[str, Any]:
    """The steps of one run over all solutions, given at once."""
    from unittest.mock import patch

    from vllm.v1.core.sched.scheduler import Scheduler
    from vllm.v1.executor.uniproc_executor import UniProcExecutor

    schedule, execute = Scheduler.schedule, UniProcExecutor.execute_model
    update = Scheduler.update_from_output
    made: list[dict[str, Any]] = []
    results: list[tuple[float, float]] = []
    started = time.perf_counter()

    def now() -> float:
        return round(1e3 * (time.perf_counter() - started), 2)

    def on_schedule(self: Any, *args: Any, **options: Any) -> Any:
        at = now()
        output = schedule(self, *args, **options)
        tokens, requests = output.total_num_scheduled_tokens, len(output.num_scheduled_tokens)
        made.append({"at": at, "scheduled": now(), "tokens": tokens, "requests": requests})
        return output

    def on_execute(self: Any, *args: Any, **options: Any) -> Any:
        result = execute(self, *args, **options)
        made[-1]["launched"] = now()
        return result

    def on_update(self: Any, *args: Any, **options: Any) -> Any:
        at = now()
        result = update(self, *args, **options)
        results.append((at, now()))
        return result

    with (
        patch.object(Scheduler, "schedule", on_schedule),
        patch.object(UniProcExecutor, "execute_model", on_execute),
        patch.object(Scheduler, "update_from_output", on_update),
    ):
        peer.score(solutions)
        took = now()
    for step, (done, handed_on) in zip(made, results, strict=False):
        step |= {"done": done, "handed_on": handed_on}
    return {"milliseconds": took, "solutions": len(solutions), "steps": made}


def gpu(peer: Peer, solutions: Sequence[Solution], at_once: bool) -> dict[str, Any]:
    """How long the card worked and waited (milliseconds), and what it worked at."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        started = time.perf_counter()
        for batch in [solutions] if at_once else [[each] for each in solutions]:
            peer.score(batch)
        took = time.perf_counter() - started
        torch.cuda.synchronize()
    events = [
        event
        for event in profiler.profiler.kineto_results.events()
        if "CUDA" in str(event.device_type())
    ]
    kernels: dict[str, list[float]] = defaultdict(lambda: [0.0, 0])
    for event in events:
        kernels[event.name()[:100]][0] += event.duration_ns() / 1e6
        kernels[event.name()[:100]][1] += 1
    spans = sorted((event.start_ns(), event.start_ns() + event.duration_ns()) for event in events)
    busy, waited = _busy(spans)
    return {
        "milliseconds": 1e3 * took,
        "busy": busy,
        "waited": waited,
        "kernels": sorted(([name, *sums] for name, sums in kernels.items()), key=lambda k: -k[1]),
    }


def _busy(spans: Sequence[tuple[int, int]]) -> tuple[float, dict[str, float]]:
    """Milliseconds in which something ran, and those between, by the length of the gap."""
    busy, waited = 0.0, dict.fromkeys(GAPS, 0.0)
    end = spans[0][0]
    for start, stop in spans:
        if start > end:
            size = next(name for name, limit in GAPS.items() if start - end <= limit)
            waited[size] += (start - end) / 1e6
        busy += max(0, stop - max(start, end)) / 1e6
        end = max(end, stop)
    return busy, waited


def main() -> None:
    parser = argparse.ArgumentParser(description="What happens between the engine's steps.")
    parser.add_argument("model", help="a catalogue key, hub name or folder")
    parser.add_argument("--problems", type=int, default=64)
    parser.add_argument("--engine", type=json.loads, default={}, help="vLLM's arguments, as JSON")
    args = parser.parse_args()
    prm, folder = fetch(find_model(args.model))
    source = prompts.made_up(candidates=8, steps=8, sentences=1, seed=0, spread=4)

    def take(problems: int) -> list[Solution]:
        return list(chain(*prompts.take(source, problems)))

    with TemporaryDirectory() as logs:
        worker = Worker("ours", prm, folder, args.engine, Path(logs, "log"))
        worker.wait()
        worker.run(steps, take(2))
        record = {"steps": worker.run(steps, take(args.problems))}
        import torch

        if torch.cuda.is_available():
            record["gpu"] = worker.run(gpu, take(args.problems), True)
            record["alone"] = worker.run(gpu, take(1), False)
        worker.close()
    json.dump(record, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
