"""One OpenAI-compatible server over HTTP: sends a request once, and raises failures as PrmErrors.

Knows addresses, keys, time limits and error answers; knows no PRM, and repeats no request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from vllm_prm.auth import usable_key

from prm_app.errors import BusyError, InputError, ServerError, UnreachableError
from prm_app.proxies import Proxy, problem, proxy_for

CONNECT_SECONDS = 5.0
_ROUTES = ("/pooling", "/v1/models", "/v1/completions", "/v1/chat/completions", "/v1")


class Api:
    """A server's JSON routes.

    A server on this machine is asked directly, others through the proxy that the environment names.

    Args:
        url: Its address; see `base_url`.
        api_key: Sent with each request; None sends none.
        timeout: Seconds that the server may take for one answer.

    Raises:
        UnreachableError: The server does not answer, or what the environment names is no proxy.
            The methods raise this and the following.
        BusyError: Another try may help (429 and 5xx).
        InputError: The server refuses the request (400, 413, 422), or the key is empty or one that
            HTTP cannot carry.
        ServerError: Any other failure.
    """

    def __init__(self, url: str, api_key: str | None = None, timeout: float = 300.0) -> None:
        self.url = base_url(url)
        self._api_key = api_key and api_key.strip()
        self._proxy = _usable_proxy(self.url)
        self._client = httpx.AsyncClient(
            # httpx's own reading of the environment fails on some of its values.
            trust_env=False,
            proxy=self._proxy.url if self._proxy else None,
            verify=httpx.create_ssl_context(),
            headers=_authorization(api_key),
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
                "allow more time.",
                settings=["timeout"],
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"No server answers at {self.url}{self._way()} ({error or type(error).__name__}): "
                f"check the address, and that it runs, with `curl {self.url}/v1/models`. "
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
        if self._api_key:
            says = says.replace(self._api_key, "[the API key]")
        if status in (401, 403):
            return ServerError(
                f"The server at {self.url} refused the API key: give the key that it was started "
                "with.",
                status,
                settings=["api_key"],
            )
        if status in (400, 413, 422):
            return InputError(f"The server at {self.url} refused the request: {says}")
        sentence = f"The server at {self.url} answered {status} to {response.url.path}: {says}"
        kind = BusyError if status == 429 or status >= 500 else ServerError
        return kind(sentence + self._way(), status)

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


def _authorization(api_key: str | None) -> dict[str, str]:
    if api_key is None:
        return {}
    try:
        return {"Authorization": f"Bearer {usable_key(api_key)}"}
    except ValueError as error:
        raise InputError(str(error)) from error


def base_url(url: str) -> str:
    """The address of a server, without the route that people copy with it.

    Args:
        url: With or without `http://`, in any case, and with or without a route such as `/v1` or
            `/pooling`.

    Raises:
        InputError: It is empty, or the address of something else.
    """
    address = url.strip()
    scheme, _, rest = address.partition("://") if "://" in address else ("http", "", address)
    for route in ("", *_ROUTES):
        rest = rest.removesuffix(route).rstrip("/")
    if not rest or scheme.lower() not in ("http", "https"):
        raise InputError(
            f"{address!r} is no address of a server: give one such as http://127.0.0.1:8000."
        )
    return f"{scheme.lower()}://{rest}"


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
