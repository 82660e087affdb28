"""The page's head: its name, and what each visitor chooses for both tabs: model and threshold."""

from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block

from prm_app.catalog import Prm
from prm_app.errors import PrmError
from prm_app.scoring import Models, Status
from prm_app.ui.listeners import Values, ordered
from prm_app.ui.views import alert, meter, notice

BRAND = """
<header class="brand">
  <svg viewBox="0 0 32 32" aria-hidden="true"><path d="M4 8h10v8h8v8h6" />
  <circle cx="4" cy="8" r="3" /><circle cx="14" cy="16" r="3" />
  <circle class="off" cx="26" cy="24" r="3.4" /></svg>
  <div><h1>prm-app</h1><p>What a process reward model thinks of each step of a solution.</p></div>
</header>
"""
BUSY_SECONDS, IDLE_SECONDS = 0.5, 4


@dataclass(frozen=True)
class Header:
    """The head's components.

    `subject` is the model that `about` and `threshold` are of, and `former` the last one that was
    ready, to go back to.
    """

    model: gr.Dropdown
    threshold: gr.Slider
    status: gr.HTML
    about: gr.HTML
    message: gr.HTML
    subject: gr.State
    former: gr.State
    timer: gr.Timer


def header(models: Models, any_name: bool, advice: str = "") -> Header:
    """Builds the head of the page; to be called inside the Blocks."""
    head = _components(models, any_name)
    gr.HTML(advice and notice(advice), apply_default_css=False, elem_id="advice")
    quiet: dict[str, Any] = {
        "show_progress": "hidden",
        "api_visibility": "private",
        "queue": False,
    }
    inputs: set[Block] = {head.model, head.subject, head.former}
    changing = ordered(inputs | {head.status, head.message, head.about, head.threshold, head.timer})
    head.model.input(partial(_choose, head, models), inputs, changing, **quiet)
    head.timer.tick(partial(_look, head, models), inputs, changing, **quiet)
    return head


def _components(models: Models, any_name: bool) -> Header:
    first = models.default
    with gr.Row(elem_classes="head", equal_height=False):
        gr.HTML(BRAND, apply_default_css=False)
        status = gr.HTML(chip(first, models.status()), apply_default_css=False, elem_id="status")
    with gr.Row(elem_classes="judge"):
        model = gr.Dropdown(
            [(prm.title, prm.key) for prm in models.models()],
            value=first.key,
            label="Process reward model",
            allow_custom_value=any_name,
            elem_id="model",
        )
        about = gr.HTML(about_model(first), apply_default_css=False, elem_id="about")
        threshold = gr.Slider(
            0,
            1,
            value=first.threshold,
            step=0.01,
            label="Threshold",
            info="A step with a lower reward counts as wrong.",
            elem_id="threshold",
        )
    message = gr.HTML(apply_default_css=False, elem_id="engine-message")
    return Header(
        model,
        threshold,
        status,
        about,
        message,
        subject=gr.State(first),
        former=gr.State(first),
        timer=gr.Timer(BUSY_SECONDS),
    )


def _choose(head: Header, models: Models, values: Values) -> Values:
    """Makes the chosen model ready; nobody else's choice changes."""
    try:
        models.open(values[head.model] or "")
    except PrmError as error:
        return _back(head, alert(str(error)), values)
    return {head.message: ""} | _look(head, models, values)


def _look(head: Header, models: Models, values: Values) -> Values:
    """What the head shows of the visitor's model now."""
    prm = models.find(values[head.model] or "")
    status = models.status(prm.key)
    if status.error and prm != values[head.former]:
        return _back(head, failure(prm, status, values[head.former]), values)
    changes: Values = {
        head.status: chip(prm, status),
        head.timer: gr.Timer(BUSY_SECONDS if status.loading else IDLE_SECONDS),
    }
    if status.ready:
        changes[head.former] = prm
    if prm != values[head.subject]:
        changes |= {head.about: about_model(prm), head.subject: prm}
    if prm.key != values[head.subject].key:
        changes[head.threshold] = prm.threshold
    return changes


def _back(head: Header, message: str, values: Values) -> Values:
    """Goes back to the model that the visitor had before, and says why."""
    return {
        head.message: message,
        head.model: values[head.former].key,
        head.timer: gr.Timer(BUSY_SECONDS),
    }


def chip(prm: Prm, status: Status) -> str:
    """How far a model is in one line, with progress while it loads."""
    title = f'<small translate="no">{escape(prm.title)}</small>'
    if status.loading:
        return (
            '<div class="chip busy"><i></i><div><span role="status">'
            f"{escape(status.stage)}</span> {title}"
            f"{meter(status.progress, 'Loading the model')}</div></div>"
        )
    if status.ready:
        precision = f"<small>{escape(status.precision)}</small>"
        return (
            '<div class="chip ready"><i></i><div><span role="status">Ready</span> '
            f"{title} {precision}</div></div>"
        )
    state = "Could not be loaded" if status.error else "Loaded when you use it"
    return (
        f'<div class="chip off"><i></i><div><span role="status">{state}</span> {title}</div></div>'
    )


def failure(prm: Prm, status: Status, former: Prm) -> str:
    """Why a model could not be loaded, and which one goes on."""
    title = f"{prm.title} could not be loaded."
    return alert(str(status.error), title, f"{former.title} goes on.")


def about_model(prm: Prm) -> str:
    """What the catalogue knows of a model: size, licence, published numbers, its page."""
    facts = []
    if prm.parameters:
        facts.append(f"<span>{_count(prm.parameters)}</span>")
    if prm.family:
        facts.append(
            f'<a href="{escape(prm.family.source)}" target="_blank" rel="noopener noreferrer">'
            f"{escape(prm.family.title)}</a> <span>prompt</span>"
        )
    facts.append(f"<span>{escape(prm.licence)}</span>")
    if prm.url and not prm.bundled:
        facts.append(
            f'<a href="{escape(prm.url)}" target="_blank" rel="noopener noreferrer">model page</a>'
        )
    lines = [f"<p>{' · '.join(facts)}</p>"]
    if prm.family:
        lines.append(f"<p>{escape(prm.family.step_rule)}</p>")
    if prm.published:
        numbers = ", ".join(f"{name} {value:.3f}" for name, value in prm.published.items())
        lines.append(f"<p>First-error F1 on ProcessBench: {numbers}</p>")
    if prm.note:
        lines.append(f"<p>{escape(prm.note)}</p>")
    return f'<div class="about">{"".join(lines)}</div>'


def _count(parameters: float) -> str:
    unit, letter = (1e9, "B") if parameters >= 1e9 else (1e6, "M")
    return f"{parameters / unit:.3g}{letter} parameters"
