"""A process that reads final answers and compares them: `answers` starts it, and ends it.

Some answers take math-verify minutes or all memory, and inside one long multiplication no signal
and no other thread can stop it; a process can be ended. It reads a request a line from stdin, the
processor time it may take and one text to read or two to compare, and writes an answer a line to
stdout, as JSON.
"""

import json
import signal
import sys
from contextlib import suppress
from functools import lru_cache
from typing import Any

MEMORY = 4 << 30
"""The bytes that the process may take."""


def main() -> None:
    _limit_memory()
    if _HAS_TIMER:
        signal.signal(signal.SIGPROF, _on_timer)
    _equal("\\boxed{\\frac{1}{2}}", "0.5")  # what is imported and built on first use
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(*json.loads(line))), flush=True)


def _answer(seconds: float, *texts: str) -> dict[str, Any]:
    try:
        _set_timer(seconds)
        try:
            return _read(*texts) if len(texts) == 1 else _equal(*texts)
        finally:
            _set_timer(0)
    except _Late:
        return {"late": True}


class _Late(BaseException):
    """It took too long: no Exception, because sympy goes on after those."""


_HAS_TIMER = hasattr(signal, "setitimer")  # not on Windows, where the process is ended


def _on_timer(*args: object) -> None:
    raise _Late


def _set_timer(seconds: float) -> None:
    if _HAS_TIMER:
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _read(text: str) -> dict[str, Any]:
    """The final answer as it is written, a key of its value, and whether it is a percentage."""
    expressions = _parse(text)
    if not expressions:
        return {"answer": None}
    key = " ".join(map(str, expressions))
    return {"answer": str(expressions[-1]), "key": key, "percent": "(1/100)" in key}


def _equal(first: str, second: str) -> dict[str, Any]:
    from math_verify import verify

    return {"equal": bool(verify(_parse(first), _parse(second), timeout_seconds=None))}


@lru_cache(maxsize=4096)
def _parse(text: str) -> list[Any]:
    """The final answer in math-verify's terms, its text last; empty if there is none."""
    from math_verify import parse

    return list(parse(text, parsing_timeout=None))


def _limit_memory() -> None:
    with suppress(ImportError, OSError, ValueError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    main()
