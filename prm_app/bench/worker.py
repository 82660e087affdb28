"""A peer in a process of its own: started, asked to run a measurement beside it, stopped."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prm_app.catalog import Prm
from prm_app.errors import EngineError


class Worker:
    """The process of one peer. `log` receives what its libraries print.

    Raises EngineError, with the end of the log, if the peer fails.
    """

    def __init__(
        self, peer: str, prm: Prm, folder: Path, options: Mapping[str, Any], log: Path
    ) -> None:
        self.peer = peer
        self._log = log
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, peer, prm, folder, dict(options), log, time.time())
        )
        self._process.start()
        theirs.close()

    def wait(self) -> float:
        """Seconds from the start of the process until the peer was ready."""
        return float(self._answer())

    def run(self, measure: Callable[..., Any], *arguments: Any) -> Any:
        """Runs `measure(peer, *arguments)` in the process."""
        self._pipe.send((measure, arguments))
        return self._answer()

    def close(self) -> None:
        """Stops the process."""
        with suppress(OSError):
            self._pipe.send(None)
        self._process.join(30)
        if self._process.is_alive():
            self._process.terminate()

    def _answer(self) -> Any:
        try:
            done, result = self._pipe.recv()
        except EOFError:
            done, result = False, "The process ended."
        if done:
            return result
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        raise EngineError(f"The peer {self.peer} failed: {result}\n{tail}")


def _serve(
    pipe: Connection,
    name: str,
    prm: Prm,
    folder: Path,
    options: dict[str, Any],
    log: Path,
    start: float,
) -> None:
    with open(log, "w") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    try:
        from prm_app.bench.peers import PEERS

        peer = PEERS[name](prm, folder, options)
    except BaseException as error:
        traceback.print_exc()
        pipe.send((False, str(error)))
        return
    pipe.send((True, time.time() - start))
    while (request := pipe.recv()) is not None:
        measure, arguments = request
        try:
            pipe.send((True, measure(peer, *arguments)))
        except Exception as error:
            traceback.print_exc()
            pipe.send((False, str(error)))
    peer.close()
