"""Numbers and checked equations in the prose of a language model, LaTeX included.

`Prose` finds them in one text. An equation is the longest run of numbers and operators before an
equals sign that gives the number after it; it is `ok` where the arithmetic holds as written.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import NamedTuple

warnings.filterwarnings("ignore", category=SyntaxWarning)  # of expressions that are tried

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\.\d+|\d+)"
_TOKEN = re.compile(
    r"""
 (?P<bold>\*\*)
|(?P<list>(?m:^)[ \t]*(?:[-*•]|(?:\#+\s*)?(?:Step\s*)?\d{1,2}[.:)](?!\d))\s+)
|(?P<text>\\(?:text|mathrm|textbf|mathbf|textit)\{[^{}]*\})
|(?P<frac>\\[dt]?frac\{)|(?P<middle>\}\s*\{)|(?P<brace>[{}])
|(?P<stop>\\\\|\\[\[\]()]|[;:?!\n&]|\.(?!\d)|,(?!\d{3}\b))
|(?P<equals>=|≈|\\approx)
|(?P<per>(?<=[A-Za-z}])/|/\s*(?=\\?[A-Za-z]))
|(?P<number>(?<![A-Za-z_\d])"""
    + _NUMBER
    + r"""(?!\d))
|(?P<ordinal>st\b|nd\b|rd\b|th\b)
|(?P<operator>\\times|\\cdot|\\div|[+\-−–*×·÷/]|\bx(?=\s*\\?\$?\d)|\btimes\b)
|(?P<open>\()|(?P<close>\))
|(?P<percent>\\?%)
|(?P<word>[A-Za-z][A-Za-z'’\-]*)
|(?P<other>.)
""",
    re.X | re.S,
)
_OPERATORS = {
    **dict.fromkeys(("\\times", "\\cdot", "*", "×", "·", "x", "times"), "*"),
    **dict.fromkeys(("\\div", "÷", "/"), "/"),
    **dict.fromkeys(("-", "−", "–"), "-"),
    "+": "+",
}
_MOST_STARTS = 6


@dataclass
class Number:
    """A number as it stands in a text; `kind` is "ordinal", "percent" or ""."""

    start: int
    end: int
    value: float
    text: str
    kind: str = ""

    @property
    def decimals(self) -> int:
        return decimals(self.text)


class Piece(NamedTuple):
    """A part of an expression: a number (`index` into the text's), an operator, or a bracket."""

    sort: str
    symbol: str = ""
    index: int = -1
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Equation:
    """`pieces` give the number with index `result`; `code` computes it from the text's values."""

    pieces: tuple[Piece, ...]
    percent: bool
    result: int
    ok: bool
    code: CodeType = field(repr=False)

    @property
    def operands(self) -> list[int]:
        return [piece.index for piece in self.pieces if piece.sort == "number"]

    @property
    def operators(self) -> list[int]:
        return [i for i, piece in enumerate(self.pieces) if piece.sort == "operator"]


class Prose:
    """A text with its numbers and equations."""

    def __init__(self, text: str):
        self.text = text
        self.numbers: list[Number] = []
        self.equations: list[Equation] = []
        tokens = self._tokens()
        for place, token in enumerate(tokens):
            if token[0] == "equals":
                self._read_equation(tokens, place)

    @property
    def values(self) -> list[float]:
        return [number.value for number in self.numbers]

    def _tokens(self) -> list[tuple[str, int, int, str | int]]:
        tokens: list[tuple[str, int, int, str | int]] = []
        for match in _TOKEN.finditer(self.text):
            sort, start, end = match.lastgroup, match.start(), match.end()
            if sort in ("other", "text", "per"):
                continue
            last = self.numbers[-1] if tokens and tokens[-1][0] == "number" else None
            if sort == "number":
                text = match.group()
                tokens.append((sort, start, end, len(self.numbers)))
                self.numbers.append(Number(start, end, float(text.replace(",", "")), text))
            elif sort == "ordinal":
                if last and last.end == start:
                    last.kind = "ordinal"
            else:
                if sort == "percent" and last:
                    last.kind = "percent"
                tokens.append((sort, start, end, match.group()))
        return tokens

    def _read_equation(self, tokens: Sequence[tuple], place: int) -> None:
        result = _result_after(tokens, place)
        if result is None:
            return
        pieces = _pieces(tokens, place)
        stated = self.numbers[result]
        tolerance = 0.5 * 10**-stated.decimals + 1e-9
        fallback, tries = None, 0
        for start, piece in enumerate(pieces):
            if piece.sort not in ("number", "open"):
                continue
            run = tuple(pieces[start:])
            if not any(piece.sort == "operator" for piece in run) or tries == _MOST_STARTS:
                break
            tries += 1
            has_percent = any(piece.sort == "percent" for piece in run)
            for percent in (True, False) if has_percent else (True,):
                code = compiled(run, percent)
                value = None if code is None else computed(code, self.values)
                if value is None:
                    continue
                ok = abs(value - stated.value) <= tolerance
                equation = Equation(run, percent, result, ok, code)
                if ok:
                    self.equations.append(equation)
                    return
                fallback = fallback or equation
        if fallback is not None:
            self.equations.append(fallback)


def _result_after(tokens: Sequence[tuple], place: int) -> int | None:
    """The index of the number that an equals sign gives, if it is a lone number."""
    at = place + 1
    while at < len(tokens) and tokens[at][0] in ("word", "bold"):
        at += 1
    if at == len(tokens) or tokens[at][0] != "number":
        return None
    after = at + 1
    while after < len(tokens) and tokens[after][0] == "percent":
        after += 1
    if after < len(tokens):
        sort, start = tokens[after][:2]
        if sort == "operator" or (sort == "open" and start == tokens[after - 1][2]):
            return None
    return tokens[at][3]


_SIGNS = {
    "open": Piece("open", "("),
    "close": Piece("close", ")"),
    "frac": Piece("open", "("),
    "percent": Piece("percent", "*0.01"),
}
_BETWEEN = [_SIGNS["close"], Piece("operator", "/"), _SIGNS["open"]]
"""Between the two halves of a fraction."""


def _pieces(tokens: Sequence[tuple], place: int) -> list[Piece]:
    """The parts of the expression before an equals sign, back to where a clause begins."""
    first = place - 1
    while first >= 0 and tokens[first][0] not in ("stop", "equals", "list"):
        first -= 1
    pieces: list[Piece] = []
    fractions = 0
    for sort, start, end, what in tokens[first + 1 : place]:
        if sort == "number":
            pieces.append(Piece("number", index=what))
        elif sort == "operator":
            pieces.append(Piece("operator", _OPERATORS[what], start=start, end=end))
        elif sort in _SIGNS:
            pieces.append(_SIGNS[sort])
            fractions += sort == "frac"
        elif sort == "middle" and fractions:
            pieces += _BETWEEN
        elif sort == "brace" and what == "}" and fractions:
            fractions -= 1
            pieces.append(_SIGNS["close"])
        elif what == "of" and pieces and pieces[-1].sort in ("percent", "number"):
            pieces.append(Piece("operator", "*"))
    return pieces


def compiled(pieces: Sequence[Piece], percent: bool) -> CodeType | None:
    """Code that computes an expression from the list `v` of the text's values."""
    source = "".join(
        f"v[{piece.index}]"
        if piece.sort == "number"
        else ("" if piece.sort == "percent" and not percent else piece.symbol)
        for piece in pieces
    )
    if any(pair in source for pair in (")(", "](", ")v", "]v")):
        return None
    try:
        return compile(source, "expression", "eval")
    except (SyntaxError, ValueError, MemoryError):
        return None


def computed(code: CodeType, values: Sequence[float]) -> float | None:
    try:
        value = eval(code, {"__builtins__": {}}, {"v": values})
    except (ArithmeticError, TypeError, ValueError, IndexError):
        return None
    return value if isinstance(value, (int, float)) and abs(value) < 1e12 else None


def decimals(text: str) -> int:
    return len(text.split(".")[1]) if "." in text else 0


def key(value: float) -> float:
    """Values that are equal to six places are the same value."""
    return round(value, 6)


def written(value: float, like: str) -> str | None:
    """A value written as the number `like` is; None where that takes more than two decimals."""
    wanted = decimals(like)
    for places in ([wanted] if wanted else [0]) + [0, 1, 2]:
        if abs(value - round(value, places)) < 1e-7:
            if places < wanted == 2:
                places = 2
            return f"{value:,.{places}f}" if "," in like else f"{value:.{places}f}"
    return None


def replaced(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    out, at = [], 0
    for start, end, new in sorted(edits):
        out += [text[at:start], new]
        at = end
    return "".join(out) + text[at:]
