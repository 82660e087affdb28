"""Changed problems stay right: what is said and what is computed change together."""

import random

import pytest
from demo_prm.augment import nest
from demo_prm.flip_relations import turned
from demo_prm.parse import read_problem
from demo_prm.sources import GENERATORS, story
from demo_prm.styles import draw_style
from demo_prm.worked import close, render, run

FACTORS = {"three": "3", "third": "3", "four": "4", "quarter": "4", "five": "5", "fifth": "5"}


@pytest.mark.parametrize(
    ("said", "line", "turns"),
    [
        ("5 more shells than Ann", "12 + 5 = 17", {"fewer": "-"}),
        ("5 fewer shells than Ann", "12 - 5 = 7", {"more": "+"}),
        (
            "twice as many shells as Ann",
            "12 * 2 = 24",
            {"half": "/", "three": "*", "four": "*", "five": "*"},
        ),
        (
            "half as many shells as Ann",
            "12 / 2 = 6",
            {"twice": "*", "third": "/", "quarter": "/", "fifth": "/"},
        ),
    ],
)
def test_a_turned_relation_is_said_and_computed(said, line, turns):
    question = f"Ann has 12 shells. Ben has {said}. How many shells does Ben have?"
    answer = line.split()[-1]
    problem = read_problem(question, [f"Ben has {line} shells."], answer, "test")
    assert problem.free
    kinds = set()
    for seed in range(60):
        other = turned(problem, random.Random(seed))
        if other is None:
            continue
        words = render(other.question, other.values).split()
        step = render(other.steps[0].line, other.values).split()
        (word,) = [w for w in turns if w in words]
        assert turns[word] == step[3]
        assert step[4] == FACTORS.get(word, step[4])
        assert words[2] == step[2]  # what Ann has is what Ben's number is computed from
        assert other.values[other.answer] == eval("".join(step[2:5]))
        kinds.add(word)
    assert len(kinds) == len(turns)


def test_a_problem_without_a_relation_is_not_turned():
    problem = read_problem("Ann buys 3 pens at $4.", ["She pays 3 * 4 = $12."], "12", "test")
    assert turned(problem, random.Random(1)) is None


def test_a_step_nested_in_the_next_one():
    problem = read_problem(
        "Ann buys 3 pens at $4 and a book for $7. What does she pay?",
        ["The pens are 3 * 4 = 12 dollars.", "She pays 12 + 7 = 19 dollars."],
        "19",
        "test",
    )
    (step,) = nest(problem.steps, random.Random(1), 1.0)
    assert render(step.line, problem.values) == "She pays (3 * 4) + 7 = 19 dollars."
    assert run([step], problem.values) == problem.values


def test_a_result_that_is_needed_again_is_not_nested():
    problem = read_problem(
        "Ann has 3 pens. Ben has 4 more than she has. How many do they have?",
        ["Ben has 3 + 4 = 7 pens.", "Ann has 7 - 3 = 4 fewer.", "They have 3 + 7 = 10 together."],
        "10",
        "test",
    )
    assert nest(problem.steps, random.Random(1), 1.0) == problem.steps


@pytest.mark.parametrize("seed", range(40))
def test_every_style_keeps_the_answer(seed):
    rng = random.Random(seed)
    problem = story(rng.choice(GENERATORS["training"]), rng)
    steps = draw_style(rng, paragraphs=True).plan(problem, rng)
    values = run(steps, problem.values)
    assert values is not None
    assert close(values[problem.answer], problem.values[problem.answer])
