"""Lines that belong together: display mathematics, environments, code and tables are one unit.

Knows the marks of LaTeX and Markdown; knows nothing of steps. Linear in the length of the text.
"""

import re
from collections import Counter

# A doubled backslash and an escaped dollar are tokens of their own: `\\[2pt]` opens nothing.
_TOKEN = re.compile(
    r"""\\\\|\\\$
    |(?P<fence>^[ \t]*+(?:`{3,}+|~{3,}+))[^`\n]*+$
    |(?P<dollars>\$\$)
    |(?P<bracket>\\[\[\]])
    |\\(?P<verb>begin|end)\{(?P<name>[A-Za-z]{1,40}\*?)\}""",
    re.VERBOSE | re.MULTILINE,
)


def units(text: str) -> list[str]:
    """The lines of a text, those of one block joined by line breaks.

    A block that is opened and never closed is none. Joined by line breaks, the units are the text.

    Args:
        text: Any text, its line breaks `\\n`.
    """
    lines = text.split("\n")
    inner = _inside_marks(text, len(lines)) | _inside_tables(lines)
    blocks: list[list[str]] = []
    for number, line in enumerate(lines):
        if number in inner:
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return ["\n".join(unit) for unit in blocks]


def _inside_marks(text: str, count: int) -> set[int]:
    """The numbers of the lines that go on a block begun on an earlier line."""
    stack: list[tuple[str, int]] = []
    waiting: Counter[str] = Counter()
    changes = [0] * (count + 1)  # +1 where a block's second line is, -1 after its last
    line = start = 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", start, token.start())
        start = token.start()
        opens, closes = _kinds(token)
        if closes and waiting[closes]:
            kind, first = stack.pop()
            while kind != closes:  # what was opened inside and not closed there is no block
                waiting[kind] -= 1
                kind, first = stack.pop()
            waiting[kind] -= 1
            changes[first + 1] += 1
            changes[line + 1] -= 1
        elif opens:
            stack.append((opens, line))
            waiting[opens] += 1
    inside, depth = set(), 0
    for number in range(count):
        depth += changes[number]
        if depth:
            inside.add(number)
    return inside


def _kinds(token: re.Match[str]) -> tuple[str, str]:
    """What a token may open and what it may close; the same for marks that look alike."""
    if fence := token["fence"]:
        mark = fence.strip()[:3]
        language = token.group().strip().strip(mark[0])  # a fence that names a language only opens
        return mark, "" if language else mark
    if token["dollars"]:
        return "$$", "$$"
    if token["bracket"]:
        return ("[", "") if token["bracket"] == r"\[" else ("", "[")
    if token["verb"]:
        name = f"environment {token['name']}"
        return (name, "") if token["verb"] == "begin" else ("", name)
    return "", ""


def _inside_tables(lines: list[str]) -> set[int]:
    """The numbers of the lines of a table after its first: those from its row of dashes on."""
    inside: set[int] = set()
    for number in range(1, len(lines)):
        line = lines[number]
        if "|" in line and (
            number - 1 in inside or ("|" in lines[number - 1] and _is_dashes(line))
        ):
            inside.add(number)
    return inside


def _is_dashes(line: str) -> bool:
    return "-" in line and not line.strip("|-: \t")
