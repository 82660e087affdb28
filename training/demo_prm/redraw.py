"""Problems and solutions in prose with other numbers, drawn anew and carried through.

Every number of the problem that may move does, and every checked equation of the solution is
computed again. None where a number of the solution hangs in the air or a result is unnatural.
"""

import random
from collections.abc import Sequence

from demo_prm.prose import Number, Prose, computed, key, replaced, written

_OFTEN_CONSTANT = {
    *(0, 1, 2, 3, 4, 7, 10, 12, 16, 24, 30, 36, 52, 60, 100, 365, 1000),
    *(0.5, 0.25, 0.1),
}
_LARGEST = 9e6
_TRIES = 12


def redrawn(
    problem: Prose, steps: Sequence[Prose], rng: random.Random
) -> tuple[str, list[str]] | None:
    """Problem and steps with linked numbers drawn anew; None where a number hangs in the air."""
    given = _stated(problem)
    free = [
        (number.value, number.text)
        for number in filter(None, given.values())
        if number.kind != "percent"
        and number.value not in _OFTEN_CONSTANT
        and number.value >= 4
        and not 1900 < number.value < 2100
    ]
    equations = [(step, equation) for step in steps for equation in step.equations]
    results = {key(step.numbers[e.result].value) for step, e in equations if e.ok}
    if not free or not all(e.ok for _, e in equations):
        return None
    from_somewhere = given.keys() | results
    for number in (number for step in steps for number in step.numbers):
        explained = key(number.value) in from_somewhere or number.value in _OFTEN_CONSTANT
        if not explained and number.kind != "percent":
            return None
    for _ in range(_TRIES):
        moved = {value: value for value in given}
        for value, text in free:
            if rng.random() < 0.85:
                moved[key(value)] = _new_value(value, text, rng)
        if len(set(moved.values())) == len(moved):
            known = _follow(equations, results, moved)
            texts = known and _rewritten([problem, *steps], known)
            if texts:
                return texts[0], texts[1:]
    return None


def _stated(problem: Prose) -> dict[float, Number | None]:
    """The problem's numbers by their keys; None for one that is an ordinal somewhere."""
    stated: dict[float, Number | None] = {}
    for number in problem.numbers:
        if number.kind == "ordinal":
            stated[key(number.value)] = None
        else:
            stated.setdefault(key(number.value), number)
    return stated


def _follow(equations, results, given: dict[float, float]) -> dict[float, float] | None:
    """What every value becomes when the given ones move; None where it would not be natural."""
    known, todo = dict(given), list(equations)
    while todo:
        left = []
        for step, equation in todo:
            values = [0.0] * len(step.numbers)
            for operand in equation.operands:
                old = step.numbers[operand].value
                if key(old) not in known and key(old) in results:
                    left.append((step, equation))
                    break
                values[operand] = known.get(key(old), old)
            else:
                old, new = step.numbers[equation.result].value, computed(equation.code, values)
                if new is None or not _natural(new, old):
                    return None
                new = round(new, 6)
                if abs(known.setdefault(key(old), new) - new) > 1e-6:
                    return None
        if len(left) == len(todo):
            return None
        todo = left
    return known


def _natural(new: float, old: float) -> bool:
    if new < 0 or (new == 0) != (old == 0) or new > _LARGEST:
        return False
    if float(old).is_integer():
        return abs(new - round(new)) < 1e-7
    return abs(new * 100 - round(new * 100)) < 1e-6


def _rewritten(texts: Sequence[Prose], known: dict[float, float]) -> list[str] | None:
    out = []
    for prose in texts:
        edits = []
        for number in prose.numbers:
            new = known.get(key(number.value), number.value)
            if abs(new - number.value) > 1e-9:
                text = written(new, number.text)
                if number.kind == "ordinal" or text is None:
                    return None
                edits.append((number.start, number.end, text))
        out.append(replaced(prose.text, edits))
    return out


def _new_value(value: float, text: str, rng: random.Random) -> float:
    places = len(text.partition(".")[2])
    if places:
        unit = 10**-places
        return round(max(unit, round(value * rng.uniform(0.5, 1.9) / unit) * unit), places)
    if value >= 2000:
        base = 100 if value % 100 == 0 else 1
    elif value % 10 == 0:
        base = 10 if rng.random() < 0.6 else 5
    elif value % 5 == 0 and rng.random() < 0.5:
        base = 5
    else:
        base = 2 if value % 2 == 0 and rng.random() < 0.6 else 1
    drawn = rng.uniform(max(2, value * 0.4), max(value * 2, value + 4))
    return float(max(base, round(drawn / base) * base))
