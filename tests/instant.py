"""A model that answers at once: a step's reward tells which text it belongs to."""

import argparse
import hashlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from prm_app.catalog import CATALOG, DEFAULT, Prm
from prm_app.errors import PrmError, TooLongError
from prm_app.futures import settle
from prm_app.scoring import Models, Scorer, Status
from prm_app.solutions.solution import ScoredSolution, Solution


def reward(problem: str, step: str) -> float:
    """In [0, 1]; another one for every problem and step."""
    digest = hashlib.blake2b(f"{problem}\x00{step}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


class InstantScorer(Scorer):
    """Scores without an engine."""

    prm = DEFAULT
    limit = 4096
    alive = True

    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        return [self._scored(solution) for solution in solutions]

    def close(self) -> None: ...

    def _scored(self, solution: Solution) -> Future[ScoredSolution]:
        future: Future[ScoredSolution] = Future()
        try:
            valid = solution.validated()
            if len(valid.scored_steps) > self.limit:
                raise TooLongError(len(valid.scored_steps), self.limit, self.limit + 1)
        except PrmError as error:
            future.set_exception(error)
            return future
        steps = valid.scored_steps
        rewards = tuple(reward(valid.problem, step) for step in steps)
        future.set_result(ScoredSolution(self.prm.key, steps, rewards, len(steps), len(steps), 0.0))
        return future


class SlowScorer(InstantScorer):
    """Answers one solution after the other; says in the log of what it is freed."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._busy_until = 0.0

    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        futures: list[Future[ScoredSolution]] = []
        for answer in super().submit(solutions):
            future: Future[ScoredSolution] = Future()
            future.add_done_callback(lambda each: each.cancelled() and print("freed", flush=True))
            now = time.monotonic()
            self._busy_until = max(now, self._busy_until) + self.seconds
            wait = self._busy_until - now
            threading.Timer(wait, settle, (future, answer.result())).start()
            futures.append(future)
        return futures


class InstantModels(Models):
    """The catalogue, with one model that is always ready; a solution takes it so many seconds."""

    default = DEFAULT

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds

    def models(self) -> tuple[Prm, ...]:
        return CATALOG

    def status(self, name: str = "") -> Status:
        return Status(ready=self.find(name) == DEFAULT)

    def open(self, name: str = "") -> Future[Scorer]:
        future: Future[Scorer] = Future()
        future.set_result(SlowScorer(self.seconds) if self.seconds else InstantScorer())
        return future

    def close(self) -> None: ...


@contextmanager
def page(log: Path, *options: str) -> Iterator[str]:
    """The address of a page with this model in a process of its own; its output goes to `log`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("w") as output:
        program = subprocess.Popen(
            [sys.executable, __file__, str(port), *options],
            stdout=output,
            stderr=output,
            cwd=Path(__file__).parents[1],
        )
    try:
        deadline = time.monotonic() + 300
        while "The page is on" not in log.read_text():
            assert program.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait(30)
    assert "Traceback" not in log.read_text(), log.read_text()


if __name__ == "__main__":
    from prm_app.ui import launch
    from prm_app.ui.policy import Policy

    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--mcp", action="store_true")
    parser.add_argument("--auth", nargs=2)
    parser.add_argument("--offer", nargs="*")
    parser.add_argument("--seconds", type=float, default=0)
    args = parser.parse_args()
    launch(
        InstantModels(args.seconds),
        Policy(args.offer and tuple(args.offer)),
        server_port=args.port,
        auth=args.auth and tuple(args.auth),
        mcp=args.mcp,
    )
