"""Equations that can be checked by computing: what holds, what does not, what cannot be told."""

import json
from importlib.resources import files

import pytest

from prm_app.solutions.equations import equations
from prm_app.ui.equation_views import sums

HOLDS = [
    "12 * 24 = 288",
    "so $12 \\times 24 = 288$ apples",
    "\\[ 5000 + 4000 + 8000 = 17000 \\text{ dollars} \\]",
    "He pays $250 * 6 = $1,500.",
    "\\frac{1}{2} \\cdot 12 = 6",
    "2(3 + 4) = 14",
    "-2 + 6 = 4",
    "- 3 + 4 = 7",
    r"-\left(1\right) = -1",
    "-$5 + $8 = $3",
    "1. 3 + 4 = 7",
    "5 apples + 3 apples = 8 apples",
    "10 / 3 = 3.33",
    "2 / 3 ≈ 0.667",
    "20% * 50 = 10",
    "10 / 50 * 100 = 20%",
    "2^10 = 1024",
    "0.1 + 0.2 = 0.3",
    "5 x 2 = 10 quarts",
    "(365 - 180 = 185)",
    "1/4 + 1/4 = 1/2",
    "1 = 0.5 + 0.5",
    "$3 + 4 = 7$ and so on",
    "6 × −7 = −42",
]
FAILS = {
    "12 * 24 = 289": "288",
    "210 - $100 = $120": "110",
    "Twice the rain = 2 * 2 = 5 inches": "4",
    "$\\frac{3}{4} \\cdot 8 = 7$": "6",
    "- 9 + 5 = 13": "14",
    "98^3 = 912,673": "941192",
    "10 / 4 = 2.6": "2.5",
    "29 - (-36) = 7": "65",
}
CANNOT_BE_TOLD = [
    "7 / 2 = 3",
    "10 - 3 = 7 - 2",
    "3 * 50 = 1.5 dollars",
    "2 feet + 6 inches = 30 inches",
    "7.5 / 1/2 = 15",
    "the first (10) + the second (15) = 25",
    "half of 10 + 2 = 7",
    "200 + 10% = 220",
    "33.33 * 3 = 100",
    "1 / 0 = 0",
    "2^(3^(4^5)) = 1",
    "9" * 5000 + " + 1 = 2",
    "(" * 100 + "1 + 1" + ")" * 100 + " = 3",
    "3/4 gallon = 3/4 × 8 pints",
]
NOTHING_TO_COMPUTE = [
    "x = 5",
    "5 = 5",
    "2x + 3 = y",
    "4 - 3ab = 6 - 3",
    "f(3) = 4",
    "no equation",
    "==",
    "= 3 +",
    "a ≤ b",
]


@pytest.mark.parametrize("text", HOLDS)
def test_an_equation_that_holds(text):
    assert {e.holds for e in equations(text)} == {True}


@pytest.mark.parametrize(("text", "value"), FAILS.items())
def test_one_that_does_not_says_what_it_makes(text, value):
    [results] = [e for e in equations(text) if e.holds is False]
    assert results.value == value
    assert results.text in text


@pytest.mark.parametrize("text", CANNOT_BE_TOLD)
def test_what_cannot_be_told_is_not_said_to_fail(text):
    assert [e.holds for e in equations(text)] == [None]


@pytest.mark.parametrize("text", NOTHING_TO_COMPUTE)
def test_nothing_to_compute(text):
    assert False not in {e.holds for e in equations(text)}


def test_a_chain_is_checked_link_by_link():
    results = equations("28 * 13 / 4 = 7 * 13 = 91 = 90 + 2")
    assert [e.holds for e in results] == [True, True, None]


def test_the_page_shows_what_fails_apart_from_the_reward_and_counts_the_rest():
    html = sums("So 12 * 24 = 289. Then 3 + 4 = 7. And 7 / 2 = 3.")
    assert "<code>12 * 24 = 289</code> does not hold: the left side makes <b>288</b>" in html
    assert "1 equation holds, 1 not checkable" in html
    assert sums("Let x = 5.") == sums("7 / 2 = 3") == ""


def test_right_steps_of_real_solutions_are_not_said_to_fail():
    lines = files("prm_app.demo").joinpath("processbench_gsm8k.jsonl").read_text().splitlines()
    results = []
    for row in map(json.loads, lines):
        right = row["steps"] if row["label"] == -1 else row["steps"][: row["label"]]
        results += [e for step in right for e in equations(step)]
    assert sum(e.holds is True for e in results) > 300
    assert [e.text for e in results if e.holds is False] == []
