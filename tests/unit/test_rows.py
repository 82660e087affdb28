"""Files are read for what they are, and what is wrong in them is named with its place."""

import codecs
import gzip
import json
from pathlib import Path

import pytest

from prm_app.solutions.documents import SCORE_FIELDS, Result, score_document
from prm_app.solutions.jsonl import PlaceError
from prm_app.solutions.rows import Problem, Row
from prm_app.solutions.shapes import pooled, read_problems
from prm_app.solutions.solution import ScoredSolution

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


TWO = {"What is 3 + 3?": ["3 + 3 = 6", "3 + 3 = 7"], "What is 2 + 2?": ["2 + 2 = 5", "2 + 2 = 4"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("list.json", {problem: solutions[:1] for problem, solutions in TWO.items()}),
        ("list_of_problems.json", TWO),
        ("upper_case_suffix.JSON", TWO),
        ("interleaved.jsonl", TWO),
        (
            "search_and_learn.jsonl",
            {
                "What is 3*(4+2)?": [
                    "4+2=6\n\n3*6=18\n\n$\\boxed{18}$",
                    "3*4=12\n\n12+2=14\n\n$\\boxed{14}$",
                ]
            },
        ),
        (
            "empty_candidate.jsonl",
            {"What is 3 + 3?": ["3 + 3 = 6", ""], **dict([[*TWO.items()][1]])},
        ),
    ],
)
def test_problems_are_never_mixed(name, expected):
    found = texts(case(name))
    assert {problem: sorted(found[problem]) for problem in found} == {
        problem: sorted(expected[problem]) for problem in expected
    }


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (["a", "b"], {"": ["a", "b"]}),
        ([{"solution": "a"}], {"": ["a"]}),
        ({"problem": "p", "solutions": ["a", "b"]}, {"p": ["a", "b"]}),
        ({"problem": "p", "candidates": [{"solution": "a", "is_correct": 1}]}, {"p": ["a"]}),
        ({"problem": "p", "solution": "reference", "candidates": ["a"]}, {"p": ["a"]}),
        ({"problem": "p", "completions": ["a", "b"]}, {"p": ["a", "b"]}),
        ({"problem": "p", "steps": ["a", "b"]}, {"p": ["a\n\nb"]}),
        ('"a"\n\n"b"\n', {"": ["a", "b"]}),
        ('["a"]\n["b"]\n', {"": ["b"]}),
        (
            '{"problem": "p", "solution": "a"}\n{"problem": "q", "solution": "b"}',
            {"p": ["a"], "q": ["b"]},
        ),
    ],
)
@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: gzip.compress(text.encode()),
    ],
)
def test_shapes_and_encodings(content, expected, encode):
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    assert texts(read(encode(text))) == expected


def test_rows_of_other_data_sets_are_read_with_their_labels():
    row = only(case("prm800k.jsonl"))
    assert (row.problem, row.steps, row.label) == ("What is 2 + 2?", ("2 + 2 = 4",), -1)
    assert case("prm800k.jsonl")[0].answer == "4"
    row = only(case("math_shepherd.jsonl"))
    assert (row.problem, row.steps, row.label) == ("What is 2 + 2?", ("Step 1: 2 + 2 = 4",), -1)
    row = only(case("trl_stepwise.jsonl"))
    assert (row.problem, row.steps, row.label) == ("What is 2 + 2?", ("2 + 2 = 4", "So 5."), 1)


def test_prm800k_goes_the_labellers_way_and_on_with_the_steps_not_judged():
    def step(*ratings, chosen=None, human=None):
        completions = [{"text": f"{r}", "rating": r} for r in ratings]
        return {"completions": completions, "chosen_completion": chosen, "human_completion": human}

    human = {"text": "by hand", "rating": None}
    steps = [step(-1, 1, chosen=1), step(-1, human=human), step(0, -1)]
    row = {
        "question": {"problem": "p", "pre_generated_steps": ["1", "by hand", "-1", "later"]},
        "label": {"steps": steps, "finish_reason": "found_error"},
    }
    found = only(read(row))
    assert (found.steps, found.label) == (("1", "by hand", "-1", "later"), 2)
    row["question"]["pre_generated_steps"][0] = "another"
    assert only(read(row)).steps == ("1", "by hand", "-1")
    row["label"] = {"steps": steps[:2], "finish_reason": "give_up"}
    assert only(read(row)).label is None


def test_math_shepherd_labels_follow_their_marks():
    text = "1 + 1? Step 1: 1 + 1 = 2 ки\nStep 2: - 2 ки\nStep 3: + ки"
    signs = "1 + 1? Step 1: 1 + 1 = 2 +\nStep 2: - 2 -\nStep 3: + +"
    row = only(read({"input": text, "label": signs}))
    assert row.steps == ("Step 1: 1 + 1 = 2", "Step 2: - 2", "Step 3: +")
    assert (row.problem, row.label) == ("1 + 1?", 1)


