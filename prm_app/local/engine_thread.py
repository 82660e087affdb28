"""The threads that own vLLM's engines: who builds, steps and frees an engine is always the same.

Engines whose core lives in this process share one thread, which steps those that have work in turn:
two threads that step at once give NaN or a crash (seen with vLLM 0.32 on CPUs). An engine whose
core is a process of its own has a thread of its own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol

from prm_app.futures import settle


class Steppable(Protocol):
    """An engine as its thread sees it; both are used in that thread alone."""

    @property
    def busy(self) -> bool:
        """Whether a step has something to compute."""

    def step(self) -> None:
        """Computes one batch; never raises."""


class EngineThread:
    """Runs jobs one after the other, and between them steps the engines that have work."""

    def __init__(self) -> None:
        self.engines: list[Steppable] = []
        self._jobs: queue.SimpleQueue[tuple[Callable[[], None], Future[Any]] | None]
        self._jobs = queue.SimpleQueue()
        threading.Thread(target=self._run, name="engine", daemon=True).start()

    def do(self, job: Callable[[], None], waiting: Future[Any]) -> None:
        """Runs a job before the next step; returns at once.

        What the job raises ends the wait of whoever waits for it.
        """
        self._jobs.put((job, waiting))

    def end(self) -> None:
        """Ends the thread after the jobs already given."""
        self._jobs.put(None)

    def _run(self) -> None:
        while self._run_jobs(wait=not any(engine.busy for engine in self.engines)):
            for engine in list(self.engines):
                if engine.busy:
                    engine.step()

    def _run_jobs(self, wait: bool) -> bool:
        """Runs the jobs that are there, at least one if `wait`; False once the thread is to end."""
        with suppress(queue.Empty):
            while True:
                entry = self._jobs.get(block=wait)
                if entry is None:
                    return False
                job, waiting = entry
                try:
                    job()
                except BaseException as error:
                    if not waiting.done():
                        settle(waiting, error)
                wait = False
        return True


class Threads:
    """Which thread an engine gets: the shared one, or one of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: EngineThread | None = None
        self._guests = 0

    def claim(self, in_process: bool, alone: bool) -> tuple[EngineThread, bool]:
        """A thread for a new engine, and whether its core may live in this process.

        Args:
            in_process: Whether the engine's core could live in this process.
            alone: Whether this process holds one such core at most, as on a GPU: loading a second
                clears the first one's CUDA graphs, and its rewards are then silently wrong.
        """
        with self._lock:
            if not in_process or (alone and self._guests):
                return EngineThread(), False
            self._guests += 1
            self._shared = self._shared or EngineThread()
            return self._shared, True

    def release(self, thread: EngineThread) -> bool:
        """Gives a thread back; whether no other engine's core is left in this process."""
        with self._lock:
            if thread is not self._shared:
                thread.end()
                return True
            self._guests -= 1
            return not self._guests


THREADS = Threads()
"""This process's own."""
