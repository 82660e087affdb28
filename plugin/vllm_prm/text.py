"""Texts before any tokenizer sees them: line breaks, blank text, pieces between delimiters."""

import re

_BREAK = re.compile(r"\r\n?")
_INVISIBLE = "".join(map(chr, (*range(0x200B, 0x2010), *range(0x2060, 0x2065), 0xFEFF, 0xAD)))
_DASHES = "-_*=–—―─━═⸺⸻"
_VISIBLE = re.compile(rf"[^\s{_INVISIBLE}]")
_SAYS = re.compile(rf"[^\s{_INVISIBLE}{re.escape(_DASHES)}]")


def line_feeds(text: str) -> str:
    """The text with `\\n` for every line break.

    Args:
        text: Its line breaks may be `\\r\\n`, `\\r` or `\\n`.
    """
    return _BREAK.sub("\n", text)


def is_blank(text: str) -> bool:
    """Whether a text says nothing: white space, characters without width and rules alone.

    A rule is a line of three or more of one dash (`---`, `***`, `____`), or one that is drawn long.

    Args:
        text: Any text.
    """
    if _SAYS.search(text):
        return False
    return all(map(_is_rule, filter(None, map(_visible, text.splitlines()))))


def _visible(line: str) -> str:
    return "".join(_VISIBLE.findall(line))


def _is_rule(visible: str) -> bool:
    return len(set(visible)) == 1 and (len(visible) >= 3 or visible[0] in "⸺⸻")


def split_at(text: str, delimiter: str) -> list[str]:
    """The pieces between the delimiters, without line breaks at their ends.

    If the delimiter is made of line breaks, each blank line between two pieces is an empty piece:
    joined by line breaks, the pieces are the text again, and a family whose prompt keeps blank
    lines reads the text as it was written. Otherwise blank pieces are left out.

    Args:
        text: Any text.
        delimiter: What stands between two pieces; not empty.
    """
    text, delimiter = line_feeds(text), line_feeds(delimiter)
    pieces = text.split(delimiter)
    if delimiter.strip("\n"):
        return [piece.strip("\n") for piece in pieces if not is_blank(piece)]
    spread: list[str] = []
    for piece in pieces:
        spread += [*[""] * (len(delimiter) - 1), *apart_from_blank_lines(piece)]
    return without_outer_blanks(spread)


def apart_from_blank_lines(piece: str) -> list[str]:
    """A piece, and each blank line before and after it as a piece of its own.

    Args:
        piece: Any text, its line breaks `\\n`.
    """
    lines = piece.split("\n")
    visible = [i for i, line in enumerate(lines) if not is_blank(line)]
    if not visible:
        return lines
    first, end = visible[0], visible[-1] + 1
    return [*lines[:first], "\n".join(lines[first:end]), *lines[end:]]


def without_outer_blanks(pieces: list[str]) -> list[str]:
    """The pieces from the first to the last that is not blank.

    Args:
        pieces: Texts, of which some may be blank.
    """
    visible = [i for i, piece in enumerate(pieces) if not is_blank(piece)]
    return pieces[visible[0] : visible[-1] + 1] if visible else []
