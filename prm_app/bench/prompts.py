"""What is scored in a benchmark: made-up problems with N solutions each, or real ones from a file.

Made-up solutions have the length of real ones and nothing else of them: speed does not depend on
what is written. The same seed gives the same text on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from prm_app.errors import InputError
from prm_app.solutions.jsonl import PlaceError
from prm_app.solutions.rows import Row
from prm_app.solutions.shapes import pooled, read_problems
from prm_app.solutions.solution import Solution
from prm_app.solutions.steps import split_steps

_NAMES = ("Peyton", "Imani", "Ravi", "Chloe", "Mateo", "Yuki", "Amara", "Lars", "Priya", "Noah")
_GOODS = ("apples", "notebooks", "tickets", "bracelets", "muffins", "stamps", "pens", "lamps")
_OPENINGS = (
    "First we look at the {good}",
    "The next thing to work out is the {good}",
    "Now take the {good} into account",
    "We continue with the {good}",
    "To go on, consider the {good}",
    "It remains to think about the {good}",
    "Moving on, we count the {good}",
    "Let us now turn to the {good}",
)
_SENTENCES = (
    "{name} has {a} of them and then gets another {b}, which together makes {a} + {b} = {sum}.",
    "Since each of the {a} boxes holds {b} pieces, there are {a} * {b} = {product} pieces in all.",
    "Taking the {b} away from the {sum} that we found before leaves {sum} - {b} = {a} for {name}.",
    "This agrees with the statement of the problem, where {name} is said to begin with {a}.",
)

Problem = list[Solution]
"""One problem: its N solutions."""


def made_up(
    candidates: int, steps: int, sentences: int, seed: int, spread: int = 0
) -> Iterator[Problem]:
    """Problems without end, each with `candidates` solutions of `steps` steps ± `spread`.

    A step is one line of `sentences` sentences of about 30 tokens, or an equation of about 6 tokens
    if `sentences` is 0.
    """
    random_ = random.Random(seed)
    while True:
        name = random_.choice(_NAMES)
        goods = random_.sample(_GOODS, 4)
        counts = [random_.randint(3, 98) for _ in range(8)]
        facts = " ".join(
            f"On day {day} {name} buys {a} boxes of {good} for {b} dollars each."
            for day, good, a, b in zip(range(1, 5), goods, counts[::2], counts[1::2], strict=True)
        )
        problem = (
            f"{facts} Every box is opened on the same evening, and a third of what is in it is "
            f"given to {random_.choice(_NAMES)}. How much does {name} have in the end?"
        )
        yield [
            Solution(problem, tuple(_step(random_, name, goods, sentences) for _ in range(count)))
            for count in random_.choices(range(steps - spread, steps + spread + 1), k=candidates)
        ]


def _step(random_: random.Random, name: str, goods: list[str], sentences: int) -> str:
    if sentences == 0:
        return f"x = {random_.randint(2, 97)}"
    opening = random_.choice(_OPENINGS).format(good=random_.choice(goods))
    words = [f"{opening} that {name} bought in the shop."]
    for _ in range(sentences):
        a, b = random_.randint(2, 97), random_.randint(2, 97)
        sentence = random_.choice(_SENTENCES)
        words.append(sentence.format(name=name, a=a, b=b, sum=a + b, product=a * b))
    return " ".join(words)


def edited(solution: Solution, step: int) -> Solution:
    """The same solution with the end of one step (an index) written differently."""
    steps = list(solution.steps)
    steps[step] += " So it is."
    return Solution(solution.problem, tuple(steps))


def from_file(path: Path) -> Iterator[Problem]:
    """The problems of a file with their solutions; raises InputError for what cannot be read."""
    for each in pooled(read_problems(path.read_bytes(), str(path))):
        if isinstance(each, PlaceError):
            raise each
        yield [_solution(row) for row in each.solutions]


def _solution(row: Row | PlaceError) -> Solution:
    if isinstance(row, PlaceError):
        raise row
    return Solution(row.problem, row.steps or tuple(split_steps(row.text)))


def take(problems: Iterator[Problem], count: int) -> list[Problem]:
    """The next `count` problems; raises InputError if there are fewer."""
    chunk = list(islice(problems, count))
    if len(chunk) < count:
        raise InputError(
            f"The prompts end after {len(chunk)} of {count} problems: measure fewer problems, "
            "fewer repeats, or give a longer file.",
            settings=["problems", "repeats"],
        )
    return chunk
