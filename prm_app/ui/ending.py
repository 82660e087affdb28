"""How the page's process ends: what runs is answered first, what comes later is refused."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import gradio as gr

GRACE_SECONDS = 20
"""How long running answers may take once the program is told to end."""

_ending = threading.Event()
_requests: set[object] = set()
"""One for each request that is being answered, besides what Gradio's queue holds."""


def is_ending() -> bool:
    """Whether new work is refused."""
    return _ending.is_set()


@contextmanager
def being_answered() -> Iterator[None]:
    """Around a request that the program waits for before it ends."""
    request = object()
    _requests.add(request)
    try:
        yield
    finally:
        _requests.discard(request)


def until_ended(page: gr.Blocks, parent: int) -> None:
    """Waits for SIGTERM, an interrupt or the end of this parent process; then closes the page.

    SIGTERM lets running answers finish within `GRACE_SECONDS`.
    """

    def end(number: int, frame: FrameType | None) -> None:
        _ending.set()

    _ending.clear()
    signal.signal(signal.SIGTERM, end)
    try:
        while not _ending.wait(0.5):
            if os.getppid() != parent:
                break
        _finish(page)
    except KeyboardInterrupt:
        pass
    finally:
        page.close(verbose=False)


def _finish(page: gr.Blocks) -> None:
    until, queue = time.monotonic() + GRACE_SECONDS, page._queue
    while time.monotonic() < until and (_requests or len(queue) or any(queue.active_jobs)):
        time.sleep(0.1)
