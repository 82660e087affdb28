"""A worked solution as a program with words around it.

"Natalia sold 48/2 = 24 clips" is text with three numbers in it: one given by the problem, one
constant, one computed. Kept this way, a solution can be run again with other numbers (resampling)
and it can be broken on purpose at a known place (corruption), because what each number should be
is known. Numbers live in a table of values; the text only refers to them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|(?<!\d)\.\d+"
_WORDS = """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty"""
NUMBER_WORDS = {word: value for value, word in enumerate(_WORDS.split(), start=2)}
_WORD_OF = {value: word for word, value in NUMBER_WORDS.items()}


class Number(NamedTuple):
    """A number in a text: `scale` times an entry of the value table, written like `like`."""

    entry: int
    like: str
    scale: float = 1.0


class Operator(NamedTuple):
    """An operator in a text: what it does, one of `+-*/`, and how it is written."""

    symbol: str
    glyph: str


Part = str | Number | Operator
Line = list[Part]


@dataclass(frozen=True)
class Equation:
    """`terms = result`, inside a step's line.

    `terms` holds places in the line (of numbers and operators) and parentheses; `percent` the
    places of operands that stand for hundredths; `result` the place of the result.
    """

    terms: tuple[int | str, ...]
    result: int
    percent: frozenset[int] = frozenset()

    def operands(self, line: Line) -> list[int]:
        return [t for t in self.terms if not isinstance(t, str) and isinstance(line[t], Number)]

    def operators(self, line: Line) -> list[int]:
        return [t for t in self.terms if not isinstance(t, str) and isinstance(line[t], Operator)]

    def value(self, line: Line, values: Sequence[float]) -> float | None:
        """What the left side comes to, or None where it divides by zero."""
        tokens: list[float | str] = []
        for term in self.terms:
            part = term if isinstance(term, str) else line[term]
            if type(part) is Number:
                number = values[part.entry] * part.scale
                tokens.append(number / 100 if term in self.percent else number)
            else:
                tokens.append(part.symbol if type(part) is Operator else part)
        return evaluate(tokens)


@dataclass(frozen=True)
class Step:
    """One step: its text, the equations in it, and whether it only states the final answer."""

    line: Line
    equations: list[Equation] = field(default_factory=list)
    final: bool = False


@dataclass
class Problem:
    """A problem with its worked solution.

    `values[:givens]` are the numbers the problem states, then constants and results in order of
    appearance. `source` names where it comes from. `free` says that every number of the solution is
    accounted for, so that the givens may be changed; `fixed` are givens that must not (dates, 1/2).
    `answer` is the entry with the final answer, None where there is none.
    """

    question: Line
    steps: list[Step]
    values: list[float]
    givens: int
    source: str
    answer: int | None = None
    free: bool = False
    fixed: frozenset[int] = frozenset()

    def result_entries(self, upto: int | None = None) -> list[int]:
        """Entries computed by the equations of the first `upto` steps (all by default)."""
        return [
            step.line[equation.result].entry
            for step in self.steps[:upto]
            for equation in step.equations
        ]


def run(steps: Sequence[Step], values: Sequence[float], keep: frozenset[int] = frozenset()):
    """The value table after every equation is computed again from the entries before it.

    Entries in `keep` stay as they are. Returns None where an equation has no value.
    """
    values = list(values)
    for step in steps:
        for equation in step.equations:
            target = step.line[equation.result].entry
            if target not in keep:
                value = equation.value(step.line, values)
                if value is None:
                    return None
                values[target] = round(value, 6)
    return values


def render(line: Line, values: Sequence[float], words: Mapping[str, str] | None = None) -> str:
    """The text of a line, its words replaced as `words` says."""
    replaced = (words or {}).get
    return "".join(
        [
            replaced(part, part)
            if type(part) is str
            else write_number(values[part.entry] * part.scale, part.like)
            if type(part) is Number
            else part.glyph
            for part in line
        ]
    )


def write_number(value: float, like: str = "") -> str:
    """A number written in the manner of `like`: as a word, with commas, with cents, without 0."""
    nearest = round(value)
    whole = abs(value - nearest) < 1e-6
    if whole and (not like or (like.isdigit() and like[0] != "0")):
        return str(nearest)
    if like[:1].isalpha():
        word = _WORD_OF.get(value) or write_number(value)
        return word.capitalize() if like[0].isupper() else word
    if like.startswith("0") and like.isdigit():
        return f"{value:.0f}".zfill(len(like))
    if whole:
        text = f"{nearest:,}" if "," in like and abs(nearest) > 999 else str(nearest)
        return text + like[like.index(".") :] if re.search(r"\.0+$", like) else text
    text = f"{value:,.4f}" if "," in like else f"{value:.4f}"
    text = text.rstrip("0").rstrip(".")
    if re.search(r"\.\d\d$", like) and re.search(r"\.\d$", text):
        text += "0"
    return text[1:] if like.startswith(".") and text.startswith("0.") else text


def read_number(text: str) -> float:
    return float(NUMBER_WORDS.get(text.lower()) or text.replace(",", ""))


def evaluate(tokens: Sequence[float | str]) -> float | None:
    """Arithmetic with the usual precedence; None for a division by zero or unbalanced text."""
    try:
        value, end = _sum(tokens, 0)
    except (ZeroDivisionError, IndexError, TypeError):
        return None
    return value if end == len(tokens) else None


def _sum(tokens: Sequence[float | str], at: int) -> tuple[float, int]:
    value, at = _product(tokens, at)
    while at < len(tokens) and tokens[at] in ("+", "-"):
        other, end = _product(tokens, at + 1)
        value = value + other if tokens[at] == "+" else value - other
        at = end
    return value, at


def _product(tokens: Sequence[float | str], at: int) -> tuple[float, int]:
    value, at = _atom(tokens, at)
    while at < len(tokens) and tokens[at] in ("*", "/"):
        other, end = _atom(tokens, at + 1)
        value = value * other if tokens[at] == "*" else value / other
        at = end
    return value, at


def _atom(tokens: Sequence[float | str], at: int) -> tuple[float, int]:
    if tokens[at] == "(":
        value, at = _sum(tokens, at + 1)
        if tokens[at] != ")":
            raise IndexError("a parenthesis is not closed")
        return value, at + 1
    return tokens[at] + 0.0, at + 1


def close(a: float, b: float) -> bool:
    """Equal as far as written numbers show it."""
    return abs(a - b) <= 1e-4 + 1e-5 * abs(b)
