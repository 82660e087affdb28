"""Scores many solutions together: outcomes in the order of the input, progress on stderr."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.progress import TaskID

from prm_app.cli import show
from prm_app.errors import InputError, PrmError
from prm_app.scoring import Scorer
from prm_app.solutions.solution import ScoredSolution, Solution

Outcome = ScoredSolution | PrmError


def attempt(make: Callable[..., Solution], *arguments: Any) -> Solution | InputError:
    """What `make` returns for the arguments, or the InputError that it raises."""
    try:
        return make(*arguments)
    except InputError as error:
        return error


def in_order(scorer: Scorer, jobs: Sequence[Solution | PrmError]) -> Iterator[Outcome]:
    """Each job's outcome, once all before it are known too; the outcome of an error is itself."""
    solutions = {i: job for i, job in enumerate(jobs) if isinstance(job, Solution)}
    places = list(solutions)
    errors = ((i, job) for i, job in enumerate(jobs) if isinstance(job, PrmError))
    scored = ((places[i], outcome) for i, outcome in scorer.score_many(solutions.values()))
    outcomes: dict[int, Outcome] = {}
    next_place = 0
    with show.progress("Scoring", len(jobs)) as bar:
        for place, outcome in itertools.chain(errors, scored):
            outcomes[place] = outcome
            bar.advance(TaskID(0))
            while next_place in outcomes:
                yield outcomes.pop(next_place)
                next_place += 1
