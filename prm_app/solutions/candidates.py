"""Pasted text -> several solutions of one problem."""

from vllm_prm.text import is_blank, line_feeds


def from_text(text: str) -> list[str]:
    """The solutions of a text that lines of `---` divide; empty pieces are none.

    A line of `---` with a blank line above and below is Markdown's rule and stays in its solution.
    """
    lines = line_feeds(text).split("\n")
    pieces: list[list[str]] = [[]]
    for number, line in enumerate(lines):
        if _is_dashes(line) and not _stands_alone(lines, number):
            pieces.append([])
        else:
            pieces[-1].append(line)
    solutions = ["\n".join(piece).strip("\n") for piece in pieces]
    return [solution for solution in solutions if not is_blank(solution)]


def _is_dashes(line: str) -> bool:
    return len(line.strip()) >= 3 and not line.strip().strip("-")


def _stands_alone(lines: list[str], number: int) -> bool:
    """Whether a line is between two blank ones."""
    around = [lines[n] for n in (number - 1, number + 1) if 0 <= n < len(lines)]
    return len(around) == 2 and not any(map(str.strip, around))
