"""A text is split into the steps a reader sees, word for word."""

import pytest

from prm_app.errors import InputError
from prm_app.solutions.steps import SPLITS, split_steps


@pytest.mark.parametrize(
    ("text", "how", "steps"),
    [
        ("a\nb\n", "auto", ["a", "b"]),
        ("a\nb\n\nc", "auto", ["a\nb", "", "c"]),
        ("a\n \t\nb", "paragraphs", ["a", " \t", "b"]),
        ("a\n\n\n\nb\n", "lines", ["a", "", "", "", "b"]),
        ("a\r\nb\rc", "lines", ["a", "b", "c"]),
        ("  kept \n\tkept too\t", "lines", ["  kept ", "\tkept too\t"]),
        ("Step 1: a\n\nmore\nStep 2: b", "auto", ["Step 1: a\n\nmore", "Step 2: b"]),
        (
            "Intro\n**Step 1.** a\n## Step 2 b",
            "labels",
            ["Intro", "**Step 1.** a", "## Step 2 b"],
        ),
        ("We step 1 by 1.\nOne step 2 far.", "auto", ["We step 1 by 1.", "One step 2 far."]),
        ("a;; b ;;", "delimiter", ["a", " b "]),
        ("", "auto", []),
        (" \n\t\n", "lines", []),
    ],
)
def test_split(text, how, steps):
    assert split_steps(text, how, ";;") == steps


def test_a_delimiter_may_be_a_typed_newline():
    assert split_steps("a\n\nb\nc", "delimiter", "\\n\\n") == ["a", "", "b\nc"]


@pytest.mark.parametrize(("how", "says"), [("delimiter", "needs the delimiter"), ("words", "auto")])
def test_what_cannot_be_done_is_said(how, says):
    with pytest.raises(InputError, match=says):
        split_steps("a", how)
    assert "delimiter" in SPLITS
