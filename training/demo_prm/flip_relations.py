"""Turn one relation of a problem round, and its solution with it: "5 more than" to "5 fewer than".

A model that knows the training problems by heart judges a step by whether it has seen it. Of a
problem and its turned twin it has to read the words that differ.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from demo_prm.augment import resample
from demo_prm.worked import Line, Number, Operator, Problem, run

_PAIRS = """
    more fewer, less more, older younger, taller shorter, longer shorter, heavier lighter,
    faster slower, higher lower, larger smaller
    """
_OPPOSITE: dict[str, str] = {}
for _pair in _PAIRS.split(","):
    _one, _other = _pair.split()
    _OPPOSITE |= {_one: _other} | ({_other: _one} if _other not in _OPPOSITE else {})
_MULTIPLES = {"three times": 3.0, "four times": 4.0, "five times": 5.0}
_PARTS = {"a third": 3.0, "a quarter": 4.0, "a fifth": 5.0}


def turned(problem: Problem, rng: random.Random) -> Problem | None:
    """The problem with a relation turned and its values drawn anew; None where none can be."""
    if not problem.free:
        return None
    ways = [*_comparisons(problem), *_multiples(problem, rng)]
    if not ways:
        return None
    other = rng.choice(ways)
    values = run(other.steps, other.values)
    if values is None:
        return None
    drawn = resample(replace(other, values=values), rng)
    return None if drawn is None else replace(other, values=drawn)


class _Use(NamedTuple):
    """An operand of an equation: its step, its place in the line, and the operator before it."""

    step: int
    place: int
    operator: int
    symbol: str


def _uses(problem: Problem, entry: int) -> list[_Use]:
    """Where a value is an operand; the first operand of an equation counts as without operator."""
    uses = []
    for at, step in enumerate(problem.steps):
        for equation in step.equations:
            operator, symbol = -1, ""
            for term in equation.terms:
                part = term if isinstance(term, str) else step.line[term]
                if isinstance(part, Operator):
                    operator, symbol = term, part.symbol
                elif isinstance(part, Number) and part.entry == entry:
                    uses.append(_Use(at, term, operator, symbol))
    return uses


def _comparisons(problem: Problem) -> Iterator[Problem]:
    """Twins with another comparative: its number is used once, to add or to subtract."""
    for place, part in enumerate(problem.question):
        if isinstance(part, Number) and _comparative(problem.question, place) is not None:
            uses = _uses(problem, part.entry)
            if len(uses) == 1 and uses[0].symbol in ("+", "-"):
                yield _reworded(problem, uses[0], {"+": "-", "-": "+"}, _opposing(part.entry))


def _comparative(line: Line, place: int) -> int | None:
    """Where the comparative is that belongs to the number at `place`: "5 more … than"."""
    found = None
    for at, part in enumerate(line[place + 1 : place + 14], place + 1):
        if not isinstance(part, str) or part[:1] in ".,;?!":
            return None
        if part in _OPPOSITE:
            found = found or at
        elif part == "than":
            return found
    return None


def _opposing(entry: int) -> Callable[[Line], Line]:
    def reword(line: Line) -> Line:
        line = list(line)
        for place, part in enumerate(line):
            if isinstance(part, Number) and part.entry == entry:
                at = _comparative(line, place)
                if at is not None:
                    line[at] = _OPPOSITE[line[at]]
        return line

    return reword


def _multiples(problem: Problem, rng: random.Random) -> Iterator[Problem]:
    """Twins with another multiple: one "twice" or "half", and one 2 in the solution for it."""
    said = [at for at, part in enumerate(problem.question) if part in ("twice", "half")]
    results = set(problem.result_entries())
    twos = [
        use
        for entry, value in enumerate(problem.values)
        if value == 2 and entry >= problem.givens and entry not in results
        for use in _uses(problem, entry)
    ]
    if len(said) != 1 or len(twos) != 1:
        return
    word, use = problem.question[said[0]], twos[0]
    after = problem.question[said[0] + 2] if said[0] + 2 < len(problem.question) else ""
    symbols = {"twice": "*", "half": "/"}
    if use.symbol == symbols[word] and after == "as":
        opposite = {"twice": "half", "half": "twice"}[word]
        turn = {"*": "/", "/": "*"}
        yield _reworded(problem, use, turn, _replacing(word, opposite))
    multiples = _MULTIPLES if word == "twice" else _PARTS
    if use.symbol in (symbols[word], "") and after in ("as", "the", "of"):
        phrase = rng.choice(list(multiples))
        entry = problem.steps[use.step].line[use.place].entry
        values = [*problem.values]
        values[entry] = multiples[phrase]
        yield replace(_reworded(problem, use, {}, _replacing(word, phrase)), values=values)


def _replacing(word: str, phrase: str) -> Callable[[Line], Line]:
    return lambda line: [phrase if part == word else part for part in line]


def _reworded(
    problem: Problem,
    use: _Use,
    symbols: dict[str, str],
    reword: Callable[[Line], Line],
) -> Problem:
    steps = [replace(step, line=reword(step.line)) for step in problem.steps]
    if symbols:
        operator = symbols[use.symbol]
        steps[use.step].line[use.operator] = Operator(operator, operator)
    return replace(problem, question=reword(problem.question), steps=steps)
