"""The API key of a server: every route asks for it but those of monitors."""

import asyncio

import httpx
import pytest
from vllm_prm.auth import KEYS_VARIABLE, RequireApiKey


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    "path, header, status",
    [
        ("/pooling", {}, 401),
        ("/pooling", {"Authorization": "Bearer wrong"}, 401),
        ("/pooling", {"Authorization": "one"}, 401),
        ("/pooling", {"Authorization": "Bearer one"}, 200),
        ("/pooling", {"Authorization": "Bearer two"}, 200),
        ("/v1/models", {}, 401),
        ("/health", {}, 200),
        ("/metrics", {}, 200),
    ],
)
def test_who_may_ask(monkeypatch, path, header, status):
    monkeypatch.setenv(KEYS_VARIABLE, "one\ntwo")

    async def ask() -> int:
        transport = httpx.ASGITransport(RequireApiKey(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return (await client.post(path, headers=header)).status_code

    assert asyncio.run(ask()) == status
