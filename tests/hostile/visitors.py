"""Many visitors at once on one page, none mixed up and none lost, while one sends hostile text.

`python -m hostile.visitors --visitors 200` in tests/ starts the page with the demo model. Every
visitor scores a solution of his own; his rewards are those of the same solution scored alone.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
from hostile import programs
from hostile.inputs import BROKEN, as_json, chance, text

SECONDS = 600
TOLERANCE = 1e-4
"""Batches of other sizes add up in another order."""


@dataclass(frozen=True)
class Figures:
    """How the visitors fared. `seconds` holds each one's wait, `page_seconds` those of the page."""

    losses: int
    mixed: int
    seconds: list[float]
    page_seconds: list[float]
    hostile: int
    tracebacks: int

    def __str__(self) -> str:
        waits = sorted(self.seconds) or [float("nan")]
        return (
            f"{len(self.seconds) + self.losses} visitors: {self.losses} lost, {self.mixed} mixed "
            f"up; answered after {median(waits):.1f} s (median), "
            f"{waits[int(0.95 * len(waits))]:.1f} s "
            f"(95%), {waits[-1]:.1f} s (last); meanwhile {self.hostile} hostile requests, "
            f"{self.tracebacks} tracebacks, and the page itself came within "
            f"{max(self.page_seconds):.2f} s (median {median(self.page_seconds):.3f} s)"
        )


def task(number: int) -> tuple[str, str]:
    """A problem and a solution that no other visitor has."""
    a, b, c = number + 3, 2 * number + 5, number % 7 + 2
    problem = f"Visitor {number} has {a} apples, buys {b} more and sells each for {c} dollars."
    return problem, f"{a} + {b} = {a + b}\n{a + b} * {c} = {(a + b) * c}\nA: {(a + b) * c}"


def alone(count: int, folder: Path) -> list[list[float]]:
    """The rewards of every task from a program that nobody else uses."""
    file = folder / "tasks.jsonl"
    rows = (dict(zip(("problem", "solution"), task(i), strict=True)) for i in range(count))
    file.write_text("\n".join(map(json.dumps, rows)))
    command = [sys.executable, "-m", "prm_app.cli", "score", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=programs.ROOT)
    return [json.loads(line)["rewards"] for line in done.stdout.splitlines()]


def connected(url: str) -> httpx.AsyncClient:
    """A visitor's own connection; certificates are not read, which takes longer than an answer."""
    return httpx.AsyncClient(base_url=url, timeout=SECONDS, verify=False)


async def visit(url: str, number: int) -> tuple[dict | None, float]:
    """What a visitor is answered, or None, and after how many seconds."""
    start = time.perf_counter()
    try:
        async with connected(url) as client:
            data = as_json({"data": list(task(number))})
            reply = await client.post("/gradio_api/call/score", content=data, headers=_JSON)
            event = reply.json()["event_id"]
            stream = (await client.get(f"/gradio_api/call/score/{event}")).text
    except (httpx.HTTPError, KeyError, ValueError):
        return None, 0.0
    kind, answer = stream.rstrip().split("\n")[-2:]
    found = json.loads(answer.removeprefix("data: "))[0] if kind == "event: complete" else None
    return found, time.perf_counter() - start


_JSON = {"Content-Type": "application/json"}


async def attack(url: str, sent: list[int]) -> None:
    """Sends what is long, deep and wrong until it is cancelled."""
    rng = chance(1)
    async with connected(url) as client:
        while True:
            long = rng.choice(("_", "* ", "\\\\[", "\n", "$$a$$", "a", "\t")) * 33_000
            body = rng.choice(
                (
                    as_json({"data": ["1 + 1?", long[:100_000]]}),
                    as_json({"data": [text(rng, 50), text(rng, 500)]}),
                    as_json({"data": ["1 + 1?", long * 100]}),
                    rng.choice(BROKEN),
                )
            )
            reply = await client.post("/gradio_api/call/score", content=body, headers=_JSON)
            if reply.is_success and "event_id" in reply.json():
                await client.get(f"/gradio_api/call/score/{reply.json()['event_id']}")
            sent.append(reply.status_code)


async def watch(url: str, seconds: list[float]) -> None:
    """How long the page itself takes to come, again and again."""
    async with connected(url) as client:
        while True:
            start = time.perf_counter()
            await client.get("/gradio_api/startup-events")
            seconds.append(time.perf_counter() - start)
            await asyncio.sleep(0.1)


async def crowd(program: programs.Program, expected: list[list[float]]) -> Figures:
    """All visitors at once."""
    sent: list[int] = []
    page_seconds: list[float] = []
    others = [
        asyncio.create_task(attack(program.url, sent)),
        asyncio.create_task(watch(program.url, page_seconds)),
    ]
    await asyncio.sleep(1)
    answers = await asyncio.gather(*(visit(program.url, i) for i in range(len(expected))))
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    found = [(i, answer) for i, (answer, _) in enumerate(answers) if answer is not None]
    return Figures(
        losses=len(expected) - len(found),
        mixed=sum(not _is_own(i, answer, expected[i]) for i, answer in found),
        seconds=[seconds for answer, seconds in answers if answer is not None],
        page_seconds=page_seconds,
        hostile=len(sent),
        tracebacks=program.tracebacks,
    )


def _is_own(number: int, answer: dict, rewards: list[float]) -> bool:
    problem, solution = task(number)
    near = [abs(a - b) <= TOLERANCE for a, b in zip(answer["rewards"], rewards, strict=True)]
    return answer["problem"] == problem and answer["steps"] == solution.split("\n") and all(near)


def run(count: int, folder: Path) -> Figures:
    """Scores every task alone, then all together."""
    expected = alone(count, folder)
    with programs.page(folder) as program:
        return asyncio.run(crowd(program, expected))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=200)
    with TemporaryDirectory() as temporary:
        figures = run(parser.parse_args().visitors, Path(temporary))
    print(figures)
    sys.exit(bool(figures.losses or figures.mixed or figures.tracebacks))
