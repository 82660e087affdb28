"""Text that people typed -> inert HTML, with its mathematics marked for KaTeX; knows no results.

Everything is escaped here; the browser typesets the content of each `.tex` element in place, and
shows its source where it cannot.
"""

import re
import textwrap
from html import escape

from prm_app.ui.markdown import markdown

_BRACES = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
# Code comes first, for no mathematics is in it. None of these looks far ahead in vain: text with
# many openings and no ends is read in linear time.
# `\\[2pt]` and `\\(` are line breaks, not openings.
_MATHS = re.compile(
    r"(?P<code>```[^`]*+```|(?<!`)`[^`\n]++`(?!`))"
    r"|(?<!\\)\\\[(?P<display>(?:[^\\]|\\[^\[\]])++)\\\]"
    r"|\$\$(?P<dollars>[^$]++)\$\$"
    r"|(?<!\\)\\\((?P<inline>(?:[^\\]|\\[^()])++)\\\)"
    r"|(?P<environment>\\begin\{(?P<name>[a-zA-Z]{1,20}\*?)\}.{1,2000}?\\end\{(?P=name)\})"
    rf"|(?P<boxed>\\boxed{_BRACES})"
    r"|(?<![\\$\w])\$(?P<dollar>[^\s$](?:[^$\n]{0,500}[^\s$\\])?)\$(?![\d$])",
    re.DOTALL,
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_BLOCKS, _INLINE = ("display", "dollars", "environment"), ("inline", "boxed", "dollar")


def rich(text: str) -> str:
    """HTML of a text: escaped, its LaTeX in `<span class="tex">`, its Markdown styled.

    Mathematics is what stands in `\\(…\\)`, `\\[…\\]`, `$$…$$`, a `\\begin…\\end`, a bare
    `\\boxed{…}`, or between single dollars that are not money: "$5 then $2.50" stays as it is.
    A sign that is nowhere in the text stands for each formula until all else is HTML, so neither
    Markdown nor a line break changes one.
    """
    used = set(text)
    sign = next(each for each in map(chr, range(0xE000, 0x10000)) if each not in used)
    formulas: list[re.Match[str]] = []

    def take(match: re.Match[str]) -> str:
        if match["code"] or (match["dollar"] and _is_money(match["dollar"])):
            return match[0]
        formulas.append(match)
        return sign

    rest = _MATHS.sub(take, text)
    parts = (markdown(rest) or escape(rest)).split(sign)
    for at, match in enumerate(formulas):
        source = next(filter(None, match.group(*_BLOCKS, *_INLINE)))
        style = "block" if any(match.group(*_BLOCKS)) else "inline"
        if style == "block":
            parts[at], parts[at + 1] = parts[at].rstrip(), parts[at + 1].lstrip()
        parts[at] += f'<span class="tex" data-tex="{style}">{escape(source)}</span>'
    return "".join(parts)


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
