"""What cannot be read of a file fails alone, and is called by its place and name."""

import gzip
import json
from pathlib import Path

import pytest

from prm_app.errors import InputError
from prm_app.solutions.jsonl import Place, PlaceError, json_values
from prm_app.solutions.rows import Problem, Row
from prm_app.solutions.shapes import pooled, read_problems

CASES = Path(__file__).parents[1] / "data" / "cases"


def read(content: str | bytes | list | dict, name: str = "x") -> list[Problem | PlaceError]:
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    return pooled(read_problems(content.encode() if isinstance(content, str) else content, name))


def case(name: str) -> list[Problem | PlaceError]:
    return read((CASES / name).read_bytes(), name)


def texts(problems: list[Problem | PlaceError]) -> dict[str, list[str]]:
    return {each.problem: [row.text for row in each.rows] for each in problems}


def only(problems: list[Problem | PlaceError]) -> Row:
    [problem] = problems
    [row] = problem.rows
    return row


@pytest.mark.parametrize("bad", [None, 7, ["x"], {"text": "x"}, {"solution": 3}])
def test_one_candidate_that_cannot_be_read_fails_alone(bad):
    [problem] = read({"problem": "p", "candidates": ["a", bad, {"solution": None}]})
    assert [row.text for row in problem.rows] == ["a", ""]
    assert str(problem.solutions[1]).startswith("x, line 1, solution 2: ")


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        ("surrogate_problem.jsonl", 1, "half of a surrogate pair"),
        ("surrogate_extra_field.jsonl", 1, "half of a surrogate pair"),
        ("huge_int.jsonl", 1, "a number of 5,000 digits"),
        ("deep.json", 1, "more than 100 deep"),
        ("nan.jsonl", 1, "it holds NaN"),
    ],
)
def test_what_cannot_be_used_is_an_error_of_its_line_alone(name, line, says):
    broken, *others = case(name)
    assert says in str(broken)
    assert broken.place.line == line
    assert all(isinstance(each, Problem) for each in others)
    lines = ['"before"', (CASES / name).read_text().splitlines()[0], '"after"']
    before, error, after = read_problems("\n".join(lines).encode(), "x")
    assert says in str(error) and error.place == Place("x", 2)
    assert (before.rows[0].text, after.rows[0].text) == ("before", "after")


@pytest.mark.parametrize(
    "value", ["NaN", "-Infinity", "1e999", "9" * 5000, "[" * 5000 + "]" * 5000, '"\\ud83d"']
)
def test_an_entry_of_a_list_fails_alone(value):
    values = json_values(f'[1,\n\n{value}, "[\\"{{", {{}}]'.encode(), "x.json")
    assert [value for _, value in values if not isinstance(value, PlaceError)] == [1, '["{', {}]
    assert values[1][0] == Place("x.json", 3, 2)
    assert str(values[1][1]).startswith("x.json, entry 2, line 3: it holds ")


def test_a_pair_of_surrogates_is_a_character():
    assert only(read('{"problem": "\\ud83d\\ude00", "solution": "a"}')).problem == "😀"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "x is empty"),
        (b" \n[\n]\n", "x is empty"),
        (b"\n\xff", "x, line 2: not UTF-8"),
        (b'{"a": 1,\n oops}', "x, line 2: not valid JSON"),
        (
            b'[{"a": 1}\n {"b": 2}]',
            r"x, line 2: not valid JSON \(Expecting ',' delimiter, column 2",
        ),
        (b"[1, 2", "x, line 1: not valid JSON"),
        (b"[1] 2", "x, line 1: not valid JSON"),
        (b"\x1f\x8b\x08 broken", "no whole gzip file"),
    ],
)
def test_a_file_that_cannot_be_read_at_all(content, says):
    with pytest.raises(InputError, match=says):
        read(content)


def test_a_file_that_unpacks_beyond_all_bounds_is_refused():
    with pytest.raises(InputError, match="more than 1,000,000 bytes"):
        read_problems(gzip.compress(b" " * (10**6 + 1)), "x", 10**6)


def test_a_line_cut_short_fails_alone():
    values = read('{"problem": "p", "solution": "a"}\n{"problem": "p", "sol\n"b"\n')
    assert [isinstance(each, PlaceError) for each in values] == [False, True, False]
    assert "line 2: not valid JSON (Unterminated string" in str(values[1])
