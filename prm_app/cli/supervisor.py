"""Runs the page in a process of its own, and starts it again if that process crashes."""

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence
from subprocess import Popen
from types import FrameType

from prm_app.cli import show

SUPERVISED = "PRM_APP_SUPERVISED"
"""Set in the page's own process."""
MOST_CRASHES, WITHIN_SECONDS = 5, 600
"""A process that crashes more often than that stays down: the next start would crash too."""


def has_supervisor() -> bool:
    return SUPERVISED in os.environ


def supervisor_process() -> int:
    """Its process id, also if it has ended meanwhile."""
    return int(os.environ[SUPERVISED])


def supervise(argv: Sequence[str]) -> int:
    """Runs `prm-app` with these arguments until it ends by itself; returns its exit code.

    A process that a signal ended which nobody here was sent, such as one of native code that fails
    or of a machine short of memory, is started again. SIGTERM and SIGINT are passed on.
    """
    crashes: deque[float] = deque(maxlen=MOST_CRASHES)
    process: Popen[bytes] | None = None
    ending = False

    def pass_on(number: int, _: FrameType | None) -> None:
        nonlocal ending
        ending = True
        if process is not None:
            process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    command = [sys.executable, "-m", "prm_app.cli", *argv]
    while True:
        process = Popen(command, env={**os.environ, SUPERVISED: str(os.getpid())})
        code = process.wait()
        if code >= 0 or ending:
            return code if code >= 0 else 128 - code
        name = signal.Signals(-code).name
        if len(crashes) == MOST_CRASHES and time.monotonic() - crashes[0] < WITHIN_SECONDS:
            show.failure(f"the page's process crashed again ({name}); it stays down.")
            return 128 - code
        crashes.append(time.monotonic())
        show.failure(f"the page's process crashed ({name}) and is started again.")
