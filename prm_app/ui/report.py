"""Reports: one HTML file with the views and pictures of the page, that needs no server or network.

Pure functions of results. What a report shows is packed, and unpacked by the browser that opens it.
"""

import base64
import gzip
import json
import re
from datetime import UTC, datetime
from functools import cache
from html import escape
from typing import Any

import plotly.graph_objects as go

from prm_app.catalog import find_model
from prm_app.evaluation.solution_file import SolutionFile, Source, lines
from prm_app.solutions.aggregation import Aggregation
from prm_app.solutions.documents import Result
from prm_app.solutions.ranking import Ranking
from prm_app.ui import answer_views, browse_views, figures, rank_views, views
from prm_app.ui.evaluation_figures import pictures
from prm_app.ui.rich_text import rich
from prm_app.ui.theme import STATIC

_FONT = re.compile(r"url\((fonts/[^)]*\.woff2)\)[^;}]*")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style></head>
<body><div class="gradio-container report"><main class="main">
<header class="report-head"><div><h1>{title}</h1><p>{about}</p></div>
<button type="button" id="theme">Light or dark</button></header>
{body}
</main></div>
<script type="application/gzip" id="packed">{archive}</script>
<script>{script}</script></body></html>
"""


def file_report(
    file: SolutionFile, one: Source | None, other: Source | None, threshold: float
) -> str:
    """A file as the tab "Browse" shows it: pictures, the list, and each solution with its steps.

    Args:
        file: What is open; its cases are read.
        one: Whose rewards are shown.
        other: Whose rewards stand beside them.
        threshold: A step is flagged if its reward is below it.
    """
    figures = pictures(file.figures(one, threshold)) if one else {}
    places = "".join(
        f'<div class="picture"><h3 id="picture-{i}-title">{escape(title)}</h3>'
        f'<div data-plot="{i}"></div></div>'
        for i, title in enumerate(figures)
    )
    numbers = range(len(file.items))
    body = (
        f'{browse_views.summary(file)}<div class="pictures">{places}</div>'
        '<div class="read"><div id="browse-list"><div class="list"></div></div>'
        '<div id="browse-row"></div></div>'
    )
    head = json.dumps({"file": file.key, "beside": other is not None})
    sources = [browse_views.title(each) for each in (one, other) if each]
    return _page(
        file.name,
        f"Rewards of {' beside '.join(sources) or 'no model'}, threshold {threshold:.2f}",
        body,
        list(figures.values()),
        list=head + "\n" + "".join(lines(file, numbers, one, other)),
        articles=[browse_views.solution_row(file, i, one, other, threshold) for i in numbers],
        threshold=threshold,
    )


def solution_report(result: Result, threshold: float) -> str:
    """A solution as the tab "Score" shows it."""
    scored, second = result.scored, result.second
    beside = views.comparison(scored, threshold, second) if second else ""
    body = (
        f"{_problem(result.problem)}{views.partly(scored)}{views.outside(scored, second)}"
        f"{views.verdict(scored, threshold)}{beside}{views.tiles(scored)}"
        f'<div class="linked"><div id="steps">{views.steps(scored, threshold, second)}</div>'
        f"{_chart()}</div>{views.facts(result, threshold)}"
    )
    curve = figures.reward_curve(scored, threshold, second)
    return _page("One solution", f"Scored by {find_model(scored.model).title}", body, [curve])


def ranking_report(ranking: Ranking, how: Aggregation, threshold: float) -> str:
    """A ranking as the tab "Best-of-N" shows it, with the steps of every candidate below."""
    order = ranking.order(how)
    body = (
        f"{_problem(ranking.problem)}{rank_views.winner(ranking, how)}"
        f"{answer_views.answers(ranking, how)}{rank_views.failures(ranking)}"
        f'<div class="linked"><div id="table">'
        f"{rank_views.table(ranking, how, threshold, None, {})}</div>{_chart()}"
        f"</div>{''.join(rank_views.candidate(ranking, i, threshold) for i in order)}"
    )
    curves = [figures.reward_curves(ranking.scored, order, threshold)] if order else []
    return _page("Best of several solutions", f"Ranked by {how}", body, curves)


def _problem(text: str) -> str:
    return f'<div class="problem" dir="auto">{rich(text)}</div>'


def _chart() -> str:
    return '<div class="chart"><div data-plot="0"></div></div>'


def _page(title: str, about: str, body: str, figures: list[go.Figure], **parts: Any) -> str:
    content = {"plots": [json.loads(figure.to_json()) for figure in figures], **parts}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    archive = base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
    scripts = ["katex/katex.min.js", "page.js", "report.js"]
    if figures:
        scripts.insert(0, "plotly/plotly-basic.min.js")
    if "list" in parts:
        scripts[-1:-1] = ["browse_rows.js", "browse_pictures.js", "browse.js"]
    date = datetime.now(UTC).strftime("%d %B %Y")
    return _PAGE.format(
        title=escape(title),
        about=escape(f"{about} · prm-app, {date}"),
        style=_style(),
        body=body,
        archive=archive,
        script="\n".join(map(_read, scripts)).replace("</script", "<\\/script"),
    )


@cache
def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    """All styles, with the fonts of mathematics in them."""
    sheets = ["page.css", "text.css", "browse.css", "report.css"]
    return _FONT.sub(_font, _read("katex/katex.min.css")) + "".join(map(_read, sheets))


def _font(match: re.Match[str]) -> str:
    data = base64.b64encode((STATIC / "katex" / match[1]).read_bytes()).decode()
    return f'url(data:font/woff2;base64,{data}) format("woff2")'
