"""Several solutions of one problem, from pasted text or a JSON or JSONL file."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from prm_app.errors import InputError

SHAPES = (
    'a list of texts, {"problem": …, "solutions": [text, …]}, '
    '{"problem": …, "candidates": [{"solution": text}, …]}, or in JSONL one such object '
    'or one {"problem": …, "solution": text} a line'
)
_RULE = re.compile(r"(?m)^[ \t]*-{3,}[ \t]*$\n?")


@dataclass(slots=True)
class Candidates:
    """Solutions of one problem; `problem` is empty where the source does not say it."""

    problem: str = ""
    solutions: list[str] = field(default_factory=list)


def from_text(text: str) -> list[str]:
    """The solutions of a text that lines of `---` divide; empty pieces are none."""
    text = re.sub(r"\r\n?", "\n", text)
    return [piece.strip("\n") for piece in _RULE.split(text) if piece.strip()]


def from_file(content: bytes, name: str = "the file") -> list[Candidates]:
    """The problems of a JSON or JSONL file, each with its solutions, in the file's order.

    JSONL is read where the whole is not one JSON value. Raises InputError with the line and what is
    wrong there: not UTF-8, not JSON, or none of the shapes read here.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}, line {line}: not UTF-8 text. Save the file as UTF-8.") from None
    if not text.strip():
        raise InputError(f"{name} is empty: it should hold {SHAPES}.")
    found: list[Candidates] = []
    for line, value in json_values(text, name):
        where = f"{name}, line {line}" if line else name
        read = _read(value, where)
        if found and len(read.solutions) == 1 and read.problem == found[-1].problem:
            found[-1].solutions += read.solutions
        else:
            found.append(read)
    return found


def json_values(text: str, name: str) -> list[tuple[int, Any]]:
    """The JSON values of a file, each with its line, or with 0 for a file that is one value.

    Raises InputError with the line that is no JSON.
    """
    try:
        return [(0, json.loads(text))]
    except json.JSONDecodeError as error:
        whole = error
    values: list[tuple[int, Any]] = []
    for n, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values.append((n, json.loads(line)))
        except json.JSONDecodeError as error:
            at, n = (error, n) if values else (whole, whole.lineno)
            raise InputError(
                f"{name}, line {n}: not valid JSON ({at.msg}, column {at.colno})."
            ) from None
    return values


def _read(value: Any, where: str) -> Candidates:
    if isinstance(value, str):
        return Candidates("", [_text(value, "the solution", where)])
    if isinstance(value, list):
        return Candidates("", _solutions(value, where))
    if not isinstance(value, dict):
        raise InputError(f"{where}: {_kind(value)} where one of these should be: {SHAPES}.")
    problem = value.get("problem", "")
    if not isinstance(problem, str):
        raise InputError(f"{where}: “problem” is {_kind(problem)}, not text.")
    for key in ("solutions", "candidates"):
        if key in value:
            if not isinstance(value[key], list):
                raise InputError(f"{where}: “{key}” is {_kind(value[key])}, not a list.")
            return Candidates(problem, _solutions(value[key], where))
    if "solution" in value:
        return Candidates(problem, [_text(value["solution"], "“solution”", where)])
    keys = ", ".join(f"“{key}”" for key in list(value)[:6]) or "nothing"
    raise InputError(
        f"{where}: no “solutions”, “candidates” or “solution” there, only {keys}. "
        f"It should be {SHAPES}."
    )


def _solutions(values: list, where: str) -> list[str]:
    if not values:
        raise InputError(f"{where}: the list of solutions is empty.")
    solutions = []
    for i, value in enumerate(values, 1):
        if isinstance(value, dict) and "solution" in value:
            value = value["solution"]
        solutions.append(_text(value, f"solution {i}", where))
    return solutions


def _text(value: Any, what: str, where: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{where}: {what} is {_kind(value)}, not text.")
    if not value.strip():
        raise InputError(f"{where}: {what} is empty.")
    return value


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")
