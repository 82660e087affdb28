"""Aggregations, first error and ranking do what their papers say."""

import pytest

from prm_app.errors import InputError
from prm_app.solutions.aggregation import aggregate, first_error, ranked


def test_aggregations():
    rewards = [0.9, 0.5, 0.8]
    assert aggregate(rewards) == pytest.approx(2.2 / 3)
    assert aggregate(rewards, "min") == 0.5
    assert aggregate(rewards, "product") == pytest.approx(0.36)
    assert aggregate(rewards, "last") == 0.8


def test_the_first_step_under_the_threshold_is_the_first_error():
    assert first_error([0.9, 0.5, 0.2, 0.9], 0.5) == 2
    assert first_error([0.9, 0.5], 0.5) is None


def test_aggregations_can_disagree_on_the_winner():
    short, long = [0.7], [0.9, 0.9, 0.6, 0.9]
    assert ranked([short, long], "mean") == [1, 0]
    assert ranked([short, long], "min") == [0, 1]
    assert ranked([short, long], "product") == [0, 1]


def test_equal_solutions_keep_their_order():
    assert ranked([[0.5], [0.8], [0.5]]) == [1, 0, 2]


@pytest.mark.parametrize(("rewards", "how"), [([], "mean"), ([0.5], "median")])
def test_what_cannot_be_aggregated_is_said(rewards, how):
    with pytest.raises(InputError):
        aggregate(rewards, how)
