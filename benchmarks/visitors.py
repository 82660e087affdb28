"""A page in a process of its own, and visitors who use it as a browser does; draws nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import psutil

SECONDS = 600


class Page(NamedTuple):
    """Where a page is, and its process."""

    url: str
    process: psutil.Process

    def memory(self) -> int:
        """Bytes that the page's process holds, with those of what it has started."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(each.memory_info().rss for each in family)


@contextmanager
def page(*options: str, demo: str = "small") -> Iterator[Page]:
    """A page with the demo PRM of this size, "small" or "large", ready to score."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "prm_app.cli", "ui", "--port", str(port), *options]
    environment = {**os.environ, "PRM_APP_DEMO": demo}
    program = subprocess.Popen(command, env=environment, stdout=sys.stderr)
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + SECONDS
    try:
        while not _is_ready(url):
            if program.poll() is not None or time.monotonic() > until:
                sys.exit("The page did not start.")
            time.sleep(0.5)
        yield Page(url, psutil.Process(program.pid).children()[0])
    finally:
        program.terminate()
        program.wait(60)


def _is_ready(url: str) -> bool:
    try:
        httpx.post(f"{url}/api/score", json={"problem": "1 + 1?", "solution": "2"}, timeout=SECONDS)
    except httpx.HTTPError:
        return False
    return True


class Visitor:
    """One open tab of the page.

    Args:
        client: The visitor's connection to it.
        config: What the page's address answers at `/config`.
    """

    def __init__(self, client: httpx.AsyncClient, config: dict[str, Any]) -> None:
        self._client, self._session = client, uuid.uuid4().hex
        self._parts = {each["id"]: each["props"] for each in config["components"]}
        self._calls = config["dependencies"]

    async def click(self, button: str, **values: Any) -> list[dict[str, Any]]:
        """Presses the button of this id; gives every message that comes until it is answered.

        Args:
            button: Its `elem_id`.
            values: What stands in the fields of these ids; the others are as the page opens them.
        """
        call = next(each for each in self._calls if self._is_click(each, button))
        data = [self._value(each, values) for each in call["inputs"]]
        body = {"fn_index": call["id"], "session_hash": self._session, "data": data}
        joined = await self._client.post("/gradio_api/queue/join", json=body)
        joined.raise_for_status()
        messages: list[dict[str, Any]] = []
        stream = ("GET", f"/gradio_api/queue/data?session_hash={self._session}")
        async with self._client.stream(*stream) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    messages.append(json.loads(line.removeprefix("data:")))
                    if messages[-1]["msg"] == "process_completed":
                        break
        if not messages[-1]["success"]:
            raise RuntimeError(messages[-1]["output"])
        return messages

    def _is_click(self, call: dict[str, Any], button: str) -> bool:
        return any(
            event == "click" and self._parts.get(part, {}).get("elem_id") == button
            for part, event in call["targets"]
        )

    def _value(self, part: int, values: dict[str, Any]) -> Any:
        props = self._parts[part]
        return values.get(props.get("elem_id") or "", props.get("value"))


async def config_of(client: httpx.AsyncClient) -> dict[str, Any]:
    """What a browser reads before it shows the page."""
    config: dict[str, Any] = (await client.get("/config")).json()
    return config
