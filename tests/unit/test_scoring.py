"""What is about to be scored is what the page and the command line show."""

import pytest

from prm_app.catalog import BENCHMARKS, CATALOG, find_model
from prm_app.errors import InputError
from prm_app.solutions.solution import solution


def test_blank_lines_between_steps_are_kept_and_never_scored():
    scored = solution("P", "\na\nb\n\n\nc\n")
    assert scored.steps == ("a\nb", "", "", "c")
    assert scored.scored_steps == ("a\nb", "c")


def test_blank_lines_within_a_labelled_step_are_no_steps():
    scored = solution("P", "Step 1: a\n\nb\n\nStep 2: c")
    assert scored.steps == ("Step 1: a\n\nb", "", "Step 2: c")


@pytest.mark.parametrize(("problem", "text"), [("", "a"), (" \n", "a"), ("P", ""), ("P", "\n \n")])
def test_nothing_to_score_is_said(problem, text):
    with pytest.raises(InputError, match="is empty"):
        solution(problem, text)


def test_catalogue_entries_say_what_a_user_needs():
    assert len({prm.key for prm in CATALOG}) == len(CATALOG)
    for prm in CATALOG:
        assert prm.family and prm.licence and 0 < prm.threshold < 1
        assert prm.family.source.startswith("https://"), "where its prompt was published"
        assert prm.published == {} or tuple(prm.published) == BENCHMARKS
        assert all(0 < value < 1 for value in prm.published.values())
        prm.family.options_with(prm.family_options)


def test_any_other_checkpoint_can_be_named():
    other = find_model("someone/their-prm")
    assert (other.checkpoint, other.family) == ("someone/their-prm", None)
    assert find_model(CATALOG[2].checkpoint) is CATALOG[2]
