"""The two interfaces everything else stands on: a scorer of one PRM, and the PRMs on offer."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from queue import SimpleQueue
from typing import Any, Self

from prm_app.catalog import Prm
from prm_app.errors import PrmError
from prm_app.solutions.solution import ScoredSolution, Solution, solution
from prm_app.solutions.steps import Split

CHUNK = 128
"""Solutions tokenised and submitted together: some milliseconds of work."""
IN_FLIGHT = 1024
"""Solutions submitted and not yet done: more than any engine computes in one step."""


class Scorer(ABC):
    """Scores solutions with one PRM, wherever that runs. Safe to use from several threads.

    Attributes:
        prm: The model.
        limit: The longest prompt, in tokens.
    """

    prm: Prm
    limit: int

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether it can score; False once it is closed or its engine has failed."""

    @abstractmethod
    def close(self) -> None:
        """Ends after the solutions already submitted, and frees what it holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def score_text(
        self, problem: str, text: str, split: Split = "auto", delimiter: str | None = None
    ) -> ScoredSolution:
        """Splits a solution's text into steps and scores it.

        Args:
            problem: The problem's text.
            text: The solution's text.
            split: What separates its steps; see `split_steps`.
            delimiter: The text to split at, for `split="delimiter"`.

        Raises:
            PrmError: It cannot be scored; the message says why.
        """
        return self.score(solution(problem, text, split, delimiter))

    @abstractmethod
    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        """Starts scoring; each future ends with the scored solution or raises a PrmError."""

    def score(self, solution: Solution) -> ScoredSolution:
        """Scores one solution; raises a PrmError."""
        return self.submit([solution])[0].result()

    def score_many(
        self, solutions: Iterable[Solution]
    ) -> Iterator[tuple[int, ScoredSolution | PrmError]]:
        """Each solution's index and outcome, in the order in which they are done.

        At most `IN_FLIGHT` are on their way at a time: the next ones are tokenised while those are
        computed, and memory does not grow with the number of solutions.
        """
        done: SimpleQueue[tuple[int, Future[ScoredSolution]]] = SimpleQueue()
        remaining = enumerate(solutions)
        waiting = 0
        while True:
            if waiting <= IN_FLIGHT - CHUNK and (chunk := list(islice(remaining, CHUNK))):
                for (i, _), future in zip(chunk, self.submit([s for _, s in chunk]), strict=True):
                    future.add_done_callback(lambda future, i=i: done.put((i, future)))
                waiting += len(chunk)
                continue
            if not waiting:
                return
            i, future = done.get()
            waiting -= 1
            try:
                yield i, future.result()
            except PrmError as error:
                yield i, error


@dataclass(frozen=True, slots=True)
class Status:
    """What the host is doing.

    `serving` answers requests now; `loading` is on its way, at `stage` (a sentence) and `progress`
    in [0, 1]; `error` is why the last load failed, until the next one starts.
    """

    serving: Prm | None = None
    loading: Prm | None = None
    stage: str = ""
    progress: float = 0.0
    error: PrmError | None = None


class Models(ABC):
    """Where a page finds the PRM of its choice. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._status = Status()

    @abstractmethod
    def models(self) -> tuple[Prm, ...]:
        """The models on offer."""

    def status(self) -> Status:
        """What is serving and loading now."""
        return self._status

    @abstractmethod
    def select(self, name: str) -> None:
        """Starts loading a model by catalogue key, hub name or local folder; returns at once."""

    @abstractmethod
    def scorer(self, name: str | None = None, timeout: float | None = None) -> Scorer:
        """A scorer of the named model, or of the one in use; waits up to `timeout` seconds for it.

        Raises the PrmError of a load that failed, and EngineError where the wait was in vain.
        """

    @abstractmethod
    def close(self) -> None:
        """Frees what is loaded."""

    def _set(self, **changes: Any) -> None:
        with self._changed:
            self._status = replace(self._status, **changes)
            self._changed.notify_all()
