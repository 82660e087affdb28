"""What is about to be scored is what the page and the command line show."""

import pytest

from prm_app.catalog import BENCHMARKS, CATALOG, find
from prm_app.errors import InputError
from prm_app.scoring import solution

SKYWORK, QWEN = find("demo-skywork"), find("demo-qwen")


def test_a_newline_ends_a_step_in_the_skywork_format_only():
    text = "a\nb\n\nc"
    assert solution(SKYWORK, "P", text).steps == ("a", "b", "c")
    assert solution(QWEN, "P", text).steps == ("a\nb", "c")


def test_blank_lines_within_a_labelled_step_are_no_steps():
    text = "Step 1: a\n\nb\nStep 2: c"
    assert solution(SKYWORK, "P", text).steps == ("Step 1: a", "b", "Step 2: c")
    assert solution(QWEN, "P", text).steps == ("Step 1: a\n\nb", "Step 2: c")


@pytest.mark.parametrize(("problem", "text"), [("", "a"), (" \n", "a"), ("P", ""), ("P", "\n \n")])
def test_nothing_to_score_is_said(problem, text):
    with pytest.raises(InputError, match="is empty"):
        solution(SKYWORK, problem, text)


def test_catalogue_entries_say_what_a_user_needs():
    assert len({prm.key for prm in CATALOG}) == len(CATALOG)
    for prm in CATALOG:
        assert prm.format and prm.licence and 0 < prm.threshold < 1
        assert prm.bundled or tuple(prm.published) == BENCHMARKS


def test_any_other_checkpoint_can_be_named():
    other = find("someone/their-prm")
    assert (other.checkpoint, other.format) == ("someone/their-prm", None)
    assert find(CATALOG[2].checkpoint) is CATALOG[2]
