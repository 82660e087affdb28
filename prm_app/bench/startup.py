"""How long a new user waits: from the command to the page, to a ready engine, to a first result."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from prm_app.catalog import Prm
from prm_app.errors import EngineError

_PAGE = """
import json, sys
from prm_app.catalog import find_model
from prm_app.local.models import LocalModels
from prm_app.ui import launch
from prm_app.ui.policy import Policy
model, engine, port = sys.argv[1:]
models = LocalModels(json.loads(engine), default=find_model(*json.loads(model)))
launch(models, Policy(), server_name="127.0.0.1", server_port=int(port))
"""


def page(
    prm: Prm, folder: Path, engine: Mapping[str, Any], timeout: float = 600.0
) -> dict[str, float]:
    """Seconds until the page answers, until the engine is ready, and then for a first result.

    `page` and `engine` count from the start of the program. Raises EngineError where the page does
    not open or the model does not load.
    """
    from gradio_client import Client  # not needed where there is no page
    from gradio_client.exceptions import AppError

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    started = time.perf_counter()
    model = str(folder), prm.family and prm.family.name, dict(prm.family_options)
    program = [sys.executable, "-c", _PAGE, *map(json.dumps, (model, dict(engine), port))]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def until(done: Callable[[], bool]) -> float:
        while not done():
            if process.poll() is not None or time.perf_counter() - started > timeout:
                raise EngineError("The page or its engine did not start: `prm-app ui` says why.")
            time.sleep(0.1)
        return time.perf_counter() - started

    try:
        up = until(lambda: _answers(url))
        client = Client(url, verbose=False)
        first = client.submit("What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14", api_name="/score")

        def ready() -> bool:
            if first.done():
                first.result()  # raises what the load failed of
            return any(model["ready"] for model in client.predict(api_name="/models"))

        engine = until(ready)
        first.result()
        result = time.perf_counter() - started
        return {"page": up, "engine": engine, "first_result": result - engine}
    except AppError as error:
        raise EngineError(f"The page's model could not be used: {error}") from error
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
