"""Scores many solutions together: outcomes in the order of the input, progress on stderr."""

import argparse
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.progress import TaskID

from prm_app.catalog import Prm
from prm_app.cli import show
from prm_app.cli.options import open_scorer, solution_in, threshold_of
from prm_app.errors import InputError, PrmError
from prm_app.scoring import Scorer
from prm_app.solutions.jsonl import Place
from prm_app.solutions.rows import Row
from prm_app.solutions.solution import ScoredSolution, Solution

Outcome = ScoredSolution | PrmError


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The outcome of a job by the model named, and by a second one, `other`, if there is one."""

    threshold: float
    outcome: Outcome
    other: Prm | None = None
    second: Outcome | None = None


def job_outcomes(
    args: argparse.Namespace, jobs: Sequence[Solution | PrmError]
) -> Iterator[JobOutcome]:
    """Each job's outcome by the model named, in order, and by the second one if two are named.

    The second model is loaded when the first one is done, so that each has the whole memory.
    """
    with open_scorer(args) as scorer:
        threshold = threshold_of(args, scorer)
        if args.second is None:
            yield from (JobOutcome(threshold, outcome) for outcome in in_order(scorer, jobs))
            return
        firsts = list(in_order(scorer, jobs))
    second = argparse.Namespace(**vars(args) | {"model": args.second})
    second.family, second.family_option = None, []
    with open_scorer(second) as scorer:
        for first, outcome in zip(firsts, in_order(scorer, jobs), strict=True):
            yield JobOutcome(threshold, first, scorer.prm, outcome)


def attempt(make: Callable[..., Solution], *arguments: Any) -> Solution | InputError:
    """What `make` returns for the arguments, or the InputError that it raises."""
    try:
        return make(*arguments)
    except InputError as error:
        return error


def rewards_of(
    args: argparse.Namespace, scorer: Scorer, rows: Sequence[Row]
) -> tuple[dict[Place, tuple[float, ...]], dict[Place, PrmError]]:
    """The step rewards of a file's solutions by their places, and what became of the others."""
    rewards: dict[Place, tuple[float, ...]] = {}
    failures: dict[Place, PrmError] = {}
    jobs = [attempt(solution_in, args, row) for row in rows]
    for row, outcome in zip(rows, in_order(scorer, jobs), strict=True):
        if isinstance(outcome, PrmError):
            failures[row.place] = outcome
        else:
            rewards[row.place] = outcome.rewards
    return rewards, failures


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
