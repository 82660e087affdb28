"""A file's values -> problems with their solutions: every shape of file that the product reads.

ProcessBench, PRM800K, Math-Shepherd, TRL's stepwise supervision, best-of-N, search-and-learn, and
what the product itself writes. A shape is known by its fields; a value that has none of them is
refused by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from prm_app.solutions.jsonl import MOST_BYTES, Place, PlaceError, json_values
from prm_app.solutions.rows import Problem, Row

SHAPES = (
    'a list of texts, {"problem": …, "solutions": [text, …]}, {"problem": …, "candidates": '
    '[{"solution": text}, …]}, {"problem": …, "solution": text} or {"problem": …, "steps": [text, '
    "…]}, one such object a line or in a list, or rows of ProcessBench, PRM800K, Math-Shepherd, "
    "TRL's stepwise supervision or search-and-learn"
)
_SEVERAL = ("solutions", "candidates", "completions", "ranking")
_OTHER_NAMES = ("question", "prompt", "query", "input")
_MARK = "ки"
"""What ends a step in Math-Shepherd's texts."""


def read_problems(content: bytes, name: str, most: int = MOST_BYTES) -> list[Problem | PlaceError]:
    """The problems of a file, one for each of its values; what is not understood is a PlaceError.

    Args:
        content: The file's bytes; see `json_values`.
        name: What messages call the file.
        most: The size of the largest file that is read, in bytes, unpacked.

    Raises:
        InputError: The file cannot be read at all.
    """
    return [
        value if isinstance(value, PlaceError) else _attempt(_problem, place, value)
        for place, value in json_values(content, name, most)
    ]


def pooled(problems: Iterable[Problem | PlaceError]) -> list[Problem | PlaceError]:
    """The same with the solutions of one problem together, if each had a value of its own."""
    together: list[Problem | PlaceError] = []
    pools: dict[str, list[Row | PlaceError]] = {}
    for each in problems:
        if isinstance(each, PlaceError) or not each.alone:
            together.append(each)
        elif each.problem in pools:
            pools[each.problem].extend(each.solutions)
        else:
            pools[each.problem] = [*each.solutions]
            together.append(replace(each, solutions=pools[each.problem]))
    return together


def _attempt(make: Callable[..., Any], place: Place, *values: Any) -> Any:
    try:
        return make(place, *values)
    except PlaceError as error:
        return error


def _problem(place: Place, value: Any) -> Problem:
    if isinstance(value, str):
        return _alone(place, "", {"solution": value})
    if isinstance(value, list):
        return _together(place, "", "solutions", value)
    if not isinstance(value, dict):
        raise PlaceError(place, f"{_kind(value)}. It should be {SHAPES}.")
    for shape in (_prm800k, _math_shepherd, _stepwise):
        if (result := shape(place, value)) is not None:
            return result
    problem = _problem_text(place, value)
    several = [name for name in _SEVERAL if name in value]
    if len(several) > 1:
        raise PlaceError(place, f"both “{several[0]}” and “{several[1]}”: leave the one to read.")
    if not several:
        return _alone(place, problem, value, value.get("answer"))
    result = _together(place, problem, several[0], value[several[0]], value)
    return replace(result, answer=_answer(value.get("answer")))


def _problem_text(place: Place, value: dict[str, Any]) -> str:
    problem = value.get("problem")
    if problem is None:
        for name in _OTHER_NAMES:
            if isinstance(value.get(name), str):
                raise PlaceError(place, f"no “problem”. If it is “{name}”, call it “problem”.")
        return ""
    if not isinstance(problem, str):
        raise PlaceError(place, f"“problem” is {_kind(problem)}, not text.")
    return problem


def _alone(place: Place, problem: str, value: dict[str, Any], answer: Any = None) -> Problem:
    return Problem(place, problem, [_row(place, problem, value)], _answer(answer), alone=True)


def _together(
    place: Place, problem: str, name: str, values: Any, beside: dict[str, Any] | None = None
) -> Problem:
    """The solutions of a list, each with the scores and the generator that stand beside it."""
    if not isinstance(values, list):
        raise PlaceError(place, f"“{name}” is {_kind(values)}, not a list.")
    if not values:
        raise PlaceError(place, f"“{name}” is an empty list.")
    beside = beside or {}
    common = {"generator": beside["generator"]} if "generator" in beside else {}
    scores = beside.get("scores") if name == "completions" else None
    if scores is not None and (not isinstance(scores, list) or len(scores) != len(values)):
        raise PlaceError(place, f"“scores” is no list of one entry for each of “{name}”.")
    solutions = []
    for number, value in enumerate(values, 1):
        row = _attempt(_row, place.of_solution(number), problem, value)
        if isinstance(row, Row):
            scored = {"scores": scores[number - 1]} if scores else {}
            row = replace(row, extra=common | scored | dict(row.extra))
        solutions.append(row)
    return Problem(place, problem, solutions)


