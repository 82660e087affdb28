"""The tab "Score": one solution, its steps with their rewards, and the curve."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from prm_app.catalog import find
from prm_app.errors import PrmError
from prm_app.host import Host
from prm_app.scoring import Solution, solution
from prm_app.ui import figures, views
from prm_app.ui.examples import EXAMPLES, chips
from prm_app.ui.header import Header
from prm_app.ui.result import Result
from prm_app.ui.waiting import until_ready

SPLIT_CHOICES = [
    ("Automatic", "auto"),
    ("Paragraphs", "paragraphs"),
    ("Lines", "lines"),
    ("“Step n”", "labels"),
    ("Delimiter", "delimiter"),
]
EMPTY = """
<div class="empty"><h2>Nothing scored yet</h2>
<p>Give a problem and a solution and press Score. Each step then shows the model's reward: the
probability that the step is right, given everything before it.</p></div>
"""
STALE = "The inputs have changed since: press Score for the rewards of what stands there now."
SHARED = {"concurrency_id": "scoring", "concurrency_limit": 64, "api_visibility": "private"}
QUIET = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "concurrency_limit": None,
    "trigger_mode": "always_last",
}


def score_tab(host: Host, head: Header, page: gr.Blocks) -> None:
    """Builds the tab; to be called inside its `gr.Tab`."""
    first = EXAMPLES["score"][0]
    inputs = problem, text, split, delimiter = _inputs(first)
    chips(EXAMPLES["score"], lambda e: [e["problem"], e["solution"]], [problem, text])
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=320, elem_classes="inputs"):
            for field in inputs:
                field.render()
            shown = gr.HTML(apply_default_css=False, elem_id="preview")
            button = gr.Button("Score", variant="primary", elem_id="score")
        with gr.Column(scale=8, min_width=320, elem_classes="reading"):
            message = gr.HTML(apply_default_css=False, elem_id="score-message")
            empty = gr.HTML(EMPTY, apply_default_css=False)
            with gr.Column(visible=False, elem_id="result") as place:
                stale = gr.HTML(apply_default_css=False, elem_id="stale")
                verdict = gr.HTML(apply_default_css=False, elem_id="verdict")
                with gr.Row(elem_classes="linked"):
                    steps = gr.HTML(apply_default_css=False, elem_id="steps")
                    curve = gr.Plot(
                        show_label=False, elem_id="curve", elem_classes="chart"
                    )
                facts = gr.HTML(apply_default_css=False, elem_id="facts")
    result = gr.State()
    panel = [verdict, steps, curve, facts]

    def draw(result: Result | None, threshold: float) -> list:
        if result is None:
            return [gr.skip()] * len(panel)
        scored = result.scored
        return [
            views.verdict(scored, threshold) + views.tiles(scored),
            views.steps(scored, threshold),
            figures.reward_curve(scored, threshold),
            views.facts(result, threshold),
        ]

    async def score(
        problem: str, text: str, split: str, delimiter: str, model: str, threshold: float
    ) -> AsyncIterator[dict]:
        try:
            solution(find(model), problem, text, split, delimiter)
            async for status in until_ready(host, model):
                waiting = views.waiting(status.stage, status.progress, "Scored as soon as the model is ready")
                yield {message: waiting}
            scorer = await asyncio.to_thread(host.scorer, model)
            asked = solution(scorer.prm, problem, text, split, delimiter)
            yield {message: views.notice("Scoring…")}
            [future] = await asyncio.to_thread(scorer.submit, [asked])
            done = Result(problem, await asyncio.wrap_future(future))
        except PrmError as error:
            yield {message: views.alert(str(error))}
            return
        yield {
            message: "",
            empty: gr.HTML(visible=False),
            place: gr.Column(visible=True),
            stale: "",
            result: done,
            **dict(zip(panel, draw(done, threshold), strict=True)),
        }

    def look(
        problem: str, text: str, split: str, delimiter: str, model: str, result: Result | None
    ) -> tuple[str, str]:
        prm = find(model or "")
        try:
            asked = solution(prm, problem or "?", text, split, delimiter)
        except PrmError as error:
            return (views.preview(()) if not text.strip() else views.alert(str(error))), ""
        scored = result and Solution(result.problem, result.scored.steps)
        is_stale = scored and scored != Solution(problem, asked.steps)
        notes = ["This model's format ends a step at every line break."]
        said = notes if prm.format and _splits_further(prm, asked, text, split, delimiter) else []
        return views.preview(asked.steps, said), views.notice(STALE) if is_stale else ""

    everything = [*inputs, head.model, head.threshold]
    outputs = [message, empty, place, stale, result, *panel]
    gr.on(
        [button.click, page.load],
        score,
        everything,
        outputs,
        show_progress="hidden",
        **SHARED,
    )
    gr.on(
        [problem.change, text.change, split.change, delimiter.change, head.model.change, result.change, page.load],
        look,
        [*inputs, head.model, result],
        [shown, stale],
        **QUIET,
    )
    head.threshold.change(draw, [result, head.threshold], panel, **QUIET)
    split.change(
        lambda how: gr.Textbox(visible=how == "delimiter"), split, delimiter, **QUIET
    )


def _inputs(first: dict) -> tuple[gr.Textbox, gr.Textbox, gr.Radio, gr.Textbox]:
    return (
        gr.Textbox(
            first["problem"],
            label="Problem",
            lines=3,
            max_lines=10,
            elem_id="problem",
            render=False,
        ),
        gr.Textbox(
            first["solution"],
            label="Solution",
            lines=7,
            max_lines=24,
            elem_id="solution",
            render=False,
        ),
        gr.Radio(
            SPLIT_CHOICES, value="auto", label="Steps are separated by", elem_id="split", render=False
        ),
        gr.Textbox(
            label="Delimiter",
            placeholder=r"for example ### or \n\n",
            visible=False,
            elem_id="delimiter",
            render=False,
        ),
    )


def _splits_further(prm, asked: Solution, text: str, split: str, delimiter: str) -> bool:
    from prm_app.steps import split_steps

    return len(asked.steps) != len(split_steps(text, split, delimiter))
