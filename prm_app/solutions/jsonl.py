"""Bytes of a file -> its JSON values, each with its place: JSON and JSONL, whatever its name.

Knows encodings and JSON, nothing of what the values mean. A value that cannot be read is an error
of its own place, and all others are there.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from prm_app.errors import InputError

MOST_BYTES = 1 << 30
"""The size of the largest file that is read, unpacked."""
DEEPEST = 100
"""How many lists and objects may stand in one another."""
MOST_DIGITS = 4300
"""The longest integer: what Python converts unless it is told otherwise."""

_BLANKS = re.compile(r"[ \t\r\n]*")
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\[\s\S])*+"?|[\[\]{}]')
_TOO_DEEP = f"lists or objects more than {DEEPEST} deep in one another"
_SURROGATE = (
    "half of a surrogate pair, which is no character: it was cut or decoded wrongly before it "
    "came here"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; all counts from 1.

    Attributes:
        file: What the file is called.
        line: The line on which the value starts.
        entry: Its number in a JSON list; None if each line has a value of its own.
        solution: The number of a solution, if the value holds several.
    """

    file: str
    line: int
    entry: int | None = None
    solution: int | None = None

    def __str__(self) -> str:
        entry = "" if self.entry is None else f", entry {self.entry}"
        solution = "" if self.solution is None else f", solution {self.solution}"
        return f"{self.file}{entry}, line {self.line}{solution}"

    def of_solution(self, number: int) -> Place:
        return replace(self, solution=number)

    def counts(self) -> dict[str, int]:
        """Line, entry and solution, as answers name them."""
        counts = {"line": self.line, "entry": self.entry, "solution": self.solution}
        return {name: count for name, count in counts.items() if count is not None}


class PlaceError(InputError):
    """What is wrong at a place of a file; the message starts with the place."""

    def __init__(self, place: Place, message: str) -> None:
        self.place, self.message = place, message
        super().__init__(f"{place}: {message}")


def json_values(content: bytes, name: str, most: int = MOST_BYTES) -> list[tuple[Place, Any]]:
    """The values of a file with their places; one that cannot be used is a PlaceError.

    A list has its entries as values, a file that is one object has that, and in JSONL each line
    that is not blank has one.

    Args:
        content: The file: UTF-8, or UTF-16 with its mark, gzip or not.
        name: What messages call the file.
        most: The size of the largest file that is read, in bytes, unpacked.

    Raises:
        InputError: The file is empty, too large, no text, or one list or object that is not JSON.
    """
    text = _decoded(_unpacked(content, name, most), name)
    lines = text.split("\n")
    numbers = [number for number, line in enumerate(lines, 1) if line.strip()]
    if not numbers:
        raise InputError(f"{name} is empty.")
    first = lines[numbers[0] - 1].strip()
    if _goes_on(first) or (len(numbers) == 1 and first.startswith("[")):
        return _document(text, name)
    return [
        (place, _line(lines[number - 1].strip(), place))
        for number in numbers
        for place in [Place(name, number)]
    ]


def _line(text: str, place: Place) -> Any:
    """The value of a line of JSONL, or the PlaceError of it."""
    try:
        value, end = _Decoder().read(text, 0)
        _require_end(text, end)
    except json.JSONDecodeError as error:
        return PlaceError(place, f"not valid JSON ({error.msg}, column {error.colno}).")
    return PlaceError(place, f"{value}.") if isinstance(value, _Unusable) else value


def _document(text: str, name: str) -> list[tuple[Place, Any]]:
    """The entries of a file's one list, or its one object; raises PlaceError."""
    start = _after_blanks(text, 0)
    is_list = text[start] == "["
    entries: list[tuple[Place, Any]] = []
    line, position = 1, 0
    try:
        for at, value in _entries(text, start) if is_list else _only(text, start):
            line, position = line + text.count("\n", position, at), at
            place = Place(name, line, len(entries) + 1 if is_list else None)
            unusable = isinstance(value, _Unusable)
            entries.append((place, PlaceError(place, f"{value}.") if unusable else value))
    except json.JSONDecodeError as error:
        place = Place(name, error.lineno)
        raise PlaceError(place, f"not valid JSON ({error.msg}, column {error.colno}).") from None
    if not entries:
        raise InputError(f"{name} is empty.")
    return entries


