"""How time and memory grow with the number of solutions, of steps and of users, for our scorer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from prm_app.bench import prompts, scenarios
from prm_app.bench.worker import Worker

SOLUTIONS = (1, 10, 100, 1_000, 10_000)
STEPS = (1, 5, 20, 100, 500)
USERS = (1, 4, 16, 64, 256)


def growth(
    worker: Worker, largest: int, on_progress: Callable[[str], None] = lambda text: None
) -> dict[str, list[dict[str, Any]]]:
    """Three series of points, each with its `count`, `seconds` and `resident_bytes`.

    `solutions` are Best-of-8 with two short steps, up to `largest` of them, given at once; `steps`
    is one solution of short steps; `users` score four such solutions each, one after another.
    """
    source = prompts.made_up(candidates=8, steps=2, sentences=0, seed=2)

    def solutions(count: int) -> list[prompts.Solution]:
        return list(chain(*prompts.take(source, -(-count // 8))))[:count]

    def point(count: int, seconds: float) -> dict[str, Any]:
        return {"count": count, "seconds": seconds} | worker.run(scenarios.memory)

    worker.run(scenarios.throughput, solutions(64))
    series: dict[str, list[dict[str, Any]]] = {"solutions": [], "steps": [], "users": []}
    for count in SOLUTIONS:
        if count <= largest:
            on_progress(f"Growth: {count:,} solutions")
            seconds, _ = worker.run(scenarios.throughput, solutions(count))
            series["solutions"].append(point(count, seconds))
    for count in STEPS:
        on_progress(f"Growth: {count} steps")
        long = prompts.made_up(candidates=1, steps=count, sentences=0, seed=3 + count)
        seconds, _ = worker.run(scenarios.throughput, prompts.take(long, 1)[0])
        series["steps"].append(point(count, seconds))
    for count in USERS:
        on_progress(f"Growth: {count} users")
        seconds, _ = worker.run(scenarios.users, solutions(4 * count), count)
        series["users"].append(point(count, seconds))
    return series
