"""One mistake at a known step of a solution in prose, and how its writer would have gone on.

`broken` makes a step wrong; `carried_on` computes the later ones from the wrong value. Each gives
None, or less, where it cannot be done surely.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from demo_prm.prose import Equation, Piece, Prose, compiled, computed, key, replaced, written

KIND_WEIGHTS = {
    "arithmetic": 4,
    "operand": 6,
    "operation": 5,
    "missing": 3,
    "copy": 3,
    "answer": 2,
}


Edit = tuple[int, int, str]
"""Start and end of a part of a text, and what comes in its place."""
Change = tuple[float | None, list[Edit]]
"""What an equation gives after some edits, None if it gives nothing, and those."""


class Slip(NamedTuple):
    """A wrong step, and the value that it changed, where there is one."""

    text: str
    was: float | None = None
    now: float | None = None


def near(value: float, text: str, rng: random.Random) -> float:
    """A wrong number near the right one: off by a little, a digit changed, a place shifted."""
    places = len(text.partition(".")[2])
    unit = 10**-places if places else 1
    for _ in range(10):
        how = rng.random()
        if how < 0.35:
            new = value + rng.choice((-3, -2, -1, -1, 1, 1, 2, 3)) * unit
        elif how < 0.55:
            new = value + rng.choice((-100, -20, -10, -10, -5, 5, 10, 10, 20, 100)) * unit
        elif how < 0.65:
            new = value * 10 if rng.random() < 0.5 or places else value / 10
        elif how < 0.75:
            new = value * rng.choice((2, 0.5))
        elif how < 0.9 and value >= 10:
            digits = list(str(int(value)))
            i = rng.randrange(len(digits) - 1)
            if rng.random() < 0.5:
                digits[i], digits[i + 1] = digits[i + 1], digits[i]
            else:
                digits[i] = rng.choice("123456789")
            new = float("".join(digits))
        else:
            new = value * rng.uniform(0.5, 1.5)
        new = round(new, places)
        if new > 0 and abs(new - value) > 1e-9:
            return new
    return value + 1


def broken(
    step: Prose, known: Sequence[float], right: set[float], kind: str, rng: random.Random
) -> Slip | None:
    """The step with a mistake of one kind.

    `known` are the values stated before it, `right` the keys of values that may stand in a right
    solution: a mistake that leads to one of them may be none.
    """
    equations = [equation for equation in step.equations if equation.ok]
    if kind == "answer" or (kind == "copy" and not equations):
        return _misstated(step, known, right, kind, rng)
    if not equations:
        return None
    equation = rng.choice(equations)
    result = step.numbers[equation.result]
    if kind == "arithmetic":
        change = near(result.value, result.text, rng), []
    elif kind in ("operand", "copy"):
        change = _other_operand(step, equation, known, kind, rng)
    else:
        change = _other_expression(step, equation, kind, rng)
    if change is None:
        return None
    new, edits = change
    if not new or not _plausible(new, result.value, kind, right, rng):
        return None
    if abs(new * 100 - round(new * 100)) > 1e-6:
        new = round(new, 2)
    return _with_result(step, equation, new, edits)


def _with_result(step: Prose, equation: Equation, new: float, edits: list[Edit]) -> Slip | None:
    """The step after some edits, with another result, and the same where it is repeated."""
    result = step.numbers[equation.result]
    for number in step.numbers:
        later = number.start >= result.end and abs(number.value - result.value) < 1e-9
        if number is result or (later and not any(edit[0] == number.start for edit in edits)):
            text = written(new, number.text)
            if text is None:
                return None
            edits.append((number.start, number.end, text))
    text = replaced(step.text, edits)
    return Slip(text, result.value, new) if text != step.text else None


def _other_operand(step, equation, known, kind, rng) -> Change | None:
    """An operand becomes a number near it for a copy, else another value that is known."""
    place = rng.choice(equation.operands)
    operand = step.numbers[place]
    if kind == "copy":
        options = [near(operand.value, operand.text, rng)]
    else:
        options = [value for value in known if abs(value - operand.value) > 1e-9]
    if not options:
        return None
    values = step.values
    values[place] = rng.choice(options)
    text = written(values[place], operand.text)
    if text is None:
        return None
    return computed(equation.code, values), [(operand.start, operand.end, text)]


def _other_expression(step, equation, kind, rng) -> Change | None:
    change = _other_operation if kind == "operation" else _without_operand
    changed = change(step, equation, rng)
    if changed is None:
        return None
    pieces, edit = changed
    code = compiled(pieces, equation.percent)
    return code and computed(code, step.values), [edit]


def _misstated(step, known, right, kind, rng) -> Slip | None:
    """A number that is only stated (the last one for an answer) becomes another."""
    if not step.numbers:
        return None
    number = step.numbers[-1] if kind == "answer" else rng.choice(step.numbers)
    if rng.random() < 0.5 and known:
        new = rng.choice(known)
    else:
        new = near(number.value, number.text, rng)
    if abs(new - number.value) < 1e-9 or (kind == "copy" and key(new) in right):
        return None
    edits = []
    for other in step.numbers if kind == "answer" else [number]:
        if abs(other.value - number.value) < 1e-9:
            text = written(new, other.text)
            if text is None:
                return None
            edits.append((other.start, other.end, text))
    return Slip(replaced(step.text, edits))


def _plausible(new: float, old: float, kind: str, right: set[float], rng) -> bool:
    if new <= 0 or abs(new - old) < 1e-9 or new > 1e8:
        return False
    if kind != "arithmetic" and key(new) in right:
        return False
    if abs(new * 100 - round(new * 100)) > 1e-6 and rng.random() < 0.7:
        return False
    odd = float(old).is_integer() and not float(new).is_integer()
    return not (odd and rng.random() < 0.6)


def _other_operation(step, equation, rng) -> tuple[list[Piece], tuple[int, int, str]] | None:
    places = [i for i in equation.operators if equation.pieces[i].start is not None]
    if not places:
        return None
    place = rng.choice(places)
    piece = equation.pieces[place]
    old, after = step.text[piece.start : piece.end], step.text[piece.end : piece.end + 1]
    latex = old.startswith("\\")
    new = rng.choice({"+": "-*", "-": "++*", "*": "+//-", "/": "**-"}[piece.symbol])
    if latex and after.isalpha():
        return None
    if new == "*":
        glyph = "\\times" if "\\" in step.text else rng.choice("*×x")
    elif new == "/":
        glyph = "\\div" if latex else "/"
    else:
        glyph = new
    if glyph.startswith("\\") and after.isalnum():
        glyph += " "
    pieces = list(equation.pieces)
    pieces[place] = piece._replace(symbol=new)
    return pieces, (piece.start, piece.end, glyph)


def _without_operand(step, equation, rng) -> tuple[list[Piece], tuple[int, int, str]] | None:
    """The last operand of a flat expression of three or more forgotten, or the first."""
    pieces = [piece for piece in equation.pieces if piece.sort != "percent"]
    if len(equation.operands) < 3 or any(p.sort in ("open", "close") for p in pieces):
        return None
    if rng.random() < 0.5:
        left, operator, operand = pieces[:-2], pieces[-2], step.numbers[pieces[-1].index]
        span = (operator.start, operand.end)
    else:
        left, operator, operand = pieces[2:], pieces[1], step.numbers[pieces[0].index]
        span = (operand.start, operator.end)
    return None if operator.start is None else (left, (*span, ""))


def carried_on(steps: Sequence[Prose], old: float, new: float) -> list[str]:
    """The later steps as they go on from a wrong value, as far as that can be written."""
    moved, out = {key(old): new}, []
    for step in steps:
        for equation in step.equations:
            if any(key(step.numbers[i].value) in moved for i in equation.operands):
                values = [moved.get(key(value), value) for value in step.values]
                value = computed(equation.code, values)
                if not equation.ok or value is None or not 0 <= value <= 1e8:
                    return out
                moved[key(step.numbers[equation.result].value)] = round(value, 2)
        edits = []
        for number in step.numbers:
            if key(number.value) in moved:
                text = written(moved[key(number.value)], number.text)
                if text is None:
                    return out
                edits.append((number.start, number.end, text))
        out.append(replaced(step.text, edits))
    return out
