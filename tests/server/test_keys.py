"""The API key of a real server, as clients and other users of the machine meet it."""

import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

SERVE = [sys.executable, "-m", "prm_app.cli", "serve", "demo-skywork"]


@pytest.mark.parametrize("path", ["/pooling", "/v1/models", "/tokenize"])
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer wrong"])
def test_without_the_key_nothing_is_answered(skywork, path, header):
    """The server was started with a key that ends in a newline."""
    headers = {} if header is None else {"Authorization": header}
    for method in ("GET", "POST"):
        client = HTTPConnection(urlsplit(skywork).netloc)
        client.request(method, path, "{}", headers)
        assert client.getresponse().status == 401
        client.close()


def test_the_key_without_its_newline_opens(skywork, api_key):
    headers = {"Authorization": f"Bearer {api_key}"}
    assert httpx.get(f"{skywork}/v1/models", headers=headers).status_code == 200


def test_neither_log_nor_process_title_holds_the_key(servers, skywork, api_key):
    running = servers["skywork"]
    assert api_key not in running.log.read_text()
    for process in Path("/proc").glob("[0-9]*"):
        if _group(process) == running.process.pid:
            assert api_key.encode() not in (process / "cmdline").read_bytes()


def _group(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[2])
    except OSError:
        return None


@pytest.mark.parametrize(
    ("arguments", "variable", "says"),
    [
        (["--api-key", ""], None, "is empty"),
        (["--api-key", "\n"], None, "is empty"),
        ([], "\n", "is empty"),
        (["--api-key", "clé-secrète"], None, "printable ASCII"),
    ],
)
def test_a_key_that_guards_nothing_is_refused_at_start(monkeypatch, arguments, variable, says):
    if variable is not None:
        monkeypatch.setenv("VLLM_API_KEY", variable)
    done = subprocess.run([*SERVE, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr
    assert "secr" not in done.stdout + done.stderr
