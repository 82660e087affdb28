"""The tab "Score": one solution, its steps with their rewards, and the curve."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from prm_app.errors import PrmError
from prm_app.scoring import Models, Status
from prm_app.solutions.documents import Result
from prm_app.solutions.solution import Solution, solution
from prm_app.solutions.steps import split_steps
from prm_app.ui import figures, views
from prm_app.ui.examples import EXAMPLES, chips
from prm_app.ui.header import Header
from prm_app.ui.listeners import QUIET, SCORING
from prm_app.ui.progress import ready
from prm_app.ui.split_choice import splitting

EMPTY = """
<div class="empty"><h2>Nothing scored yet</h2>
<p>Give a problem and a solution and press Score. Each step then shows the model's reward: the
probability that the step is right, given everything before it.</p></div>
"""
SOON = "Scored as soon as the model is ready"


def score_tab(host: Models, head: Header, page: gr.Blocks) -> None:
    """Builds the tab; to be called inside its `gr.Tab`."""
    first = EXAMPLES["score"][0]
    problem = gr.Textbox(
        first["problem"], label="Problem", lines=3, max_lines=10, elem_id="problem", render=False
    )
    text = gr.Textbox(
        first["solution"], label="Solution", lines=7, max_lines=24, elem_id="solution", render=False
    )
    example = chips(EXAMPLES["score"], lambda e: [e["problem"], e["solution"]], [problem, text])
    with gr.Row(elem_classes="desk"):
        with gr.Column(elem_classes="inputs"):
            problem.render()
            text.render()
            split = splitting()
            button = gr.Button("Score", variant="primary", elem_id="score", elem_classes="go")
            preview = gr.HTML(apply_default_css=False, elem_id="preview")
        with gr.Column(elem_classes="reading"):
            message = gr.HTML(apply_default_css=False, elem_id="score-message")
            empty = gr.HTML(EMPTY, apply_default_css=False)
            with gr.Column(visible=False, elem_id="result") as place:
                stale = gr.HTML(apply_default_css=False, elem_id="stale")
                verdict = gr.HTML(apply_default_css=False, elem_id="verdict")
                with gr.Row(elem_classes="linked"):
                    steps = gr.HTML(apply_default_css=False, elem_id="steps")
                    curve = gr.Plot(show_label=False, elem_id="curve", elem_classes="chart")
                facts = gr.HTML(apply_default_css=False, elem_id="facts")
    result, asked, drawn = gr.State(), gr.State(), gr.State()
    inputs = [problem, text, split.how, split.delimiter, head.model]
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
            solution(problem, text, split, delimiter)
            async for state in ready(host, model):
                if isinstance(state, Status):
                    yield {message: views.waiting(state.stage, state.progress, SOON)}
            yield {message: views.notice("Scoring…")}
            item = solution(problem, text, split, delimiter)
            [future] = await asyncio.to_thread(state.submit, [item])
            done = Result(problem, await asyncio.wrap_future(future))
        except PrmError as error:
            yield {message: views.alert(str(error))}
            return
        yield {
            message: "",
            empty: gr.HTML(visible=False),
            place: gr.Column(visible=True),
            asked: (problem, text, split, delimiter, state.prm.key),
            result: done,
            drawn: threshold,
            **dict(zip(panel, draw(done, threshold), strict=True)),
        }

    async def greet(
        problem: str, text: str, split: str, delimiter: str, threshold: float
    ) -> AsyncIterator[dict]:
        async for update in score(problem, text, split, delimiter, "", threshold):
            yield update

    def settle(result: Result | None, drawn: float | None, threshold: float) -> list:
        """Draws again where the threshold was moved while the answer was on its way."""
        return [gr.skip()] * len(panel) if drawn == threshold else draw(result, threshold)

    def look(
        problem: str, text: str, split: str, delimiter: str, model: str, asked: tuple | None
    ) -> tuple[str, str]:
        stale = views.stale(asked, (problem, text, split, delimiter, model))
        if not text.strip():
            return views.preview(()), stale
        try:
            steps = Solution(problem, tuple(split_steps(text, split, delimiter))).scored_steps
        except PrmError as error:
            return views.alert(str(error)), stale
        return views.preview(steps), stale

    outputs = [message, empty, place, asked, result, drawn, *panel]
    for answer in (
        button.click(score, [*inputs, head.threshold], outputs, **SCORING),
        example.success(score, [*inputs, head.threshold], outputs, **SCORING),
        page.load(greet, [*inputs[:-1], head.threshold], outputs, **SCORING),
    ):
        answer.then(settle, [result, drawn, head.threshold], panel, **QUIET)
    gr.on(
        [*(field.change for field in inputs), asked.change, page.load],
        look,
        [*inputs, asked],
        [preview, stale],
        **QUIET,
    )
    head.threshold.change(draw, [result, head.threshold], panel, **QUIET)
