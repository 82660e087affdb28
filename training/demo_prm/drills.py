"""Arithmetic without a story: practice in telling right results from wrong ones."""

import random

from demo_prm.stories import Story
from demo_prm.worked import write_number

TASKS = (
    "Check the arithmetic.",
    "Compute each line.",
    "Work out these sums.",
    "Calculate.",
    "Find the results.",
)
_SAID = {
    "+": "Together that is {}.|That makes {} in total.|{who} now has {}.|The total is {}.|So {}.",
    "-": "That leaves {}.|{who} has {} left.|The difference is {}.|So {} remain.|Now there are {}.",
    "*": "{who} pays {} dollars.|That is {} in all.|{who} needs {} of them.|This makes {}.|So {}.",
    "/": "Each of them gets {}.|It takes {} days.|{who} fills {} boxes.|So {} each.|That is {}.",
}
_SIZES = (9, 9, 12, 20, 50, 100, 100, 1000, 10_000)


def drill(rng: random.Random) -> Story:
    """A task, some equations, and no answer."""
    task, who = rng.choice(TASKS), rng.choice(["Maria", "Tom", "She", "He", "Emma"])
    prose = rng.random() < 0.5
    lines = []
    for _ in range(rng.randint(3, 9)):
        sign = rng.choice("+-*/")
        text, value = _sum(sign, rng)
        equation = f"{text} = {write_number(value)}"
        if rng.random() < 0.4:
            equation = equation.replace(" ", "")
        said = rng.choice(_SAID[sign].split("|")) if prose else "{}"
        lines.append(said.format(equation, who=who))
    return task, lines, float("nan")


def _sum(sign: str, rng: random.Random) -> tuple[str, float]:
    """A sum, difference, product or quotient as text, and its value; small ones most often."""
    size = rng.choice(_SIZES)
    if sign in "*/":
        unit = rng.choice((1, 1, 1, 0.5, 0.25, 0.01)) if size > 12 else 1
        a, b = rng.randint(2, min(size, 999)) * unit, rng.randint(2, min(size, 99))
        product = round(a * b, 2)
        if sign == "*":
            a, b = rng.sample((a, b), 2)
            return f"{write_number(a)} {rng.choice('**x')} {write_number(b)}", product
        return f"{write_number(product)} / {b}", a
    unit = rng.choice((1, 1, 1, 0.5, 0.01)) if size > 20 else 1
    terms = [round(rng.randint(1, size) * unit, 2) for _ in range(rng.choice((2, 2, 2, 3, 4)))]
    if sign == "-":
        terms = [round(sum(terms[:2]), 2), terms[0]]
    value = terms[0] - terms[1] if sign == "-" else sum(terms)
    return f" {sign} ".join(map(write_number, terms)), round(value, 2)
