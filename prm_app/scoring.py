"""The two interfaces everything else stands on: a scorer of one PRM, and the PRMs on offer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Self

from prm_app.catalog import Prm, find_model
from prm_app.errors import PrmError
from prm_app.solutions.scope import Outside
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
        precision: The dtype it computes in and where, such as "float32 on the CPU"; empty if that
            is not known here, as of a server.
    """

    prm: Prm
    limit: int
    precision: str = ""

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
        """Starts scoring; returns at once.

        Args:
            solutions: What to score, in any number.

        Returns:
            A future for each, in their order. It ends with the scored solution, or raises the
            PrmError for which that one could not be scored. One that is cancelled is not computed
            any further.
        """

    def outside(self, solution: Solution, tokens: int) -> Outside | None:
        """Why a solution is none that the model was made for; None if it is one, or nobody knows.

        Args:
            solution: A problem and the steps of one solution.
            tokens: The length of its prompt.
        """
        if self.prm.scope is None:
            return None
        return self.prm.scope.outside(solution.problem, solution.scored_steps, tokens)

    def score(self, solution: Solution) -> ScoredSolution:
        """Scores one solution.

        Args:
            solution: A problem and the steps of one solution.

        Raises:
            PrmError: It cannot be scored; the message says why.
        """
        return self.submit([solution])[0].result()

    def score_many(
        self, solutions: Iterable[Solution]
    ) -> Iterator[tuple[int, ScoredSolution | PrmError]]:
        """Each solution's index and outcome, in the order in which they are done.

        At most `IN_FLIGHT` are on their way at a time: the next ones are tokenised while those are
        computed, and memory does not grow with the number of solutions.

        Args:
            solutions: What to score, without end if need be.

        Yields:
            An index from 0, and the scored solution or the PrmError for which it was not scored.
        """
        done: SimpleQueue[tuple[int, Future[ScoredSolution]]] = SimpleQueue()
        remaining = enumerate(solutions)
        waiting = 0
        while True:
            if waiting <= IN_FLIGHT - CHUNK and (chunk := list(islice(remaining, CHUNK))):
                for (i, _), future in zip(chunk, self.submit([s for _, s in chunk]), strict=True):
                    future.add_done_callback(partial(_put, done, i))
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


def _put(
    done: SimpleQueue[tuple[int, Future[ScoredSolution]]], i: int, future: Future[ScoredSolution]
) -> None:
    done.put((i, future))


class OpenedScorer(Scorer):
    """A scorer that several users share, as one of them has opened it.

    Closing it leaves the scorer to the others, and tells so once.
    """

    def __init__(self, scorer: Scorer, on_close: Callable[[], None] = lambda: None) -> None:
        self.prm, self.limit, self.precision = scorer.prm, scorer.limit, scorer.precision
        self._scorer, self._on_close = scorer, on_close
        self._open = True

    @property
    def alive(self) -> bool:
        return self._open and self._scorer.alive

    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        return self._scorer.submit(solutions)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._on_close()

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Status:
    """How far one model is.

    Attributes:
        ready: Whether it answers at once.
        precision: If it is, as the scorer's.
        stage: What is being done to make it ready, a sentence; empty if nothing is.
        progress: How far that is, in [0, 1].
        error: Why its last load failed, until the next one starts.
    """

    ready: bool = False
    precision: str = ""
    stage: str = ""
    progress: float = 0.0
    error: PrmError | None = None

    @property
    def loading(self) -> bool:
        """Whether it is being made ready."""
        return bool(self.stage)


class Models(ABC):
    """The PRMs on offer, several of which may be ready at once. Safe to use from several threads.

    Attributes:
        default: The model that an empty name stands for.
    """

    default: Prm

    @abstractmethod
    def models(self) -> tuple[Prm, ...]:
        """The models on offer."""

    @abstractmethod
    def status(self, name: str = "") -> Status:
        """How far a model is; asking changes nothing.

        Args:
            name: As for `open`.
        """

    @abstractmethod
    def open(self, name: str = "") -> Future[Scorer]:
        """Makes a model ready if it is not, and opens it; returns at once.

        Args:
            name: A catalogue key, hub name or local folder; empty for the default.

        Returns:
            A future that ends with a scorer, or raises the PrmError for which the load failed. The
            model stays in memory until the scorer is closed; leave that to a `with` statement.
        """

    @abstractmethod
    def close(self) -> None:
        """Frees what is loaded, after the solutions already submitted."""

    def scorer(self, name: str = "") -> Scorer:
        """Opens a model, and waits until it is ready.

        Args:
            name: As for `open`.

        Raises:
            PrmError: The model cannot be loaded; the message says why.
        """
        return self.open(name).result()

    def find(self, name: str = "") -> Prm:
        """A model as it is on offer here, else as the catalogue knows it.

        Args:
            name: As for `open`.
        """
        if not name.strip():
            return self.default
        on_offer = (prm for prm in self.models() if prm.has_name(name))
        return next(on_offer, None) or find_model(name)
