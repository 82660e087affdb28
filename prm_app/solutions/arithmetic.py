"""Tokens of plain or LaTeX arithmetic -> its exact value; knows no prose."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from prm_app.errors import InputError

MOST_NESTED = 30
MOST_TOKENS = 200
MOST_DIGITS = 300
MOST_BITS = 4096
"""The size of a power's value; a tower of powers is refused before it is computed."""

COMPUTED = frozenset({"number", "operator", "cross", "percent"})
"""The kinds of tokens that arithmetic is made of."""

_TIMES = {"*", "×", "⋅", "·", "∗", "\\times", "\\cdot"}
_OVER = {"/", "÷", "\\div"}
_MINUS = {"-", "−", "–"}
_POWER = {"^", "**"}
_FRACTION = {"\\frac", "\\dfrac", "\\tfrac"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text: a number, an operator, a percent sign or something else, and its place."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def digits(self) -> str:
        """What is written of a number, without dots at its end and commas between thousands."""
        return self.text.rstrip(".…").removesuffix("\\ldots").replace(",", "")


class NotArithmetic(InputError):
    """These tokens have no value."""


def value(tokens: Sequence[Token], percent: Fraction = Fraction(1, 100)) -> Fraction:
    """The exact value of arithmetic in which a percent sign stands for the factor `percent`.

    Raises NotArithmetic if the tokens are none or too many, are nested too deep, divide by zero, or
    have a power that is not a whole number or is too large.
    """
    terms = [t for t in tokens if t.kind in COMPUTED]
    if len(terms) > MOST_TOKENS:
        raise NotArithmetic("It is too long.")
    reader = _Reader(terms, percent)
    total = reader.sum(0)
    if reader.here:
        raise NotArithmetic(f"{reader.here!r} is in the way.")
    return total


def number(token: Token) -> Fraction:
    """The number that a token writes.

    Raises NotArithmetic if it has too many digits.
    """
    if len(token.text) > MOST_DIGITS:
        raise NotArithmetic("A number has too many digits.")
    return Fraction(token.digits)


class _Reader:
    """Recursive descent: a sum of products of powers of signed numbers, groups and fractions."""

    def __init__(self, tokens: list[Token], percent: Fraction) -> None:
        self.tokens, self.percent = tokens, percent
        self.at = 0

    @property
    def here(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    @property
    def kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    @property
    def touches(self) -> bool:
        return self.tokens[self.at - 1].end == self.tokens[self.at].start

    def take(self, texts: set[str] | frozenset[str]) -> str:
        text = self.here
        if text and text in texts:
            self.at += 1
            return text
        return ""

    def sum(self, depth: int) -> Fraction:
        total = self.product(depth)
        while sign := self.take({"+"} | _MINUS):
            term = self.product(depth)
            total += term if sign == "+" else -term
        return total

    def product(self, depth: int) -> Fraction:
        total = self.power(depth)
        while True:
            if self.kind == "cross" or self.here in _TIMES:
                self.at += 1
                total *= self.power(depth)
            elif self.take(_OVER):
                total = _divided(total, self.power(depth))
            elif self.here in _FRACTION:
                raise NotArithmetic("A number before a fraction may be mixed or a factor.")
            elif self.here in _CLOSING and self.touches:  # 2(3 + 4)
                total *= self.power(depth)
            else:
                return total

    def power(self, depth: int) -> Fraction:
        if depth > MOST_NESTED:
            raise NotArithmetic("It is nested too deep.")
        if self.take(_MINUS):
            return -self.power(depth + 1)
        base = self.atom(depth)
        while self.kind == "percent":
            self.at += 1
            base *= self.percent
        return _raised(base, self.power(depth + 1)) if self.take(_POWER) else base

    def atom(self, depth: int) -> Fraction:
        if self.kind == "number":
            self.at += 1
            return number(self.tokens[self.at - 1])
        if self.take(_FRACTION):
            return _divided(self.group(depth), self.group(depth))
        return self.group(depth)

    def group(self, depth: int) -> Fraction:
        opening = self.take(frozenset(_CLOSING))
        if not opening:
            raise NotArithmetic(f"A number is missing before {self.here!r}.")
        total = self.sum(depth + 1)
        if not self.take({_CLOSING[opening]}):
            raise NotArithmetic("A bracket is not closed.")
        return total


def _divided(above: Fraction, below: Fraction) -> Fraction:
    if not below:
        raise NotArithmetic("It divides by zero.")
    return above / below


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    size = max(abs(base.numerator), base.denominator).bit_length()
    if exponent.denominator != 1 or size * abs(exponent) > MOST_BITS:
        raise NotArithmetic("It has a power that is not computed here.")
    return base ** int(exponent) if exponent >= 0 else _divided(Fraction(1), base ** -int(exponent))
