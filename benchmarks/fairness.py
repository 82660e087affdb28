"""What one visitor's greed costs another: the other's wait for one solution, alone and beside it.

`python benchmarks/fairness.py > RECORD.json`. The greedy one keeps as many requests on their way as
the page takes, most of them rankings of as many solutions as the page ranks at once; the other
scores one solution after another on the page. His 95th percentile should stay under 3 times its
value alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from itertools import count
from multiprocessing import Process
from statistics import median, quantiles
from typing import Any

import httpx
from soak import task
from visitors import SECONDS, Visitor, config_of, page

from prm_app import machine
from prm_app.api.limits import MOST_RANKED, MOST_SHOWN

GREEDY = "127.0.0.2"
"""The address that the greedy one comes from; the other comes from 127.0.0.1."""
WARM_UP = 10
"""Seconds of greed before the other one comes."""


def greed(url: str, requests: int) -> None:
    """Sends without end; runs in a process of its own, which takes only what the page leaves.

    A visitor computes on a machine of his own, not on the page's.
    """
    os.nice(19)

    async def all_at_once() -> None:
        limits = httpx.Limits(max_connections=2 * requests)
        numbers = count()
        other = httpx.AsyncHTTPTransport(local_address=GREEDY, limits=limits)
        async with httpx.AsyncClient(base_url=url, timeout=SECONDS, transport=other) as client:
            config = await config_of(client)
            asking = (_ask_for_ever(client, config, i, numbers) for i in range(requests))
            await asyncio.gather(*asking)

    asyncio.run(all_at_once())


async def _ask_for_ever(
    client: httpx.AsyncClient, config: dict[str, Any], i: int, numbers: count[int]
) -> None:
    """A quarter of them rank on the page, half by the HTTP API, and the others score there."""
    while True:
        problem = f"Which number is {next(numbers)}?"
        most = MOST_SHOWN if i % 4 == 0 else MOST_RANKED if i % 4 < 3 else 1
        texts = [f"{problem} {n}\nSo it is {n}." for n in range(most)]
        try:
            if i % 4 == 0:
                values = {"rank-problem": problem, "cards": texts}
                await Visitor(client, config).click("rank", **values)
            elif i % 4 < 3:
                await client.post("/api/rank", json={"problem": problem, "solutions": texts})
            else:
                await client.post("/api/score", json={"problem": problem, "solution": texts[0]})
        except (httpx.HTTPError, RuntimeError):
            await asyncio.sleep(0.2)  # turned away: asks again


async def waits(url: str, number: int, first: int) -> list[float]:
    """The seconds until each of so many solutions, one after another, is answered on the page."""
    seconds: list[float] = []
    async with httpx.AsyncClient(base_url=url, timeout=SECONDS) as client:
        config = await config_of(client)
        visitor = Visitor(client, config)
        for i in range(number):
            problem, solution = task(first + i)
            begun = time.perf_counter()
            await visitor.click("score", problem=problem, solution=solution)
            seconds.append(time.perf_counter() - begun)
            print(f"{seconds[-1]:.3f}", file=sys.stderr, flush=True)
    return seconds


def figures(seconds: list[float]) -> dict[str, float]:
    cut = quantiles(seconds, n=20)
    return {"median": round(median(seconds), 4), "p95": round(cut[-1], 4), "most": max(seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--solutions", type=int, default=60, help="that the other one scores")
    parser.add_argument("--greed", type=int, default=64, help="requests on their way at a time")
    arguments, options = parser.parse_known_args()  # the others are the page's
    with page(*options) as opened:
        asyncio.run(waits(opened.url, 5, 10_000))
        alone = asyncio.run(waits(opened.url, arguments.solutions, 0))
        greedy = Process(target=greed, args=(opened.url, arguments.greed), daemon=True)
        greedy.start()
        time.sleep(WARM_UP)
        beside = asyncio.run(waits(opened.url, arguments.solutions, 1000))
        greedy.kill()
    record = machine.record(
        greed=arguments.greed,
        seconds={"alone": figures(alone), "beside": figures(beside)},
        p95_ratio=round(figures(beside)["p95"] / figures(alone)["p95"], 2),
    )
    json.dump(record, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
