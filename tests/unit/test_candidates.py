"""Solutions from pasted text and files."""

import json

import pytest

from prm_app.errors import InputError
from prm_app.solutions.candidates import Candidates, from_file, from_text


def test_text_is_divided_by_rules():
    assert from_text("a\nb\n---\r\n c\n\n-----\n---\nd - e\n--- f") == [
        "a\nb",
        " c",
        "d - e\n--- f",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('["a", "b"]', [Candidates("", ["a", "b"])]),
        ('[{"solution": "a"}]', [Candidates("", ["a"])]),
        ('{"problem": "p", "solutions": ["a", "b"]}', [Candidates("p", ["a", "b"])]),
        ('{"problem": "p", "candidates": [{"solution": "a"}]}', [Candidates("p", ["a"])]),
        ('"a"\n\n"b"\n', [Candidates("", ["a", "b"])]),
        (
            '{"problem": "p", "solution": "a"}\n{"problem": "p", "solution": "b"}\n'
            '{"problem": "q", "solution": "c"}',
            [Candidates("p", ["a", "b"]), Candidates("q", ["c"])],
        ),
    ],
)
def test_file_shapes(content, expected):
    assert from_file(content.encode()) == expected
    assert from_file(b"\xef\xbb\xbf" + content.encode()) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.json is empty"),
        (b"\n\xff", "line 2: not UTF-8"),
        (b'{"a": 1,\n oops}', "line 2: not valid JSON"),
        (b'"a"\n{oops}', "line 2: not valid JSON"),
        (b'{"problem": "p"}', "no “solutions”"),
        (b'{"problem": 3, "solutions": ["a"]}', "“problem” is a number"),
        (b'{"solutions": "a"}', "“solutions” is text, not a list"),
        (b'{"solutions": []}', "the list of solutions is empty"),
        (b'{"solutions": ["a", ""]}', "solution 2 is empty"),
        (b'["a", null]', "solution 2 is null, not text"),
        (b'"a"\n{"problem": "p", "solution": ["x"]}', "line 2: “solution” is a list"),
        (b"7", "a number where one of these should be"),
    ],
)
def test_bad_files_say_what_is_wrong_where(content, message):
    with pytest.raises(InputError, match=message):
        from_file(content, "x.json")


def test_gsm8k_shape_with_other_keys():
    item = {"problem": "p", "ground_truth": "g", "candidates": [{"solution": "a", "is_correct": 1}]}
    assert from_file(json.dumps(item).encode()) == [Candidates("p", ["a"])]
