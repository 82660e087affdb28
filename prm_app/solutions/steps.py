"""A solution's text -> its steps: knows how people separate steps, not how a model reads them.

A step is what stands between two separators, word for word; pieces of nothing but white space are
separators too, never steps. A line break is `\\n`, `\\r\\n` or `\\r`.
"""

import re
from collections.abc import Callable
from itertools import chain, groupby
from typing import Literal, get_args

from vllm_prm.text import (
    apart_from_blank_lines,
    is_blank,
    line_feeds,
    split_at,
    without_outer_blanks,
)

from prm_app.errors import InputError

Split = Literal["auto", "paragraphs", "lines", "labels", "delimiter"]
SPLITS: tuple[Split, ...] = get_args(Split)

_LABEL = re.compile(r"(?im)^(?=[ \t]*(?:[*_#>]+[ \t]*)*step[ \t]*\d+\b)")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


def split_steps(text: str, how: Split = "auto", delimiter: str | None = None) -> list[str]:
    """The steps of a solution, and a blank piece for each blank line between two of them.

    `how` says what separates them: `paragraphs` blank lines, `lines` line breaks, `labels` a line
    that starts with "Step 1", "Step 2", …, `delimiter` the given text; `auto` takes labels where
    there are two or more, else paragraphs where there is a blank line, else lines.

    Raises InputError for an unknown `how` and for `delimiter` without one.
    """
    text = line_feeds(text)
    if how == "auto":
        how = _guess(text)
    if how == "delimiter":
        if not delimiter:
            raise InputError(
                "Splitting at a delimiter needs the delimiter: give the text to split at."
            )
        return split_at(text, delimiter.replace("\\n", "\n"))
    if how in _SPLITTERS:
        pieces = _SPLITTERS[how](text)
    else:
        raise InputError(
            f"There is no way to split called {how!r}: choose one of {', '.join(SPLITS)}."
        )
    return without_outer_blanks(list(chain.from_iterable(map(apart_from_blank_lines, pieces))))


def _guess(text: str) -> Split:
    if len(_LABEL.findall(text)) >= 2:
        return "labels"
    return "paragraphs" if _BLANK_LINES.search(text.strip()) else "lines"


def _paragraphs(text: str) -> list[str]:
    """Runs of lines that show something; each blank line is a piece of its own."""
    groups = groupby(text.split("\n"), is_blank)
    return [piece for blank, lines in groups for piece in (lines if blank else ["\n".join(lines)])]


_SPLITTERS: dict[str, Callable[[str], list[str]]] = {
    "paragraphs": _paragraphs,
    "lines": lambda text: text.split("\n"),
    "labels": lambda text: [piece.removesuffix("\n") for piece in _LABEL.split(text)],
}
