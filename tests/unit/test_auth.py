"""The API key of a server: every route asks for it but those of monitors."""

import asyncio

import httpx
import pytest
from http_server import Scripted
from vllm_prm.auth import KEYS_VARIABLE, RequireApiKey

from prm_app.api_client import Api
from prm_app.errors import InputError
from prm_app.generator import Generator
from prm_app.remote import Servers


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def status_of(path: str, header: dict[str, str]) -> int:
    transport = httpx.ASGITransport(RequireApiKey(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return (await client.post(path, headers=header)).status_code


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

    assert asyncio.run(status_of(path, header)) == status


@pytest.mark.parametrize("keys", ["one\n", " one ", "one\r\n", "\none"])
def test_white_space_at_the_ends_of_a_key_is_no_part_of_it(monkeypatch, keys):
    monkeypatch.setenv(KEYS_VARIABLE, keys)
    assert asyncio.run(status_of("/pooling", {"Authorization": "Bearer one"})) == 200
    for empty in ("Bearer ", "Bearer", ""):
        assert asyncio.run(status_of("/pooling", {"Authorization": empty})) == 401


UNUSABLE = [None, "", "\n", "one\n\ntwo", "clé secrète", "\ufeffone", "a\x00b"]


@pytest.mark.parametrize("keys", UNUSABLE)
def test_a_key_that_cannot_guard_is_refused_at_start(monkeypatch, keys):
    monkeypatch.delenv(KEYS_VARIABLE, raising=False)
    if keys is not None:
        monkeypatch.setattr("os.environ", {KEYS_VARIABLE: keys})
    with pytest.raises(ValueError, match="The API key") as refused:
        RequireApiKey(app)
    assert "secr" not in str(refused.value)


@pytest.mark.parametrize("key", ["", " \n", "clé secrète", "sec ret", "a\nb"])
def test_a_client_says_what_is_wrong_with_a_key_and_does_not_print_it(key):
    with pytest.raises(InputError, match="The API key") as refused:
        Api("http://127.0.0.1:9", key)
    assert key.strip() == "" or key not in str(refused.value)


def test_a_server_that_repeats_the_key_in_its_answer_does_not_print_it_here():
    server = Scripted(lambda path, body: (400, {"error": {"message": "Bearer open-sesame is odd"}}))
    try:
        with pytest.raises(InputError, match=r"Bearer \[the API key\] is odd"):
            asyncio.run(Api(server.url, "open-sesame\n").get("/v1/models"))
    finally:
        server.close()


def test_a_key_is_in_no_repr():
    assert "secret" not in repr(Servers(["a"], api_key="secret"))
    assert "secret" not in repr(Generator("a", "m", "secret"))
