"""A file that somebody looks at: its solutions, their labels, and the rewards known of them.

Knows recorded and live rewards apart, and neither engines nor how anything is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Any, NamedTuple

from vllm_prm.text import is_blank

from prm_app.errors import InputError
from prm_app.evaluation.data import Case, cases, groups
from prm_app.evaluation.run import Figures, RewardsByModel, figures, recorded_rewards
from prm_app.evaluation.verdicts import disagreement, surprise, surprise_of_answer, verdict
from prm_app.solutions.aggregation import aggregate, first_error
from prm_app.solutions.jsonl import MOST_BYTES, Place, PlaceError
from prm_app.solutions.rows import Problem, Row
from prm_app.solutions.shapes import read_problems
from prm_app.solutions.solution import Solution
from prm_app.solutions.steps import split_steps

EXCERPT = 140
"""Characters of a problem that a list shows."""


class Source(NamedTuple):
    """Whose rewards: a model that a file names, or one that scored it here."""

    name: str
    live: bool = False


@dataclass
class Item:
    """One solution of the file.

    Attributes:
        row: What the file says of it.
        group: The number of its problem, or of its case.
        label: The index of its first wrong step, -1 if all are right; None if that is not known.
        right: Whether its final answer is right, if that is known.
    """

    row: Row
    group: int
    label: int | None
    right: bool | None

    def steps(self) -> tuple[str, ...]:
        """Its steps that are not blank, as the file divides it or else as `split_steps` does."""
        pieces = self.row.steps or split_steps(self.row.text)
        return tuple(step for step in pieces if not is_blank(step))

    def solution(self) -> Solution:
        """What a model scores; raises InputError."""
        steps = tuple(split_steps(self.row.text)) if self.row.steps is None else self.row.steps
        return Solution(self.row.problem, steps).validated()


@dataclass
class SolutionFile:
    """A file with all that is known of it; `cases` is filled by `judge`.

    Attributes:
        name: What it is called.
        items: Its solutions, in order.
        errors: What in it cannot be read.
        rewards: By source and place.
        failures: Why a solution could not be scored, by place.
        key: Another one for each file that is opened.
    """

    name: str
    items: list[Item]
    errors: list[PlaceError]
    rewards: dict[Source, dict[Place, tuple[float, ...]]]
    judging: list[Callable[[], Case]]
    cases: list[Case] = field(default_factory=list)
    failures: dict[Place, str] = field(default_factory=dict)
    key: str = field(default_factory=partial(token_hex, 4))

    def judge(self) -> Iterator[float]:
        """Fills `cases`; yields the share that is done. Comparing final answers takes its time."""
        for number, read_case in enumerate(self.judging[len(self.cases) :], len(self.cases) + 1):
            self.cases.append(read_case())
            yield number / len(self.judging)

    def of(self, item: Item, source: Source | None) -> tuple[float, ...] | None:
        """The rewards of a solution by a source, if there are any."""
        return self.rewards[source].get(item.row.place) if source in self.rewards else None

    def figures(self, source: Source, threshold: float) -> Figures:
        """All figures of a source on the cases that are read so far."""
        return figures(self.cases, self.rewards.get(source, {}), threshold)

    def containing(self, text: str) -> list[int]:
        """The numbers of the solutions whose problem, steps or generator contain a text."""
        needle = text.casefold()
        return [
            i
            for i, item in enumerate(self.items)
            if needle in f"{item.row.problem}\n{item.row.text}\n{item.row.generator}".casefold()
        ]


def read_file(
    content: bytes, name: str, most: int = MOST_BYTES, rows: int | None = None
) -> SolutionFile:
    """Reads a file of any shape.

    Args:
        content: Its bytes.
        name: What messages call it.
        most: The size of the largest file, in bytes, unpacked.
        rows: The most solutions it may hold; None for any number.

    Raises:
        InputError: Nothing in it can be read, or it holds too many solutions.
    """
    problems = read_problems(content, name, most)
    items, errors = _items(groups(problems))
    if not items:
        raise errors[0] if errors else InputError(f"{name} holds no solution.")
    if rows is not None and len(items) > rows:
        raise InputError(
            f"{name} holds {len(items):,} solutions, and at most {rows:,} are shown at once: "
            "divide the file, or use `prm-app eval`, which reads any number."
        )
    rewards, unreadable = recorded_rewards([item.row for item in items])
    return SolutionFile(name, items, errors + unreadable, _sources(rewards), cases(problems))


def _sources(by_model: RewardsByModel) -> dict[Source, dict[Place, tuple[float, ...]]]:
    return {Source(name): rewards for name, rewards in by_model.items()}


def _items(groups: list[Problem | PlaceError]) -> tuple[list[Item], list[PlaceError]]:
    items, errors = [], []
    for number, group in enumerate(groups):
        for each in [group] if isinstance(group, PlaceError) else group.solutions:
            try:
                if isinstance(each, PlaceError):
                    raise each
                items.append(Item(each, number, each.label, each.is_correct))
            except PlaceError as error:
                errors.append(error)
    return items, errors


def facts(
    file: SolutionFile, item: Item, one: Source | None, other: Source | None, threshold: float
) -> dict[str, Any]:
    """What lists, tables and exports say of a solution; steps count from 1, none is None."""
    row, first, second = item.row, file.of(item, one), file.of(item, other)
    error = None if first is None else first_error(first, threshold)
    label = None if item.label is None else "none" if item.label < 0 else item.label + 1
    return {
        **row.place.counts(),
        "problem": row.problem,
        "generator": row.generator,
        "steps": len(item.steps()),
        "labelled": label,
        "is_correct": item.right,
        "first_error": None if error is None else error + 1,
        "least": None if first is None else min(first),
        "mean": None if first is None else aggregate(first),
        "verdict": None if first is None or item.label is None else verdict(item.label, error),
        "surprise": surprise_at(item, first),
        "disagreement": _disagreement(first, second),
    }


def surprise_at(item: Item, rewards: tuple[float, ...] | None) -> float | None:
    """How far rewards are from what is known of a solution; None if nothing is."""
    if rewards is None or (item.label is None and item.right is None):
        return None
    if item.label is not None:
        return surprise(rewards, item.label)
    return surprise_of_answer(rewards, bool(item.right))


def _disagreement(one: tuple[float, ...] | None, other: tuple[float, ...] | None) -> float | None:
    if one is None or other is None or len(one) != len(other):
        return None
    return disagreement(one, other)


def lines(
    file: SolutionFile, numbers: Iterable[int], one: Source | None, other: Source | None
) -> Iterator[str]:
    """Solutions as lines of JSON for a list.

    Each holds number, problem, generator, steps, label, whether the answer is right, group, the
    rewards of `one` with mean, surprise and disagreement with `other`, and why it has none.
    """
    for number in numbers:
        item = file.items[number]
        first = file.of(item, one)
        row = [
            number,
            " ".join(item.row.problem[: 2 * EXCERPT].split())[:EXCERPT],
            item.row.generator,
            len(item.steps()) if first is None else len(first),
            item.label,
            item.right,
            item.group,
            first,
            _rounded(None if first is None else aggregate(first)),
            _rounded(surprise_at(item, first)),
            _rounded(_disagreement(first, file.of(item, other))),
            file.failures.get(item.row.place),
        ]
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        yield text.replace("<", "\\u003c") + "\n"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
