"""The tab "Best-of-N": solutions of one problem, ranked by an aggregation of their rewards."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from prm_app.api.progress import apart
from prm_app.api.rankings import Question, rankings
from prm_app.errors import PrmError
from prm_app.scoring import Models, Status
from prm_app.solutions.aggregation import Aggregation
from prm_app.solutions.documents import rank_document
from prm_app.solutions.ranking import Ranking
from prm_app.ui import answer_views, figures, pair_views, rank_views, views
from prm_app.ui.exports import save
from prm_app.ui.gate import by_turns, clicked
from prm_app.ui.header import Header
from prm_app.ui.listeners import QUIET, SCORING, Values, ordered, unchanged
from prm_app.ui.policy import Policy
from prm_app.ui.rank_inputs import rank_examples, rank_inputs, texts_of
from prm_app.ui.rank_parts import RankTab, Selection, components
from prm_app.ui.report import ranking_report
from prm_app.ui.stopping import until

SOON = "Ranked as soon as the model is ready"


def build(models: Models, head: Header, policy: Policy) -> RankTab:
    """Builds the tab; to be called inside its `gr.Tab`."""
    inputs = rank_inputs()
    example = rank_examples(inputs)
    tab, generation = components(models, head, inputs, policy)
    starts = [tab.button.click, example.success, *([generation.success] if generation else [])]
    _connect(tab, models, starts)
    return tab


def answer_on(
    tab: RankTab, models: Models, start: Callable[..., Dependency], only_first: bool = False
) -> None:
    """Ranks what stands in the fields when an event comes; if `only_first`, unless one is shown."""
    outputs = tab.panel | {
        tab.message, tab.stop, tab.wish, tab.empty, tab.place, tab.question, tab.ranking,
        tab.selection, tab.drawn_at,
    }  # fmt: skip
    start(
        partial(_rank_first if only_first else _rank, tab, models),
        tab.fields | {*tab.controls, tab.question, tab.inputs.origins},
        outputs,
        **SCORING,
    ).then(partial(_settle, tab), tab.state, tab.panel, **QUIET)


def _connect(tab: RankTab, models: Models, starts: list[Any]) -> None:
    for start in starts:
        answer_on(tab, models, start)
    gr.on(
        [*(field.change for field in tab.fields), tab.question.change],
        partial(_stale, tab),
        tab.fields | {tab.question},
        {tab.stale},
        **QUIET,
    )
    gr.on(
        [control.change for control in tab.controls],
        partial(_redraw, tab),
        tab.state,
        tab.panel,
        **QUIET,
    )

    def select(values: Values, event: gr.EventData) -> Values:
        ranking: Ranking | None = values[tab.ranking]
        number = clicked(event, ranking.scored if ranking else ())
        values[tab.selection].number = number
        return _redraw(tab, values)

    tab.document.select(partial(_report, tab), tab.state, [tab.download], **QUIET)
    tab.table.click(select, tab.state, ordered(tab.panel), **QUIET)


def _question(tab: RankTab, values: Values) -> Question:
    return Question(
        values[tab.inputs.problem],
        values[tab.inputs.cards] or [],
        values[tab.split.how],
        values[tab.split.delimiter],
        values[tab.head.model] or "",
        values[tab.second] or "",
        values[tab.reference] or "",
    )


@by_turns
async def _rank(tab: RankTab, models: Models, values: Values) -> AsyncIterator[Values]:
    question, at, wish = _question(tab, values), _controls(tab, values), asyncio.Event()
    selection = Selection()
    yield {tab.wish: wish, tab.selection: selection}
    origins, changes = _origins(tab, question, values), Values()
    message, may_stop = "", {tab.stop: gr.Button(visible=True)}
    try:
        async for update in until(wish, rankings(models, question, texts_of(question))):
            if isinstance(update, Status):
                waiting = views.waiting(update.stage, update.progress, SOON)
                yield {tab.message: waiting, **may_stop}
                continue
            changes = {
                tab.empty: gr.HTML(visible=False),
                tab.place: gr.Column(visible=True),
                tab.question: question,
                tab.ranking: update,
                tab.drawn_at: at,
                **await apart(_drawing, tab, update, selection, at, origins),
            }
            yield {tab.message: rank_views.progress(update), **may_stop, **changes}
        if wish.is_set():
            message = rank_views.stopped(changes.get(tab.ranking))
    except PrmError as error:
        message = views.alert(str(error))
    # All once more: of changes that come close together the page may draw the last ones alone.
    yield {tab.message: message, tab.stop: gr.Button(visible="hidden"), **changes}


async def _rank_first(tab: RankTab, models: Models, values: Values) -> AsyncIterator[Values]:
    if values[tab.question] is None:
        async for changes in _rank(tab, models, values):
            yield changes
    else:
        yield unchanged(tab.panel)


def _controls(tab: RankTab, values: Values) -> tuple[Aggregation, float, bool]:
    how, threshold, beside = (values[control] for control in tab.controls)
    return how, threshold, beside


def _origins(tab: RankTab, question: Question, values: Values) -> dict[int, list[str]]:
    """What a file says of the solutions, by their number."""
    by_text: dict[str, list[str]] = values[tab.inputs.origins]
    return {i: by_text[text] for i, text in enumerate(question.texts, 1) if text in by_text}


def solution(tab: RankTab, values: Values) -> tuple[Question, str] | None:
    """The text of the solution whose steps are shown, and the question that it answers."""
    ranking: Ranking | None = values[tab.ranking]
    number = _number(ranking, values[tab.how], values[tab.selection]) if ranking else None
    question: Question = values[tab.question]
    return (question, question.texts[number - 1]) if number else None


def _number(ranking: Ranking, how: Aggregation, selection: Selection) -> int | None:
    """Of which solution the steps are shown: the best one, unless another is selected."""
    if selection.number in ranking.scored:
        return selection.number
    return next(iter(ranking.order(how)), None)


def _drawing(
    tab: RankTab,
    ranking: Ranking,
    selection: Selection,
    controls: tuple[Aggregation, float, bool],
    origins: dict[int, list[str]],
) -> Values:
    how, threshold, beside = controls
    order = ranking.order(how)
    number = _number(ranking, how, selection)
    steps = ""
    if number and beside:
        steps = pair_views.comparison(ranking, how, number, threshold)
    elif number:
        steps = rank_views.candidate(ranking, number, threshold)
    return {
        tab.winner: rank_views.winner(ranking, how) + answer_views.answers(ranking, how),
        tab.failures: rank_views.failures(ranking),
        tab.table: rank_views.table(ranking, how, threshold, number, origins),
        tab.curves: figures.reward_curves(ranking.scored, order, threshold, number),
        tab.steps: steps,
        tab.document: views.hand_out(rank_document(ranking, how, threshold), ranking.problem),
    }


def _redraw(tab: RankTab, values: Values) -> Values:
    if values[tab.ranking] is None:
        return unchanged(tab.panel)
    origins = _origins(tab, values[tab.question], values)
    controls = _controls(tab, values)
    return _drawing(tab, values[tab.ranking], values[tab.selection], controls, origins)


def _report(tab: RankTab, values: Values) -> Values:
    ranking: Ranking | None = values[tab.ranking]
    if ranking is None:
        return unchanged({tab.download})
    text = ranking_report(ranking, values[tab.how], values[tab.head.threshold])
    return {tab.download: save("prm-app-ranking", "html", text)}


def _settle(tab: RankTab, values: Values) -> Values:
    """Draws again if a control was moved while the answers were on their way."""
    moved = values[tab.drawn_at] != _controls(tab, values)
    return _redraw(tab, values) if moved else unchanged(tab.panel)


def _stale(tab: RankTab, values: Values) -> Values:
    return {tab.stale: views.stale(values[tab.question], _question(tab, values))}
