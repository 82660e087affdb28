"""Final answers: what a solution's is, and whether two are equal, in bounded time in any thread.

math-verify decides both (1/2 is 0.5), in a process that is ended if it takes too long.
"""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from prm_app.errors import PrmError

WORKER = Path(__file__).with_name("answer_worker.py")
SECONDS = 6.0
"""The processor time for all the reading and comparing of one vote."""
SECONDS_EACH = 0.02
"""What each solution adds to it."""
MOST = 1.0
"""The processor time that one reading or comparison may take, if there is so much left."""
LEAST = 0.25
"""What one may take however many share the time: the first of a kind takes longer."""
GRACE = 1.0
"""The processor time after which a process that went on beyond its time is ended."""
SLOWEST = 10
"""How many times as long it may take if other programs are at work."""
STARTS = 8
"""How many processes one vote may use: each that is ended needs another."""
START_SECONDS = 120.0
"""How long a process may take to start: it imports sympy."""
IDLE = 2
"""How many processes are kept for later votes."""

_ORDINAL = r"\s?(?:st|nd|rd|th)\s?"
_TEXT = rf"\\(?:text|textrm|mathrm)\{{{_ORDINAL}\}}"
_ORDINALS = re.compile(rf"\^(?:\{{\s?{_TEXT}\s?\}}|\s?{_TEXT}|\{{{_ORDINAL}\}})")
_BOLD = re.compile(r"(?<![\w)}\]])\*\*(?=\S)|(?<=\S)\*\*(?![\w({\[\\])")
_CJK = "\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
_BESIDE_CJK = re.compile(rf"(?<=[{_CJK}])(?=[\d$\\-])|(?<=[\d%$}}])(?=[{_CJK}])")
_ANSWER = re.compile("答案[是为為:：]?|答[:：]|정답[은:：]?|답[은:：]")
_MINUS = str.maketrans("−﹣－", "---")


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer: as it is written, and what tells it from answers of another value.

    `percent` says that it is a percentage, which equals both 25 and 0.25.
    """

    text: str
    key: str
    percent: bool


class LateError(PrmError):
    """An answer could not be read or compared in time."""

    def __init__(self) -> None:
        super().__init__("The answers could not be compared in time.")


class Reader:
    """Reads and compares the answers of some solutions until the time for them is over.

    Then every request is a LateError. No solution can take the time of those after it: reading has
    half of all, in equal shares, and what one leaves is the others'.
    """

    def __init__(self, solutions: int) -> None:
        self._left = SECONDS + SECONDS_EACH * solutions
        self._to_read = solutions
        self._starts = STARTS
        self._process: _Process | None = None

    def answer(self, text: str) -> Answer | None:
        """The final answer of a solution; None if it has none."""
        share = max(LEAST, self._left / 2 / max(1, self._to_read))
        self._to_read -= 1
        reply = self._ask([readable(text)], share)
        if reply["answer"] is None:
            return None
        return Answer(reply["answer"], reply["key"], reply["percent"])

    def equal(self, expected: str, text: str) -> bool:
        """Whether two solutions have the same final answer."""
        return bool(self._ask([readable(expected), readable(text)], self._left)["equal"])

    def close(self) -> None:
        if self._process is not None:
            _keep(self._process)

    def _ask(self, request: list[str], seconds: float) -> dict[str, Any]:
        if self._process is None:
            if not self._starts:
                raise LateError
            self._starts -= 1
            self._process = _take_process()
        if self._left <= 0:
            raise LateError
        reply, seconds_spent = self._process.ask(request, min(MOST, seconds))
        self._left -= seconds_spent
        if reply is None:
            self._process = None
        if reply is None or "late" in reply:
            raise LateError
        return reply


@contextmanager
def reader(solutions: int) -> Iterator[Reader]:
    """A reader with the time that so many solutions may take."""
    timed = Reader(solutions)
    try:
        yield timed
    finally:
        timed.close()


def readable(text: str) -> str:
    """A solution as math-verify reads it: a plain minus, no bold, no ordinals, spaced numbers."""
    text = _ORDINALS.sub("", _BOLD.sub("", text.translate(_MINUS)))
    return _BESIDE_CJK.sub(" ", _ANSWER.sub(" The answer is ", text))


class _Process:
    """The process, and a thread that waits for what it writes."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._times = psutil.Process(self._process.pid)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        if self._line(START_SECONDS, START_SECONDS) is None:
            raise PrmError(
                "Final answers cannot be compared: the process that does it did not start. Check "
                "that math-verify is installed."
            )

    def ask(self, request: list[str], seconds: float) -> tuple[dict[str, Any] | None, float]:
        """What it says to a request in `seconds` of processor time, and how much that took.

        None if no signal could end it then; the process is gone.
        """
        before = self._cpu_seconds()
        with suppress(OSError):  # it is gone, as the next line finds
            self._stdin.write(json.dumps([seconds, *request]) + "\n")
            self._stdin.flush()
        line = self._line(seconds + GRACE, SLOWEST * (seconds + GRACE))
        if line is None:
            return None, seconds + GRACE
        return json.loads(line), self._cpu_seconds() - before

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _line(self, seconds: float, patience: float) -> str | None:
        """Its next line; None if it ends, or first spends `seconds` or takes `patience` seconds."""
        before, until = self._cpu_seconds(), time.monotonic() + patience
        line = ""
        while self._cpu_seconds() - before < seconds and time.monotonic() < until:
            with suppress(queue.Empty):
                line = self._lines.get(timeout=0.05)
                break
        if not line:
            self.end()
            return None
        return line

    def _cpu_seconds(self) -> float:
        """Its processor time so far, in seconds."""
        with suppress(psutil.Error):
            times = self._times.cpu_times()
            return times.user + times.system
        return 0.0

    def _listen(self) -> None:
        for line in self._stdout:
            self._lines.put(line)
        self._lines.put("")


_idle: deque[_Process] = deque()


def _take_process() -> _Process:
    """One that waits, or a new one."""
    with suppress(IndexError):
        return _idle.pop()
    return _Process()


def _keep(process: _Process) -> None:
    if len(_idle) < IDLE:
        _idle.append(process)
    else:
        process.end()
