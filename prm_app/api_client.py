"""One OpenAI-compatible server over HTTP: sends a request once, and raises failures as PrmErrors.

Knows addresses, keys, time limits and error answers; knows no PRM, and repeats no request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from prm_app.errors import BusyError, InputError, ServerError, UnreachableError

CONNECT_SECONDS = 5.0


class Api:
    """A server's JSON routes.

    Args:
        url: Its address, with or without `/v1` and `http://`.
        api_key: Sent with each request; None sends none.
        timeout: Seconds that the server may take for one answer.

    Raises:
        UnreachableError: The server does not answer. Its methods raise this and the following.
        BusyError: Another try may help (429 and 5xx).
        InputError: The server refuses the request (400, 413, 422).
        ServerError: Any other failure.
    """

    def __init__(self, url: str, api_key: str | None = None, timeout: float = 300.0) -> None:
        self.url = base_url(url)
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout), pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
        )

    async def get(self, path: str) -> Any:
        return await self._ask("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._ask("POST", path, json=body)

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, path: str, **body: Any) -> Any:
        try:
            response = await self._client.request(method, self.url + path, **body)
        except httpx.TimeoutException as error:
            raise UnreachableError(
                f"The server at {self.url} did not answer in time ({type(error).__name__}): it may "
                "be overloaded or still starting. Try again, or allow more time.",
                settings=["timeout"],
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"No server answers at {self.url} ({error or type(error).__name__}): check the "
                f"address, and that it runs, with `curl {self.url}/v1/models`. "
                "`prm-app serve` starts one.",
                settings=["url"],
            ) from error
        if not response.is_success:
            raise self._refusal(response)
        try:
            return response.json()
        except ValueError as error:
            raise ServerError(
                f"The server at {self.url} answered {path} with something that is not JSON, so it "
                "is no OpenAI-compatible server: check the address.",
                settings=["url"],
            ) from error

    def _refusal(self, response: httpx.Response) -> Exception:
        status, says = response.status_code, _message(response)
        if status in (401, 403):
            return ServerError(
                f"The server at {self.url} refused the API key: give the key that it was started "
                "with.",
                status,
                settings=["api_key"],
            )
        if status in (400, 413, 422):
            return InputError(f"The server at {self.url} refused the request: {says}")
        answered = f"The server at {self.url} answered {status} to {response.url.path}: {says}"
        kind = BusyError if status == 429 or status >= 500 else ServerError
        return kind(answered, status)


def base_url(url: str) -> str:
    """The address without `/v1`, and with http:// if it has no scheme."""
    url = url.strip().rstrip("/").removesuffix("/v1")
    return url if re.match(r"https?://", url) else f"http://{url}"


def _message(response: httpx.Response) -> str:
    """The message in an error answer: vLLM and OpenAI nest it, others do not."""
    try:
        body = response.json()
    except ValueError:
        return response.text.strip()[:500] or response.reason_phrase
    for key in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    return str(body)
