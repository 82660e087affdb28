"""The tab "Score": one solution, its steps with their rewards, and the curve."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from prm_app.api.limits import require_short
from prm_app.errors import PrmError, TooLongError
from prm_app.scoring import Models
from prm_app.solutions.documents import Result
from prm_app.solutions.solution import Solution
from prm_app.solutions.steps import split_steps
from prm_app.ui import figures, label_views, views
from prm_app.ui.examples import SOLUTIONS, chips, example_of
from prm_app.ui.exports import REPORT, download_link, save
from prm_app.ui.gate import by_turns
from prm_app.ui.header import Header
from prm_app.ui.judging import AGREEMENT, PANEL
from prm_app.ui.listeners import QUIET, SCORING, Values, ordered, unchanged, visible_if
from prm_app.ui.report import solution_report
from prm_app.ui.score_run import Question, answers
from prm_app.ui.second_model import second_model
from prm_app.ui.split_choice import Splitting, splitting
from prm_app.ui.stopping import stop_button, until
from prm_app.ui.undo import Undo

EMPTY = """
<div class="empty"><h2>Nothing scored yet</h2>
<p>Give a problem and a solution and press Score. Each step then shows the model's reward: the
probability that the step is right, given everything before it.</p></div>
"""


@dataclass(frozen=True)
class ScoreTab:
    """The tab's components.

    `result` is what is shown, `question` what it answers, `drawn_at` the threshold that it is drawn
    at, and `wish` whether the visitor wants what runs to stop.
    """

    head: Header
    problem: gr.Textbox
    text: gr.Textbox
    undo: Undo
    split: Splitting
    second: gr.Dropdown
    button: gr.Button
    preview: gr.HTML
    message: gr.HTML
    stop: gr.Button
    fit: gr.Button
    empty: gr.HTML
    place: gr.Column
    stale: gr.HTML
    verdict: gr.HTML
    label: gr.HTML
    steps: gr.HTML
    curve: gr.Plot
    facts: gr.HTML
    download: gr.HTML
    result: gr.State
    question: gr.State
    drawn_at: gr.State
    wish: gr.State

    @property
    def fields(self) -> set[Any]:
        """What a question is read from."""
        split = self.split
        return {
            self.problem, self.text, split.how, split.delimiter, self.head.model, self.second,
        }  # fmt: skip

    @property
    def panel(self) -> set[Any]:
        """What is drawn of a result."""
        return {self.verdict, self.steps, self.curve, self.facts}


def build(models: Models, head: Header) -> ScoreTab:
    """Builds the tab; to be called inside its `gr.Tab`."""
    problem, text = _fields()
    example, former = chips(SOLUTIONS, lambda e: [e["problem"], e["solution"]], [problem, text])
    tab = _components(models, head, problem, text, former)
    _connect(tab, models, example)
    return tab


def _fields() -> tuple[gr.Textbox, gr.Textbox]:
    first = SOLUTIONS[0]
    problem = gr.Textbox(
        first["problem"], label="Problem", lines=3, max_lines=10, elem_id="problem", render=False
    )
    text = gr.Textbox(
        first["solution"], label="Solution", lines=7, max_lines=24, elem_id="solution", render=False
    )
    return problem, text


def _components(
    models: Models, head: Header, problem: gr.Textbox, text: gr.Textbox, former: Undo
) -> ScoreTab:
    with gr.Row(elem_classes="desk"):
        with gr.Column(elem_classes="inputs"):
            problem.render()
            text.render()
            split = splitting()
            second = second_model(models, "second")
            button = gr.Button("Score", variant="primary", elem_id="score", elem_classes="go")
            preview = gr.HTML(apply_default_css=False, elem_id="preview")
        with gr.Column(elem_classes="reading"):
            message = gr.HTML(apply_default_css=False, elem_id="score-message")
            stop, wish = stop_button("score-stop")
            fit = gr.Button("Score the steps that fit", visible="hidden", elem_id="score-fit")
            empty = gr.HTML(EMPTY, apply_default_css=False)
            with gr.Column(visible=False, elem_id="result") as place:
                stale = gr.HTML(apply_default_css=False, elem_id="stale")
                verdict = gr.HTML(apply_default_css=False, elem_id="verdict")
                label = gr.HTML(apply_default_css=False, elem_id="label")
                with gr.Row(elem_classes="linked"):
                    steps = gr.HTML(apply_default_css=False, elem_id="steps")
                    curve = gr.Plot(show_label=False, elem_id="curve", elem_classes="chart")
                gr.HTML(AGREEMENT, apply_default_css=False, elem_id="agreement")
                gr.HTML(PANEL, apply_default_css=False, elem_id="judging")
                facts = gr.HTML(apply_default_css=False, js_on_load=REPORT, elem_id="facts")
                download = download_link()
    return ScoreTab(
        head, problem, text, former, split, second, button, preview, message, stop, fit, empty,
        place, stale, verdict, label, steps, curve, facts, download,
        gr.State(), gr.State(), gr.State(), wish,
    )  # fmt: skip


def answer_on(
    tab: ScoreTab, models: Models, start: Callable[..., Dependency], fit: bool = False
) -> None:
    """Scores what stands in the fields when an event comes; with `fit`, the steps that fit."""
    threshold = tab.head.threshold
    outputs = tab.panel | {
        tab.message, tab.stop, tab.wish, tab.fit, tab.empty, tab.place,
        tab.label, tab.question, tab.result, tab.drawn_at,
    }  # fmt: skip
    start(partial(_score, tab, models, fit), tab.fields | {threshold}, outputs, **SCORING).then(
        partial(_settle, tab), {tab.result, tab.drawn_at, threshold}, tab.panel, **QUIET
    )


def _connect(tab: ScoreTab, models: Models, example: Dependency) -> None:
    for start in (tab.button.click, example.success):
        answer_on(tab, models, start)
    answer_on(tab, models, tab.fit.click, fit=True)
    gr.on(
        [*(field.change for field in tab.fields), tab.question.change],
        partial(_preview, tab),
        tab.fields | {tab.question},
        {tab.preview, tab.stale},
        **QUIET,
    )
    threshold = tab.head.threshold
    tab.facts.select(partial(_report, tab), {tab.result, threshold}, [tab.download], **QUIET)
    threshold.change(partial(_redraw, tab), {tab.result, threshold}, ordered(tab.panel), **QUIET)


def _question(tab: ScoreTab, values: Values) -> Question:
    return Question(
        values[tab.problem],
        values[tab.text],
        values[tab.split.how],
        values[tab.split.delimiter],
        values[tab.head.model] or "",
        values[tab.second] or "",
    )


@by_turns
async def _score(tab: ScoreTab, models: Models, fit: bool, values: Values) -> AsyncIterator[Values]:
    question, threshold, wish = _question(tab, values), values[tab.head.threshold], asyncio.Event()
    yield {tab.wish: wish}
    result, message, too_long = None, views.notice("Stopped: this was not scored."), False
    try:
        async for update in until(wish, answers(models, question, fit)):
            if isinstance(update, Result):
                result = update
            else:
                yield {
                    tab.message: update.message,
                    tab.fit: gr.Button(visible="hidden"),
                    tab.stop: gr.Button(visible=visible_if(update.long)),
                }
    except PrmError as error:
        too_long = isinstance(error, TooLongError) and error.step > 1
        message = views.alert(str(error))
    end = {tab.stop: gr.Button(visible="hidden"), tab.fit: gr.Button(visible=visible_if(too_long))}
    if result is None:
        yield {tab.message: message, **end}
        return
    drawing = await asyncio.to_thread(_drawing, tab, result, threshold)
    yield {
        tab.message: "",
        **end,
        tab.empty: gr.HTML(visible=False),
        tab.place: gr.Column(visible=True),
        tab.label: label_views.label(example_of(question.problem, question.text)),
        tab.question: question,
        tab.result: result,
        tab.drawn_at: threshold,
        **drawing,
    }


def _drawing(tab: ScoreTab, result: Result, threshold: float) -> Values:
    scored, second = result.scored, result.second
    return {
        tab.verdict: views.partly(scored)
        + views.outside(scored, second)
        + views.verdict(scored, threshold)
        + (views.comparison(scored, threshold, second) if second else "")
        + views.tiles(scored),
        tab.steps: views.steps(scored, threshold, second),
        tab.curve: figures.reward_curve(scored, threshold, second),
        tab.facts: views.facts(result, threshold),
    }


def _redraw(tab: ScoreTab, values: Values) -> Values:
    result = values[tab.result]
    return _drawing(tab, result, values[tab.head.threshold]) if result else unchanged(tab.panel)


def _report(tab: ScoreTab, values: Values) -> Values:
    if not values[tab.result]:
        return unchanged({tab.download})
    text = solution_report(values[tab.result], values[tab.head.threshold])
    return {tab.download: save("prm-app-solution", "html", text)}


def _settle(tab: ScoreTab, values: Values) -> Values:
    """Draws again if the threshold was moved while the answer was on its way."""
    if values[tab.drawn_at] == values[tab.head.threshold]:
        return unchanged(tab.panel)
    return _redraw(tab, values)


def _preview(tab: ScoreTab, values: Values) -> Values:
    question = _question(tab, values)
    changes = {tab.stale: views.stale(values[tab.question], question)}
    if not question.text.strip():
        return changes | {tab.preview: views.preview(())}
    try:
        require_short("solution", question.text)
        pieces = split_steps(question.text, question.split, question.delimiter)
    except PrmError as error:
        return changes | {tab.preview: views.alert(str(error))}
    steps = Solution(question.problem, tuple(pieces)).scored_steps
    return changes | {tab.preview: views.preview(steps)}
