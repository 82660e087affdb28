"""Words for texts that the demo PRM was not made for: which ones are told, and which are not."""

import json
from pathlib import Path

import pytest

from prm_app.catalog import CATALOG, DEFAULT
from prm_app.solutions.scope import signs

ROOT = Path(__file__).parents[2]


def rows(path):
    return [json.loads(line) for line in (ROOT / path).read_text("utf-8").splitlines()]


def is_outside(row, tokens=200):
    return DEFAULT.scope.outside(row["problem"], row["steps"], tokens) is not None


def test_solutions_of_grade_school_problems_are_hardly_ever_told():
    solutions = rows("prm_app/demo/processbench_gsm8k.jsonl")
    assert sum(map(is_outside, solutions)) / len(solutions) < 0.03


@pytest.mark.parametrize("kind", ["Korean", "calculus", "code", "competition", "other languages"])
def test_other_subjects_and_languages_are_told(kind):
    others = [row for row in rows("training/demo_prm/outside.jsonl") if row["kind"] == kind]
    assert len(others) >= 4
    assert sum(map(is_outside, others)) / len(others) > 0.9


def test_what_is_longer_than_the_training_texts_is_told_with_its_length():
    problem, steps = "What is 2 + 3 * 4?", ["3 * 4 = 12", "2 + 12 = 14"]
    assert DEFAULT.scope.outside(problem, steps, 2048) is None
    told = DEFAULT.scope.outside(problem, steps, 3012)
    assert not told.unlike
    assert "3,012 tokens" in str(told) and "2,048" in str(told)


def test_the_words_say_what_the_model_was_made_for():
    told = DEFAULT.scope.outside("사과는 몇 개인가?", ["12 - 5 = 7이므로 7개이다."], 40)
    assert str(told) == (
        "This text is unlike what the model was made for, grade-school mathematics in English. "
        "Its rewards may mean little."
    )


def test_models_without_a_measure_stay_silent():
    assert {prm.key for prm in CATALOG if prm.scope} == {"demo-skywork", "demo-qwen"}


def test_signs_are_words_commands_and_symbols():
    assert signs(r"Thus \frac{3}{4} of 12 is 9, thus 9.") == {
        *("thus", r"\frac", "{", "}", "of", "is", ",", "."),
    }
