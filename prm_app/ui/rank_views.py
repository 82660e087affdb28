"""A ranking as HTML: winner, agreement, table; pure functions, every text escaped."""

from collections.abc import Mapping, Sequence
from html import escape

from prm_app.solutions.aggregation import AGGREGATIONS, Aggregation
from prm_app.solutions.documents import result_of
from prm_app.solutions.marks import mark, reward_text
from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui.answer_views import right
from prm_app.ui.views import alert, legend, meter, notice, outside, parts, steps

EXCERPT = 90


def progress(ranking: Ranking) -> str:
    """How many solutions are done, by the second model too, or that answers are compared now."""
    done, total, by = len(ranking.outcomes), ranking.total, ""
    if done == total and ranking.second:
        done, by = len(ranking.second.ranking.outcomes), f" by {escape(ranking.second.title)}"
    if done == total:
        return notice("Comparing the final answers…") if ranking.answers is None else ""
    return (
        f'<div class="waiting" role="status"><strong>{done} of {total} solutions scored{by}'
        "</strong>"
        f"{meter(done / total, 'Solutions scored')}</div>"
    )


def stopped(ranking: Ranking | None) -> str:
    """Says that a visitor has stopped a ranking, and at which solution."""
    done, total = (len(ranking.outcomes), ranking.total) if ranking else (0, 0)
    if done == total:
        return notice("Stopped.")
    return notice(f"Stopped at {done} of {total} solutions: the others are not ranked.")


def winner(ranking: Ranking, how: Aggregation) -> str:
    """Which solution is best, and whether every aggregation says so."""
    if not ranking.scored:
        return ""
    best = ranking.order(how)[0]
    complete = len(ranking.outcomes) == ranking.total
    head = f"Solution {best} is best" if complete else f"Solution {best} leads"
    value = reward_text(ranking.scored[best].aggregate(how))
    return (
        '<div class="verdict winner" role="status"><b aria-hidden="true">★</b>'
        f"<div><h2>{head}</h2><p>Its {how} reward is {value}. "
        f"<span>{agreement(ranking)}</span></p></div></div>"
    )


def agreement(ranking: Ranking) -> str:
    """Which aggregations choose which solution, in a sentence; empty for a single solution."""
    if len(ranking.scored) < 2:
        return ""
    winners = ranking.winners()
    numbers = sorted(set(winners.values()))
    if len(numbers) == 1:
        return "All aggregations agree."
    choices = [
        f"{_enumeration([how for how in AGGREGATIONS if winners[how] == i])} → solution {i}"
        for i in numbers
    ]
    return f"The aggregations disagree: {parts(choices, '; ')}."


def _enumeration(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def table(
    ranking: Ranking,
    how: Aggregation,
    threshold: float,
    selected: int | None,
    origins: Mapping[int, Sequence[str]],
) -> str:
    """The solutions, best first, with what their file says of them; a click shows the steps."""
    if not ranking.outcomes:
        return ""
    heads = "".join(
        f'<th scope="col" class="agg{" chosen" if h == how else ""}"'
        f"{' aria-sort=descending' if h == how else ''}>{h}</th>"
        for h in AGGREGATIONS
    )
    order = ranking.order(how)
    second = ""
    if ranking.second:
        title = escape(ranking.second.title)
        second = f'<th scope="col" class="agg" title="{title}">2nd {how}</th>'
    rows = [
        _row(rank, i, ranking, how, threshold, i == (selected or order[0]), origins.get(i, ()))
        for rank, i in enumerate(order, 1)
    ]
    return (
        '<table class="ranking"><caption class="sr-only">Solutions, best first</caption>'
        '<thead><tr><th scope="col">#</th><th scope="col" class="who">solution</th>'
        f'{heads}{second}<th scope="col">first error</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _row(
    rank: int,
    i: int,
    ranking: Ranking,
    how: Aggregation,
    threshold: float,
    is_selected: bool,
    origin: Sequence[str],
) -> str:
    scored: ScoredSolution = ranking.scored[i]
    first = scored.first_error(threshold)
    sign = mark(1 if first is None else scored.rewards[first], threshold)
    cells = "".join(
        f'<td class="agg{" chosen" if h == how else ""}" data-how="{h}" '
        f'data-value="{scored.aggregate(h)!r}">{reward_text(scored.aggregate(h))}</td>'
        for h in AGGREGATIONS
    )
    if ranking.second:
        other = ranking.second.ranking.scored.get(i)
        cells += (
            f'<td class="agg second">{reward_text(other.aggregate(how)) if other else "–"}</td>'
        )
    at = "none" if first is None else f"step {first + 1}"
    star = '<b class="star">★<span class="sr-only"> best</span></b>' if rank == 1 else str(rank)
    classes = " ".join(["best"] * (rank == 1) + ["selected"] * is_selected)
    return (
        f'<tr class="{classes}" data-index="{i}"><td class="rank">{star}</td>'
        f'<td class="who"><button type="button" aria-pressed="{str(is_selected).lower()}">'
        f"Solution {i}</button> {right(ranking, i)}{_strange(scored)}"
        f'<span translate="no">{escape(_ending(scored))}</span>'
        f"{''.join(f'<small>{escape(fact)}</small>' for fact in origin)}</td>"
        f"{cells}"
        f'<td class="found {sign.key}"><b aria-hidden="true">{sign.symbol}</b> {at}</td>'
        "</tr>"
    )


def _strange(scored: ScoredSolution) -> str:
    """A mark on a solution that the model was not made for."""
    if scored.outside is None:
        return ""
    remark = escape(str(scored.outside))
    return f'<b class="strange" title="{remark}">≠<span class="sr-only"> {remark}</span></b>'


def _ending(scored: ScoredSolution) -> str:
    """The last step, where a solution says its answer; its end if it is long."""
    text = " ".join(scored.steps[-1].split())
    return text if len(text) <= EXCERPT else "…" + text[-EXCERPT:]


def candidate(ranking: Ranking, number: int, threshold: float) -> str:
    """The steps of one of the solutions."""
    result = result_of(ranking, number)
    return (
        f'<div class="candidate" data-solution="{number}"><h3>Steps of solution {number}</h3>'
        f"{outside(result.scored, result.second)}"
        f"{steps(result.scored, threshold, result.second)}{legend(threshold)}</div>"
    )


def failures(ranking: Ranking) -> str:
    """What became of the solutions that have no rewards."""
    return "".join(
        alert(str(error), f"Solution {i} is not ranked.") for i, error in ranking.failures.items()
    )
