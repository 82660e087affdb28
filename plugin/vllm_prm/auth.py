"""An API key for every route of a vLLM server: vLLM's own `--api-key` leaves `/pooling` open.

Switched on by `--middleware vllm_prm.auth.RequireApiKey`. Knows ASGI, nothing of vLLM.
"""

import hmac
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

KEYS_VARIABLE = "VLLM_PRM_API_KEYS"
"""The environment variable that holds the keys, one a line."""
OPEN_PATHS = frozenset({"/health", "/ping", "/metrics"})
"""What load balancers and monitors read without a key."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def usable_key(key: str) -> str:
    """The key without white space at its ends, such as the newline that ends a file.

    Raises:
        ValueError: It is empty, or an HTTP header cannot carry it. The message does not hold it.
    """
    key = key.strip()
    if not key:
        raise ValueError("The API key is empty, and an empty key guards nothing: give another.")
    if not all("!" <= character <= "~" for character in key):
        raise ValueError(
            "The API key cannot be sent in an HTTP header: it should be printable ASCII characters "
            "without spaces."
        )
    return key


class RequireApiKey:
    """ASGI middleware: HTTP 401 to requests without `Authorization: Bearer <one of the keys>`.

    Raises ValueError at start for a key that cannot guard, and if there is none.
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app
        keys = os.environ.get(KEYS_VARIABLE, "").strip().split("\n")
        self._keys = [f"Bearer {usable_key(key)}".encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarded = scope["type"] == "http" and scope["method"] != "OPTIONS"
        if not guarded or scope["path"] in OPEN_PATHS or self._knows(dict(scope["headers"])):
            await self._app(scope, receive, send)
            return
        body = b'{"error": {"message": "a valid API key is needed", "code": 401}}'
        headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _knows(self, headers: dict[bytes, bytes]) -> bool:
        header = headers.get(b"authorization", b"")
        return any([hmac.compare_digest(header, key) for key in self._keys])
