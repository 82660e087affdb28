"""Several solutions from pasted text."""

from pathlib import Path

from prm_app.solutions.candidates import from_text

CASES = Path(__file__).parents[1] / "data" / "cases"


def test_text_is_divided_by_lines_of_dashes():
    assert from_text("a\nb\n---\r\n c\n\n-----\n---\nd - e\n--- f") == [
        "a\nb",
        " c",
        "d - e\n--- f",
    ]


def test_a_rule_of_markdown_stays_in_its_solution():
    text = (CASES / "markdown_rule.txt").read_text()
    assert from_text(text) == [text.strip("\n")]
    assert from_text(f"{text}---\n{text}") == [text.strip("\n")] * 2


def test_nothing_but_lines_of_dashes_is_no_solution():
    assert from_text("---\n \n---\n") == []
