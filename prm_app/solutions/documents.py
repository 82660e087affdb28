"""What is kept of a scoring or a ranking, and the documents handed out of them."""

from dataclasses import asdict, dataclass
from typing import Any

from prm_app.solutions.aggregation import AGGREGATIONS, Aggregation
from prm_app.solutions.ranking import Ranking
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
        """The steps, from 0, that one of the two models takes for wrong and the other does not.

        Of a solution that is too long for one of them, only steps with both rewards count.
        """
        pairs = zip(scored.rewards, self.scored.rewards, strict=False)
        return [i for i, (a, b) in enumerate(pairs) if (a < threshold) != (b < self.threshold)]


@dataclass(frozen=True, slots=True)
class Result:
    """A scored solution with the problem it was scored against, and a second opinion of it."""

    problem: str
    scored: ScoredSolution
    second: Opinion | None = None


SCORE_FIELDS = (
    *("model", "problem", "steps", "rewards", "threshold", "first_error"),
    *(*AGGREGATIONS, "tokens", "computed", "seconds", "unscored", "outside"),
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
        **_opinion(scored, threshold),
    }
    if second is not None:
        document["compared_with"] = {
            "model": second.scored.model,
            **_opinion(second.scored, second.threshold),
            "differs_at": [i + 1 for i in second.differs_at(scored, threshold)],
        }
    return document


def _opinion(scored: ScoredSolution, threshold: float) -> dict[str, Any]:
    first = scored.first_error(threshold)
    return {
        "rewards": list(scored.rewards),
        "threshold": threshold,
        "first_error": None if first is None else first + 1,
        **{how: scored.aggregate(how) for how in AGGREGATIONS},
        "tokens": scored.tokens,
        "computed": scored.computed,
        "seconds": scored.seconds,
        "unscored": list(scored.unscored),
        "outside": scored.outside and str(scored.outside),
    }


def rank_document(ranking: Ranking, how: Aggregation, threshold: float) -> dict[str, Any]:
    """A ranking as plain data, best first; `solution` counts from 1.

    Those of which only the steps that fit were scored have no rank and come after the others; those
    that could not be scored come last, with `error` in place of rewards. If the ranked ones' final
    answers were compared, the votes stand under `majority_vote` and `weighted_vote`, and
    `right` lists the solutions with the reference answer. A second model's ranking stands under
    `compared_with`, with `kendall_tau` in [-1, 1].
    """
    order = ranking.order(how)
    unranked = [
        {"rank": None, "solution": i, "error": str(error)} for i, error in ranking.failures.items()
    ]
    places = [_place(ranking, rank, i, threshold) for rank, i in enumerate(order, 1)]
    places += [_place(ranking, None, i, threshold) for i in ranking.partly]
    document: dict[str, Any] = {
        "problem": ranking.problem,
        "aggregation": how,
        "best": order[0] if order else None,
        "best_by": ranking.winners(),
        "ranking": places + unranked,
        **{name: vote and asdict(vote) for name, vote in ranking.votes(how).items()},
    }
    if ranking.right is not None:
        document["right"] = sorted(ranking.right)
    if second := ranking.second:
        theirs = second.ranking.order(how)
        document["compared_with"] = {
            "model": second.title,
            "best": theirs[0] if theirs else None,
            "best_by": second.ranking.winners(),
            "order": theirs,
            "kendall_tau": ranking.kendall_tau(how),
        }
    return document


def result_of(ranking: Ranking, number: int) -> Result:
    """One of the solutions that were scored, with the second model's opinion of it."""
    second = ranking.second
    scored = second.ranking.with_rewards.get(number) if second else None
    opinion = Opinion(second.title, scored, second.threshold) if second and scored else None
    return Result(ranking.problem, ranking.with_rewards[number], opinion)


def _place(ranking: Ranking, rank: int | None, i: int, threshold: float) -> dict[str, Any]:
    row = score_document(result_of(ranking, i), threshold)
    return {"rank": rank, "solution": i, **{k: row[k] for k in row if k != "problem"}}
