"""The choice of what separates steps; knows no tab."""

from dataclasses import dataclass

import gradio as gr

from prm_app.ui.listeners import QUIET

CHOICES = [
    ("Auto", "auto"),
    ("Paragraphs", "paragraphs"),
    ("Lines", "lines"),
    ("“Step n”", "labels"),
    ("Delimiter", "delimiter"),
]


@dataclass(frozen=True)
class Splitting:
    """The components that say how a text is split."""

    how: gr.Radio
    delimiter: gr.Textbox


def splitting() -> Splitting:
    """Builds the choice; the delimiter's field is there only when it is needed."""
    how = gr.Radio(CHOICES, value="auto", label="Steps are separated by", elem_classes="segments")
    delimiter = gr.Textbox(
        label="Delimiter",
        placeholder=r"for example ### or \n\n",
        visible=False,
        elem_classes="delimiter",
    )
    how.change(lambda choice: gr.Textbox(visible=choice == "delimiter"), how, delimiter, **QUIET)
    return Splitting(how, delimiter)
