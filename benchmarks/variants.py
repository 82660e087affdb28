"""Settings compared on one machine in one run: engines loaded beside each other, measured in turn.

    python benchmarks/variants.py /tmp/skywork-1.5b variants.json --problems 64 > record.json

The second file names the variants, each with its peer, engine arguments and environment:

    {"ours": {}, "vllm": {"peer": "vllm"},
     "split": {"engine": {"compilation_config": {"cudagraph_mode": "PIECEWISE"}}},
     "v1": {"environment": {"VLLM_USE_V2_MODEL_RUNNER": "0"}}}

Every engine has the same room for its prefix cache, so that all may load at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prm_app.bench.run import SCENARIOS, Settings, measure
from prm_app.bench.worker import Worker
from prm_app.catalog import Prm, find_model
from prm_app.checkpoint import fetch
from prm_app.errors import EngineError


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """The environment of processes started meanwhile."""
    former = dict(os.environ)
    os.environ.update(values)
    yield
    os.environ.clear()
    os.environ.update(former)


def load(
    variants: Mapping[str, Mapping[str, Any]],
    prm: Prm,
    folder: Path,
    shared: Mapping[str, Any],
    logs: Path,
) -> dict[str, Worker]:
    """The variants that load; what the others fail of goes to stderr."""
    workers = {}
    for name, variant in variants.items():
        with environment(variant.get("environment", {})):
            options = {**shared, **variant.get("engine", {})}
            peer = variant.get("peer", "ours")
            workers[name] = Worker(peer, prm, folder, options, logs / f"{name}.log")
    ready = {}
    for name, worker in workers.items():
        try:
            seconds = worker.wait()
        except EngineError as error:
            print(f"{name}: {error}", file=sys.stderr)
        else:
            print(f"{name}: ready after {seconds:.0f} s", file=sys.stderr)
            ready[name] = worker
    return ready


def main() -> None:
    parser = argparse.ArgumentParser(description="Settings compared in one run.")
    parser.add_argument("model", help="a catalogue key, hub name or folder")
    parser.add_argument("variants", type=Path, help="JSON, as the head of this file shows")
    parser.add_argument("--cache-gb", type=float, default=3.0, help="prefix cache of each engine")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    for name, default in (("problems", 64), ("repeats", 3), ("users", 64)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    prm, folder = fetch(find_model(args.model))
    variants = json.loads(args.variants.read_text())
    shared = {
        "gpu_memory_utilization": 0.9 / len(variants),
        "kv_cache_memory_bytes": int(args.cache_gb * 2**30),
    }
    settings = Settings(
        prm,
        folder,
        scenarios=args.scenarios,
        problems=args.problems,
        repeats=args.repeats,
        users=args.users,
    )
    with TemporaryDirectory() as logs:
        workers = load(variants, prm, folder, shared, Path(logs))
        record = measure(settings, workers, lambda text: print(text, file=sys.stderr))
        for worker in workers.values():
            worker.close()
    json.dump(record | {"variants": variants}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
