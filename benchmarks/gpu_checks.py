"""Whether a GPU gives the same rewards however its steps are made up.

    python benchmarks/gpu_checks.py shapes/1.5b checks.json
    python benchmarks/gpu_checks.py demo-skywork checks.json --engines "no graphs" V2 V1

Engines score the same solutions in turn: without CUDA graphs, as the app loads them, on Model
Runner V1, and with one graph for a whole step, which no app uses. Each has a cache of a few hundred
tokens, steps of a few dozen, and more prompts than fit, so that prompts are computed in pieces (the
last of one token, too), read from the cache and preempted all the time. The file is written after
each engine. The exit code is 3 if a reward differs by more than rounding from the prompt computed
alone by the first engine, if nothing was preempted, or if an engine failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from prm_app.bench.peers import Ours, Rewards
from prm_app.catalog import find_model
from prm_app.checkpoint import fetch
from prm_app.local import engine
from prm_app.local.prefix_store import PrefixStore
from prm_app.local.scorer import LocalScorer
from prm_app.solutions.solution import Solution

ALLOWED = 0.05
CHUNK = 40
CRAMPED: dict[str, Any] = {
    "max_model_len": 384,
    "num_gpu_blocks_override": 32,
    "max_num_batched_tokens": 4 * CHUNK + 32,
    "long_prefill_token_threshold": CHUNK,
    # Else vLLM admits a prompt only while all of it fits, and little is preempted.
    "scheduler_reserve_full_isl": False,
    "gpu_memory_utilization": 0.3,
    "kv_cache_memory_bytes": 2**30,
}
ENGINES: dict[str, dict[str, Any]] = {
    "no graphs": {"options": {"enforce_eager": True}},
    "V2": {},
    "V1": {"environment": {"VLLM_USE_V2_MODEL_RUNNER": "0"}},
    "V1, no graphs": {
        "environment": {"VLLM_USE_V2_MODEL_RUNNER": "0"},
        "options": {"enforce_eager": True},
    },
    "whole steps": {"whole": True},
}
PROBLEMS = ("What is 2 + 3 * 4?", "Tom has 3 boxes of 4 apples and eats 2. How many are left?")
STEPS = (
    "3 * 4 = 12",
    "2 + 12 = 14",
    "He has 3 * 4 = 12 apples, because each of the three boxes holds four of them.",
    "He eats 2, so 12 - 2 = 10 apples are left, which is what the problem asks for in the end.",
)


def graph_whole_steps() -> None:
    """Has one graph replay a whole step, attention included, which vLLM splits for pooling.

    Only FlashAttention 3 with heads over 64 and at most 128 takes any batch in one graph.
    """
    from vllm.config import CUDAGraphMode
    from vllm.engine.arg_utils import EngineArgs

    create = EngineArgs.create_engine_config

    def with_whole_steps(self: Any, *args: Any, **options: Any) -> Any:
        config = create(self, *args, **options)
        config.compilation_config.cudagraph_mode = CUDAGraphMode.FULL
        config.attention_config.flash_attn_max_num_splits_for_cuda_graph = 4
        return config

    patch.object(EngineArgs, "create_engine_config", with_whole_steps).start()


def alone(peer: Ours, solutions: Sequence[Solution]) -> Rewards:
    """Each by itself, with nothing read from the cache: no other request, no preemption."""
    rewards = []
    for prompt in peer.encode(solutions):
        outputs = peer.scorer._engine.submit(prompt.token_ids, reuse=False).result(120)
        rewards.append(tuple(peer.family.rewards(outputs.values[prompt.positions])))
    return rewards


def crowded(peer: Ours, rounds: Sequence[Sequence[Solution]]) -> tuple[Rewards, dict[str, Any]]:
    """Each round's solutions at once; their rewards, and how often what happened meanwhile."""
    from vllm.v1.core.sched.scheduler import Scheduler

    preempt, schedule = Scheduler._preempt_request, Scheduler.schedule
    counts = {"preempted": 0, "one-token steps": 0, "asked again": 0}

    def on_preempt(self: Any, *args: Any, **options: Any) -> Any:
        counts["preempted"] += 1
        return preempt(self, *args, **options)

    def on_schedule(self: Any, *args: Any, **options: Any) -> Any:
        output = schedule(self, *args, **options)
        counts["one-token steps"] += set(output.num_scheduled_tokens.values()) == {1}
        return output

    add = engine.VllmEngine._add

    def on_add(self: Any, request: Any) -> None:
        counts["asked again"] += not request.reuse
        add(self, request)

    rewards: Rewards = []
    with (
        patch.object(engine, "STEPS_AHEAD", {True: 100, False: 100}),
        patch.object(engine.VllmEngine, "_add", on_add),
        patch.object(Scheduler, "_preempt_request", on_preempt),
        patch.object(Scheduler, "schedule", on_schedule),
    ):
        for solutions in rounds:
            # A store of its own: what another round has kept is computed again.
            store = PrefixStore(1000)
            scorer = LocalScorer(peer.scorer.prm, peer.scorer._engine, peer.family, store)
            rewards += [each.result(120).rewards for each in scorer.submit(solutions)]
    return rewards, counts


