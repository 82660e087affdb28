"""How time and memory of a page grow with the models in memory and with its visitors.

`python benchmarks/page_growth.py > RECORD.json`, then `python benchmarks/plot_growth.py RECORD.json
PICTURE.svg`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
from soak import task
from visitors import SECONDS, Page, Visitor, config_of, page

from prm_app import machine
from prm_app.catalog import DEFAULT
from prm_app.checkpoint import fetch

MODELS = 6
VISITORS = (1, 4, 16, 64, 256)
REPEATS = 5


def models(opened: Page, names: list[str]) -> Iterator[dict[str, float]]:
    """One more model each time, then the seconds for one new solution by each, one after another.

    `load_seconds` is how long the page took for the first answer of the model that came last.
    """
    numbers = count(10_000)
    with httpx.Client(base_url=opened.url, timeout=SECONDS) as client:

        def seconds(name: str) -> float:
            problem, solution = task(next(numbers))
            question = {"problem": problem, "solution": solution, "model": name}
            begin = time.perf_counter()
            client.post("/api/score", json=question).raise_for_status()
            return time.perf_counter() - begin

        for number, name in enumerate(names, 1):
            load = seconds(name)
            by_all = median(sum(map(seconds, names[:number])) for _ in range(REPEATS))
            yield {
                "count": number,
                "seconds": by_all,
                "load_seconds": load,
                "resident_bytes": opened.memory(),
            }


async def visitors(opened: Page) -> list[dict[str, float]]:
    """So many visitors at once, each with a solution of his own: seconds until all are answered."""
    points, numbers = [], count(20_000)
    limits = httpx.Limits(max_connections=4 * VISITORS[-1], max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=opened.url, timeout=SECONDS, limits=limits) as client:
        config = await config_of(client)

        async def visit() -> None:
            problem, solution = task(next(numbers))
            await Visitor(client, config).click("score", problem=problem, solution=solution)

        for number in VISITORS:
            begin = time.perf_counter()
            await asyncio.gather(*(visit() for _ in range(number)))
            seconds = time.perf_counter() - begin
            points.append({"count": number, "seconds": seconds, "resident_bytes": opened.memory()})
    return points


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with TemporaryDirectory() as copies, page(demo="large") as opened:
        checkpoint = fetch(DEFAULT)[1]
        folders = [Path(copies, f"demo-{number}") for number in range(1, MODELS)]
        for folder in folders:
            shutil.copytree(checkpoint, folder)
        growth = {"visitors": asyncio.run(visitors(opened))}
        growth["models"] = list(models(opened, [DEFAULT.key, *map(str, folders)]))
    record = machine.record(model=DEFAULT.key, growth=growth)
    json.dump(record, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