def test_what_a_file_says_of_its_solutions():
    candidate = {
        "solution": "a",
        "steps": ["x", "\n", "y"],
        "is_correct": 0,
        "published_step_scores": {"m": [0.5, 0.1, 0.25], "n": [1, 0]},
    }
    [problem] = read({"problem": "p", "answer": 7, "generator": "g", "candidates": [candidate]})
    [row] = problem.rows
    assert problem.answer == "7"
    assert (row.text, row.generator, row.is_correct) == ("a", "g", False)
    assert row.recorded_rewards == {"m": (0.5, 0.25), "n": (1, 0)}
    assert row.fields()["published_step_scores"]["m"] == (0.5, 0.25)
    first, second = case("search_and_learn.jsonl")[0].rows
    assert first.recorded_rewards == {"scores": (0.9, 0.95, 0.97)}
    assert second.recorded_rewards == {"scores": (0.9, 0.2, 0.1)}


def test_our_own_answers_are_read_again():
    scored = ScoredSolution("some-prm", ("a", "b"), (0.5, 0.75), 9, 9, 0.1)
    document = score_document(Result("p", scored), 0.5)
    row = only(read({"line": 3, "label": 1, "generator": "g", **document}))
    assert (row.problem, row.steps, row.label, row.generator) == ("p", ("a", "b"), 1, "g")
    assert row.recorded_rewards == {"some-prm": (0.5, 0.75)}
    ranked = [{"rank": 1, "solution": 1, **document}, {"solution": 2, "error": "too long"}]
    ranking = {"problem": "p", "ranking": ranked}
    [problem] = read(ranking)
    assert [row.recorded_rewards for row in problem.rows] == [{"some-prm": (0.5, 0.75)}]
    assert set(document) == set(SCORE_FIELDS)


def test_blank_steps_shift_the_label():
    wrong, right = (
        only([each]) for each in read_problems((CASES / "processbench_like.json").read_bytes(), "x")
    )
    assert (wrong.steps, wrong.label, wrong.is_correct) == (("3*4=12", "", "2+12=15"), 1, False)
    assert wrong.fields()["label"] == 1
    assert (right.label, right.is_correct, right.generator) == (-1, True, "m")


@pytest.mark.parametrize(
    ("label", "says"),
    [
        (1, "that step is blank"),
        (3, "“label” is 3: it should be the index of the first wrong one of 3 “steps”"),
        (-2, "“label” is -2"),
        (0.5, "“label” is 0.5"),
        (True, "“label” is True"),
        ("algebra", "“label” is 'algebra'"),
    ],
)
def test_a_label_must_be_a_step(label, says):
    row = only(read({"problem": "p", "steps": ["a", "---", "b"], "label": label}))
    with pytest.raises(PlaceError, match=f"x, line 1: .*{says}"):
        row.label  # noqa: B018
    assert only(case("float_label.jsonl")).label == -1


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"published_step_scores": [1]}, "not an object"),
        ({"published_step_scores": {"m": [0.5]}}, "“m” holds 1 rewards for 2 steps"),
        ({"rewards": [0.5, 1.5]}, "“rewards” holds something that is no reward"),
        ({"scores": ["high", 1]}, "“scores” holds something"),
    ],
)
def test_what_is_no_recorded_reward_is_said(said, says):
    row = only(read({"problem": "p", "steps": ["a", "b"], **said}))
    with pytest.raises(PlaceError, match=says):
        row.recorded_rewards  # noqa: B018


def test_what_is_no_truth_value_is_said():
    with pytest.raises(PlaceError, match="“is_correct” is 'yes'"):
        only(read({"problem": "p", "solution": "a", "is_correct": "yes"})).is_correct  # noqa: B018


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"problem": "p"}, "no “solution”, “steps” or “solutions” there, only “problem”"),
        ({"problem": 3, "solutions": ["a"]}, "“problem” is a number, not text"),
        ({"question": "p", "solution": "a"}, "no “problem”. If it is “question”"),
        ({"prompt": "p", "completions": ["a"]}, "no “problem”. If it is “prompt”"),
        ({"solutions": "a"}, "“solutions” is text, not a list"),
        ({"solutions": []}, "“solutions” is an empty list"),
        ({"problem": "p", "solutions": ["a"], "candidates": ["b"]}, "both “solutions” and “cand"),
        ({"problem": "p", "solution": ["x"]}, "“solution” is a list, not text"),
        ({"problem": "p", "steps": ["x", 2]}, "“steps” is not a list of texts"),
        ({"problem": "p", "completions": ["a"], "scores": [[1], [1]]}, "“scores” is no list of"),
        ({"prompt": ["p"], "completions": ["a"], "labels": [1]}, "the problem is a list"),
        ({"prompt": "p", "completions": ["a"], "labels": [[]]}, "“labels” is not a list of one"),
        ({"prompt": "p", "completions": ["a"], "labels": [1, 1]}, "“labels” is not a list of one"),
        ({"question": {"problem": "p"}, "label": {"steps": [{}]}}, "“label” does not hold"),
        ({"input": "p Step 1: a ки", "label": "p Step 1: b +"}, "“label” is not “input”"),
        ({"input": "p a ки", "label": "p a +"}, "“input” is not a problem and “Step 1:”"),
        (7, "a number. It should be"),
        (None, "null. It should be"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(value, says):
    [error, other] = read(f'{json.dumps(value)}\n{{"problem": "p", "solution": "a"}}')
    error = error if isinstance(error, PlaceError) else error.solutions[0]
    assert str(error).startswith("x, line 1: ")
    assert says in str(error)
    assert other.problem == "p"
