"""Two solutions beside each other: their steps aligned, none lost, the first difference marked."""

import re

from hypothesis import given
from hypothesis import strategies as some

from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui.pair_views import aligned, comparison

STEPS = some.lists(some.sampled_from(["a", "b", "b ", "c", "a\nb"]), min_size=1, max_size=8)


def ranking(*solutions: tuple[list[str], list[float]]) -> Ranking:
    scored = {
        i: ScoredSolution("any", tuple(steps), tuple(rewards), 9, 9, 0.0)
        for i, (steps, rewards) in enumerate(solutions, 1)
    }
    return Ranking("1 + 1?", len(scored), scored)


@given(STEPS, STEPS)
def test_every_step_of_both_stands_once_and_in_order(first, second):
    rows = [row for _, row in aligned(first, second)]
    assert [i for i, _ in rows if i is not None] == list(range(len(first)))
    assert [j for _, j in rows if j is not None] == list(range(len(second)))


@given(STEPS, STEPS)
def test_common_rows_hold_the_same_words(first, second):
    for common, (i, j) in aligned(first, second):
        if common:
            assert first[i].split() == second[j].split()
        elif i is not None and j is not None:
            assert first[i].split() != second[j].split()


def test_a_common_step_stands_once_with_both_rewards_and_the_first_difference_is_marked():
    two = ranking(
        (["one", "two", "end"], [0.9, 0.1, 0.2]), (["one", "2 <b>", "end"], [0.9, 0.8, 0.7])
    )
    html = comparison(two, "mean", 1, 0.5)
    assert 'data-solutions="2 1"' in html and "2 steps are common. They differ from step 2" in html
    assert html.count(">one<") == 1 and html.count(">end<") == 1
    assert html.count("first difference") == 1 and "2 &lt;b&gt;" in html and "<b>2" not in html
    rewards = re.findall(r'class="reward">([\d.]+)<', html)
    assert rewards == ["0.900", "0.900", "0.800", "0.100", "0.700", "0.200"]


def test_the_winner_stands_beside_the_next_best():
    three = ranking((["a"], [0.2]), (["b"], [0.9]), (["c"], [0.5]))
    assert 'data-solutions="2 3"' in comparison(three, "mean", 2, 0.5)
    assert 'data-solutions="2 1"' in comparison(three, "mean", 1, 0.5)


def test_a_longer_solution_has_steps_that_the_other_has_not():
    html = comparison(ranking((["a", "b"], [0.9, 0.9]), (["a"], [0.5])), "mean", 2, 0.5)
    assert "Solution 2 has no such step." in html and "1 step is common" in html


def test_same_steps_and_a_lone_solution_are_said():
    assert "Their steps are the same" in comparison(
        ranking((["a"], [0.9]), (["a "], [0.9])), "mean", 2, 0.5
    )
    assert "no second solution" in comparison(ranking((["a"], [0.9])), "mean", 1, 0.5)
