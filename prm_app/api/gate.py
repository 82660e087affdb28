"""The password of a page for the programs that call it: HTTP's own basic authentication."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

Check = Callable[[str, str], Awaitable[bool]]
"""Whether a name and a password are the right ones."""


class PasswordGate:
    """ASGI middleware: HTTP 401 to requests without the right name and password."""

    def __init__(self, app: ASGIApp, check: Check) -> None:
        self._app, self._check = app, check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            credentials = _credentials(Headers(scope=scope).get("authorization", ""))
            if credentials is None or not await self._check(*credentials):
                sentence = "This page asks for its name and password, as HTTP basic authentication."
                answer = JSONResponse(
                    {"error": sentence, "field": None},
                    401,
                    {"WWW-Authenticate": 'Basic realm="prm-app", charset="UTF-8"'},
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _credentials(header: str) -> tuple[str, str] | None:
    """Name and password in an Authorization header; None if it holds none."""
    scheme, _, base64_text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(base64_text).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon else None
