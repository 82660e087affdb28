"""Bounds on work: the processor time of this process, counted in plain passes over a text.

A pass is what one look at every character costs on this machine, measured beside the work itself,
so the bound holds on slow and on busy machines alike. What takes quadratic time on 100,000
characters needs thousands of passes, what takes linear time a few dozen at most.
"""

import gc
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from time import process_time

PASSES = 150
"""The most that work on a text may take."""
FLOOR_SECONDS = 0.3
"""What any call may take, however short its text: a pattern may be compiled meanwhile."""


class TooMuchWork(AssertionError):
    """The work went over its bound and was ended."""


@cache
def seconds_a_character() -> float:
    """A pass, by the character."""
    look, text = re.compile("(.)"), "a" * 100_000
    return min(seconds(look.findall, text) for _ in range(10)) / len(text)


def seconds(call: Callable[[str], object], text: str) -> float:
    """Processor time of one call."""
    start = process_time()
    call(text)
    return process_time() - start


@contextmanager
def bounded(characters: int, passes: float = PASSES) -> Iterator[None]:
    """Ends what runs in it with TooMuchWork, also within the matching of one expression."""

    def stop(*_: object) -> None:
        raise TooMuchWork(f"more than {passes} passes over {characters:,} characters")

    former = signal.signal(signal.SIGVTALRM, stop)
    gc.disable()  # A collection looks at all that the process holds, not at the text.
    signal.setitimer(
        signal.ITIMER_VIRTUAL, FLOOR_SECONDS + passes * characters * seconds_a_character()
    )
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)
        gc.enable()
