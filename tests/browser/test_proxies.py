"""The page starts and scores whatever the proxy variables say."""

import pytest
from gradio_client import Client
from http_server import Scripted

DEAD = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def busy_proxy():
    proxy = Scripted(lambda path, body: (503, {"error": "no route"}))
    yield proxy
    proxy.close()


@pytest.mark.parametrize(
    "variables",
    [
        {"HTTP_PROXY": "busy", "https_proxy": DEAD, "NO_PROXY": "::1/128"},
        {"http_proxy": DEAD, "ALL_PROXY": "socks5://127.0.0.1:9", "no_proxy": "[::1]"},
        {"HTTP_PROXY": ":::", "all_proxy": "socks4://127.0.0.1:9"},
    ],
)
def test_the_page_opens_and_scores(open_app, busy_proxy, variables):
    environment = {name: value.replace("busy", busy_proxy.url) for name, value in variables.items()}
    with open_app(**environment) as url:
        answer = Client(url, verbose=False).predict("1 + 1?", "1 + 1 = 2", api_name="/score")
    assert len(answer["rewards"]) == 1
    assert not busy_proxy.asked
