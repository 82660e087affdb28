"""A model that answers at once: a step's reward tells which text it belongs to."""

import hashlib
import sys
from collections.abc import Sequence
from concurrent.futures import Future

from prm_app.catalog import CATALOG, DEFAULT, Prm
from prm_app.errors import PrmError
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

    def _scored(self, given: Solution) -> Future[ScoredSolution]:
        future: Future[ScoredSolution] = Future()
        try:
            valid = given.validated()
        except PrmError as error:
            future.set_exception(error)
            return future
        steps = valid.scored_steps
        rewards = tuple(reward(valid.problem, step) for step in steps)
        future.set_result(ScoredSolution(self.prm.key, steps, rewards, len(steps), len(steps), 0.0))
        return future


class InstantModels(Models):
    """The catalogue, with one model that is always ready."""

    default = DEFAULT

    def models(self) -> tuple[Prm, ...]:
        return CATALOG

    def status(self, name: str = "") -> Status:
        return Status(ready=self.find(name) == DEFAULT)

    def open(self, name: str = "") -> Future[Scorer]:
        opened: Future[Scorer] = Future()
        opened.set_result(InstantScorer())
        return opened

    def close(self) -> None: ...


if __name__ == "__main__":
    from prm_app.ui import launch
    from prm_app.ui.policy import Policy

    launch(InstantModels(), Policy(), server_port=int(sys.argv[1]))
