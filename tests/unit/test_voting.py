"""Final answers as people write them, and votes over them that end in time in any thread."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from prm_app.errors import InputError
from prm_app.solutions import answers
from prm_app.solutions.answers import readable
from prm_app.solutions.voting import Answers, group_by_answer, match_answer

CASES = Path(__file__).parents[1] / "data" / "cases"
TEXTS = ["so \\boxed{1/2}", "The answer is 0.5", "The answer is 3", "no answer", "A: $\\frac12$"]


def case(name: str) -> list[list[str]]:
    lines = (CASES / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["solutions"] for line in lines]


def test_equal_answers_vote_together_however_they_are_written():
    vote = group_by_answer(TEXTS).vote([1] * 5)
    assert vote.solutions == (0, 1, 4)
    assert vote.share == pytest.approx(3 / 4)


def test_rewards_can_outweigh_the_majority():
    vote = group_by_answer(TEXTS).vote([0.1, 0.1, 0.9, 1.0, 0.1])
    assert vote.solutions == (2,)
    assert vote.answer == "3"
    assert vote.share == pytest.approx(0.9 / 1.2)


def test_no_answer_no_vote():
    assert group_by_answer(["none", "of these"]).vote([1, 1]) is None
    assert group_by_answer([]).vote([]) is None


@pytest.mark.parametrize(
    ("name", "groups", "texts"),
    [
        ("unicode_minus.jsonl", [[0, 1]], ["-3"]),
        ("bold_answer.jsonl", [[0, 1]], ["73"]),
        ("ordinal_answer.jsonl", [[0, 1]], ["12"]),
        ("chinese_answer.jsonl", [[0, 1], [2]], ["18", "19"]),
    ],
)
def test_answers_are_read_as_people_write_them(name, groups, texts):
    [solutions] = case(name)
    assert group_by_answer(solutions) == Answers(groups, texts, ())


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("it is **−3**.", "it is -3."),
        ("**x = 2**\n**(5)**", "x = 2\n(5)"),
        ("2**3 and x ** 2 and f(x)**2", "2**3 and x ** 2 and f(x)**2"),
        ("\\boxed{3^{\\text{rd}}}", "\\boxed{3}"),
        ("\\boxed{3^\\mathrm{rd}}", "\\boxed{3}"),
        ("$21^{st}$ of $n^{th}$", "$21$ of $n$"),
        ("정답은 18개", " The answer is  18 개"),
    ],
)
def test_what_stands_around_an_answer_is_taken_off(text, plain):
    assert readable(text) == plain


def test_groups_do_not_depend_on_the_order_of_the_solutions():
    texts = [*case("percent_order.jsonl")[0], "\\boxed{x=5}", "\\boxed{y = 5}", "5"]
    numbers = set()
    for order in list(permutations(range(len(texts))))[::17]:
        groups = group_by_answer([texts[i] for i in order]).groups
        numbers.add(frozenset(frozenset(order[i] for i in group) for group in groups))
    [groups] = numbers
    assert {0, 1} in groups and {2} in groups  # 25% is 25 here, since 0.25 is as frequent


def test_a_percentage_joins_the_more_frequent_reading():
    percent, whole, fraction = case("percent_order.jsonl")[0]
    assert group_by_answer([percent, fraction, whole, fraction]).groups == [[0, 1, 3], [2]]
    assert group_by_answer([percent, percent, whole]).groups == [[0, 1, 2]]


def test_what_ends_the_process_ends_no_vote(monkeypatch):
    group_by_answer(["1"])
    answers._idle[-1].end()
    assert group_by_answer(["1", "1.0", "2"]).unread == (0,)
    assert group_by_answer(["1", "1.0", "2"]).unread == ()
    assert group_by_answer(["1", "1.0", "2"]).groups == [[0, 1], [2]]


def test_a_reference_is_matched_or_refused():
    assert match_answer(["it is 1.5", "2"], "3 / 2\n#### 1.5") == [True, False]
    with pytest.raises(InputError, match="'' cannot be read as mathematics"):
        match_answer(["7"], "")
    with pytest.raises(InputError, match="not be compared in time"):
        match_answer(["7"], "5^{5^{5^{5}}} - 5")
