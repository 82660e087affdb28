"""The files a PRM is evaluated on: solutions with their first wrong step, or judged candidates."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from prm_app.errors import InputError
from prm_app.solutions.candidates import json_values
from prm_app.solutions.voting import group_by_answer, match_answer


class Labelled(NamedTuple):
    """A solution and the index of its first wrong step, -1 where all are right."""

    where: str
    problem: str
    steps: list[str]
    label: int


class Choice(NamedTuple):
    """A problem with candidates to choose from: which are right, and which give the same answer.

    `answers[i]` numbers the answer of candidate i, None where it has none.
    """

    where: str
    problem: str
    solutions: list[str]
    right: list[bool]
    answers: list[int | None]


def rows(text: str, name: str) -> Iterator[tuple[str, Any]]:
    """The rows of a JSON list or of JSONL, each with where it stands; raises InputError."""
    values = json_values(text, name)
    if len(values) == 1 and isinstance(values[0][1], list):
        for number, value in enumerate(values[0][1], 1):
            yield f"{name}, entry {number}", value
    else:
        for line, value in values:
            yield f"{name}, line {line or 1}", value


def read_row(where: str, row: Any) -> Labelled | Choice:
    """One row, of the kind that its fields say; raises InputError with `where` and what is wrong.

    The fields of ProcessBench (Qwen/ProcessBench on the Hugging Face Hub) make a Labelled,
    `candidates` with `is_correct`, or with an `answer` beside them, a Choice. Others are ignored.
    """
    try:
        if not isinstance(row, dict) or not isinstance(row.get("problem"), str):
            raise InputError("not an object with the text “problem”.")
        if "candidates" in row:
            return _choice(where, row)
        if "steps" in row and "label" in row:
            return _labelled(where, row)
        raise InputError(
            "neither “steps” with a “label” (first-error detection) nor “candidates” (best-of-N)."
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _labelled(where: str, row: dict) -> Labelled:
    steps, label = row["steps"], row["label"]
    if not isinstance(steps, list) or not steps or not all(isinstance(s, str) for s in steps):
        raise InputError("“steps” is not a list of texts.")
    if type(label) is not int or not -1 <= label < len(steps):
        raise InputError(
            f"“label” is {label!r}: it should be the index of the first wrong one of "
            f"{len(steps)} steps, counted from 0, or -1 where all are right."
        )
    return Labelled(where, row["problem"], steps, label)


def _choice(where: str, row: dict) -> Choice:
    candidates, answer = row["candidates"], row.get("answer")
    if not isinstance(candidates, list) or not candidates:
        raise InputError("“candidates” is not a list of solutions.")
    for number, each in enumerate(candidates, 1):
        if not isinstance(each, dict) or not isinstance(each.get("solution"), str):
            raise InputError(f"candidate {number} has no text “solution”.")
        if answer is None and not isinstance(each.get("is_correct"), bool):
            raise InputError(
                f"candidate {number} has no “is_correct” (true or false), nor the row an “answer”."
            )
    texts = [each["solution"] for each in candidates]
    right = [each.get("is_correct") for each in candidates]
    if not all(isinstance(each, bool) for each in right):
        right = match_answer(texts, str(answer))
    number = {i: n for n, group in enumerate(group_by_answer(texts)) for i in group}
    return Choice(where, row["problem"], texts, right, [number.get(i) for i in range(len(texts))])
