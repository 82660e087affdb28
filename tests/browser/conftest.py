"""A real Chromium on the real page with the real engine, started once a session."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from http_server import answers
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MILLISECONDS = 60_000
"""How long a test waits for what must come: the engine starts behind the first page."""

expect.set_options(timeout=PATIENCE_MILLISECONDS)


class App(NamedTuple):
    """`app.py` as it runs: its process, its address, and the file that it writes to."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path


@pytest.fixture(scope="session")
def start_app(tmp_path_factory) -> Callable[..., AbstractContextManager[App]]:
    """Starts `app.py`, as a user does, on a free port."""

    @contextmanager
    def started(**environment: str) -> Iterator[App]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = tmp_path_factory.mktemp("app") / "log"
        with log.open("w") as output:
            app = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env=os.environ | {"GRADIO_SERVER_PORT": str(port)} | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        address = f"http://127.0.0.1:{port}"
        try:
            while not answers(address):
                assert app.poll() is None, log.read_text()
                time.sleep(0.3)
            yield App(app, address, log)
        finally:
            app.terminate()
            app.wait(60)

    return started


@pytest.fixture(scope="session")
def open_app(start_app) -> Callable[..., AbstractContextManager[str]]:
    """Starts `app.py` too; gives its address."""

    @contextmanager
    def start_page(**environment: str) -> Iterator[str]:
        with start_app(**environment) as app:
            yield app.address

    return start_page


@pytest.fixture(scope="session")
def url(open_app) -> Iterator[str]:
    """The address of a page that all tests share; PRM_APP_PAGE may name one that runs."""
    if running := os.environ.get("PRM_APP_PAGE"):
        yield running
        return
    with open_app() as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "the browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def locale() -> str:
    """What the visitor's browser speaks."""
    return "en-US"


@pytest.fixture
def visit(chromium: Browser, url: str, locale: str) -> Iterator[Callable[..., Page]]:
    """Opens the page as somebody who comes for the first time, and waits for its first result.

    Afterwards fails the test on any console error, on any dialog, and on any request that left
    this machine.
    """
    visitor = chromium.new_context(accept_downloads=True, locale=locale)
    complaints: list[str] = []

    def open_page(width: int = 1440, height: int = 900, theme: str = "light") -> Page:
        page = visitor.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("console", lambda m: m.type == "error" and complaints.append(f"console: {m.text}"))
        page.on("pageerror", lambda error: complaints.append(f"page: {error}"))
        page.on("dialog", lambda d: (complaints.append(f"dialog: {d.message}"), d.dismiss()))
        page.on("request", lambda r: _is_local(r.url, url) or complaints.append(f"left: {r.url}"))
        page.goto(f"{url}/?__theme={theme}")
        page.locator("#steps .step").first.wait_for()
        return page

    yield open_page
    visitor.close()
    # On a Space, Gradio itself asks for fonts from elsewhere, and for what is known of the Space.
    said = ("left:", "console: Failed to load resource", "console: Space not found")
    expected = said if "PRM_APP_PAGE" in os.environ else ()
    assert not [complaint for complaint in complaints if not complaint.startswith(expected)]


def _is_local(address: str, url: str) -> bool:
    return address.startswith((url + "/", "data:", "blob:"))
