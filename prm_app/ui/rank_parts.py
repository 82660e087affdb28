"""What the tab "Best-of-N" is made of: its components and where they stand."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.events import Dependency

from prm_app.scoring import Models
from prm_app.solutions.aggregation import AGGREGATIONS
from prm_app.ui.examples import CHOOSE
from prm_app.ui.exports import REPORT, download_link
from prm_app.ui.generator_fields import generator_fields
from prm_app.ui.header import Header
from prm_app.ui.policy import Policy
from prm_app.ui.rank_inputs import RankInputs, rank_fields
from prm_app.ui.second_model import second_model
from prm_app.ui.split_choice import Splitting, splitting
from prm_app.ui.stopping import stop_button

EMPTY = """
<div class="empty"><h2>Nothing ranked yet</h2>
<p>Give a problem and several solutions and press Rank. They appear here as each is scored, best
first, with all their reward curves in one chart.</p></div>
"""


@dataclass
class Selection:
    """Which solution a visitor has clicked on, by number; what a running ranking draws follows."""

    number: int | None = None


@dataclass(frozen=True)
class RankTab:
    """The tab's components.

    `ranking` is what is shown, `question` what it answers, `selection` the solution whose steps are
    shown, `beside` whether the winner's stand beside them, and `drawn_at` the state of the controls
    that it is drawn at. `opening` shows a solution in the tab "Score".
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
    opening: gr.Button
    document: gr.HTML
    download: gr.HTML
    ranking: gr.State
    question: gr.State
    selection: gr.State
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
        return {
            self.ranking, self.question, self.inputs.origins, self.selection, self.drawn_at,
            *self.controls,
        }  # fmt: skip

    @property
    def controls(self) -> tuple[Any, Any, Any]:
        """How a ranking is drawn: its aggregation, its threshold, the winner beside another."""
        return self.how, self.head.threshold, self.beside


def components(
    models: Models, head: Header, inputs: RankInputs, policy: Policy
) -> tuple[RankTab, Dependency | None]:
    """Builds them, and the event that a model elsewhere has written solutions."""
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
                opening = gr.Button("Open in Score", size="sm", elem_id="open-in-score")
                document = gr.HTML(apply_default_css=False, js_on_load=REPORT, elem_id="rank-facts")
                download = download_link()
    tab = RankTab(
        head, inputs, split, second, reference, button, message, stop, empty, place, stale, winner,
        how, failures, table, curves, beside, steps, opening, document, download,
        gr.State(), gr.State(), gr.State(), gr.State(), wish,
    )  # fmt: skip
    return tab, generation
