"""The choice of a model that judges beside the visitor's first one."""

import gradio as gr

from prm_app.scoring import Models


def second_model(models: Models, elem_id: str) -> gr.Dropdown:
    """A choice of the models on offer; its value is empty if there is no second one."""
    return gr.Dropdown(
        [("No other model", ""), *((prm.title, prm.key) for prm in models.models())],
        value="",
        label="Compare with",
        elem_id=elem_id,
    )
