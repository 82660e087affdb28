"""A solution's text -> its steps: knows how people separate steps, not how a model reads them.

A step is what stands between two separators, word for word; pieces of nothing but white space are
separators too, never steps. A line break is `\\n`, `\\r\\n` or `\\r`.
"""

import re
from collections.abc import Callable
from typing import Literal, get_args

from prm_app.errors import InputError

Split = Literal["auto", "paragraphs", "lines", "labels", "delimiter"]
SPLITS: tuple[Split, ...] = get_args(Split)

_LABEL = re.compile(r"(?im)^(?=[ \t]*(?:[*_#>]+[ \t]*)*step[ \t]*\d+\b)")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


def split_steps(text: str, how: Split = "auto", delimiter: str | None = None) -> list[str]:
    """The steps of a solution.

    `how` says what separates them: `paragraphs` blank lines, `lines` line breaks, `labels` a line
    that starts with "Step 1", "Step 2", …, `delimiter` the given text; `auto` takes labels where
    there are two or more, else paragraphs where there is a blank line, else lines.

    Raises InputError for an unknown `how` and for `delimiter` without one.
    """
    text = re.sub(r"\r\n?", "\n", text)
    if how == "auto":
        how = _guess(text)
    if how == "delimiter":
        if not delimiter:
            raise InputError(
                "Splitting at a delimiter needs the delimiter: give the text to split at."
            )
        pieces = text.split(delimiter.replace("\\n", "\n"))
    elif how in _SPLITTERS:
        pieces = _SPLITTERS[how](text)
    else:
        raise InputError(
            f"There is no way to split called {how!r}: choose one of {', '.join(SPLITS)}."
        )
    return [piece.strip("\n") for piece in pieces if piece.strip()]


def _guess(text: str) -> Split:
    if len(_LABEL.findall(text)) >= 2:
        return "labels"
    return "paragraphs" if _BLANK_LINES.search(text.strip()) else "lines"


_SPLITTERS: dict[str, Callable[[str], list[str]]] = {
    "paragraphs": _BLANK_LINES.split,
    "lines": lambda text: text.split("\n"),
    "labels": _LABEL.split,
}