def of_length(peer: Ours, longest: int) -> list[Solution]:
    """Solutions whose prompts end in a piece of one token, of two, and so on."""
    chance = random.Random(1)
    found: dict[int, Solution] = {}
    while len(found) < CHUNK and chance.random() < 0.999:
        steps = chance.choices(STEPS, k=chance.randint(1, 9))
        solution = Solution(chance.choice(PROBLEMS), (*steps, f"A: {chance.randint(1, 99)}"))
        length = len(peer.encode([solution])[0].token_ids)
        if CHUNK < length <= longest:
            found.setdefault(length % CHUNK, solution)
    return [found[rest] for rest in sorted(found)]


def rounds(number: int) -> list[list[Solution]]:
    """What is scored at once: eight solutions of two problems, many of whose steps are shared."""
    chance = random.Random(0)
    return [
        [
            Solution(chance.choice(PROBLEMS), (*chance.choices(STEPS, k=chance.randint(3, 9)), "A"))
            for _ in range(8)
        ]
        for _ in range(number)
    ]


def model_runner(worker: Any) -> str:
    """The module of a worker's model runner, which tells V2 from V1."""
    return type(worker.model_runner).__module__


def check(
    model: str, number: int, how: Mapping[str, Any], first: bool, results: Connection
) -> None:
    """One engine, in a process of its own: sends its rewards and counts.

    Only the first computes the solutions of all rounds alone too.
    """
    os.environ.update(how.get("environment", {}))
    if how.get("whole"):
        graph_whole_steps()
    prm, folder = fetch(find_model(model))
    peer = Ours(prm, folder, CRAMPED | how.get("options", {}))
    lengths, at_once = of_length(peer, CRAMPED["max_model_len"]), rounds(number)
    every = [each for solutions in at_once for each in solutions]
    one_by_one = alone(peer, lengths), alone(peer, every) if first else []
    together, counts = crowded(peer, at_once)
    core: Any = peer.scorer._engine
    runner = core._core.collective_rpc(model_runner)[0]
    results.send((*one_by_one, together, {"runner": runner, **counts}))
    peer.close()


def checked(*job: Any, seconds: float) -> Any:
    """What the process of `check` sends; raises TimeoutError or EOFError."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=check, args=(*job, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise TimeoutError(f"no answer after {seconds:.0f} s")
        return ours.recv()
    finally:
        process.join(20)
        process.kill()


def differences(rewards: Rewards, expected: Rewards) -> dict[str, Any]:
    """The largest difference, and the rewards that are wrong: which one, what it is and should."""
    each = [
        (abs(a - b), i, step, a, b)
        for i, (one, other) in enumerate(zip(rewards, expected, strict=True))
        for step, (a, b) in enumerate(zip(one, other, strict=True))
    ]
    wrong = [entry[1:] for entry in each if not entry[0] <= ALLOWED]
    return {
        "rewards": len(each),
        "largest": max(entry[0] for entry in each),
        "wrong": len(wrong),
        "first": wrong[:5],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether a GPU gives the same rewards.")
    parser.add_argument("model", help="a catalogue key, hub name or folder")
    parser.add_argument("record", type=Path, help="the file to write")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--rounds", type=int, default=60, help="of eight solutions at once")
    parser.add_argument("--seconds", type=float, default=180, help="for each engine")
    args = parser.parse_args()
    record: dict[str, Any] = {"model": args.model, "allowed": ALLOWED, "engines": {}}
    expected: tuple[Rewards, Rewards] | None = None
    right = True
    for name in args.engines:
        start = time.monotonic()
        try:
            lengths, every, together, counts = checked(
                args.model, args.rounds, ENGINES[name], not expected, seconds=args.seconds
            )
        except (TimeoutError, EOFError) as error:
            right = False
            record["engines"][name] = {"failed": f"{type(error).__name__}: {error}"}
        else:
            expected = expected or (lengths, every)
            found = {
                "alone, by length": differences(lengths, expected[0]),
                "at once": differences(together, expected[1]),
            }
            right &= counts["preempted"] > 0 and not any(each["wrong"] for each in found.values())
            record["engines"][name] = counts | found
        record["engines"][name]["seconds"] = round(time.monotonic() - start)
        print(f"{args.model}, {name}: {record['engines'][name]}", file=sys.stderr)
        args.record.write_text(json.dumps(record, indent=1))
    sys.exit(0 if right else 3)


if __name__ == "__main__":
    main()
