"""A ranking's votes, its reference answer, and a second model beside it."""

import pytest

from prm_app.errors import InputError
from prm_app.solutions.documents import rank_document
from prm_app.solutions.ranking import Ranking, RankOpinion, kendall_tau
from prm_app.solutions.solution import ScoredSolution
from prm_app.solutions.voting import Answers
from prm_app.ui import answer_views, rank_views


def scored(*rewards: float) -> ScoredSolution:
    steps = tuple(f"step {i}" for i in range(len(rewards)))
    return ScoredSolution("m", steps, rewards, tokens=9, computed=9, seconds=0.1)


THEIRS = Ranking("p", 4, {1: scored(0.2), 2: scored(0.9), 3: scored(0.5), 4: scored(0.5)})
OURS = Ranking(
    "p",
    4,
    {1: scored(0.9), 2: scored(0.8), 3: scored(0.7), 4: InputError("The solution is empty.")},
    RankOpinion("Second PRM", THEIRS, 0.4),
    Answers([[1], [2, 3]], ["\\frac{1}{2}", "<7>"], (3,)),
    frozenset({2, 3}),
)


@pytest.mark.parametrize(
    ("first", "second", "tau"),
    [
        ([1, 2, 3], [10, 20, 30], 1),
        ([1, 2, 3], [3, 2, 1], -1),
        ([1, 2, 3, 4], [1, 3, 2, 4], 2 / 3),
        ([1, 1, 2], [1, 2, 3], 2 / 6**0.5),  # tau-b, as scipy.stats.kendalltau
        ([1, 1], [1, 2], None),
        ([1], [2], None),
    ],
)
def test_kendalls_tau(first, second, tau):
    assert kendall_tau(first, second) == (None if tau is None else pytest.approx(tau))


def test_the_orders_are_compared_over_what_both_scored():
    assert OURS.kendall_tau("mean") == pytest.approx(-1 / 3)


def test_a_document_holds_votes_reference_and_the_second_model():
    document = rank_document(OURS, "mean", 0.5)
    assert document["majority_vote"]["solutions"] == (2, 3)
    assert document["weighted_vote"]["share"] == pytest.approx(1.5 / 2.4)
    assert document["right"] == [2, 3]
    assert document["compared_with"]["best"] == 2
    assert document["compared_with"]["order"] == [2, 3, 4, 1]
    best, *_, failed = document["ranking"]
    assert best["compared_with"]["rewards"] == [0.2]
    assert best["compared_with"]["differs_at"] == [1]
    assert "error" in failed


def test_the_page_shows_answers_votes_and_who_is_right():
    html = answer_views.answers(OURS, "mean")
    assert (
        "Its best is solution 2, not solution 1. The orders agree with Kendall's tau -0.33." in html
    )
    first, second = html.split("<tr>")[2:]
    assert "&lt;7&gt;" in first and "67%" in first and "62%" in first and "✓" in first
    assert 'class="tex"' in second and "★" in second and "✗" in second
    assert "The answers of solutions 3 could not be compared in time." in html
    table = rank_views.table(OURS, "mean", 0.5, None, {})
    assert table.count('title="has the reference answer"') == 2
    assert "2nd mean" in table
    assert "Second PRM" in rank_views.candidate(OURS, 1, 0.5)


def test_what_is_compared_now_is_said():
    waiting = Ranking("p", 4, OURS.outcomes, RankOpinion("B", Ranking("p", 4, {}), 0.5))
    assert "0 of 4 solutions scored by B" in rank_views.progress(waiting)
    assert "Comparing the final answers" in rank_views.progress(Ranking("p", 4, OURS.outcomes))
    assert rank_views.progress(OURS) == ""
