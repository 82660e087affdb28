"""Solutions as files hold them: one with what the file says of it, and those of one problem.

Knows what the fields mean, by the names of ProcessBench, and none of the shapes that files have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vllm_prm.text import is_blank

from prm_app.solutions.jsonl import Place, PlaceError


@dataclass(frozen=True, slots=True)
class Row:
    """One solution. What the file says of it is read when it is asked for.

    Attributes:
        place: Where it stands.
        problem: Its problem; empty if the file does not say it.
        text: The solution as it was written, or its steps with a blank line between two.
        steps: Its steps if the file divides it, blank ones among them.
        extra: What else the file says of it, by the file's own names.
    """

    place: Place
    problem: str
    text: str
    steps: tuple[str, ...] | None
    extra: Mapping[str, Any]

    @property
    def label(self) -> int | None:
        """The index of the first wrong step among those not blank, -1 if all are right.

        Raises:
            PlaceError: The label is not the index of such a step.
        """
        label = self.extra.get("label")
        if label is None:
            return None
        steps = self.steps or ()
        whole = type(label) in (int, float) and label == int(label)
        if not steps or not whole or not -1 <= label < len(steps):
            raise PlaceError(
                self.place,
                f"“label” is {label!r:.40}: it should be the index of the first wrong one of "
                f"{len(steps)} “steps”, counted from 0, or -1 if all are right.",
            )
        if label >= 0 and is_blank(steps[int(label)]):
            raise PlaceError(
                self.place, f"“label” is {label}, and that step is blank: it can be no wrong one."
            )
        return int(label) - sum(map(is_blank, steps[: max(0, int(label))]))

    @property
    def is_correct(self) -> bool | None:
        """Whether its final answer is right; raises PlaceError for anything but a truth value."""
        for name in ("is_correct", "final_answer_correct"):
            value = self.extra.get(name)
            if value is not None:
                if value not in (0, 1):
                    raise PlaceError(self.place, f"“{name}” is {value!r:.40}, not true or false.")
                return bool(value)
        return None

    @property
    def generator(self) -> str | None:
        """What wrote it."""
        generator = self.extra.get("generator")
        return None if generator is None else str(generator)

    @property
    def recorded_rewards(self) -> dict[str, tuple[float, ...]]:
        """Rewards in [0, 1] that the file holds, by the name of the model that gave them.

        One for each step not blank, if the file divides the solution.

        Raises:
            PlaceError: They are something else.
        """
        scores = self.extra.get("published_step_scores") or {}
        if not isinstance(scores, dict):
            raise PlaceError(self.place, "“published_step_scores” is not an object of lists.")
        rewards = {
            name: self._rewards(f"“published_step_scores”, “{name}”", values)
            for name, values in scores.items()
        }
        if self.extra.get("scores") is not None:
            rewards["scores"] = self._rewards("“scores”", self.extra["scores"])
        for field in ("rewards", "step_rewards"):
            if self.extra.get(field) is not None:
                model = self.extra.get("model")
                name = model if isinstance(model, str) else field
                rewards[name] = self._rewards(f"“{field}”", self.extra[field])
        return rewards

    def fields(self) -> dict[str, Any]:
        """What is said of it, its label and recorded rewards counted by the steps not blank.

        Raises:
            PlaceError: They do not fit the steps.
        """
        extra = dict(self.extra)
        if self.steps and any(map(is_blank, self.steps)):
            if extra.get("label") is not None:
                extra["label"] = self.label
            if extra.get("published_step_scores"):
                extra["published_step_scores"] = {
                    name: self.recorded_rewards[name] for name in extra["published_step_scores"]
                }
        return extra

    def _rewards(self, what: str, values: Any) -> tuple[float, ...]:
        values = values if isinstance(values, list) else [values]
        if not values:
            raise PlaceError(self.place, f"{what} is an empty list.")
        if not all(type(value) in (int, float) and 0 <= value <= 1 for value in values):
            raise PlaceError(self.place, f"{what} holds something that is no reward in [0, 1].")
        if self.steps is None:
            return tuple(values)
        not_blank = [not is_blank(step) for step in self.steps]
        if len(values) == len(not_blank):
            return tuple(
                value for value, is_shown in zip(values, not_blank, strict=True) if is_shown
            )
        if len(values) != sum(not_blank):
            raise PlaceError(
                self.place, f"{what} holds {len(values)} rewards for {sum(not_blank)} steps."
            )
        return tuple(values)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a file and its solutions; one that cannot be read is a PlaceError.

    Attributes:
        place: Where it stands, or the first of its solutions.
        problem: Its text; empty if the file does not say it.
        solutions: The solutions, in the file's order.
        answer: The answer that is right, if the file says it.
        alone: Whether the file has a value of its own for each solution of a problem.
    """

    place: Place
    problem: str
    solutions: Sequence[Row | PlaceError]
    answer: str | None = None
    alone: bool = False

    def about(self, problem: str) -> Problem:
        """The same solutions, of a problem that the file does not say."""
        solutions = [
            replace(each, problem=problem) if isinstance(each, Row) else each
            for each in self.solutions
        ]
        return replace(self, problem=problem, solutions=solutions)

    @property
    def rows(self) -> list[Row]:
        """The solutions that can be read."""
        return [each for each in self.solutions if isinstance(each, Row)]
