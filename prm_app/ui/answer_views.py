"""The final answers of a ranking, the votes over them and a second model's choice, as HTML."""

from html import escape

from prm_app.solutions.aggregation import Aggregation
from prm_app.solutions.ranking import Ranking
from prm_app.ui.rich_text import rich

STAR = ' <b title="the best solution has it">★<span class="sr-only"> the best solution</span></b>'


def answers(ranking: Ranking, how: Aggregation) -> str:
    """Each final answer with its votes, and what a second model makes of the solutions."""
    return _second(ranking, how) + _votes(ranking, how)


def answer(text: str) -> str:
    """A final answer, its LaTeX marked to be typeset."""
    html = rich(f"\\({text}\\)") if "\\" in text else escape(text)
    return f'<span translate="no">{html}</span>'


def right(ranking: Ranking, number: int) -> str:
    """Whether a solution has the reference answer; empty if there is none to hold it against."""
    if ranking.right is None:
        return ""
    key, symbol, words = (
        ("right", "✓", "has the reference answer")
        if number in ranking.right
        else ("wrong", "✗", "has another answer than the reference")
    )
    return f'<b class="{key}" title="{words}">{symbol}<span class="sr-only"> {words}</span></b>'


def _votes(ranking: Ranking, how: Aggregation) -> str:
    if ranking.answers is None:
        return ""
    if not ranking.answers.groups:
        return '<p class="votes">No solution says a final answer.</p>'
    groups = sorted(
        zip(ranking.answers.groups, ranking.answers.texts, strict=True), key=lambda g: -len(g[0])
    )
    rewards = {number: scored.aggregate(how) for number, scored in ranking.scored.items()}
    votes, weights = len(ranking.answer_of), sum(rewards[n] for n in ranking.answer_of)
    best = ranking.order(how)[0]
    rows = "".join(
        f'<tr><th scope="row">{right(ranking, group[0])} {answer(text)}'
        f"{STAR if best in group else ''}</th><td>{', '.join(map(str, group))}</td>"
        f"<td>{_share(len(group) / votes)}</td>"
        f"<td>{_share(sum(rewards[n] for n in group) / weights if weights else 0)}</td></tr>"
        for group, text in groups
    )
    late = ", ".join(map(str, ranking.answers.unread))
    note = f"<p>The answers of solutions {late} could not be compared in time.</p>" if late else ""
    return (
        '<table class="votes"><caption>Final answers, and the votes for them</caption><thead><tr>'
        '<th scope="col">answer</th><th scope="col">solutions</th><th scope="col">majority</th>'
        f'<th scope="col">weighted by {how}</th></tr></thead><tbody>{rows}</tbody></table>{note}'
    )


def _share(part: float) -> str:
    return f'<span class="share" style="--part:{100 * part:.1f}%">{part:.0%}</span>'


def _second(ranking: Ranking, how: Aggregation) -> str:
    second = ranking.second
    if second is None or not (theirs := second.ranking.order(how)):
        return ""
    ours = ranking.order(how)[0]
    same = "too" if theirs[0] == ours else f"not solution {ours}"
    tau = ranking.kendall_tau(how)
    agreement = "" if tau is None else f" The orders agree with Kendall's tau {tau:.2f}."
    return (
        f'<div class="comparison" role="status"><strong>Beside {escape(second.title)}.</strong> '
        f"Its best is solution {theirs[0]}, {same}.{agreement}</div>"
    )
