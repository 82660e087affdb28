"""Real vLLM servers on loopback with the demo PRMs, started together once a session.

Two of ours with the Skywork format (one asks for an API key), one of ours with the Qwen format, and
a stock vLLM server that knows nothing of our request.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from transformers import AutoTokenizer

from prm_app.catalog import find_model
from prm_app.local.models import LocalModels

API_KEY = "open-sesame"
START_SECONDS = 600


@dataclass
class Running:
    """A server process and where it listens."""

    process: subprocess.Popen
    url: str
    log: Path

    def wait(self, path: str = "/health") -> str:
        """The address, once it answers."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(self.url + path).is_success:
                    return self.url
            except httpx.TransportError:
                time.sleep(0.5)
        pytest.fail(f"the server did not start:\n{self.log.read_text()[-5000:]}")

    def kill(self) -> None:
        """Ends it as a crash would, without a word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(log: Path, *command: str) -> Running:
    """Starts a command with --host and --port, in a process group of its own."""
    port = free_port()
    with open(log, "w") as out:
        process = subprocess.Popen(
            [sys.executable, *command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "2"},
            start_new_session=True,
        )
    return Running(process, f"http://127.0.0.1:{port}", log)


@pytest.fixture(scope="session")
def api_key() -> str:
    return API_KEY


@pytest.fixture(scope="session")
def servers(tmp_path_factory) -> Iterator[dict[str, Running]]:
    logs = tmp_path_factory.mktemp("servers")
    serve = ("-m", "prm_app.cli", "serve")
    qwen = find_model("demo-qwen").checkpoint
    tag = AutoTokenizer.from_pretrained(qwen).convert_tokens_to_ids("<extra_0>")
    commands = {
        # As a key comes from a file: with the newline at its end.
        "skywork": (*serve, "demo-skywork", "--api-key", f"{API_KEY}\n"),
        "skywork-2": (*serve, "demo-skywork"),
        "qwen": (*serve, "demo-qwen"),
        # As a stock server runs the real checkpoint: one row for each <extra_0>. The demo's
        # tokenizer has it at another id than the one that vLLM takes for granted.
        "stock": (
            *("-m", "vllm.entrypoints.openai.api_server", "--model", qwen, "--runner", "pooling"),
            *("--pooler-config", f'{{"tok_pooling_type": "STEP", "step_tag_id": {tag}}}'),
            *("--dtype", "float32", "--enforce-eager", "--kv-cache-memory-bytes", "200000000"),
        ),
    }
    started = {name: start(logs / f"{name}.log", *command) for name, command in commands.items()}
    yield started
    for server in started.values():
        if server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="session")
def skywork(servers) -> str:
    return servers["skywork"].wait()


@pytest.fixture(scope="session")
def second_skywork(servers) -> Running:
    servers["skywork-2"].wait()
    return servers["skywork-2"]


@pytest.fixture(scope="session")
def qwen(servers) -> str:
    return servers["qwen"].wait()


@pytest.fixture(scope="session")
def stock(servers) -> str:
    return servers["stock"].wait()


@pytest.fixture(scope="session")
def page(qwen, stock, tmp_path_factory) -> Iterator[str]:
    """The page in front of two servers of the same model."""
    log = tmp_path_factory.mktemp("page") / "page.log"
    command = ("-m", "prm_app.cli", "ui", "--base-url", qwen, "--base-url", stock)
    running = start(log, *command)
    yield running.wait("/")
    running.kill()


@pytest.fixture(scope="session")
def in_process(servers) -> Iterator[LocalModels]:
    """An engine in this process: what the servers' numbers are compared with."""
    models = LocalModels()
    yield models
    models.close()
