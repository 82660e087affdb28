"""The page's head: name, engine status, and the choices both tabs share: model and threshold."""

from dataclasses import dataclass
from html import escape

import gradio as gr

from prm_app.catalog import Prm
from prm_app.scoring import Models, Status
from prm_app.ui.views import alert, meter

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
    """The components that the tabs read."""

    model: gr.Dropdown
    threshold: gr.Slider


def header(host: Models) -> Header:
    """Builds the head of the page; to be called inside the Blocks."""
    start = _target(host.status()) or host.models()[0]
    with gr.Row(elem_classes="head", equal_height=False):
        gr.HTML(BRAND, apply_default_css=False)
        status = gr.HTML(chip(host.status()), apply_default_css=False, elem_id="status")
    with gr.Row(elem_classes="judge"):
        model = gr.Dropdown(
            _choices(host),
            value=start.key,
            label="Process reward model",
            allow_custom_value=True,
            elem_id="model",
        )
        about = gr.HTML(about_model(start), apply_default_css=False, elem_id="about")
        threshold = gr.Slider(
            0,
            1,
            value=start.threshold,
            step=0.01,
            label="Threshold",
            info="A step with a lower reward counts as wrong.",
            elem_id="threshold",
        )
    problem = gr.HTML(apply_default_css=False, elem_id="engine-message")
    seen = gr.State(start.key)
    timer = gr.Timer(BUSY_SECONDS)

    def choose(name: str) -> tuple:
        if name and name.strip():
            host.select(name)
        return gr.Timer(BUSY_SECONDS), ""

    def tick(seen: str) -> tuple:
        now = host.status()
        target = _target(now) or start
        changed = (
            gr.Dropdown(_choices(host), value=target.key),
            about_model(target),
            target.threshold,
            target.key,
        )
        return (
            chip(now),
            failure(now),
            gr.Timer(BUSY_SECONDS if now.loading else IDLE_SECONDS),
            *(changed if target.key != seen else [gr.skip()] * len(changed)),
        )

    quiet = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
    model.input(choose, model, [timer, seen], **quiet)
    timer.tick(tick, seen, [status, problem, timer, model, about, threshold, seen], **quiet)
    return Header(model, threshold)


def _choices(host: Models) -> list[tuple[str, str]]:
    return [(prm.title, prm.key) for prm in host.models()]


def _target(status: Status) -> Prm | None:
    return status.loading or status.serving


def chip(status: Status) -> str:
    """The engine's state in one line, with progress while a model loads."""
    if status.loading:
        meanwhile = f"Until then {status.serving.title} goes on." if status.serving else ""
        return (
            '<div class="chip busy"><i></i><div><span role="status">'
            f"{escape(status.stage)}</span> <small>{escape(meanwhile)}</small>"
            f"{meter(status.progress, 'Loading the model')}</div></div>"
        )
    if status.serving:
        return (
            '<div class="chip ready"><i></i><div><span role="status">Ready</span> '
            f"<small>{escape(status.serving.title)}</small></div></div>"
        )
    return '<div class="chip off"><i></i><span role="status">No model is loaded</span></div>'


def failure(status: Status) -> str:
    """The message of the last load where it failed and nothing has been loaded since."""
    if status.error is None:
        return ""
    goes_on = f" {status.serving.title} goes on." if status.serving else ""
    return alert(f"{status.error}{goes_on}", "The model could not be loaded.")


def about_model(prm: Prm) -> str:
    """What the catalogue knows of a model: size, licence, published numbers, its page."""
    facts = []
    if prm.parameters:
        facts.append(_count(prm.parameters))
    if prm.family:
        facts.append(f"{prm.family.name.capitalize()} format")
    facts.append(escape(prm.licence))
    if prm.url and not prm.bundled:
        facts.append(
            f'<a href="{escape(prm.url)}" target="_blank" rel="noopener noreferrer">model page</a>'
        )
    lines = [f"<p>{' · '.join(facts)}</p>"]
    if prm.published:
        numbers = ", ".join(f"{name} {value:.1f}" for name, value in prm.published.items())
        lines.append(f"<p>First-error F1 on ProcessBench: {numbers}</p>")
    if prm.note:
        lines.append(f"<p>{escape(prm.note)}</p>")
    return f'<div class="about">{"".join(lines)}</div>'


def _count(parameters: float) -> str:
    unit, letter = (1e9, "B") if parameters >= 1e9 else (1e6, "M")
    return f"{parameters / unit:.3g}{letter} parameters"
