"""Break a right solution at a known step, in the ways people and models break them.

The first step whose stated result does not follow, or whose operand, operator, fact or answer is
not what the problem calls for, carries the label; what follows is computed on from the mistake, so
the rest of the solution is consistent with it, as in a real wrong solution.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from demo_prm.worked import Number, Problem, Step, close, run, write_number

KINDS = (
    "arithmetic",
    "operation",
    "operand",
    "miscopied",
    "dropped",
    "contradiction",
    "answer",
)


@dataclass(frozen=True)
class Broken:
    """A wrong solution: its steps and values.

    `error` is the index of the first wrong step; steps before `start` are those of the right
    solution, and `twin` is the right solution's index of the step that was broken (equal to its
    length where the right solution has no such step).
    """

    kind: str
    steps: list[Step]
    values: list[float]
    error: int
    start: int
    twin: int


def corrupt(
    steps: Sequence[Step],
    values: Sequence[float],
    problem: Problem,
    kind: str,
    rng: random.Random,
    tries: int = 4,
) -> Broken | None:
    """One wrong solution of the given kind, or None where none was found.

    `steps` is the solution as it will be written (from `problem`, perhaps in another order or with
    facts and a final line added), `values` its value table, all of whose entries are right.
    """
    for _ in range(tries):
        broken = _BREAKERS[kind](list(steps), list(values), problem, rng)
        if broken is not None:
            return broken
    return None


def perturb(value: float, rng: random.Random) -> float:
    """A wrong number near the right one: off by a little, a digit changed, a place shifted."""
    text = write_number(abs(value))
    places = [i for i, c in enumerate(text) if c.isdigit()]
    for _ in range(8):
        how = rng.random()
        if how < 0.35:
            unit = 1 if value == round(value) else rng.choice((0.1, 0.5, 1))
            wrong = value + unit * rng.choice((-1, 1)) * rng.choice(
                (1, 1, 2, 3, 5, 10, 10, 20, 100)
            )
        elif how < 0.7:
            i = rng.choice(places)
            wrong = float(text[:i] + rng.choice("0123456789") + text[i + 1 :])
        elif how < 0.8 and len(places) > 1:
            i = rng.randrange(len(places) - 1)
            a, b = places[i], places[i + 1]
            wrong = float(text[:a] + text[b] + text[a + 1 : b] + text[a] + text[b + 1 :])
        elif how < 0.9:
            wrong = value * rng.choice((10, 10, 0.1, 100))
        else:
            wrong = float(round(value * rng.choice((0.5, 0.8, 0.9, 1.1, 1.2, 1.5, 2))))
        wrong = round(wrong, 4)
        if wrong > 0 and not close(wrong, value):
            return wrong
    return round(value + 1, 4)


def _at_some_equation(breaker: Callable[..., Broken | None]) -> Callable[..., Broken | None]:
    """A breaker of one equation as one of a solution: the equation and its step are drawn."""

    def broken(steps, values, problem, rng) -> Broken | None:
        choices = [(at, equation) for at, step in enumerate(steps) for equation in step.equations]
        return breaker(steps, values, problem, rng, *rng.choice(choices)) if choices else None

    return broken


@_at_some_equation
def _arithmetic(steps, values, problem, rng, at, equation) -> Broken | None:
    target = steps[at].line[equation.result].entry
    values[target] = perturb(values[target], rng)
    return _finish("arithmetic", steps, values, at, frozenset({target}))


@_at_some_equation
def _operation(steps, values, problem, rng, at, equation) -> Broken | None:
    line = list(steps[at].line)
    operators = [p for p in equation.operators(line) if line[p].glyph != "of"]
    if not operators:
        return None
    place = rng.choice(operators)
    symbol = line[place].symbol
    operands = equation.operands(line)
    if symbol in "-/" and len(operands) == 2 and rng.random() < 0.15:
        a, b = operands
        line[a], line[b] = line[b], line[a]
    else:
        new = rng.choice([s for s in "+-*/" if s != symbol])
        line[place] = line[place]._replace(symbol=new, glyph=_glyph(steps, new))
    return _recompute("operation", steps, values, at, line, equation, rng)


@_at_some_equation
def _operand(steps, values, problem, rng, at, equation) -> Broken | None:
    line = list(steps[at].line)
    place = rng.choice(equation.operands(line))
    right = line[place]
    known = _known(steps, at, problem)
    others = [e for e in known if not close(values[e], values[right.entry] * right.scale)]
    if not others:
        return None
    line[place] = Number(rng.choice(others), right.like if right.scale == 1 else "")
    return _recompute("operand", steps, values, at, line, equation, rng)


@_at_some_equation
def _miscopied(steps, values, problem, rng, at, equation) -> Broken | None:
    line = list(steps[at].line)
    place = rng.choice(equation.operands(line))
    wrong = perturb(values[line[place].entry] * line[place].scale, rng)
    if any(close(values[e], wrong) for e in _known(steps, at, problem)):
        return None
    values.append(wrong)
    line[place] = Number(len(values) - 1, line[place].like)
    return _recompute("miscopied", steps, values, at, line, equation, rng)


def _dropped(steps, values, problem, rng) -> Broken | None:
    """A step is left out, and the step that needed its result takes one of its operands instead."""
    candidates = [
        at for at, step in enumerate(steps) if len(step.equations) == 1 and at + 1 < len(steps)
    ]
    if not candidates:
        return None
    at = rng.choice(candidates)
    (equation,) = steps[at].equations
    line = steps[at].line
    target = line[equation.result].entry
    operand = line[rng.choice(equation.operands(line))]
    wrong = values[operand.entry] * operand.scale
    users = [
        i
        for i, step in enumerate(steps[at + 1 :], start=at + 1)
        if any(step.line[p].entry == target for e in step.equations for p in e.operands(step.line))
    ]
    mentions = [
        i
        for i, step in enumerate(steps[at + 1 :], start=at + 1)
        if any(isinstance(part, Number) and part.entry == target for part in step.line)
    ]
    if not users or users[0] != mentions[0] or close(wrong, values[target]):
        return None
    values[target] = wrong
    rest = steps[:at] + steps[at + 1 :]
    broken = _finish("dropped", rest, values, users[0] - 1, frozenset())
    return broken and replace(broken, start=at, twin=users[0])


def _contradiction(steps, values, problem, rng) -> Broken | None:
    """A number in the words, a fact restated or a result taken up, is not what it should be."""
    places = []
    for at, step in enumerate(steps):
        if step.final:
            continue
        within = {p for e in step.equations for p in (*e.operands(step.line), e.result)}
        places += [
            (at, p)
            for p, part in enumerate(step.line)
            if isinstance(part, Number) and p not in within and not part.like[:1].isalpha()
        ]
    if not places:
        return None
    at, place = rng.choice(places)
    line = list(steps[at].line)
    right = line[place]
    value = values[right.entry] * right.scale
    others = [e for e in _known(steps, at, problem) if not close(values[e], value)]
    if others and right.scale == 1 and rng.random() < 0.4:
        line[place] = right._replace(entry=rng.choice(others))
    else:
        values.append(perturb(value, rng))
        line[place] = Number(len(values) - 1, right.like)
    steps[at] = replace(steps[at], line=line)
    return _finish("contradiction", steps, values, at, frozenset())


def _answer(steps, values, problem, rng) -> Broken | None:
    """The final line states something else: another result, a given, a number near the answer."""
    if not steps or not steps[-1].final:
        return None
    final, at = steps[-1], len(steps) - 1
    place = next(p for p, part in enumerate(final.line) if isinstance(part, Number))
    right = values[final.line[place].entry]
    others = [e for e in _known(steps, at, problem) if not close(values[e], right)]
    line = list(final.line)
    if others and rng.random() < 0.6:
        line[place] = line[place]._replace(entry=rng.choice(others))
    else:
        values.append(perturb(right, rng))
        line[place] = line[place]._replace(entry=len(values) - 1)
    steps[at] = replace(final, line=line)
    return Broken("answer", steps, values, at, at, at)


_BREAKERS: dict[str, Callable[..., Broken | None]] = {
    "arithmetic": _arithmetic,
    "operation": _operation,
    "operand": _operand,
    "miscopied": _miscopied,
    "dropped": _dropped,
    "contradiction": _contradiction,
    "answer": _answer,
}


def _known(steps: Sequence[Step], at: int, problem: Problem) -> list[int]:
    """Entries a reader knows before step `at`: the givens and the results so far."""
    results = [s.line[e.result].entry for s in steps[:at] for e in s.equations]
    return [*range(problem.givens), *results]


def _recompute(kind, steps, values, at, line, equation, rng) -> Broken | None:
    """Put the changed line in place, with the result that now follows from it."""
    target = line[equation.result].entry
    right = values[target]
    wrong = equation.value(line, values)
    if wrong is None or wrong <= 0 or wrong > 1e7:
        return None
    if right == round(right) and wrong != round(wrong) and rng.random() < 0.6:
        return None
    results = [s.line[e.result].entry for s in steps for e in s.equations]
    if any(close(values[e], wrong) for e in results):
        return None
    steps[at] = replace(steps[at], line=line)
    return _finish(kind, steps, values, at, frozenset())


def _finish(kind, steps, values, at, keep) -> Broken | None:
    """Compute on from the mistake; where that leads nowhere sensible, the solution ends there."""
    onward = run(steps, values, keep)
    entries = [s.line[e.result].entry for s in steps[at:] for e in s.equations]
    if onward is None or any(not 0 < onward[e] < 1e7 for e in entries):
        steps = steps[: at + 1]
        onward = run(steps, values, keep)
        if onward is None:
            return None
    return Broken(kind, list(steps), onward, at, at, at)


def _glyph(steps: Sequence[Step], symbol: str) -> str:
    """How this solution writes an operator, or the plain sign where it has not used it."""
    for step in steps:
        for equation in step.equations:
            for place in equation.operators(step.line):
                if step.line[place].symbol == symbol and step.line[place].glyph != "of":
                    return step.line[place].glyph
    return symbol
