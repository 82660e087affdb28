"""The files a PRM is evaluated on: solutions with their first wrong step, or judged candidates."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from prm_app.errors import InputError
from prm_app.solutions.jsonl import Place, PlaceError
from prm_app.solutions.rows import Problem, Row
from prm_app.solutions.shapes import pooled
from prm_app.solutions.voting import group_by_answer, match_answer


class LabelledSolution(NamedTuple):
    """A solution and the index of its first wrong step among those not blank, -1 if none is."""

    place: Place
    row: Row
    label: int


class Choice(NamedTuple):
    """A problem with candidates to choose from: which are right, and which give the same answer.

    `answers[i]` numbers the answer of candidate i, None if it has none.
    """

    place: Place
    rows: list[Row]
    right: list[bool]
    answers: list[int | None]


Case = LabelledSolution | Choice | PlaceError
"""What a file is evaluated on, or why that cannot be read."""


def cases(problems: Sequence[Problem | PlaceError]) -> list[Callable[[], Case]]:
    """The cases of a file, all of one kind, each read when it is called; one for each of `groups`.

    Solutions with a "label" of their own make a file of first errors, others one of best-of-N,
    whose candidates say "is_correct" or whose problems say the "answer". A case that is neither is
    a PlaceError.
    """
    read_case = _labelled_solution if _has_labels(problems) else _choice
    return [partial(_attempt, read_case, each) for each in groups(problems)]


def groups(problems: Sequence[Problem | PlaceError]) -> list[Problem | PlaceError]:
    """The solutions that make a case each: one with a label, or all of a problem."""
    return list(problems) if _has_labels(problems) else pooled(problems)


def _has_labels(problems: Sequence[Problem | PlaceError]) -> bool:
    return any(isinstance(each, Problem) and _is_labelled(each) for each in problems)


def _attempt(
    read_case: Callable[[Problem], LabelledSolution | Choice], case: Problem | PlaceError
) -> LabelledSolution | Choice | PlaceError:
    if isinstance(case, PlaceError):
        return case
    try:
        return read_case(case)
    except PlaceError as error:
        return error
    except InputError as error:
        return PlaceError(case.place, str(error))


def _is_labelled(problem: Problem) -> bool:
    return problem.alone and any(row.extra.get("label") is not None for row in problem.rows)


def _labelled_solution(problem: Problem) -> LabelledSolution:
    (row,) = _readable(problem)
    if row.label is None:
        raise PlaceError(row.place, "no “label”, which other solutions of this file have.")
    return LabelledSolution(row.place, row, row.label)


def _choice(problem: Problem) -> Choice:
    rows = _readable(problem)
    texts = [row.text for row in rows]
    right = [bool(row.is_correct) for row in rows]
    if unjudged := [row for row in rows if row.is_correct is None]:
        if problem.answer is None:
            raise PlaceError(
                unjudged[0].place,
                "no “is_correct” (true or false), and the problem has no “answer”. A solution "
                "with “steps” may have a “label”.",
            )
        right = match_answer(texts, problem.answer)
    answers = group_by_answer(texts)
    if answers.unread:
        raise PlaceError(
            rows[answers.unread[0]].place, "its final answer could not be compared in time."
        )
    number = {i: n for n, group in enumerate(answers.groups) for i in group}
    return Choice(problem.place, rows, right, [number.get(i) for i in range(len(rows))])


def _readable(problem: Problem) -> list[Row]:
    for each in problem.solutions:
        if isinstance(each, PlaceError):
            raise each
    return problem.rows
