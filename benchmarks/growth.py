"""How time and memory of the scorer grow with the number of solutions, of steps and of users.

`python benchmarks/growth.py > RECORD.json`, then `python benchmarks/plot_growth.py RECORD.json
PICTURE.svg`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tqdm import tqdm

from prm_app import machine
from prm_app.bench import prompts, scenarios
from prm_app.bench.worker import Worker
from prm_app.catalog import DEFAULT, find_model
from prm_app.checkpoint import fetch
from prm_app.solutions.solution import Solution

SOLUTIONS = (1, 10, 100, 1_000, 10_000)
STEPS = (1, 5, 20, 100, 500)
USERS = (1, 4, 16, 64, 256)


def points(worker: Worker, largest: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Three series, each point with its `count`, `seconds` and `resident_bytes`.

    `solutions` are Best-of-8 with two short steps, up to `largest` of them, given at once; `steps`
    is one solution of short steps; `users` score four such solutions each, one after another.
    """
    source = prompts.made_up(candidates=8, steps=2, sentences=0, seed=2)

    def solutions(count: int) -> list[Solution]:
        return list(chain(*prompts.take(source, -(-count // 8))))[:count]

    def point(count: int, seconds: float) -> dict[str, Any]:
        return {"count": count, "seconds": seconds} | worker.run(scenarios.memory)

    worker.run(scenarios.throughput, solutions(64))  # what a first call compiles is not measured
    for count in SOLUTIONS:
        if count <= largest:
            seconds, _ = worker.run(scenarios.throughput, solutions(count))
            yield "solutions", point(count, seconds)
    for count in STEPS:
        long = prompts.made_up(candidates=1, steps=count, sentences=0, seed=3 + count)
        seconds, _ = worker.run(scenarios.throughput, prompts.take(long, 1)[0])
        yield "steps", point(count, seconds)
    for count in USERS:
        seconds, _ = worker.run(scenarios.users, solutions(4 * count), count)
        yield "users", point(count, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT.key, help="as `prm-app bench` takes it")
    parser.add_argument("--largest", type=int, default=10_000, metavar="N", help="most solutions")
    arguments = parser.parse_args()
    prm, folder = fetch(find_model(arguments.model))
    growth: dict[str, list[dict[str, Any]]] = {"solutions": [], "steps": [], "users": []}
    with TemporaryDirectory() as logs:
        worker = Worker("ours", prm, folder, {}, Path(logs, "log"))
        try:
            worker.wait()
            for name, point in tqdm(points(worker, arguments.largest), unit=" points"):
                growth[name].append(point)
        finally:
            worker.close()
    record = machine.record(model=prm.key, growth=growth)
    json.dump(record, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
