"""Two GPUs of one host: two servers, one copy over both, and a copy on each behind one address.

    python benchmarks/two_gpus.py shapes/1.5b record.json

Every part scores the same solutions through our client. `servers` is a server on each GPU: one
alone, both, and both while one of them is killed; `tensor` has `--tensor-parallel-size 2`, `data`
has `--data-parallel-size 2`. Rewards are compared with those of one card. The file is written after
each part; the exit code is 3 if a solution is lost, a reward differs by more than rounding, or a
part failed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from prm_app import machine
from prm_app.bench import prompts
from prm_app.errors import PrmError
from prm_app.remote import RemoteScorer, Servers
from prm_app.solutions.solution import Solution

ALLOWED = 0.05
START_SECONDS = 180
Rewards = list[tuple[float, ...] | None]


class Server:
    """`prm-app serve` on some GPUs."""

    def __init__(self, model: str, gpus: str, options: Sequence[str], log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self.url, self.log = f"http://127.0.0.1:{port}", log
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "prm_app.cli", "serve", model, "--port", port, *options],
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
            env=os.environ | {"CUDA_VISIBLE_DEVICES": gpus},
            start_new_session=True,
        )

    def wait(self) -> float:
        """Seconds until it answered."""
        while time.monotonic() < self.started + START_SECONDS and self._process.poll() is None:
            try:
                if httpx.get(self.url + "/health").is_success:
                    return time.monotonic() - self.started
            except httpx.TransportError:
                time.sleep(0.5)
        raise RuntimeError(f"The server did not start:\n{self.log.read_text()[-4000:]}")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, how)
            self._process.wait(60)


@contextmanager
def serving(model: str, logs: Path, *parts: tuple[str, Sequence[str]]) -> Iterator[list[Server]]:
    """A server for each pair of GPUs and options, all started together."""
    servers = [
        Server(model, gpus, options, logs / f"{i}.log") for i, (gpus, options) in enumerate(parts)
    ]
    try:
        for server in servers:
            print(f"{server.url}: ready after {server.wait():.0f} s", file=sys.stderr)
        yield servers
    finally:
        for server in servers:
            server.end()


def score(urls: Sequence[str], solutions: Sequence[Solution]) -> tuple[float, Rewards]:
    """Seconds for all of them, and the rewards of each; None for one that was lost."""
    rewards: Rewards = [None] * len(solutions)
    with RemoteScorer(Servers(urls)) as scorer:
        started = time.perf_counter()
        for i, outcome in scorer.score_many(solutions):
            if isinstance(outcome, PrmError):
                print(f"solution {i}: {str(outcome)[:300]}", file=sys.stderr)
            else:
                rewards[i] = outcome.rewards
        return time.perf_counter() - started, rewards


def measured(
    urls: Sequence[str], batches: Sequence[Sequence[Solution]]
) -> tuple[dict[str, Any], list[Rewards]]:
    """Solutions a second (the median batch), how many were lost, and all rewards."""
    scored = [score(urls, batch) for batch in batches]
    rates = [len(batch) / took for batch, (took, _) in zip(batches, scored, strict=True)]
    rewards = [each for _, each in scored]
    lost = sum(each.count(None) for each in rewards)
    return {"solutions_per_second": median(rates), "lost": lost}, rewards


def difference(found: Sequence[Rewards], expected: Sequence[Rewards]) -> float:
    """The largest of a reward from the expected one; those that were lost are left out."""
    pairs = zip(chain(*found), chain(*expected), strict=True)
    return max(
        abs(a - b) for one, other in pairs for a, b in zip(one or (), other or (), strict=False)
    )


def two_servers(
    model: str, logs: Path, batches: Sequence[Sequence[Solution]]
) -> tuple[dict[str, Any], list[Rewards]]:
    """One server, two, and two of which one is killed half-way; the rewards of one."""
    with serving(model, logs, ("0", ()), ("1", ())) as (first, second):
        both = [first.url, second.url]
        for url in both:
            score([url], _other(batches[0][:64], "warm"))
        one, expected = measured([first.url], batches)
        one["largest_difference"] = difference(measured([second.url], batches)[1], expected)
        shared = [_other(batch, "shared") for batch in batches]
        two, rewards = measured(both, shared)
        two["times_one"] = _times(two, one)
        two["largest_difference"] = difference(rewards, measured([first.url], shared)[1])
        fresh = [_other(batch, "fresh") for batch in batches]
        half = sum(map(len, batches)) / two["solutions_per_second"] / 2
        threading.Timer(half, second.end, [signal.SIGKILL]).start()
        killed, rewards = measured(both, fresh)
        killed["largest_difference"] = difference(rewards, measured([first.url], fresh)[1])
    return {"one": one, "two": two, "one killed": killed}, expected


def one_address(
    model: str,
    logs: Path,
    part: str,
    batches: Sequence[Sequence[Solution]],
    expected: Sequence[Rewards],
) -> dict[str, Any]:
    """A server on both GPUs, named once for each copy of the model: a name has 16 requests."""
    with serving(model, logs, ("0,1", [f"--{part}-parallel-size", "2"])) as (server,):
        urls = [server.url] * (2 if part == "data" else 1)
        score(urls, _other(batches[0][:64], "warm"))
        found, rewards = measured(urls, batches)
        return found | ({"largest_difference": difference(rewards, expected)} if expected else {})


def _other(solutions: Sequence[Solution], tag: str) -> list[Solution]:
    """The same amount of work, with problems that no server has seen."""
    return [Solution(f"({tag}) {each.problem}", each.steps) for each in solutions]


def _times(found: Mapping[str, float], one: Mapping[str, float]) -> float:
    return found["solutions_per_second"] / one["solutions_per_second"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Two GPUs of one host.")
    parser.add_argument("model", help="a catalogue key, hub name or folder")
    parser.add_argument("record", type=Path, help="the file to write")
    parser.add_argument("--parts", nargs="+", default=("servers", "tensor", "data"))
    parser.add_argument("--problems", type=int, default=64, help="of eight solutions, in a batch")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and the servers with it
    source = prompts.made_up(candidates=8, steps=8, sentences=1, seed=0, spread=4)
    batches = [list(chain(*prompts.take(source, args.problems))) for _ in range(args.repeats)]
    record: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": args.model,
        "machine": machine.describe(),
    }
    expected: list[Rewards] = []
    with TemporaryDirectory() as folder:
        for part in args.parts:
            try:
                if part == "servers":
                    record[part], expected = two_servers(args.model, Path(folder), batches)
                else:
                    record[part] = one_address(args.model, Path(folder), part, batches, expected)
                    if "one" in record.get("servers", {}):
                        record[part]["times_one"] = _times(record[part], record["servers"]["one"])
            except (PrmError, RuntimeError) as error:
                record[part] = {"failed": str(error)}
            print(f"{part}: {record[part]}", file=sys.stderr)
            args.record.write_text(json.dumps(record, indent=1))
    sys.exit(0 if all(map(right, (record[part] for part in args.parts))) else 3)


def right(found: Mapping[str, Any]) -> bool:
    """Whether a part, or each of its measurements, lost nothing and gave the expected rewards."""
    if any(isinstance(each, Mapping) for each in found.values()):
        return all(map(right, found.values()))
    return found.get("lost") == 0 and found.get("largest_difference", 0.0) <= ALLOWED


if __name__ == "__main__":
    main()
