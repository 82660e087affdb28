"""Inputs as people have them (`data/cases`), through the commands, with both demo models."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from prm_app.cli import main
from prm_app.solutions.solution import Solution

CASES = Path(__file__).parents[1] / "data" / "cases"
FILES = sorted(CASES.glob("*.[jJ][sS][oO][nN]*"))


@pytest.fixture
def run(monkeypatch, capsys, scorer):
    """Runs a command on the engine of this process; its exit code, output and errors."""
    for name in ("batch", "eval"):
        monkeypatch.setattr(f"prm_app.cli.{name}.open_scorer", lambda args: nullcontext(scorer))

    def run(*args: str) -> tuple[int, list[str], str]:
        code = main(args)
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err

    return run


@pytest.fixture
def answers(run):
    """The answers to a file of cases, each of them JSON without NaN."""

    def answers(command: str, name: str) -> list[dict]:
        _, lines, _ = run(command, str(CASES / name), "--json")
        return [json.loads(line, parse_constant=pytest.fail) for line in lines]

    return answers


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_answered_or_refused_by_its_place(run, file):
    for command in ("score", "rank"):
        for options in ((), ("--json",)):
            code, lines, errors = run(command, str(file), *options)
            assert code in (0, 1, 2)
            assert lines or (errors and code)
            if options and command == "score":
                assert code == 0 or f"{file.name}, " in "".join(lines)


@pytest.mark.parametrize(
    ("name", "rewards"),
    [
        ("chatgpt_rule.txt", 2),
        ("hr.txt", 2),
        ("zero_width.txt", 2),
        ("nbsp_blank_lines.txt", 2),
        ("nbsp_labels.txt", 2),
        ("display_math_blank.txt", 3),
        ("code_block.txt", 3),
        ("one_line_labels.txt", 3),
        ("markdown_rule.txt", 3),
    ],
)
def test_texts_have_a_reward_for_each_step(run, name, rewards):
    solution = ("--solution-file", str(CASES / name))
    code, [line], _ = run("score", "--problem", "What is it?", *solution, "--json")
    assert code == 0
    assert len(json.loads(line)["rewards"]) == rewards


def test_line_breaks_of_the_problem_change_no_reward(run, tmp_path):
    plain = tmp_path / "plain.txt"
    plain.write_bytes((CASES / "crlf_problem.txt").read_bytes().replace(b"\r", b"").strip())
    rows = [
        json.loads(run("score", "--problem-file", str(file), "--solution", "14", "--json")[1][0])
        for file in (plain, CASES / "crlf_problem.txt")
    ]
    assert rows[0]["rewards"] == pytest.approx(rows[1]["rewards"], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("list.json", {"What is 3 + 3?": 1, "What is 2 + 2?": 1}),
        ("list_of_problems.json", {"What is 3 + 3?": 2, "What is 2 + 2?": 2}),
        ("upper_case_suffix.JSON", {"What is 3 + 3?": 2, "What is 2 + 2?": 2}),
        ("interleaved.jsonl", {"What is 3 + 3?": 2, "What is 2 + 2?": 2}),
        ("search_and_learn.jsonl", {"What is 3*(4+2)?": 2}),
        ("trl_stepwise.jsonl", {"What is 2 + 2?": 1}),
    ],
)
def test_rank_keeps_problems_apart(answers, name, expected):
    rows = answers("rank", name)
    assert {each["problem"]: len(each["ranking"]) for each in rows} == expected
    assert "We add first" not in json.dumps(rows)


def test_one_empty_candidate_fails_alone(answers):
    first, second = answers("rank", "empty_candidate.jsonl")
    good, failed = first["ranking"]
    assert (good["solution"], failed["solution"]) == (1, 2)
    assert "The solution is empty" in failed["error"]
    assert len(second["ranking"]) == 2


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("surrogate_problem.jsonl", [1]),
        ("surrogate_extra_field.jsonl", [1]),
        ("huge_int.jsonl", [1]),
        ("nan.jsonl", [1]),
        ("deep.json", [1]),
    ],
)
def test_what_cannot_be_read_is_an_error_of_its_line(answers, name, lines):
    rows = answers("score", name)
    assert [each["line"] for each in rows if "error" in each] == lines
    assert all(each["rewards"] for each in rows if "error" not in each)
    ranked = answers("rank", name)
    assert sum("error" in each for each in ranked) == len(lines)


def test_score_answers_every_solution_of_a_file_in_its_order(answers):
    rows = answers("score", "list_of_problems.json")
    assert [(each["entry"], each["solution"], each["problem"]) for each in rows] == [
        (1, 1, "What is 3 + 3?"),
        (1, 2, "What is 3 + 3?"),
        (2, 1, "What is 2 + 2?"),
        (2, 2, "What is 2 + 2?"),
    ]


def test_line_breaks_around_steps_and_blank_steps_have_no_reward(answers):
    [answer] = answers("score", "steps_with_newlines.jsonl")
    assert len(answer["rewards"]) == 2
    first, second = answers("score", "processbench_like.json")
    assert len(first["rewards"]) == len(second["rewards"]) == 2
    assert (first["label"], second["label"]) == (1, -1)  # counted by the steps of the answer


def test_no_error_or_line_of_an_earlier_run_is_in_an_answer(answers, tmp_path):
    [answer] = answers("score", "old_error.jsonl")
    assert answer["line"] == 1 and "error" not in answer
    row = {"problem": "p", "solution": "", "rewards": [1], "mean": 1, "line": 7, "id": "kept"}
    (tmp_path / "old.jsonl").write_text(json.dumps(row))
    [failed] = answers("score", str(tmp_path / "old.jsonl"))
    assert failed.keys() == {"line", "id", "problem", "error"}
    assert (failed["line"], failed["id"]) == (1, "kept")


def test_the_labels_of_other_data_sets_are_kept(answers):
    for name, label in (("prm800k", -1), ("math_shepherd", -1), ("trl_stepwise", 1)):
        [answer] = answers("score", f"{name}.jsonl")
        assert (answer["problem"], answer["label"]) == ("What is 2 + 2?", label)
        assert len(answer["rewards"]) == len(answer["steps"])


@pytest.mark.parametrize(
    ("name", "solutions"),
    [
        ("unicode_minus.jsonl", [1, 2]),
        ("bold_answer.jsonl", [1, 2]),
        ("ordinal_answer.jsonl", [1, 2]),
        ("chinese_answer.jsonl", [1, 2]),
    ],
)
def test_votes_read_answers_as_people_write_them(answers, name, solutions):
    [answer] = answers("rank", name)
    assert answer["majority_vote"]["solutions"] == solutions


def test_a_vote_that_takes_too_long_says_so(run, answers):
    [answer] = answers("rank", "power_towers.jsonl")
    late = answer["majority_vote"]["unread"]
    assert late
    assert "could not be compared in time" in run("rank", str(CASES / "power_towers.jsonl"))[2]


def test_eval_lists_what_it_cannot_use_and_takes_the_rest(run):
    code, lines, errors = run("eval", str(CASES / "ref_unreadable.jsonl"), "--json")
    record = json.loads("\n".join(lines))
    assert (code, record["rows"], record["results"]["problems"]) == (1, 2, 1)
    assert "ref_unreadable.jsonl, line 2: The answer '' cannot be read" in errors
    for name in ("is_correct_01.jsonl", "float_label.jsonl", "processbench_like.json"):
        code, lines, errors = run("eval", str(CASES / name), "--json")
        assert (code, json.loads("\n".join(lines))["failures"]) == (0, []), errors
    code, _, errors = run("eval", str(CASES / "nan.jsonl"))
    assert code == 2 and "nan.jsonl, line 1: it holds NaN" in errors


def test_steps_of_a_file_are_the_steps_scored(run, scorer, tmp_path):
    steps = ["3 * 4 = 12\n\nStep 1: twelve", "", "---", "2 + 12 = 14\n"]
    row = {"problem": "What is 2 + 3 * 4?", "solution": "something else", "steps": steps}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    expected = scorer.score(Solution(row["problem"], tuple(steps)))
    for command in ("score", "rank"):
        _, [line], _ = run(command, str(tmp_path / "rows.jsonl"), "--json")
        answer = json.loads(line)
        rows = answer["ranking"][0] if command == "rank" else answer
        assert rows["steps"] == [steps[0], steps[3]]
        assert rows["rewards"] == pytest.approx(expected.rewards, abs=1e-6)


def test_our_own_answers_can_be_scored_again(run, answers, tmp_path):
    first = answers("score", "list_of_problems.json")
    (tmp_path / "again.jsonl").write_text("\n".join(map(json.dumps, first)))
    second = answers("score", str(tmp_path / "again.jsonl"))
    for before, after in zip(first, second, strict=True):
        assert after["rewards"] == pytest.approx(before["rewards"], abs=1e-6)
        assert "entry" not in after
