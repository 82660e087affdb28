"""What the tabs' listeners have in common.

A handler takes the values of its components in one dictionary by component, and answers with their
changes in another: no two lists have to agree by position.
"""

from typing import Any, Literal

import gradio as gr

Values = dict[Any, Any]
"""The values of components, or their changes, by component."""

SCORING: dict[str, Any] = {
    "concurrency_limit": None,
    "trigger_mode": "always_last",
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""For listeners that ask the engine: side by side, so that its batches hold many users' steps.
A `Door` bounds how many.

A second click while the first is answered queues one more run.
"""

QUIET: dict[str, Any] = {
    "concurrency_limit": None,
    "trigger_mode": "always_last",
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""For listeners that only draw: the last state of a control that moves is the one drawn."""


def visible_if(has_use: bool) -> bool | Literal["hidden"]:
    """How a button is drawn that comes and goes.

    Gradio mounts one that is not visible only as it comes, and a click right then is lost.
    """
    return has_use or "hidden"


def ordered(components: set[Any]) -> list[Any]:
    """Components in the order in which they were built: the outputs of a listener."""
    return sorted(components, key=lambda component: component._id)


def unchanged(components: set[Any]) -> Values:
    """An answer that changes none of the components."""
    return {component: gr.skip() for component in components}
