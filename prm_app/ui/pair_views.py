"""Two solutions of one problem beside each other as HTML; pure functions, every text escaped."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from prm_app.solutions.aggregation import Aggregation
from prm_app.solutions.marks import mark, reward_text
from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui.rich_text import rich
from prm_app.ui.views import legend, notice

Row = tuple[int | None, int | None]
"""A step of the first solution and one of the second, by index; None if there is none."""


def aligned(first: Sequence[str], second: Sequence[str]) -> list[tuple[bool, Row]]:
    """The steps of two solutions in rows, each with whether it is one step that both have.

    Steps that differ in white space alone are the same.
    """
    return list(_rows(*([" ".join(step.split()) for step in steps] for steps in (first, second))))


def _rows(first: Sequence[str], second: Sequence[str]) -> Iterator[tuple[bool, Row]]:
    # Steps that come often are no junk here: a solution has few.
    changes = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    for kind, i, i_end, j, j_end in changes:
        for row in zip_longest(range(i, i_end), range(j, j_end)):
            yield kind == "equal", row


def comparison(ranking: Ranking, how: Aggregation, number: int, threshold: float) -> str:
    """A solution beside the winner, or the winner beside the next best; empty if there is no other.

    Common steps stand once, with both rewards; the first row that is not common is marked.
    """
    order = ranking.order(how)
    if len(order) < 2:
        return notice("There is no second solution to compare with.")
    numbers = (order[0], order[1] if number == order[0] else number)
    sides = [(each, ranking.scored[each]) for each in numbers]
    rows = aligned(*(scored.steps for _, scored in sides))
    apart = next((at for at, (common, _) in enumerate(rows) if not common), None)
    items = [
        _row(sides, row, common, threshold, at == apart) for at, (common, row) in enumerate(rows)
    ]
    title = f"Solutions {numbers[0]} ★ and {numbers[1]}"
    return (
        f'<div class="candidate pair" data-solutions="{numbers[0]} {numbers[1]}">'
        f"<h3>{title}</h3>{notice(_summary(rows, apart))}"
        f'<ol aria-label="{title}, common steps once">{"".join(items)}</ol>'
        f"{legend(threshold)}</div>"
    )


def _summary(rows: list[tuple[bool, Row]], apart: int | None) -> str:
    if apart is None:
        return "Their steps are the same."
    common = sum(same for same, _ in rows)
    count = "1 step is" if common == 1 else f"{common} steps are"
    return f"{count if common else 'No step is'} common. They differ from step {apart + 1} on."


def _row(
    sides: list[tuple[int, ScoredSolution]], row: Row, common: bool, threshold: float, parts: bool
) -> str:
    heads = [_head(side, i, threshold) for side, i in zip(sides, row, strict=True)]
    texts = [
        "" if i is None else f'<div class="words" dir="auto">{rich(scored.steps[i])}</div>'
        for (_, scored), i in zip(sides, row, strict=True)
    ]
    if common:
        return f'<li class="common">{texts[0]}<div class="both">{"".join(heads)}</div></li>'
    cells = "".join(f"<div>{a}{b}</div>" for a, b in zip(heads, texts, strict=True))
    flag = '<em class="flag">first difference</em>' if parts else ""
    return f'<li class="apart{" parts" if parts else ""}">{flag}{cells}</li>'


def _head(side: tuple[int, ScoredSolution], i: int | None, threshold: float) -> str:
    """What stands above a step: whose it is, and its reward."""
    number, scored = side
    if i is None:
        return f'<p class="none">Solution {number} has no such step.</p>'
    sign = mark(scored.rewards[i], threshold)
    return (
        f'<p class="{sign.key}"><span>Solution {number}, step {i + 1}</span> '
        f'<b class="reward">{reward_text(scored.rewards[i], threshold)}</b> '
        f'<span class="mark"><b aria-hidden="true">{sign.symbol}</b> {sign.words}</span></p>'
    )
