"""One OpenAI-compatible server over HTTP: asks it once, and says what went wrong as a PrmError.

Knows addresses, keys, time limits and error answers; knows no PRM, and tries nothing twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from prm_app.errors import BusyError, InputError, ServerError, UnreachableError
from prm_app.proxies import Proxy, problem, proxy_for

CONNECT_SECONDS = 5.0


class Api:
    """A server's JSON routes. `url` may end in `/v1` or not; `timeout` is in seconds.

    A server on this machine is asked directly, others through the proxy that the environment names;
    raises UnreachableError where that is no proxy.

    Its methods raise UnreachableError where there is no answer, BusyError where asking again may
    help (429 and 5xx), InputError where the server refuses what was sent (400, 413, 422), and
    ServerError for everything else.
    """

    def __init__(self, url: str, api_key: str | None = None, timeout: float = 300.0) -> None:
        self.url = base_url(url)
        self._proxy = _usable_proxy(self.url)
        self._client = httpx.AsyncClient(
            # httpx's own reading of the environment fails on some of its values.
            trust_env=False,
            proxy=self._proxy and self._proxy.url,
            verify=httpx.create_ssl_context(),
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
                f"The server at {self.url} did not answer in time{self._way()} "
                f"({type(error).__name__}): it may be overloaded or still starting. Try again, or "
                "raise --timeout."
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"No server answers at {self.url}{self._way()} ({error or type(error).__name__}): "
                f"check the address, and that it runs, with `curl {self.url}/v1/models`. "
                "`prm-app serve` starts one."
            ) from error
        if not response.is_success:
            raise self._refusal(response)
        try:
            return response.json()
        except ValueError as error:
            raise ServerError(
                f"The server at {self.url} answered {path} with something that is not JSON: it is "
                "no OpenAI-compatible server. Check --base-url."
            ) from error

    def _refusal(self, response: httpx.Response) -> Exception:
        status, says = response.status_code, _message(response)
        if status in (401, 403):
            return ServerError(
                f"The server at {self.url} refused the API key: give the right one with --api-key "
                "or VLLM_API_KEY.",
                status,
            )
        if status in (400, 413, 422):
            return InputError(f"The server at {self.url} refused the request: {says}")
        answered = f"The server at {self.url} answered {status} to {response.url.path}: {says}"
        kind = BusyError if status == 429 or status >= 500 else ServerError
        return kind(answered + self._way(), status)

    def _way(self) -> str:
        """Names the proxy, which may be what failed."""
        if self._proxy is None:
            return ""
        return (
            f" (asked through the proxy of {self._proxy.variable}; "
            f"NO_PROXY={httpx.URL(self.url).host} goes around it)"
        )


def _usable_proxy(url: str) -> Proxy | None:
    try:
        proxy = proxy_for(url)
    except httpx.InvalidURL:  # said when it is asked
        return None
    if proxy and (reason := problem(proxy.url)):
        raise UnreachableError(
            f"{url} cannot be reached through the proxy of {proxy.variable}: {reason}. Correct "
            "that variable, or name the server's host in NO_PROXY."
        )
    return proxy


def base_url(url: str) -> str:
    """The address without `/v1`, and with http:// where no scheme is given."""
    url = url.strip().rstrip("/").removesuffix("/v1")
    return url if re.match(r"https?://", url) else f"http://{url}"


def _message(response: httpx.Response) -> str:
    """What an error answer says: vLLM and OpenAI nest it, others do not."""
    try:
        body = response.json()
    except ValueError:
        return response.text.strip()[:500] or response.reason_phrase
    for key in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    return str(body)
