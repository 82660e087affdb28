"""Files with lines that cannot be used, through the commands: the others are answered."""

import json
from contextlib import nullcontext

import pytest
from instant import InstantScorer

from prm_app.cli import main

GOOD = {"id": 7, "problem": "1 + 1?", "solution": "so 2", "answer": "2"}
ROW = b'{"problem": "1 + 1?", "solution": "2", "answer": "2", "id": %b}'
SPOILT = {
    "half of a surrogate pair": ROW % b'"\\ud83d"',
    "half of one in the problem": b'{"problem": "\\ud83d?", "solution": "2", "answer": "2"}',
    "5,000 digits": ROW % (b"9" * 5000),
    "10,000 levels": ROW % (b"[" * 10_000 + b"]" * 10_000),
    "10,000 open levels": ROW % (b'{"a":' * 10_000),
    "NaN": ROW % b"NaN",
    "-Infinity": ROW % b"-Infinity",
    "a number beyond all floats": ROW % b"1e999",
    "no JSON": b"nonsense",
    "a text": b'"text"',
}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """The answers of a command to a file of these lines; fails unless they are strictly JSON."""
    for name in ("batch", "eval"):
        monkeypatch.setattr(
            f"prm_app.cli.{name}.open_scorer", lambda args: nullcontext(InstantScorer())
        )

    def run(command: str, lines: list[bytes]) -> tuple[int, str]:
        file = tmp_path / "lines.jsonl"
        file.write_bytes(b"\n".join(lines))
        code = main([command, str(file), "--json"])
        return code, capsys.readouterr().out.encode().decode()  # no half of a surrogate pair

    return run


def parse(text: str) -> dict:
    return json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("command", ["score", "rank"])
def test_a_line_that_cannot_be_used_fails_alone(run, command, spoilt):
    good = [json.dumps(GOOD | {"problem": f"{i} + 1?"}).encode() for i in (1, 3)]
    code, out = run(command, [good[0], SPOILT[spoilt], good[1]])
    answers = [parse(line) for line in out.splitlines()]
    assert code == 1
    assert len(answers) == 3
    assert "lines.jsonl, line 2" in json.dumps(answers[1])
    for answer, number in ((answers[0], 1), (answers[2], 3)):
        assert answer["problem"] == f"{number} + 1?"
        assert "error" not in answer
        assert "rewards" in json.dumps(answer)


@pytest.mark.parametrize("spoilt", SPOILT)
def test_an_evaluation_lists_it_and_counts_the_others(run, spoilt):
    row = json.dumps({"problem": "1 + 1?", "steps": ["so 2", "A: 2"], "label": -1}).encode()
    code, out = run("eval", [row, SPOILT[spoilt], row])
    found = parse(out)
    assert code == 1
    assert found["rows"] == 3
    [failure] = found["failures"]
    assert "line 2" in failure["where"] + failure["error"]
