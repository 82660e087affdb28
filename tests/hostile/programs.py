"""The programs under attack, as their users start them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
START_SECONDS = 600


@dataclass(frozen=True)
class Program:
    """Where a program listens, and its log."""

    url: str
    log: Path

    @property
    def tracebacks(self) -> int:
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")


@contextmanager
def page(folder: Path, *options: str) -> Iterator[Program]:
    """`app.py` with the demo model, once that is ready."""
    with _running(folder / "page.log", "app.py", *options) as program:
        body = {"data": ["1 + 1?", "2"]}
        call = f"{program.url}/gradio_api/call/score"
        event = httpx.post(call, json=body, timeout=60).json()["event_id"]
        httpx.get(f"{call}/{event}", timeout=START_SECONDS)
        yield program


@contextmanager
def server(folder: Path) -> Iterator[Program]:
    """`prm-app serve` with the demo model."""
    with _running(folder / "server.log", "-m", "prm_app.cli", "serve", "demo-skywork") as program:
        yield program


@contextmanager
def _running(log: Path, *command: str) -> Iterator[Program]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command, "--host", "127.0.0.1", "--port", port],
            cwd=ROOT,
            env=os.environ | {"VLLM_CPU_OMP_THREADS_BIND": "nobind"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    program = Program(f"http://127.0.0.1:{port}", log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(program.url):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-5000:]
            time.sleep(0.5)
        yield program
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        return any(httpx.get(url + path).is_success for path in ("/health", "/"))
    except httpx.TransportError:
        return False
