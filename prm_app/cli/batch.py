"""Many solutions scored together: their outcomes in the order given, progress on stderr."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.progress import TaskID

from prm_app.cli import show
from prm_app.errors import InputError, PrmError
from prm_app.scoring import Scorer
from prm_app.solutions.solution import ScoredSolution, Solution

Outcome = ScoredSolution | PrmError


def attempt(make: Callable[..., Solution], *given: Any) -> Solution | InputError:
    """The solution made of what is given, or why it cannot be scored."""
    try:
        return make(*given)
    except InputError as error:
        return error


def in_order(scorer: Scorer, jobs: Sequence[Solution | PrmError]) -> Iterator[Outcome]:
    """Each job's outcome, as soon as it and those before it are known; an error is its own."""
    solutions = {i: job for i, job in enumerate(jobs) if isinstance(job, Solution)}
    places = list(solutions)
    errors = ((i, job) for i, job in enumerate(jobs) if isinstance(job, PrmError))
    scored = ((places[i], outcome) for i, outcome in scorer.score_many(solutions.values()))
    outcomes: dict[int, Outcome] = {}
    handed = 0
    with show.progress("Scoring", len(jobs)) as bar:
        for place, outcome in itertools.chain(errors, scored):
            outcomes[place] = outcome
            bar.advance(TaskID(0))
            while handed in outcomes:
                yield outcomes.pop(handed)
                handed += 1
