"""Checks the equations of a step by computing both sides; knows no model and no reward."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from prm_app.solutions.arithmetic import COMPUTED, NotArithmetic, Token, number, value

_TOKENS = re.compile(
    r"(?P<number>(?:\d{1,3}(?:,\d{3})+(?!,?\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\.{3}|…|\\ldots)?)"
    r"|(?P<edge>(?<=[\d})])\$|\n|\\\\|\\[\[\]()]|[:;,.?!])"
    r"|(?P<cross>(?<=[\d\s])[xX](?=\s?[\d$(]))"
    r"|(?P<unit>/?\\(?:text|mathrm|textbf)\s?\{[A-Za-z ./]{0,40}\}|\([A-Za-z ]{1,40}\))"
    r"|(?P<skip>\\?[$€£]|\\[,;:! ]|\\(?:left|right|quad)(?![A-Za-z])|&|[^\S\n]+)"
    r"|(?P<percent>\\?%|percent\b)"
    r"|(?P<equals>=|≈|\\approx(?![A-Za-z]))"
    r"|(?P<operator>\*\*?|[-+/^()\[\]{}×⋅·÷−–∗]|\\(?:times|cdot|div|[dt]?frac)(?![A-Za-z]))"
    r"|(?P<word>[A-Za-z]+(?:['’][a-z]+)?)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_ARITHMETIC = COMPUTED | {"unit", "skip"}
_COMPOUND = re.compile(
    "an?|and|by|cubed|divided|double|factor|from|half|less|more|multiplied|of|over|per|percentage|"
    "plus|minus|power|remainder|squared|than|thrice|times|to|triple|twice|"
    "(?:dozen|hundred|thousand|million|billion)s?|cos|gcd|lcm|ln|log|max|min|mod|sin|sqrt|tan",
    re.IGNORECASE,
)
"""Words beside an equation that may belong to its arithmetic."""
_SHORT_UNITS = re.compile("[cmk]m|k?g|m[gl]|mL|lbs?|oz|ft|in|hrs?|min|mph")
"""What may touch its number; other letters there are variables."""
_BULLETS = ("-", "–", "*", "+")
_CONVERSIONS = frozenset(map(Fraction, (7, 10, 12, 16, 24, 36, 52, 60, 100, 365, 1000, 3600)))
"""Between units: an equation that is off by one of these factors may change its unit."""


@dataclass(frozen=True, slots=True)
class Equation:
    """Two neighbouring sides of an equation in a text.

    Args:
        text: The equation as it stands there.
        holds: Whether both sides have the same value, as far as digits are written; None if that
            cannot be told by computing.
        value: What the left side makes, in at most 10 digits; empty if `holds` is None.
    """

    text: str
    holds: bool | None
    value: str = ""


@dataclass(frozen=True, slots=True)
class _Side:
    """The arithmetic of one side; not `whole` if words beside it may belong to it.

    `units` says whether words were taken for its units.
    """

    tokens: Sequence[Token]
    whole: bool
    units: bool

    @property
    def computes(self) -> bool:
        return any(t.kind in ("operator", "cross") for t in self.tokens[1:])


def equations(text: str) -> list[Equation]:
    """The equations of a text, in order, in which there is something to compute.

    A side is what stands next to the equals sign of numbers, `+ - * / ^`, brackets, fractions and
    percentages, in plain text or LaTeX, with units and currencies between them. Not told by
    computing: a side with a letter, a number rounded to a whole, a change of unit, and what goes on
    from a running total (`10 - 3 = 7 - 2 = 5`).
    """
    results = []
    for segment in _segments(text):
        sides = _sides(segment)
        for i, (left, right) in enumerate(pairwise(sides)):
            a, b = _ending(left, is_first=i == 0), _beginning(right)
            if a.tokens and b.tokens and (a.computes or b.computes):
                results.append(_comparison(a, b, text))
    return results


def _segments(text: str) -> Iterator[list[Token]]:
    """The tokens between one edge and the next, if an equals sign is among them."""
    segment: list[Token] = []
    for match in _TOKENS.finditer(text):
        kind = str(match.lastgroup)
        if kind != "edge":
            segment.append(Token(kind, match[0], match.start(), match.end()))
            continue
        yield segment
        segment = []
    yield segment


def _sides(segment: list[Token]) -> list[list[Token]]:
    sides: list[list[Token]] = [[]]
    for token in _with_units(segment):
        if token.kind == "equals":
            sides.append([])
        else:
            sides[-1].append(token)
    return sides


def _with_units(segment: list[Token]) -> list[Token]:
    """Takes up to two words for a unit if they follow a number and no number follows them."""
    tokens = list(segment)
    words: list[int] = []
    after_number = False
    for i, token in enumerate([*tokens, Token("equals", "", 0, 0)]):
        touches = i > 0 and tokens[i - 1].kind != "skip"
        if (
            token.kind == "word"
            and after_number
            and len(words) < 2
            and _is_unit(token.text)
            and (not touches or _SHORT_UNITS.fullmatch(token.text))
        ):
            words.append(i)
        elif token.kind not in ("skip", "unit"):
            if token.kind not in ("number", "word", "other"):
                for at in words:
                    tokens[at] = Token("unit", tokens[at].text, tokens[at].start, tokens[at].end)
            words = []
            after_number = token.kind in ("number", "percent") or token.text in (")", "}")
    return tokens


def _is_unit(word: str) -> bool:
    return len(word) > 1 and not _COMPOUND.fullmatch(word)


def _ending(side: list[Token], is_first: bool) -> _Side:
    start = len(side)
    while start and side[start - 1].kind in _ARITHMETIC:
        start -= 1
    units = any(t.kind == "unit" for t in side[start:])
    tokens = _trimmed(side[start:])
    before = side[start - 1] if start else None
    if is_first and not before and _is_listed(tokens):
        tokens = _trimmed(tokens[1:])
    tokens = _without_opening(tokens)
    whole = not before or (
        # Monday (10) + Tuesday (15) = 25
        tokens and tokens[0].text != "(" and _stands_apart(before, tokens[0])
    )
    return _Side(tokens, bool(whole), units)


def _beginning(side: list[Token]) -> _Side:
    end = 0
    while end < len(side) and side[end].kind in _ARITHMETIC:
        end += 1
    after = side[end] if end < len(side) else None
    tokens = _without_closing(_trimmed(side[:end]))
    whole = not after or (tokens and _stands_apart(after, tokens[-1]))
    return _Side(tokens, bool(whole), any(t.kind == "unit" for t in side[:end]))


def _is_listed(tokens: Sequence[Token]) -> bool:
    """Whether the first sign is the bullet of a list."""
    return len(tokens) > 1 and tokens[0].text in _BULLETS and tokens[1].text.isspace()


def _without_opening(tokens: Sequence[Token]) -> Sequence[Token]:
    """Without the opening bracket of prose around an equation: `(365 - 180 = 185)`."""
    open_ = sum(t.text == "(" for t in tokens) > sum(t.text == ")" for t in tokens)
    return _trimmed(tokens[1:]) if open_ and tokens[0].text == "(" else tokens


def _without_closing(tokens: Sequence[Token]) -> Sequence[Token]:
    """Without brackets that prose goes on in or that close what began before the equation."""
    end = len(tokens)
    while end and (tokens[end - 1].text == "(" or tokens[end - 1].kind not in COMPUTED):
        end -= 1
    tokens = tokens[:end]
    close = sum(t.text == ")" for t in tokens) > sum(t.text == "(" for t in tokens)
    return _trimmed(tokens[:-1]) if close and tokens[-1].text == ")" else tokens


def _trimmed(tokens: Sequence[Token]) -> Sequence[Token]:
    places = [i for i, t in enumerate(tokens) if t.kind in COMPUTED]
    return tokens[places[0] : places[-1] + 1] if places else []


def _stands_apart(beside: Token, token: Token) -> bool:
    """Whether what stands beside the first or last token of a side is prose, not part of it."""
    if beside.kind != "word" or not _is_unit(beside.text):
        return False
    touches = token.start == beside.end or token.end == beside.start
    return not touches and (token.kind in ("number", "percent") or token.text in "(){}")


def _comparison(left: _Side, right: _Side, text: str) -> Equation:
    excerpt = text[left.tokens[0].start : right.tokens[-1].end].strip()
    if not (left.whole and right.whole):
        return Equation(excerpt, None)
    try:
        pairs = [
            (value(left.tokens, a), value(right.tokens, b))
            for a, b in _percentages(left.tokens, right.tokens)
        ]
        if any(_same(a, b, right.tokens) for a, b in pairs):
            return Equation(excerpt, True, _digits(pairs[0][0]))
        if not left.computes or _may_hold(left, right, pairs):
            return Equation(excerpt, None)
        return Equation(excerpt, False, _digits(pairs[0][0]))
    except NotArithmetic:
        return Equation(excerpt, None)


def _percentages(*sides: Sequence[Token]) -> list[tuple[Fraction, Fraction]]:
    """What a percent sign may stand for on either side: `10 / 50 * 100 = 20%` is meant well."""
    hundredth, one = Fraction(1, 100), Fraction(1)
    if not any(t.kind == "percent" for side in sides for t in side):
        return [(hundredth, hundredth)]
    return [(hundredth, hundredth), (hundredth, one), (one, hundredth), (one, one)]


def _same(left: Fraction, right: Fraction, tokens: Sequence[Token]) -> bool:
    """Whether two values differ by less than one in the last written digit of the second."""
    numbers = [t for t in tokens if t.kind == "number"]
    if left == right:
        return True
    is_rounded = len(numbers) == 1 and "." in numbers[0].text
    return is_rounded and abs(left - right) < _last_digit(tokens, numbers[0])


def _last_digit(tokens: Sequence[Token], token: Token) -> Fraction:
    decimals = len(token.digits.partition(".")[2])
    percent = any(t.kind == "percent" for t in tokens)
    return Fraction(1, 10 ** (decimals + 2 * percent))


def _may_hold(left: _Side, right: _Side, pairs: list[tuple[Fraction, Fraction]]) -> bool:
    """Whether an equation whose sides differ may be meant well all the same."""
    a, b = pairs[0]
    return (
        _is_approximate(left, right, a, b)
        or _goes_on(left, right, a)
        or _changes_unit(left, a, b)
        or _is_ambiguous(left.tokens)
        or (
            any(t.kind == "percent" for t in (*left.tokens, *right.tokens))
            and any(t.text in "+-−–" for t in (*left.tokens, *right.tokens))
        )
    )


def _is_approximate(left: _Side, right: _Side, a: Fraction, b: Fraction) -> bool:
    """Whether rounding may explain the difference: of the result, or of decimals on the way."""
    if a.denominator != 1 and b.denominator == 1 and abs(a - b) <= 1:
        return True
    tokens = [*left.tokens, *(right.tokens if right.computes else ())]
    numbers = [t for t in tokens if t.kind == "number" and "." in t.text]
    error = sum(
        (_last_digit((), t) / abs(number(t)) for t in numbers if number(t)), start=Fraction(0)
    )
    return abs(a - b) <= error * max(abs(a), abs(b))


def _is_ambiguous(tokens: Sequence[Token]) -> bool:
    """Whether people read it in two ways: `7.5 / 1/2`, or the timber `2x4`."""
    return sum(t.text == "/" for t in tokens) > 1 or any(
        t.kind == "cross" and b.kind == "number" and t.end == b.start for t, b in pairwise(tokens)
    )


def _goes_on(left: _Side, right: _Side, a: Fraction) -> bool:
    """Whether the right side starts from the left one's value and computes further."""
    first = right.tokens[0]
    return right.computes and first.kind == "number" and number(first) == a


def _changes_unit(left: _Side, a: Fraction, b: Fraction) -> bool:
    if left.units:
        return True
    return bool(a and b) and (abs(a / b) in _CONVERSIONS or abs(b / a) in _CONVERSIONS)


def _digits(number: Fraction) -> str:
    text = f"{Decimal(number.numerator) / number.denominator:.10g}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
