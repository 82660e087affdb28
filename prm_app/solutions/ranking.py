"""A ranking of solutions (Best-of-N): their order, a second model's, their final answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from prm_app.errors import PrmError
from prm_app.solutions.aggregation import AGGREGATIONS, Aggregation, ranked
from prm_app.solutions.solution import ScoredSolution
from prm_app.solutions.voting import Answers, Vote


@dataclass(frozen=True)
class Ranking:
    """`total` solutions of one problem, and by number the outcome of each that is done.

    Attributes:
        second: What a second model makes of the same solutions; None if none was asked.
        answers: Their final answers, by number; None if they were not compared.
        right: The numbers of those that give the reference answer; None if there is none.
    """

    problem: str
    total: int
    outcomes: dict[int, ScoredSolution | PrmError]
    second: "RankOpinion | None" = None
    answers: Answers | None = None
    right: frozenset[int] | None = None

    @cached_property
    def with_rewards(self) -> dict[int, ScoredSolution]:
        """Those that were scored, or of which a part was."""
        return {i: s for i, s in self.outcomes.items() if isinstance(s, ScoredSolution)}

    @cached_property
    def scored(self) -> dict[int, ScoredSolution]:
        """Those that were scored whole: only they are ranked and vote."""
        return {i: s for i, s in self.with_rewards.items() if not s.unscored}

    @cached_property
    def partly(self) -> dict[int, ScoredSolution]:
        """Those of which only the steps that fit were scored: a part compares with no whole."""
        return {i: s for i, s in sorted(self.with_rewards.items()) if s.unscored}

    @cached_property
    def failures(self) -> dict[int, PrmError]:
        return {i: e for i, e in sorted(self.outcomes.items()) if isinstance(e, PrmError)}

    @cached_property
    def answer_of(self) -> dict[int, str]:
        """The final answer of each solution that has one, equal ones written alike."""
        if self.answers is None:
            return {}
        groups = zip(self.answers.groups, self.answers.texts, strict=True)
        return {number: text for group, text in groups for number in group}

    def order(self, how: Aggregation) -> list[int]:
        """The numbers of the scored solutions, best first; equal ones by number."""
        numbers = sorted(self.scored)
        return [numbers[i] for i in ranked([self.scored[n].rewards for n in numbers], how)]

    def winners(self) -> dict[Aggregation, int]:
        """The best solution by each aggregation; empty while none is scored."""
        return {how: self.order(how)[0] for how in AGGREGATIONS} if self.scored else {}

    def votes(self, how: Aggregation) -> dict[str, Vote | None]:
        """What a majority of the answers says, and one weighted by reward; empty if not compared.

        Each is None if no solution has a final answer.
        """
        if self.answers is None:
            return {}
        rewards = {number: scored.aggregate(how) for number, scored in self.scored.items()}
        return {
            "majority_vote": self.answers.vote(dict.fromkeys(rewards, 1.0)),
            "weighted_vote": self.answers.vote(rewards),
        }

    def kendall_tau(self, how: Aggregation) -> float | None:
        """How the second model's order agrees with this one, from -1 (reversed) to 1 (the same).

        None if fewer than two solutions have rewards of both, or one model rates all alike.
        """
        if self.second is None:
            return None
        both = sorted(self.scored.keys() & self.second.ranking.scored.keys())
        return kendall_tau(
            [self.scored[n].aggregate(how) for n in both],
            [self.second.ranking.scored[n].aggregate(how) for n in both],
        )


@dataclass(frozen=True)
class RankOpinion:
    """What a second model says of the same solutions; its steps are judged at its own threshold."""

    title: str
    ranking: Ranking
    threshold: float


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Kendall's tau-b of two ratings of the same items, in [-1, 1]; None if one is all alike.

    The share of pairs in the same order less that of pairs in the other one, where pairs that are
    equal in one rating count for neither (Kendall, 1945).
    """
    alike = opposite = tied_first = tied_second = pairs = 0
    for (a, b), (c, d) in combinations(zip(first, second, strict=True), 2):
        x, y = (a > c) - (a < c), (b > d) - (b < d)
        pairs += 1
        alike += x * y > 0
        opposite += x * y < 0
        tied_first += x == 0
        tied_second += y == 0
    scale = ((pairs - tied_first) * (pairs - tied_second)) ** 0.5
    return (alike - opposite) / scale if scale else None
