"""A page's memory over many requests: it should end with what it had after the first 1,000.

`python benchmarks/soak.py --seconds 1800 > RECORD.json`, then `python benchmarks/plot_soak.py
RECORD.json PICTURE.svg`. Every request is of a new visitor: of ten, seven score a solution on the
page, two rank four solutions there, and one asks the HTTP API.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import httpx
from visitors import SECONDS, Page, Visitor, config_of, page

from prm_app import machine

AT_ONCE = 8


def task(number: int) -> tuple[str, str]:
    """A problem and a solution that no other request has."""
    a, b, c = number + 3, 2 * number + 5, number % 7 + 2
    problem = f"Visitor {number} has {a} apples, buys {b} more and sells each for {c} dollars."
    return problem, f"{a} + {b} = {a + b}\n{a + b} * {c} = {(a + b) * c}\nA: {(a + b) * c}"


async def request(client: httpx.AsyncClient, config: dict[str, Any], number: int) -> None:
    problem, solution = task(number)
    if number % 10 == 9:
        question = {"problem": problem, "solution": solution}
        (await client.post("/api/score", json=question)).raise_for_status()
    elif number % 10 in (3, 7):
        cards = [f"{solution}\nSo {i}." for i in range(4)]
        await Visitor(client, config).click("rank", **{"rank-problem": problem, "cards": cards})
    else:
        await Visitor(client, config).click("score", problem=problem, solution=solution)


async def soak(opened: Page, most: int, seconds: float) -> list[dict[str, float]]:
    """Requests done and lost, seconds and memory, again and again until one of the two bounds."""
    begin, done, lost = time.perf_counter(), 0, 0
    points: list[dict[str, float]] = []
    limits = httpx.Limits(max_connections=4 * AT_ONCE, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=opened.url, timeout=SECONDS, limits=limits) as client:
        config = await config_of(client)
        while done < most and time.perf_counter() - begin < seconds:
            batch = (request(client, config, done + i) for i in range(AT_ONCE))
            for error in filter(None, await asyncio.gather(*batch, return_exceptions=True)):
                print(repr(error), file=sys.stderr, flush=True)
                lost += 1
            done += AT_ONCE
            if done % (12 * AT_ONCE) == 0:
                passed = round(time.perf_counter() - begin, 1)
                points.append(
                    {"requests": done, "lost": lost, "seconds": passed, "bytes": opened.memory()}
                )
                print(points[-1], file=sys.stderr, flush=True)
    return points


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="at most so many")
    parser.add_argument("--seconds", type=float, default=1800, help="for at most so long")
    arguments = parser.parse_args()
    with page() as opened:
        points = asyncio.run(soak(opened, arguments.requests, arguments.seconds))
    record = machine.record(
        soak=points,
    )
    json.dump(record, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