def _row(place: Place, problem: str, value: Any) -> Row:
    if isinstance(value, str):
        return Row(place, problem, value, None, {})
    if not isinstance(value, dict):
        raise PlaceError(place, f"{_kind(value)}, not text.")
    text, steps = value.get("solution"), value.get("steps")
    if steps is not None and not _is_texts(steps):
        raise PlaceError(place, "“steps” is not a list of texts.")
    if steps is not None and type(text) is int:  # the number of a solution in our own answers
        text = None
    if text is not None and not isinstance(text, str):
        raise PlaceError(place, f"“solution” is {_kind(text)}, not text.")
    if "solution" not in value and not steps:
        keys = ", ".join(f"“{key}”" for key in list(value)[:6]) or "nothing"
        raise PlaceError(
            place,
            f"no “solution”, “steps” or “solutions” there, only {keys}. It should be {SHAPES}.",
        )
    extra = {
        key: each for key, each in value.items() if key not in ("problem", "solution", "steps")
    }
    steps = tuple(steps) if steps else None
    return Row(place, problem, text or "\n\n".join(steps or ()), steps, extra)


def _prm800k(place: Place, value: dict[str, Any]) -> Problem | None:
    """A row of PRM800K: the steps that its labeller went along, then those that were not judged."""
    question, label = value.get("question"), value.get("label")
    if not isinstance(question, dict) or not isinstance(label, dict):
        return None
    try:
        choices = [_choice(step) for step in label["steps"]]
        steps = [each["text"] for each in choices]
        ratings = [each["rating"] for each in choices]
        rest = question.get("pre_generated_steps") or []
        if rest[: len(steps)] == steps:
            steps = rest
        whole = label["finish_reason"] == "solution"
        first = ratings.index(-1) if -1 in ratings else -1 if whole else None
    except (AttributeError, IndexError, KeyError, TypeError):
        raise PlaceError(place, "“label” does not hold the steps of a PRM800K row.") from None
    return _with_label(place, question.get("problem"), steps, first, value, question)


def _choice(step: dict[str, Any]) -> dict[str, Any]:
    """The completion that a labeller of PRM800K went on with, or the first one found wrong."""
    completions: list[dict[str, Any]] = step["completions"]
    if step["chosen_completion"] is not None:
        return completions[int(step["chosen_completion"])]
    completion: dict[str, Any] | None = step["human_completion"]
    if completion is not None:
        return completion
    return min(completions, key=lambda each: each["rating"] != -1)


def _math_shepherd(place: Place, value: dict[str, Any]) -> Problem | None:
    """A row of Math-Shepherd: a text with a mark after each step, and again with + or - there."""
    text, marks = value.get("input"), value.get("label")
    if not isinstance(text, str) or not isinstance(marks, str):
        return None
    pieces, signs, at = text.split(_MARK), "", 0
    for piece in pieces[:-1]:
        at += len(piece) + 1
        if marks[at - len(piece) - 1 : at - 1] != piece or marks[at - 1 : at] not in ("+", "-"):
            raise PlaceError(place, f"“label” is not “input” with + or - for each {_MARK}.")
        signs += marks[at - 1]
    problem, label, first = pieces[0].partition("Step 1:")
    if not signs or not label or marks[at:].strip() != pieces[-1].strip():
        raise PlaceError(
            place, f"“input” is not a problem and “Step 1:”, …, with {_MARK} after each step."
        )
    steps = [piece.strip() for piece in (label + first, *pieces[1:-1])]
    return _with_label(place, problem.strip(), steps, signs.find("-"), value)


def _stepwise(place: Place, value: dict[str, Any]) -> Problem | None:
    """A row of TRL's stepwise supervision: a prompt, its steps as completions, a label for each."""
    if not {"prompt", "completions", "labels"} <= value.keys():
        return None
    steps, labels = value["completions"], value["labels"]
    if not _is_texts(steps):
        raise PlaceError(place, "“completions” beside “labels” is not a list of texts.")
    if (
        not isinstance(labels, list)
        or len(labels) != len(steps)
        or any(each not in (0, 1) for each in labels)
    ):
        raise PlaceError(place, "“labels” is not a list of one true or false for each step.")
    label = labels.index(0) if 0 in labels else -1
    return _with_label(place, value["prompt"], steps, label, value)


def _with_label(
    place: Place,
    problem: Any,
    steps: Sequence[str],
    label: int | None,
    value: dict[str, Any],
    question: dict[str, Any] | None = None,
) -> Problem:
    """A row of a shape that has other names for problem, steps and label."""
    if not isinstance(problem, str):
        raise PlaceError(place, f"the problem is {_kind(problem)}, not text.")
    own = ("question", "label", "labels", "input", "prompt", "completions")
    extra = {key: each for key, each in value.items() if key not in own}
    answer = (question or value).get("ground_truth_answer")
    return _alone(place, problem, extra | {"steps": list(steps), "label": label}, answer)


def _is_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _answer(value: Any) -> str | None:
    return None if value is None else str(value)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")
