"""What is kept of a scoring or a ranking, and the documents handed out of them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prm_app.errors import PrmError
from prm_app.solutions.aggregation import AGGREGATIONS, Aggregation, ranked
from prm_app.solutions.solution import ScoredSolution


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a second model says of the same solution; its steps are judged at its own threshold."""

    title: str
    scored: ScoredSolution
    threshold: float

    @property
    def first_error(self) -> int | None:
        return self.scored.first_error(self.threshold)

    def differs_at(self, scored: ScoredSolution, threshold: float) -> list[int]:
        """The steps, from 0, that one of the two models takes for wrong and the other does not."""
        pairs = zip(scored.rewards, self.scored.rewards, strict=True)
        return [i for i, (a, b) in enumerate(pairs) if (a < threshold) != (b < self.threshold)]


@dataclass(frozen=True, slots=True)
class Result:
    """A scored solution with the problem it was scored against, and a second opinion of it."""

    problem: str
    scored: ScoredSolution
    second: Opinion | None = None


@dataclass(frozen=True)
class Ranking:
    """`total` solutions of one problem, and by number the outcome of each that is done."""

    problem: str
    total: int
    outcomes: dict[int, ScoredSolution | PrmError]

    @cached_property
    def scored(self) -> dict[int, ScoredSolution]:
        return {i: s for i, s in self.outcomes.items() if isinstance(s, ScoredSolution)}

    @cached_property
    def failed(self) -> dict[int, PrmError]:
        return {i: e for i, e in sorted(self.outcomes.items()) if isinstance(e, PrmError)}

    def order(self, how: Aggregation) -> list[int]:
        """The numbers of the scored solutions, best first; equal ones by number."""
        numbers = sorted(self.scored)
        return [numbers[i] for i in ranked([self.scored[n].rewards for n in numbers], how)]

    def winners(self) -> dict[Aggregation, int]:
        """The best solution by each aggregation; empty while none is scored."""
        return {how: self.order(how)[0] for how in AGGREGATIONS} if self.scored else {}


SCORE_FIELDS = (
    *("model", "problem", "steps", "rewards", "threshold", "first_error"),
    *(*AGGREGATIONS, "tokens", "computed", "seconds"),
)
"""The fields of a scored solution as plain data."""
PLACE_FIELDS = ("line", "entry", "solution", "rank", "error")
"""The fields that answers to a file add to it."""


def score_document(result: Result, threshold: float) -> dict[str, Any]:
    """A scored solution as plain data: what the endpoint answers and the page's buttons hand out.

    `first_error` counts steps from 1 and is None if no reward is under the threshold. A second
    opinion stands under `compared_with`, and the steps at which the two differ in `differs_at`.
    """
    scored, second = result.scored, result.second
    document: dict[str, Any] = {
        "model": scored.model,
        "problem": result.problem,
        "steps": list(scored.steps),
        **_judged(scored, threshold),
    }
    if second is not None:
        document["compared_with"] = {
            "model": second.scored.model,
            **_judged(second.scored, second.threshold),
            "differs_at": [i + 1 for i in second.differs_at(scored, threshold)],
        }
    return document


def _judged(scored: ScoredSolution, threshold: float) -> dict[str, Any]:
    first = scored.first_error(threshold)
    return {
        "rewards": list(scored.rewards),
        "threshold": threshold,
        "first_error": None if first is None else first + 1,
        **{how: scored.aggregate(how) for how in AGGREGATIONS},
        "tokens": scored.tokens,
        "computed": scored.computed,
        "seconds": scored.seconds,
    }


def rank_document(ranking: Ranking, how: Aggregation, threshold: float) -> dict[str, Any]:
    """A ranking as plain data, best first; `solution` counts from 1.

    A solution that could not be scored comes last, with `error` in place of its rewards.
    """
    order = ranking.order(how)
    rows = []
    for rank, i in enumerate(order, 1):
        row = score_document(Result(ranking.problem, ranking.scored[i]), threshold)
        rows.append({"rank": rank, "solution": i, **{k: row[k] for k in row if k != "problem"}})
    failed = [
        {"rank": None, "solution": i, "error": str(error)} for i, error in ranking.failed.items()
    ]
    return {
        "problem": ranking.problem,
        "aggregation": how,
        "best": order[0] if order else None,
        "best_by": ranking.winners(),
        "ranking": rows + failed,
    }
