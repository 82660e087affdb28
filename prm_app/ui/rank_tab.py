"""The tab "Best-of-N": solutions of one problem, ranked by an aggregation of their rewards."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from prm_app.api.progress import apart
from prm_app.api.rankings import Question, rankings
from prm_app.errors import PrmError
from prm_app.scoring import Models, Status
from prm_app.solutions.aggregation import AGGREGATIONS, Aggregation
from prm_app.solutions.documents import rank_document
from prm_app.solutions.ranking import Ranking
from prm_app.ui import answer_views, figures, pair_views, rank_views, views
from prm_app.ui.examples import CHOOSE
from prm_app.ui.exports import REPORT, download_link, save
from prm_app.ui.gate import by_turns, clicked
from prm_app.ui.generator_fields import generator_fields
from prm_app.ui.header import Header
from prm_app.ui.listeners import QUIET, SCORING, Values, ordered, unchanged
from prm_app.ui.policy import Policy
from prm_app.ui.rank_inputs import RankInputs, rank_examples, rank_fields, rank_inputs, texts_of
from prm_app.ui.report import ranking_report
from prm_app.ui.second_model import second_model
from prm_app.ui.split_choice import Splitting, splitting
from prm_app.ui.stopping import stop_button, until

EMPTY = """
<div class="empty"><h2>Nothing ranked yet</h2>
<p>Give a problem and several solutions and press Rank. They appear here as each is scored, best
first, with all their reward curves in one chart.</p></div>
"""
SOON = "Ranked as soon as the model is ready"


@dataclass(frozen=True)
class RankTab:
    """The tab's components.

    `ranking` is what is shown, `question` what it answers, `selected` the solution whose steps are
    shown, `beside` whether the winner's stand beside them, and `drawn_at` the state of the controls
    that it is drawn at.
    """

    head: Header
    inputs: RankInputs
    split: Splitting
    second: gr.Dropdown
    reference: gr.Textbox
    button: gr.Button
    message: gr.HTML
    stop: gr.Button
    empty: gr.HTML
    place: gr.Column
    stale: gr.HTML
    winner: gr.HTML
    how: gr.Radio
    failures: gr.HTML
    table: gr.HTML
    curves: gr.Plot
    beside: gr.Checkbox
    steps: gr.HTML
    document: gr.HTML
    download: gr.HTML
    ranking: gr.State
    question: gr.State
    selected: gr.State
    drawn_at: gr.State
    wish: gr.State

    @property
    def fields(self) -> set[Any]:
        """What a question is read from."""
        inputs, split = self.inputs, self.split
        return {
            inputs.problem, inputs.cards, split.how, split.delimiter, self.head.model, self.second,
            self.reference,
        }  # fmt: skip

    @property
    def panel(self) -> set[Any]:
        """What is drawn of a ranking."""
        return {
            self.winner, self.failures, self.table, self.curves, self.steps, self.document,
        }  # fmt: skip

    @property
    def state(self) -> set[Any]:
        """What a drawing depends on."""
        return {self.ranking, self.selected, self.drawn_at, *self.controls}

    @property
    def controls(self) -> tuple[Any, Any, Any]:
        """How a ranking is drawn: its aggregation, its threshold, the winner beside another."""
        return self.how, self.head.threshold, self.beside


def build(models: Models, head: Header, policy: Policy) -> RankTab:
    """Builds the tab; to be called inside its `gr.Tab`."""
    inputs = rank_inputs()
    example = rank_examples(inputs)
    tab, generation = _components(models, head, inputs, policy)
    starts = [tab.button.click, example.success, *([generation.success] if generation else [])]
    _connect(tab, models, starts)
    return tab


def _components(
    models: Models, head: Header, inputs: RankInputs, policy: Policy
) -> tuple[RankTab, Dependency | None]:
    with gr.Row(elem_classes="desk"):
        with gr.Column(elem_classes="inputs"):
            rank_fields(inputs)
            generation = generator_fields(inputs, policy)
            split = splitting()
            second = second_model(models, "rank-second")
            reference = gr.Textbox(
                label="Reference answer (optional)",
                info="Solutions with this final answer are marked.",
                elem_id="reference",
            )
            button = gr.Button("Rank", variant="primary", elem_id="rank", elem_classes="go")
        with gr.Column(elem_classes="reading"):
            message = gr.HTML(apply_default_css=False, elem_id="rank-message")
            stop, wish = stop_button("rank-stop")
            empty = gr.HTML(EMPTY, apply_default_css=False)
            with gr.Column(visible=False, elem_id="ranking") as place:
                stale = gr.HTML(apply_default_css=False, elem_id="rank-stale")
                winner = gr.HTML(apply_default_css=False, elem_id="winner")
                how = gr.Radio(
                    list(AGGREGATIONS),
                    value="mean",
                    label="Aggregation of the step rewards",
                    elem_id="how",
                    elem_classes="segments",
                )
                failures = gr.HTML(apply_default_css=False, elem_id="failures")
                with gr.Row(elem_classes="linked"):
                    table = gr.HTML(apply_default_css=False, js_on_load=CHOOSE, elem_id="table")
                    curves = gr.Plot(show_label=False, elem_id="curves", elem_classes="chart")
                beside = gr.Checkbox(label="Compare with the winner", elem_id="beside")
                steps = gr.HTML(apply_default_css=False, elem_id="candidate")
                document = gr.HTML(apply_default_css=False, js_on_load=REPORT, elem_id="rank-facts")
                download = download_link()
    tab = RankTab(
        head, inputs, split, second, reference, button, message, stop, empty, place, stale, winner,
        how, failures, table, curves, beside, steps, document, download,
        gr.State(), gr.State(), gr.State(), gr.State(), wish,
    )  # fmt: skip
    return tab, generation


def answer_on(
    tab: RankTab, models: Models, start: Callable[..., Dependency], only_first: bool = False
) -> None:
    """Ranks what stands in the fields when an event comes; if `only_first`, unless one is shown."""
    outputs = tab.panel | {
        tab.message, tab.stop, tab.wish, tab.empty, tab.place, tab.question, tab.ranking,
        tab.selected, tab.drawn_at,
    }  # fmt: skip
    start(
        partial(_rank_first if only_first else _rank, tab, models),
        tab.fields | {*tab.controls, tab.question},
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
        selected = {tab.selected: clicked(event, ranking.scored if ranking else ())}
        return selected | _redraw(tab, values | selected)

    tab.document.select(partial(_report, tab), tab.state, [tab.download], **QUIET)
    tab.table.click(select, tab.state, ordered(tab.panel | {tab.selected}), **QUIET)


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
    yield {tab.wish: wish}
    changes: Values = {}
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
                tab.selected: None,
                **await apart(_drawing, tab, update, None, at),
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


def _drawing(
    tab: RankTab, ranking: Ranking, selected: int | None, controls: tuple[Aggregation, float, bool]
) -> Values:
    how, threshold, beside = controls
    order = ranking.order(how)
    number = selected or (order[0] if order else None)
    steps = ""
    if number and beside:
        steps = pair_views.comparison(ranking, how, number, threshold)
    elif number:
        steps = rank_views.candidate(ranking, number, threshold)
    return {
        tab.winner: rank_views.winner(ranking, how) + answer_views.answers(ranking, how),
        tab.failures: rank_views.failures(ranking),
        tab.table: rank_views.table(ranking, how, threshold, number),
        tab.curves: figures.reward_curves(ranking.scored, order, threshold),
        tab.steps: steps,
        tab.document: views.hand_out(rank_document(ranking, how, threshold), ranking.problem),
    }


def _redraw(tab: RankTab, values: Values) -> Values:
    if values[tab.ranking] is None:
        return unchanged(tab.panel)
    return _drawing(tab, values[tab.ranking], values[tab.selected], _controls(tab, values))


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
