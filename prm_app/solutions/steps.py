"""A solution's text -> its steps: knows how people separate steps, not how a model reads them.

A step is what stands between two separators, word for word; pieces that say nothing (blank lines,
rules) are separators too, never steps. A line break is `\\n`, `\\r\\n` or `\\r`. No formula, block
of code or table is cut. The work grows linearly with the text, whatever it holds.
"""

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
from prm_app.solutions.blocks import units
from prm_app.solutions.labels import labels_in, opens_step

Split = Literal["auto", "paragraphs", "lines", "labels", "delimiter"]
SPLITS: tuple[Split, ...] = get_args(Split)


def split_steps(text: str, how: Split = "auto", delimiter: str | None = None) -> list[str]:
    """The steps of a solution, and a blank piece for each blank line between two of them.

    Joined by line breaks, the pieces are the text again, but for a space before a label within a
    line and for delimiters that are no line breaks.

    Args:
        text: The solution.
        how: What separates its steps: `paragraphs` blank lines, `lines` line breaks, `labels` a
            label such as "Step 1", `delimiter` the given text; `auto` takes labels if there are two
            or more, else paragraphs if there is a blank line, else lines.
        delimiter: The text to split at; a typed `\\n` stands for a line break.

    Raises:
        InputError: `how` is not known, or is `delimiter` without one.
    """
    text = line_feeds(text)
    if how == "delimiter":
        if not delimiter:
            raise InputError(
                "Splitting at a delimiter needs the delimiter: give the text to split at."
            )
        return split_at(text, delimiter.replace("\\r\\n", "\n").replace("\\n", "\n"))
    if how not in _SPLITTERS:
        raise InputError(
            f"There is no way to split called {how!r}: choose one of {', '.join(SPLITS)}."
        )
    pieces = _SPLITTERS[how](units(text))
    return without_outer_blanks(list(chain.from_iterable(map(apart_from_blank_lines, pieces))))


def _auto(lines: list[str]) -> list[str]:
    pieces = _at_labels(lines)
    if sum(map(opens_step, pieces)) >= 2:
        return pieces
    blank = any(map(is_blank, without_outer_blanks(lines)))
    return _paragraphs(lines) if blank else lines


def _paragraphs(lines: list[str]) -> list[str]:
    """Runs of lines that say something; each blank line is a piece of its own."""
    groups = groupby(lines, is_blank)
    return [piece for blank, run in groups for piece in (run if blank else ["\n".join(run)])]


def _at_labels(lines: list[str]) -> list[str]:
    steps: list[list[str]] = [[]]
    last = 0
    for line in lines:
        start = 0
        for place, number in labels_in(line, last):
            if place:
                steps[-1].append(line[start:place].rstrip())
            steps.append([])
            start, last = place, number
        steps[-1].append(line[start:])
    return ["\n".join(step) for step in steps if step]


_SPLITTERS: dict[str, Callable[[list[str]], list[str]]] = {
    "auto": _auto,
    "paragraphs": _paragraphs,
    "lines": lambda lines: lines,
    "labels": _at_labels,
}
