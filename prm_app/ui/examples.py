"""The examples each tab opens with, from the demo PRM's folder."""

import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from prm_app.demo_weights import is_large
from prm_app.ui.gate import clicked
from prm_app.ui.listeners import Values
from prm_app.ui.undo import Undo, undo

EXAMPLES = json.loads(
    (Path(__file__).parents[1] / "demo" / "examples.json").read_text(encoding="utf-8")
)

SOLUTIONS: list[dict[str, Any]] = EXAMPLES["real" if is_large() else "score"]
"""What the tab "Score" offers: real solutions, if the demo PRM is the one that can judge them."""


def example_of(problem: str, text: str) -> dict[str, Any] | None:
    """The example that these texts are, if they are one with a label."""
    with_label = (each for each in SOLUTIONS if "label" in each)
    same = (each for each in with_label if (each["problem"], each["solution"]) == (problem, text))
    return next(same, None)


CHOOSE = """
element.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-index]");
  if (chosen) trigger("click", { index: Number(chosen.dataset.index) });
});
"""
"""What makes a `gr.HTML` answer a click on any `data-index` in it with that number."""


def chips(
    examples: Sequence[dict[str, Any]],
    values: Callable[[dict[str, Any]], list[Any]],
    fields: Sequence[Component],
) -> tuple[Dependency, Undo]:
    """One button an example; a click puts its `values` into the fields, the event returned.

    What a visitor had typed there can be brought back.
    """
    buttons = "".join(
        f'<button type="button" data-index="{i}"><strong>{escape(example["title"])}</strong>'
        f"{escape(example['note'])}</button>"
        for i, example in enumerate(examples)
    )
    row = gr.HTML(
        f'<div class="chips" role="group" aria-label="Examples">{buttons}</div>',
        apply_default_css=False,
        js_on_load=CHOOSE,
    )

    options = [values(example) for example in examples]
    former = undo(fields, lambda present: any(present) and present not in options)

    def fill(present: Values, event: gr.EventData) -> Values:
        return former.fill(present, options[clicked(event, range(len(options)))])

    event = row.click(
        fill,
        former.inputs,
        former.outputs,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    return event, former
