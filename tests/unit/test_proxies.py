"""Whatever the proxy variables hold: the page starts, and this machine is reached directly."""

import asyncio
import os

import httpx
import pytest
from http_server import Scripted

from prm_app.api_client import Api
from prm_app.errors import BusyError, ServerError, UnreachableError
from prm_app.proxies import mended, proxy_for

DEAD = "http://127.0.0.1:9"
ENVIRONMENTS = [
    {"HTTP_PROXY": DEAD, "HTTPS_PROXY": DEAD},
    {"http_proxy": "127.0.0.1:9"},
    {"ALL_PROXY": "socks5://127.0.0.1:9"},
    {"all_proxy": "socks://user:secret@127.0.0.1:9/"},
    {"ALL_PROXY": "socks4://127.0.0.1:9", "NO_PROXY": "example.org"},
    {"HTTPS_PROXY": "http://[", "HTTP_PROXY": ":::"},
    {"NO_PROXY": "localhost,127.0.0.1,::1/128"},
    {"NO_PROXY": "[::1]", "HTTP_PROXY": DEAD},
    {"no_proxy": "fd00::/8,10.0.0.0/8, *.example.org,[::1]:80,\x7f", "http_proxy": DEAD},
    {"NO_PROXY": "*"},
]


@pytest.fixture
def environment(monkeypatch):
    """Sets the proxy variables, and those only."""

    def set_to(variables: dict[str, str]) -> None:
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                monkeypatch.delenv(name)
        for name in ("NO_PROXY", "no_proxy"):  # so that it is undone
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.fixture
def server():
    server = Scripted(lambda path, body: (200, {"hello": path}))
    yield server
    server.close()


def ask(url: str) -> dict:
    async def get() -> dict:
        api = Api(url, timeout=10)
        try:
            return await api.get("/here")
        finally:
            await api.close()

    return asyncio.run(get())


@pytest.mark.parametrize("variables", ENVIRONMENTS)
def test_a_server_on_this_machine_is_reached_directly(environment, server, variables):
    environment(variables)
    assert ask(server.url) == {"hello": "/here"}
    assert ask(server.url.replace("127.0.0.1", "localhost")) == {"hello": "/here"}


@pytest.mark.parametrize("variables", ENVIRONMENTS)
def test_httpx_reads_the_mended_environment(environment, server, variables):
    environment(variables)
    os.environ.update(mended()[0])
    assert httpx.get(server.url + "/mended").json() == {"hello": "/mended"}


@pytest.mark.parametrize("variables", ENVIRONMENTS)
def test_what_is_left_out_is_said_without_its_password(environment, variables):
    environment(variables)
    changes, remarks = mended()
    assert "secret" not in "".join(remarks)
    unusable = [name for name, value in variables.items() if value.startswith(("socks4", "socks:"))]
    assert all(any(name in sentence for sentence in remarks) for name in unusable)
    os.environ.update(changes)
    assert mended()[1] == []


@pytest.mark.parametrize(
    "address, variables, source",
    [
        ("http://10.1.2.3:8000", {"HTTP_PROXY": DEAD}, "HTTP_PROXY"),
        ("https://gpu.example.org", {"HTTP_PROXY": DEAD}, None),
        ("https://gpu.example.org", {"all_proxy": DEAD}, "all_proxy"),
        ("http://10.1.2.3:8000", {"http_proxy": DEAD, "NO_PROXY": "10.0.0.0/8"}, None),
        ("http://[fd00::5]", {"http_proxy": DEAD, "NO_PROXY": "fd00::/8"}, None),
        ("http://a.example.org", {"http_proxy": DEAD, "NO_PROXY": ".example.org"}, None),
        ("http://[::1]:8000", {"http_proxy": DEAD}, None),
        ("http://0.0.0.0:8000", {"http_proxy": DEAD}, None),
        ("http://prm.localhost:8000", {"http_proxy": DEAD}, None),
    ],
)
def test_which_addresses_go_through_a_proxy(environment, address, variables, source):
    environment(variables)
    proxy = proxy_for(address)
    assert (proxy and proxy.variable) == source


def test_elsewhere_a_dead_proxy_is_named(environment):
    environment({"HTTP_PROXY": DEAD})
    with pytest.raises(UnreachableError, match="HTTP_PROXY"):
        ask("http://gpu.example.org:8000")


def test_elsewhere_a_proxy_that_answers_503_is_named(environment):
    proxy = Scripted(lambda path, body: (503, {"error": "no route"}))
    environment({"http_proxy": proxy.url})
    with pytest.raises(BusyError, match=r"503.*http_proxy"):
        ask("http://gpu.example.org:8000")
    proxy.close()


def test_elsewhere_a_proxy_of_another_kind_is_named(environment):
    environment({"ALL_PROXY": "socks4://127.0.0.1:9"})
    with pytest.raises(ServerError, match=r"ALL_PROXY.*socks5"):
        ask("http://gpu.example.org:8000")
