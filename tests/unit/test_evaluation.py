"""The figures of an evaluation, against cases worked by hand and by counting everything."""

import json
import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prm_app.evaluation.data import Choice, LabelledSolution, cases
from prm_app.evaluation.metrics import (
    MOST_SUBSETS,
    Candidates,
    best_of,
    best_threshold,
    calibration_error,
    detection,
    judged_steps,
    roc_auc,
    sizes,
)
from prm_app.solutions.aggregation import AGGREGATIONS, aggregate
from prm_app.solutions.jsonl import PlaceError
from prm_app.solutions.shapes import read_problems

ERRORS = [1, 0, 2, -1, -1]
REWARDS = [[0.9, 0.2, 0.1], [0.6, 0.3], [0.4, 0.9, 0.1], [0.9, 0.8], [0.7, 0.4]]


def test_detection_by_hand():
    found = detection(ERRORS, REWARDS, 0.5)
    assert (found.wrong, found.right) == (3, 2)
    assert found.exact == pytest.approx(1 / 3)  # found at 1; at 1, not 0; at 0, not 2
    assert found.unflagged == 0.5
    assert found.f1 == pytest.approx(2 * (1 / 3) * 0.5 / (1 / 3 + 0.5))


def test_the_best_threshold_by_hand():
    threshold = best_threshold(ERRORS, REWARDS)
    assert 0.2 < threshold <= 0.4  # the first and the third found, no right one flagged
    assert detection(ERRORS, REWARDS, threshold).f1 == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))


def test_a_share_of_nothing_is_not_a_number():
    assert math.isnan(detection([-1], [[0.9]], 0.5).exact)
    assert math.isnan(detection([-1], [[0.9]], 0.5).f1)
    assert math.isnan(roc_auc(np.array([0.9]), np.array([1.0])))
    assert math.isnan(calibration_error(np.array([]), np.array([])))


def test_steps_after_the_first_error_are_not_judged():
    rewards, labels = judged_steps([1, -1], [[0.9, 0.2, 0.3], [0.8, 0.4]])
    assert rewards.tolist() == [0.9, 0.2, 0.8, 0.4]
    assert labels.tolist() == [1, 0, 1, 1]
    assert roc_auc(rewards, labels) == 1
    assert roc_auc(np.array([0.5, 0.5, 0.9]), np.array([1, 0, 0])) == 0.25


def test_calibration_error_by_hand():
    rewards, labels = np.array([0.9, 0.9, 0.1, 1.0]), np.array([1.0, 0.0, 0.0, 1.0])
    assert calibration_error(rewards, labels) == pytest.approx((2 * 0.4 + 0.1 + 0) / 4)


@st.composite
def solutions_with_labels(draw):
    reward = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))
    solutions = draw(st.lists(st.lists(reward, min_size=1, max_size=5), min_size=2, max_size=8))
    errors = [draw(st.integers(-1, len(row) - 1)) for row in solutions[2:]]
    return [-1, draw(st.integers(0, len(solutions[1]) - 1)), *errors], solutions


@given(solutions_with_labels(), st.floats(0, 1))
def test_f1_lies_between_its_parts_and_no_threshold_beats_the_best(data, threshold):
    errors, rewards = data
    found, best = (detection(*data, t) for t in (threshold, best_threshold(errors, rewards)))
    low, high = sorted((found.exact, found.unflagged))
    assert low - 1e-9 <= found.f1 <= high + 1e-9
    assert found.f1 <= best.f1 + 1e-9


def test_best_of_by_hand():
    found = best_of([Candidates([True, False, False], [[0.5], [0.9], [0.1]], [0, 1, 1])], 2)
    assert found["mean"] == pytest.approx(1 / 3)  # of the three pairs, the one without 0.9
    assert found["majority_vote"] == pytest.approx(0.5 / 3 + 0.5 / 3)  # two ties, one lost
    assert found["weighted_vote_mean"] == pytest.approx(1 / 3)
    assert found["random"] == pytest.approx(1 / 3)
    assert found["oracle"] == pytest.approx(2 / 3)


def test_without_answers_a_vote_chooses_nothing():
    assert best_of([Candidates([True], [[0.9]], [None])], 1)["majority_vote"] == 0


@st.composite
def candidates(draw):
    count = draw(st.integers(1, 6))
    right = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    reward = st.integers(0, 999).map(lambda n: n / 999)
    rewards = draw(
        st.lists(st.lists(reward, min_size=1, max_size=3), min_size=count, max_size=count)
    )
    return Candidates(right, rewards, [draw(st.sampled_from([0, 1, None])) for _ in right])


