"""A process that reads final answers and compares them: `answers` starts it, and ends it.

Some answers take math-verify minutes or all memory, and inside one long multiplication no signal
and no other thread can stop it; a process can be ended. It reads a request a line from stdin, a
list of one text to read or two to compare, and writes an answer a line to stdout, as JSON.
"""

import json
import sys
from contextlib import suppress
from functools import lru_cache
from typing import Any

SECONDS = 1
"""What math-verify's own time limit allows one reading or comparison."""
MEMORY = 4 << 30
"""The bytes that the process may take."""


def main() -> None:
    _limit_memory()
    _equal("\\boxed{\\frac{1}{2}}", "0.5")  # what is imported and built on first use
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _read(*request) if len(request) == 1 else _equal(*request)
        except _Late:
            answer = {"late": True}
        print(json.dumps(answer), flush=True)


class _Late(Exception):
    """It took too long."""


def _read(text: str) -> dict[str, Any]:
    """The final answer as it is written, a key of its value, and whether it is a percentage."""
    parsed = _parsed(text)
    if not parsed:
        return {"answer": None}
    key = " ".join(map(str, parsed))
    return {"answer": str(parsed[-1]), "key": key, "percent": "(1/100)" in key}


def _equal(first: str, second: str) -> dict[str, Any]:
    from math_verify import verify
    from math_verify.errors import TimeoutException

    try:
        return {
            "equal": bool(
                verify(
                    _parsed(first), _parsed(second), timeout_seconds=SECONDS, raise_on_error=True
                )
            )
        }
    except TimeoutException:
        raise _Late from None
    except Exception:  # whatever sympy stumbles on: not known to be equal
        return {"equal": False}


@lru_cache(maxsize=4096)
def _parsed(text: str) -> list[Any]:
    """The final answer in math-verify's terms, its text last; empty if there is none."""
    from math_verify import parse
    from math_verify.errors import TimeoutException

    try:
        return parse(text, parsing_timeout=SECONDS, raise_on_error=True)
    except TimeoutException:
        raise _Late from None
    except Exception:  # whatever the parser stumbles on is no answer
        return []


def _limit_memory() -> None:
    with suppress(ImportError, OSError, ValueError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    main()
