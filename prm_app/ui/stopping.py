"""The button that ends a visitor's own job, and how a handler's work ends with it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeVar

import gradio as gr

from prm_app.ui.listeners import QUIET, Values

T = TypeVar("T")


def stop_button(elem_id: str) -> tuple[gr.Button, gr.State]:
    """The button, which is seen while something runs, and the state that holds its wish."""
    button = gr.Button("Stop", elem_id=elem_id, elem_classes="stop", size="md", visible="hidden")
    wish = gr.State()

    async def stop(values: Values) -> Values:
        if values[wish]:
            values[wish].set()
        return {wish: gr.skip()}

    button.click(stop, {wish}, [wish], **QUIET)
    return button, wish


async def until(wish: asyncio.Event, updates: AsyncGenerator[T]) -> AsyncIterator[T]:
    """The updates, until the wish is there: then the work that makes them is cancelled."""
    wait = asyncio.ensure_future(wish.wait())
    async with aclosing(updates):
        try:
            while not wish.is_set():
                step = asyncio.ensure_future(anext(updates))
                await asyncio.wait({step, wait}, return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    step.cancel()
                    await asyncio.wait({step})
                    return
                try:
                    yield step.result()
                except StopAsyncIteration:
                    return
        finally:
            wait.cancel()
