"""Many right solutions from one: other numbers, other order and grouping.

GSM8K's training file has 7,473 problems; a model that sees each of them hundreds of times as it
stands learns them by heart. What may change without making a solution wrong is changed every time.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from demo_prm.worked import Equation, Line, Number, Operator, Part, Problem, Step, run


def resample(problem: Problem, rng: random.Random, tries: int = 12) -> list[float] | None:
    """A new value table for a free problem: other givens, everything else computed again.

    Keeps the solution sensible: results stay positive, whole where they were whole, and of a size
    that fits. Returns None where no draw does.
    """
    old = problem.values
    changeable = [e for e in range(problem.givens) if e not in problem.fixed]
    if not problem.free or not changeable:
        return None
    entries = problem.result_entries()
    percent = _percent_entries(problem.question)
    for attempt in range(tries):
        most = len(changeable)
        chosen = changeable if attempt < 4 else rng.sample(changeable, rng.randint(1, most))
        values = list(old)
        for entry in chosen:
            values[entry] = _another(old[entry], entry in percent, rng)
        if len(set(values[: problem.givens])) < problem.givens:
            continue
        values = run(problem.steps, values)
        if values is not None and all(
            0 < values[e] <= 20 * max(old[e], 50)
            and (old[e] != round(old[e]) or values[e] == round(values[e]))
            and abs(values[e] - round(values[e], 4)) < 1e-9
            for e in entries
        ):
            return values
    return None


def loose(problem: Problem, rng: random.Random, tries: int = 8) -> Problem | None:
    """One step of the solution without its problem, every number drawn anew: only its arithmetic
    can tell whether it is right. None where the drawn step or its numbers do not suit."""
    step = rng.choice(problem.steps)
    if len(step.equations) != 1 or step.equations[0].percent:
        return None
    (equation,) = step.equations
    operands = [step.line[place] for place in equation.operands(step.line)]
    symbols = [step.line[place].symbol for place in equation.operators(step.line)]
    target = step.line[equation.result].entry
    whole = problem.values[target] == round(problem.values[target])
    for _ in range(tries):
        values = list(problem.values)
        for operand in operands:
            values[operand.entry] = _another(values[operand.entry], False, rng)
        if symbols == ["/"] and operands[0].scale == 1:
            quotient = _another(problem.values[target], False, rng)
            values[operands[0].entry] = quotient * values[operands[1].entry] * operands[1].scale
        drawn = run([step], values)
        if (
            drawn is not None
            and 0 < drawn[target] < 1e6
            and abs(drawn[target] - round(drawn[target], 0 if whole else 2)) < 1e-9
        ):
            return Problem([], [step], drawn, 0, "loose")
    return None


def _percent_entries(line: Line) -> set[int]:
    pairs = pairwise(line)
    return {
        part.entry
        for part, after in pairs
        if isinstance(part, Number) and isinstance(after, str) and after.startswith("%")
    }


def _another(value: float, percent: bool, rng: random.Random) -> float:
    if percent:
        return float(rng.choice((5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 75, 80, 90)))
    if value != round(value):
        unit = 0.5 if value * 2 == round(value * 2) else 0.05 if value * 20 % 1 == 0 else 0.01
        return round(unit * rng.randint(1, max(4, round(2.2 * value / unit))), 2)
    if value <= 12:
        return float(rng.randint(2, 12 if rng.random() < 0.8 else 30))
    for unit in (1000, 100, 50, 10, 5):
        if value % unit == 0 and value > unit and rng.random() < 0.9:
            return float(unit * rng.randint(1, max(9, round(2.2 * value / unit))))
    return float(rng.randint(max(2, round(value / 3)), round(2.2 * value)))


def commute(step: Step, rng: random.Random) -> Step:
    """`a + b` as `b + a`, `a * b` as `b * a`, where no unit or sign stands at the numbers."""
    line = list(step.line)
    for equation in step.equations:
        operands, operators = equation.operands(line), equation.operators(line)
        if len(operands) != 2 or line[operators[0]].symbol not in "+*" or equation.percent:
            continue
        first, second = operands
        between = [line[place] for place in range(first + 1, second) if place != operators[0]]
        before = line[first - 1] if first else " "
        if (
            rng.random() < 0.5
            and not "".join(str(part) for part in between).strip()
            and isinstance(before, str)
            and before[-1:] not in "$€£"
            and isinstance(after := line[second + 1], str)
            and after.lstrip().startswith("=")
        ):
            line[first], line[second] = line[second], line[first]
    return replace(step, line=line)


def bare(step: Step) -> Step | None:
    """The step's equation without its words, where it has exactly one."""
    if len(step.equations) != 1:
        return None
    (equation,) = step.equations
    places = [term for term in equation.terms if not isinstance(term, str)]
    start = min(places)
    if "(" in equation.terms:
        return None
    return Step(step.line[start : equation.result + 1], [_shifted(equation, -start)])


