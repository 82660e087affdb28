"""What a visitor has typed where something else was put instead, and the button to have it back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from prm_app.ui.listeners import QUIET, Values, visible_if


@dataclass(frozen=True)
class Undo:
    """Fields, and what stood in them.

    Attributes:
        fields: What is filled together.
        is_own: Whether values of these fields are the visitor's own.
        button: Brings back what stood there.
        former: Those values, None if there are none.
    """

    fields: tuple[Component, ...]
    is_own: Callable[[list[Any]], bool]
    button: gr.Button
    former: gr.State

    @property
    def inputs(self) -> set[Any]:
        """What `fill` reads."""
        return {*self.fields, self.former}

    @property
    def outputs(self) -> list[Any]:
        """What `fill` changes."""
        return [*self.fields, self.button, self.former]

    def fill(self, values: Values, others: Sequence[Any]) -> Values:
        """The fields with other values; if the visitor's own stood there, they can come back."""
        present = [values[field] for field in self.fields]
        former = present if self.is_own(present) else values[self.former]
        return {
            **dict(zip(self.fields, others, strict=True)),
            self.button: gr.Button(visible=visible_if(former is not None)),
            self.former: former,
        }


def undo(fields: Sequence[Component], is_own: Callable[[list[Any]], bool]) -> Undo:
    """Builds the button where it is called; see `Undo`."""
    button = gr.Button("Bring back my text", size="sm", visible="hidden", elem_classes="undo")
    one = Undo(tuple(fields), is_own, button, gr.State())
    button.click(partial(_bring_back, one), one.inputs, one.outputs, **QUIET)
    return one


def _bring_back(one: Undo, values: Values) -> Values:
    if values[one.former] is None:
        return {one.button: gr.Button(visible="hidden")}
    return one.fill(values | {one.former: None}, values[one.former])