@given(candidates(), st.data())
def test_best_of_is_the_mean_over_all_subsets_and_the_oracle_above_all(problem, data):
    size = data.draw(st.integers(1, len(problem.right)))
    found = best_of([problem], size)
    assert all(share <= found["oracle"] + 1e-9 for share in found.values())
    for how in AGGREGATIONS:
        scores = [aggregate(row, how) for row in problem.rewards]
        picks = []
        for subset in combinations(range(len(scores)), size):
            best = max(scores[i] for i in subset)
            picks.append(np.mean([problem.right[i] for i in subset if scores[i] == best]))
        assert found[how] == pytest.approx(np.mean(picks))
    if size == len(problem.right):
        assert found["oracle"] == max(problem.right)


def test_drawn_subsets_come_near_to_all_of_them():
    right = [i % 3 == 0 for i in range(20)]
    problem = Candidates(
        right, [[0.5]] * 20, [0 if each else 1 + i % 4 for i, each in enumerate(right)]
    )
    assert math.comb(20, 2) <= MOST_SUBSETS < math.comb(20, 3)
    found = best_of([problem], 3)
    exact = np.mean([_majority(problem, chosen) for chosen in combinations(range(20), 3)])
    assert found["majority_vote"] == pytest.approx(exact, abs=0.05)
    assert found["mean"] == pytest.approx(found["random"])


def _majority(problem, chosen):
    votes = [problem.answers[i] for i in chosen]
    most = max(map(votes.count, votes))
    winners = {answer for answer in votes if votes.count(answer) == most}
    return (0 in winners) / len(winners)


def test_sizes_double_up_to_all_candidates():
    assert [sizes(n) for n in (1, 2, 4, 6)] == [[1], [1, 2], [1, 2, 4], [1, 2, 4, 6]]


def found(*values) -> list[LabelledSolution | Choice | PlaceError]:
    content = "\n".join(map(json.dumps, values)).encode()
    return [case() for case in cases(read_problems(content, "x"))]


def test_processbench_rows_are_read_with_the_label_among_the_steps_that_count():
    row = {"id": "gsm8k-0", "problem": "p", "steps": ["a", "", "b"], "label": 2, "generator": "x"}
    first, second = found(row, row | {"label": -1.0})
    assert (first.row.problem, first.row.steps, first.label) == ("p", ("a", "", "b"), 1)
    assert second.label == -1
    assert str(second.place) == "x, line 2"


def test_candidates_are_compared_with_the_reference_answer():
    texts = ["so $\\frac{6}{4}$", "it is 1.5", "it is 2", "no idea"]
    row = {"problem": "p", "candidates": [{"solution": text} for text in texts]}
    for answer in ("\\frac{3}{2}", 1.5, "3 / 2\n#### 1.5"):
        [choice] = found(row | {"answer": answer})
        assert choice.right == [True, True, False, False]
    assert choice.answers == [0, 0, 1, None]
    row = {"problem": "p", "candidates": [{"solution": texts[3], "is_correct": 1}]}
    assert found(row)[0].right == [True]


def test_lines_of_one_candidate_each_are_put_together():
    lines = [{"problem": p, "solution": s, "is_correct": s == "1"} for s in "12" for p in "pq"]
    first, second = found(*lines)
    assert (first.right, second.right) == ([True, False], [True, False])
    assert [row.text for row in second.rows] == ["1", "2"]


GOOD = {"problem": "p", "candidates": [{"solution": "\\boxed{7}", "is_correct": True}]}
LABELLED_ROW = {"problem": "p", "steps": ["a"], "label": 0}


@pytest.mark.parametrize(
    ("good", "row", "says"),
    [
        (GOOD, [1], "solution 1: a number, not text"),
        (GOOD, {"problem": "p", "steps": ["a"], "error": 0}, "no “is_correct” (true or false)"),
        (GOOD, {"problem": "p", "candidates": [{"solution": "a"}]}, "no “is_correct”"),
        (GOOD, {"problem": "p", "answer": "", "candidates": ["a"]}, "cannot be read as math"),
        (GOOD, {"problem": "p", "answer": "7", "candidates": ["a", 7]}, "solution 2: a number"),
        (LABELLED_ROW, {"problem": "p", "steps": [], "label": -1}, "no “solution”, “steps”"),
        (LABELLED_ROW, {"problem": "p", "steps": ["a", 2], "label": -1}, "“steps” is not"),
        (LABELLED_ROW, {"problem": "p", "steps": ["a"], "label": 1}, "“label” is 1"),
        (LABELLED_ROW, {"problem": "p", "steps": ["a", " "], "label": 1}, "that step is blank"),
        (LABELLED_ROW, {"problem": "p", "steps": ["a"], "label": None}, "no “label”"),
        (LABELLED_ROW, GOOD, "no “label”"),
    ],
)
def test_a_row_that_is_of_no_use_fails_alone_and_says_why(good, row, says):
    first, error = found(good, row)
    assert isinstance(first, (LabelledSolution, Choice))
    assert str(error).startswith("x, line 2")
    assert says in str(error)