def merge(first: Step, second: Step, joint: str) -> Step:
    """Two steps as one paragraph."""
    stop = "" if joint == "\n" or str(first.line[-1]).rstrip().endswith((".", ":", "!")) else "."
    offset = len(first.line) + 1
    line: list[Part] = [*first.line, stop + joint, *second.line]
    moved = [_shifted(equation, offset) for equation in second.equations]
    return Step(line, first.equations + moved)


def reorder(steps: Sequence[Step], rng: random.Random) -> list[Step]:
    """Neighbouring steps that do not depend on each other change places now and then."""
    steps = list(steps)
    for i in range(len(steps) - 2):
        made = {steps[i].line[e.result].entry for e in steps[i].equations}
        used = {part.entry for part in steps[i + 1].line if isinstance(part, Number)}
        if made and steps[i + 1].equations and not made & used and rng.random() < 0.3:
            steps[i], steps[i + 1] = steps[i + 1], steps[i]
    return steps


def nest(steps: Sequence[Step], rng: random.Random, share: float) -> list[Step]:
    """Some steps become part of the next one's equation: `(3 * 4) + 2 = 14`, one line for two."""
    steps = list(steps)
    at = 0
    while at + 1 < len(steps):
        nested = _nested(steps, at) if rng.random() < share else None
        if nested is None:
            at += 1
        else:
            steps[at : at + 2] = [nested]
    return steps


def _nested(steps: Sequence[Step], at: int) -> Step | None:
    """Steps `at` and `at + 1` in one equation, where nothing else needs the first one's result."""
    first, second = steps[at], steps[at + 1]
    inner = bare(first)
    if inner is None or len(second.equations) != 1:
        return None
    (equation,) = second.equations
    target = inner.line[-1].entry
    mentions = [
        (number, place)
        for number, step in enumerate(steps)
        for place, part in enumerate(step.line)
        if isinstance(part, Number) and part.entry == target
    ]
    own = [place for number, place in mentions if number == at + 1]
    if len(mentions) != 2 or len(own) != 1 or own[0] not in equation.operands(second.line):
        return None
    (there,) = inner.equations
    end = max(term for term in there.terms if not isinstance(term, str)) + 1
    body = inner.line[:end]
    if any(isinstance(part, str) and part.strip() for part in body) or there.percent:
        return None
    place, by = own[0], len(body) + 1
    line = [*second.line[:place], "(", *body, ")", *second.line[place + 1 :]]

    def moved(term: int | str) -> int | str:
        return term if isinstance(term, str) or term < place else term + by

    terms: list[int | str] = []
    for term in equation.terms:
        if term == place:
            terms += ["(", *(t if isinstance(t, str) else t + place + 1 for t in there.terms), ")"]
        else:
            terms.append(moved(term))
    percent = frozenset(moved(term) for term in equation.percent)
    return Step(line, [Equation(tuple(terms), moved(equation.result), percent)])


def respell(step: Step, glyphs: dict[str, str]) -> Step:
    """Other signs for the operators: `glyphs` maps a symbol to how it is written."""
    line = [
        part._replace(glyph=glyphs[part.symbol])
        if isinstance(part, Operator) and part.symbol in glyphs and part.glyph != "of"
        else part
        for part in step.line
    ]
    return replace(step, line=line)


def decimal(step: Step) -> Step:
    """Results written as many models write them: `10.0`."""
    line = list(step.line)
    for equation in step.equations:
        result = line[equation.result]
        if "." not in result.like:
            line[equation.result] = result._replace(like=result.like + ".0")
    return replace(step, line=line)


def combine(problems: Sequence[Problem], tables: Sequence[list[float]]) -> Problem:
    """Several problems as one long one: the questions first, then all the solutions."""
    question: Line = []
    steps: list[Step] = []
    values: list[float] = []
    for problem, table in zip(problems, tables, strict=True):
        offset = len(values)
        question += [*_moved(problem.question, offset), " "]
        steps += [replace(step, line=_moved(step.line, offset)) for step in problem.steps]
        values += table
    return Problem(question, steps, values, 0, "combined")


def _moved(line: Line, offset: int) -> Line:
    return [
        part._replace(entry=part.entry + offset) if isinstance(part, Number) else part
        for part in line
    ]


def _shifted(equation: Equation, by: int) -> Equation:
    return Equation(
        tuple(term if isinstance(term, str) else term + by for term in equation.terms),
        equation.result + by,
        frozenset(place + by for place in equation.percent),
    )
