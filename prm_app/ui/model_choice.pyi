"""The choices of a model on the page: the visitor's first one, and one that judges beside it."""

from typing import Any

import gradio as gr

from prm_app.scoring import Models

from gradio.events import Dependency

class ModelChoice(gr.Dropdown):
    """A choice of models that hands on any name: a draft or a link may hold one of another page.

    Who is asked for a model that is not on offer says so, or takes the page's own.
    """

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        return payload
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


def second_model(models: Models, elem_id: str) -> ModelChoice:
    """A choice of the models on offer; its value is empty if there is no second one."""
    return ModelChoice(
        [("No other model", ""), *((prm.title, prm.key) for prm in models.models())],
        value="",
        label="Compare with",
        elem_id=elem_id,
    )