"""Files as people have them, through the page's reader."""

from pathlib import Path

import pytest

from prm_app.errors import InputError
from prm_app.ui.rank_inputs import problems_of

CASES = Path(__file__).parents[1] / "data" / "cases"


@pytest.mark.parametrize(
    ("name", "solutions", "errors"),
    [
        ("list.json", {"What is 3 + 3?": 1, "What is 2 + 2?": 1}, 0),
        ("list_of_problems.json", {"What is 3 + 3?": 2, "What is 2 + 2?": 2}, 0),
        ("upper_case_suffix.JSON", {"What is 3 + 3?": 2, "What is 2 + 2?": 2}, 0),
        ("interleaved.jsonl", {"What is 3 + 3?": 2, "What is 2 + 2?": 2}, 0),
        ("search_and_learn.jsonl", {"What is 3*(4+2)?": 2}, 0),
        ("empty_candidate.jsonl", {"What is 3 + 3?": 2, "What is 2 + 2?": 2}, 0),
        ("math_shepherd.jsonl", {"What is 2 + 2?": 1}, 0),
        ("surrogate_problem.jsonl", {"What is 3 + 3?": 1}, 1),
        ("huge_int.jsonl", {"What is 3 + 3?": 1}, 1),
    ],
)
def test_problems_are_taken_over_and_what_cannot_be_read_is_told(name, solutions, errors):
    problems, refusals = problems_of(str(CASES / name))
    assert {each.problem: len(each.rows) for each in problems} == solutions
    assert len(refusals) == errors
    assert all(str(error).startswith(f"{name}, line 1: ") for error in refusals)


@pytest.mark.parametrize("name", ["deep.json", "nan.jsonl"])
def test_a_file_of_which_nothing_can_be_read_is_refused(name):
    with pytest.raises(InputError, match=rf"{name}, .*line 1: it holds"):
        problems_of(str(CASES / name))
