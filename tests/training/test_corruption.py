"""Corruption keeps its labels right: the labelled step is the first that does not hold."""

import random

import pytest
from demo_prm.augment import resample
from demo_prm.corruption import KINDS, corrupt
from demo_prm.parse import read_problem
from demo_prm.sources import GENERATORS, story
from demo_prm.styles import Style
from demo_prm.worked import Number, Operator, close, evaluate, render, run, write_number
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
ALL_GENERATORS = sum(GENERATORS.values(), ())


def solution(seed, final="The answer is {}."):
    rng = random.Random(seed)
    problem = story(rng.choice(ALL_GENERATORS), rng)
    return problem, Style(final=final).plan(problem, rng), rng


def says_the_same(step, values, right_step, right_values):
    """Every operator, operand, result and fact of a step is that of the right solution."""
    if len(step.line) != len(right_step.line):
        return False
    for part, right in zip(step.line, right_step.line, strict=True):
        if isinstance(part, Number):
            value, expected = values[part.entry], right_values[right.entry]
            if not close(value * part.scale, expected * right.scale):
                return False
        elif isinstance(part, Operator):
            if part.symbol != right.symbol:
                return False
        elif part != right:
            return False
    return True


@UNTIMED
@given(st.integers(0, 10**9), st.sampled_from(KINDS))
def test_the_label_is_the_first_step_that_does_not_hold(seed, kind):
    problem, steps, rng = solution(seed)
    wrong = corrupt(steps, problem.values, problem, kind, rng)
    assume(wrong is not None)
    right = list(steps)
    if kind == "dropped":
        del right[wrong.start]
    for at in range(wrong.error):
        assert says_the_same(wrong.steps[at], wrong.values, right[at], problem.values)
    broken = wrong.steps[wrong.error]
    assert not says_the_same(broken, wrong.values, steps[wrong.twin], problem.values)


@UNTIMED
@given(st.integers(0, 10**9), st.sampled_from([k for k in KINDS if k != "arithmetic"]))
def test_only_arithmetic_slips_break_the_arithmetic(seed, kind):
    problem, steps, rng = solution(seed)
    wrong = corrupt(steps, problem.values, problem, kind, rng)
    assume(wrong is not None)
    for step in wrong.steps:
        for equation in step.equations:
            result = wrong.values[step.line[equation.result].entry]
            assert close(equation.value(step.line, wrong.values), result)


@UNTIMED
@given(st.integers(0, 10**9))
def test_an_arithmetic_slip_is_one_wrong_result(seed):
    problem, steps, rng = solution(seed)
    wrong = corrupt(steps, problem.values, problem, "arithmetic", rng)
    assume(wrong is not None)
    off = [
        at
        for at, step in enumerate(wrong.steps)
        for equation in step.equations
        if not close(
            equation.value(step.line, wrong.values), wrong.values[step.line[equation.result].entry]
        )
    ]
    assert off == [wrong.error]


@UNTIMED
@given(st.integers(0, 10**9))
def test_a_resampled_solution_is_right(seed):
    problem, _, rng = solution(seed)
    values = resample(problem, rng)
    assume(values is not None)
    assert run(problem.steps, values) == values
    text = " ".join(render(step.line, values) for step in problem.steps)
    again = read_problem("", [text], "", "test")
    assert sum(len(step.equations) for step in again.steps) == len(problem.result_entries())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_mistake_can_be_made(kind):
    made = 0
    for seed in range(40):
        problem, steps, rng = solution(seed)
        if kind == "contradiction":
            steps = Style(facts=2, final="{}").plan(problem, rng)
        made += corrupt(steps, problem.values, problem, kind, rng) is not None
    assert made > 10


@pytest.mark.parametrize(
    ("tokens", "value"),
    [
        ([2.0, "+", 3.0, "*", 4.0], 14.0),
        (["(", 2.0, "+", 3.0, ")", "*", 4.0], 20.0),
        ([8.0, "-", 3.0, "-", 2.0], 3.0),
        ([1.0, "/", 0.0], None),
        (["(", 1.0, "+", 2.0], None),
    ],
)
def test_evaluate(tokens, value):
    assert evaluate(tokens) == value


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [
        (1200, "5,000", "1,200"),
        (1200, "5000", "1200"),
        (0.5, ".25", ".50"),
        (2.5, "3.75", "2.50"),
        (2, "3.00", "2.00"),
        (3, "Five", "Three"),
        (42, "five", "42"),
        (7, "08", "07"),
    ],
)
def test_numbers_are_written_as_they_were(value, like, text):
    assert write_number(value, like) == text


def test_gsm8k_is_read_as_a_program():
    problem = read_problem(
        "Natalia sold clips to 48 of her friends in April, and then she sold half as many in May. "
        "How many clips did she sell altogether?",
        ["Natalia sold 48/2 = 24 clips in May.", "She sold 48+24 = 72 clips altogether."],
        "72",
        "test",
    )
    assert problem.free
    changed = run(problem.steps, [60.0, *problem.values[1:]])
    assert [render(step.line, changed) for step in problem.steps] == [
        "Natalia sold 60/2 = 30 clips in May.",
        "She sold 60+30 = 90 clips altogether.",
    ]
