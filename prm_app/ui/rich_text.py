"""Text that people typed -> inert HTML, with its mathematics marked for KaTeX; knows no results.

Everything is escaped here; the browser typesets the content of each `.tex` element in place, and
shows its source where it cannot.
"""

import re
import textwrap
from html import escape

_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
# None of these looks far ahead in vain: text with many openings and no ends is read in linear time.
# `\\[2pt]` and `\\(` are line breaks, not openings.
_MATHS = re.compile(
    r"(?<!\\)\\\[(?P<display>(?:[^\\]|\\[^\[\]])++)\\\]"
    r"|\$\$(?P<dollars>[^$]++)\$\$"
    r"|(?<!\\)\\\((?P<inline>(?:[^\\]|\\[^()])++)\\\)"
    r"|(?P<environment>\\begin\{(?P<name>[a-zA-Z]{1,20}\*?)\}.{1,2000}?\\end\{(?P=name)\})"
    rf"|(?P<boxed>\\boxed{_BRACES})"
    r"|(?<![\\$\w])\$(?P<dollar>[^\s$](?:[^$\n]{0,500}[^\s$\\])?)\$(?![\d$])",
    re.DOTALL,
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_SPACE = re.compile(r"\s*")
_BLOCK = {"display", "dollars", "environment"}


def rich(text: str) -> str:
    """HTML of a text: escaped, and its LaTeX in `<span class="tex">` or `<div class="tex">`.

    Mathematics is what stands in `\\(…\\)`, `\\[…\\]`, `$$…$$`, a `\\begin…\\end`, a bare
    `\\boxed{…}`, or between single dollars that are not money: "$5 then $2.50" stays as it is.
    """
    out, end = [], 0
    for match in _MATHS.finditer(text):
        kind = match.lastgroup or ""
        kind = "environment" if kind == "name" else kind
        source = match[kind]
        if kind == "dollar" and _is_money(source):
            continue
        style = "block" if kind in _BLOCK else "inline"
        before = text[end : match.start()]
        out.append(escape(before.rstrip() if style == "block" else before))
        out.append(f'<span class="tex" data-tex="{style}">{escape(source)}</span>')
        end = match.end()
        if style == "block":
            blanks = _SPACE.match(text, end)
            end = blanks.end() if blanks else end
    return "".join(out) + escape(text[end:])


def _is_money(source: str) -> bool:
    """Whether what stands between two dollar signs reads as prose about amounts of money."""
    if "\\" in source or "^" in source or "_" in source:
        return False
    return bool(_WORD.search(source)) or source[-1] in "+-*/=(<>"


def wrapped(text: str, width: int = 48, lines: int = 12) -> str:
    """A text as lines for a chart's hover label: escaped, wrapped, and cut with an ellipsis."""
    start = text[: 2 * width * lines]
    rows = [row for line in start.splitlines() for row in textwrap.wrap(line, width) or [""]]
    first_rows = rows[:lines] + (["…"] if len(rows) > lines or start != text else [])
    return "<br>".join(escape(row) for row in first_rows)
