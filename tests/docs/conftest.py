"""One server and one page for all code blocks: the blocks that start them are in the documentation.

Addresses in the blocks become those of this run. A `prm-app` that scores without naming a server
scores on that server too: an engine of its own would take half a minute for each block, and the
engine's suite tests that the numbers are the same.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from documentation import BLOCKS, Block

from prm_app.cli import COMMANDS

START_SECONDS = 300
SCRIPTS = {
    "python": f"""#!/bin/bash
exec {sys.executable} "$@"
""",
    "prm-app": """#!/bin/bash
case "$1 $*" in
    *--base-url*) ;;
    score*|rank*|eval*|reward*|doctor*) set -- "$@" --base-url "$DOCS_SERVER" --api-key secret ;;
esac
exec python -m prm_app.cli "$@"
""",
}


class Run:
    """Runs blocks, in one folder for each page and with ports and hosts of this run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen] = []
        self.ports = {port: _free_port() for port in ("8081", "7860")}
        bin = folder / "bin"
        bin.mkdir()
        for name, script in SCRIPTS.items():
            (bin / name).write_text(script)
            (bin / name).chmod(0o755)
        self.env = os.environ | {
            "PATH": f"{bin}:{os.environ['PATH']}",
            "DOCS_SERVER": self.here("http://127.0.0.1:8081"),
            "GRADIO_SERVER_PORT": str(self.ports["7860"]),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        }

    def here(self, text: str) -> str:
        """The text with this run's addresses."""
        for name, host in (("gpu1", "127.0.0.1"), ("gpu2", "localhost")):
            text = text.replace(f"//{name}:", f"//{host}:")
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", str(free), text)
        return text

    def folder_of(self, page: str) -> Path:
        """The folder of a page's blocks, with the files that the page says to save."""
        folder = self.folder / page.replace("/", "-")
        if not folder.exists():
            folder.mkdir()
            for block in BLOCKS:
                if block.page == page and block.kind == "saved as":
                    (folder / block.about).write_text(block.text)
        return folder

    def shell(self, script: str, page: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(script)],
            cwd=self.folder_of(page),
            env=self.env,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )

    def start(self, block: Block) -> None:
        """Starts what stays up, and waits until its address answers."""
        log = self.folder / "log"
        with log.open("a") as out:
            command = ["bash", "-c", "exec " + self.here(block.text)]
            process = subprocess.Popen(
                command, env=self.env, stdout=out, stderr=out, start_new_session=True
            )
        self.processes.append(process)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.here(block.about)):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-5000:]
            time.sleep(0.3)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(60)


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Iterator[Run]:
    """Everything that stays up is up: the server before the page that uses it."""
    run = Run(tmp_path_factory.mktemp("docs"))
    try:
        for block in sorted(BLOCKS, key=lambda each: "7860" in each.about):
            if block.kind == "stays up at":
                run.start(block)
        yield run
    finally:
        run.close()


@pytest.fixture(scope="session")
def options() -> Callable[[str], frozenset[str]]:
    return _options


@cache
def _options(command: str) -> frozenset[str]:
    """The options that a command takes: those in its help, and vLLM's if it takes them."""
    own = _options_in(command, "--help")
    if command == "serve":
        return own | _options_in("serve", "--help=all")
    module = {each.__name__.rsplit(".", 1)[1]: each for each in COMMANDS}.get(command)
    takes_engine_options = getattr(module, "TAKES_ENGINE_OPTIONS", False)
    return own | _options_in("score", "--help=all") if takes_engine_options else own


@cache
def _options_in(*words: str) -> frozenset[str]:
    done = subprocess.run(
        [sys.executable, "-m", "prm_app.cli", *filter(None, words)],
        capture_output=True,
        text=True,
    )
    return frozenset(re.findall(r"(?<![\w-])--[a-z][\w.-]*", done.stdout))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(address: str) -> bool:
    try:
        return bool(urlopen(address, timeout=5).status)
    except HTTPError:  # a server that asks for its key
        return True
    except OSError:
        return False
