"""How long a new user waits: from the command to the page, to a ready engine, to a first result.

`python benchmarks/startup.py [MODEL]` prints the seconds.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import httpx
from gradio_client import Client

SECONDS = 600


def waits(model: list[str]) -> dict[str, float]:
    """Seconds until the page answers, until the engine is ready, and then for a first result.

    `page` and `engine` count from the start of `prm-app ui`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "prm_app.cli", "ui", "--port", str(port)]
    start = time.perf_counter()
    process = subprocess.Popen([*command, *(["--model", *model] if model else [])])

    def until(done: Callable[[], bool]) -> float:
        while not done():
            if process.poll() is not None or time.perf_counter() - start > SECONDS:
                sys.exit("The page or its engine did not start.")
            time.sleep(0.1)
        return time.perf_counter() - start

    try:
        page = until(lambda: _answers(url))
        client = Client(url, verbose=False)
        first = client.submit("What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14", api_name="/score")

        def ready() -> bool:
            if first.done():
                first.result()  # raises what the load failed of
            return any(each["ready"] for each in client.predict(api_name="/models"))

        engine = until(ready)
        first.result()
        result = time.perf_counter() - start
        return {"page": page, "engine": engine, "first_result": result - engine}
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    print(json.dumps(waits(sys.argv[1:2])))