def _only(text: str, start: int) -> Iterator[tuple[int, Any]]:
    value, end = _Decoder().read(text, start)
    _require_end(text, end)
    yield start, value


def _entries(text: str, start: int) -> Iterator[tuple[int, Any]]:
    """The values of the list that starts there, and where each of them starts."""
    decoder, at = _Decoder(), _after_blanks(text, start + 1)
    while not text.startswith("]", at):
        value, end = decoder.read(text, at)
        yield at, value
        at = _after_blanks(text, end)
        if isinstance(value, _Unusable) and at == len(text):  # nested too deep, and never closed
            return
        if text.startswith(",", at):
            at = _after_blanks(text, at + 1)
        elif not text.startswith("]", at):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    _require_end(text, at + 1)


@dataclass(frozen=True, slots=True)
class _Unusable:
    """In place of a value that is JSON, or nearly, and cannot be used."""

    why: str

    def __str__(self) -> str:
        return f"it holds {self.why}"


class _Decoder:
    """Python's own decoder, strict where that is not."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._decoder = json.JSONDecoder(
            parse_int=self._int, parse_float=self._float, parse_constant=self._faults.append
        )

    def read(self, text: str, start: int) -> tuple[Any, int]:
        """The value that starts there, and where it ends; raises json.JSONDecodeError."""
        self._faults.clear()
        try:
            value, end = self._decoder.raw_decode(text, start)
        except RecursionError:
            return _Unusable(_TOO_DEEP), _end_of_nested(text, start)
        if _depth(value) > DEEPEST:
            self._faults.append(_TOO_DEEP)
        elif "\\u" in text[start:end] and not _is_text(value):
            self._faults.append(_SURROGATE)
        return (_Unusable(self._faults[0]) if self._faults else value), end

    def _int(self, digits: str) -> int:
        if len(digits) > MOST_DIGITS:
            self._faults.append(f"a number of {len(digits):,} digits, more than {MOST_DIGITS:,}")
            return 0
        return int(digits)

    def _float(self, digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            self._faults.append(f"a number that is too large, {digits[:20]}")
        return number


def _depth(value: Any) -> int:
    depth, layer = 0, [value]
    while layer := [each for each in layer if isinstance(each, (list, dict))]:
        depth += 1
        layer = [
            child for each in layer for child in (each.values() if isinstance(each, dict) else each)
        ]
    return depth


def _is_text(value: Any) -> bool:
    """Whether all its strings are characters."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _end_of_nested(text: str, start: int) -> int:
    """Where the list or object that starts there ends."""
    depth = 0
    for token in _STRUCTURE.finditer(text, start):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if not depth:
            return token.end()
    return len(text)


def _goes_on(line: str) -> bool:
    """Whether a first line is the beginning of JSON that ends on a later one."""
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        return error.pos >= len(line)
    except (RecursionError, ValueError):
        return False
    return False


def _after_blanks(text: str, start: int) -> int:
    blanks = _BLANKS.match(text, start)
    return blanks.end() if blanks else start


def _require_end(text: str, end: int) -> None:
    rest = _after_blanks(text, end)
    if rest < len(text):
        raise json.JSONDecodeError("Extra data", text, rest)


def _unpacked(content: bytes, name: str, most: int) -> bytes:
    if content.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(io.BytesIO(content)) as archive:
                content = archive.read(most + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{name} is no whole gzip file ({error}).") from error
    if len(content) > most:
        raise InputError(f"{name} has more than {most:,} bytes, unpacked: divide it.")
    return content


def _decoded(content: bytes, name: str) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PlaceError(Place(name, line), "not UTF-8 text. Save the file as UTF-8.") from None
