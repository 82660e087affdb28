"""What comes over the wire, held against what the page's handlers take; knows none of them.

Whatever a stranger sends is answered with a message that names what is wrong, and is never a
failure of the program.
"""

import logging
from collections.abc import AsyncIterator, Callable, Container
from contextvars import ContextVar
from functools import cache, wraps
from inspect import Parameter, signature
from typing import Any

import gradio as gr
from pydantic import ConfigDict, TypeAdapter, ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prm_app.api.door import DOOR
from prm_app.api.limits import MOST_BYTES
from prm_app.api.web_api import visitor_of
from prm_app.errors import PrmError
from prm_app.ui.ending import being_answered, is_ending

UPLOADS = "/gradio_api/upload"
"""Bounded by Gradio itself, file by file."""
VALUE_TYPES: dict[type, Any] = {
    gr.Textbox: str,
    gr.Radio: str,
    gr.Slider: float,
    gr.Checkbox: bool,
    gr.Number: float | int | None,
    gr.Dropdown: str | int | None,
    gr.HTML: list[str] | None,
    gr.File: str | None,
    gr.UploadButton: str | None,
}
"""What the handlers take from the page's components."""
ENDING = "This page's server is ending. Try again in a minute."
VISITOR = ContextVar("VISITOR", default="")
"""Whose request a handler answers."""
LOG = logging.getLogger(__name__)


def refusal(message: str) -> gr.Error:
    """What a handler answers to a request that it does not take."""
    return gr.Error(message, print_exception=False)


def clicked(event: gr.EventData, among: Container[int]) -> int:
    """The number in what a click sent; raises a refusal if it is none of `among`."""
    return one_of(among, event._data.get("index") if isinstance(event._data, dict) else None)


def typed(event: gr.EventData, most: int = 1000) -> str:
    """The text that an event sent; raises a refusal if it is none, or too long."""
    text = event._data.get("text") if isinstance(event._data, dict) else None
    if not isinstance(text, str) or len(text) > most:
        raise refusal(f"A text of at most {most:,} characters should be given.")
    return text


def one_of(among: Container[int], number: Any) -> int:
    """The number; raises a refusal if it is none of `among`."""
    if type(number) is not int or number not in among:
        raise refusal("There is nothing of that number to choose.")
    return number


def by_turns(handler: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
    """A handler that begins once its visitor has a place among those that are answered."""

    @wraps(handler)
    async def in_turn(*values: Any) -> AsyncIterator[Any]:
        async with DOOR.turn(VISITOR.get()):
            async for changes in handler(*values):
                yield changes

    return in_turn


class Page(gr.Blocks):
    """Blocks whose handlers get values of the types they take, or are not called."""

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Adds the defaults of an endpoint; refuses what is missing or too much."""
        for parameter in _parameters(block_fn)[len(inputs) :]:
            if parameter.default is Parameter.empty:
                raise refusal(f"“{parameter.name}” is missing.")
            inputs.append(parameter.default)
        if len(inputs) != len(block_fn.inputs):
            raise refusal(
                f"{len(inputs)} values are given, and {len(block_fn.inputs)} are taken here."
            )

    async def preprocess_data(self, block_fn: Any, *args: Any, **kwargs: Any) -> list[Any]:
        try:
            values: list[Any] = await super().preprocess_data(block_fn, *args, **kwargs)
        except gr.Error as error:
            error.print_exception = False
            raise
        except Exception as error:
            raise refusal(f"The request is not one that this page makes: {error}") from error
        for parameter, value in zip(_parameters(block_fn), values, strict=False):
            _require(parameter.annotation, parameter.name, value)
        for i, block in enumerate(block_fn.inputs):
            if isinstance(block, gr.Textbox) and values[i] is None:
                values[i] = ""  # what the browser sends of a field that was never filled
            if kind := _value_type(block):
                _require(kind, block.label or block.elem_id, values[i])
        return values

    async def call_function(
        self,
        block_fn: Any,
        processed_input: list[Any],
        iterator: Any = None,
        requests: Any = None,
        *rest: Any,
        **more: Any,
    ) -> dict[str, Any]:
        """As Gradio does; an error that is for the user is answered as its message."""
        if block_fn.fn is None:
            raise refusal("The browser does this alone: there is nothing to ask for.")
        VISITOR.set(visitor_of(requests))
        try:
            answer: dict[str, Any] = await super().call_function(
                block_fn, processed_input, iterator, requests, *rest, **more
            )
            return answer
        except PrmError as error:
            raise refusal(str(error)) from error


def _value_type(block: gr.components.Component) -> Any:
    """The type of a component's value; None for the server's own, which no visitor sends."""
    if isinstance(block, gr.Dropdown) and block.allow_custom_value:
        return str | None
    return VALUE_TYPES.get(type(block))


def _parameters(block_fn: Any) -> list[Parameter]:
    """What an endpoint takes by its annotations; nothing for a handler of the page's own."""
    if block_fn.api_visibility == "private":
        return []
    return list(signature(block_fn.fn).parameters.values())


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind, config=ConfigDict(strict=True))


def _require(kind: Any, name: str, value: Any) -> None:
    try:
        _adapter(kind).validate_python(value)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = name + "".join(f"[{part}]" for part in wrong["loc"] if isinstance(part, int))
        raise refusal(f"“{place}” {wrong['msg'].removeprefix('Input ')}.") from error


def _detail(error: Exception) -> str:
    """What a request got wrong that no handler has seen."""
    reason = str(error) if isinstance(error, (TypeError, ValueError)) else type(error).__name__
    plain = reason.encode("ascii", "backslashreplace").decode()
    return f"This page has no answer to that request: {plain[:500]}"


class BoundedRequests:
    """ASGI middleware: HTTP 413 to bodies over the bound, and no request ends in a traceback.

    While the program ends, nothing new begins: HTTP 503.
    """

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] != "POST":  # a stream that only listens may stay open for ever
            await self._answer(scope, receive, send)
        elif is_ending():
            await JSONResponse({"detail": ENDING}, 503)(scope, receive, send)
        else:
            with being_answered():
                await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_answer = False

        async def watch(message: Message) -> None:
            nonlocal has_answer
            has_answer = True
            await send(message)

        try:
            await self._app(scope, self._within_bound(scope, receive), watch)
        except Exception as error:
            LOG.warning("%s %s failed: %r", scope["method"], scope["path"], error)
            if not has_answer:
                await JSONResponse({"detail": _detail(error)}, 400)(scope, receive, send)

    def _within_bound(self, scope: Scope, receive: Receive) -> Receive:
        if scope["path"].startswith(UPLOADS):
            return receive
        length = Headers(scope=scope).get("content-length", "")
        announcement = int(length) if length.isdecimal() else 0
        received = 0

        async def within_bound() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if max(received, announcement) > self._most:
                raise HTTPException(413, f"A request may have at most {self._most:,} bytes.")
            return message

        return within_bound
