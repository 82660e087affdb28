"""Votes over final answers: which solutions agree, and which answer has most of them behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prm_app.errors import InputError
from prm_app.solutions.answers import Answer, LateError, Reader, reader


@dataclass(frozen=True, slots=True)
class Vote:
    """The answer that most speaks for.

    Attributes:
        answer: As its first solution writes it.
        solutions: The indices of all solutions that give it.
        share: Its part of the votes, in [0, 1]; solutions without an answer do not vote.
        unread: The solutions whose answers were not read or compared in time: they vote at most
            with those that write theirs the same way.
    """

    answer: str
    solutions: tuple[int, ...]
    share: float
    unread: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """The final answers of several solutions.

    Attributes:
        groups: The indices of the solutions that give the same answer, for each answer in order;
            solutions without an answer are in none.
        texts: Each group's answer, as its first solution writes it.
        unread: The solutions whose answers were not read or compared in time.
    """

    groups: list[list[int]]
    texts: list[str]
    unread: tuple[int, ...]

    def numbered(self, numbers: Sequence[int]) -> Answers:
        """The same, with `numbers[i]` in place of each index i."""
        groups = [[numbers[i] for i in group] for group in self.groups]
        return Answers(groups, self.texts, tuple(numbers[i] for i in self.unread))

    def vote(self, weights: Sequence[float] | Mapping[int, float]) -> Vote | None:
        """The answer whose solutions weigh most; None if no solution has an answer.

        Args:
            weights: The weight of each solution. Equal ones make the vote of "self-consistency"
                (Wang et al., 2022), rewards in [0, 1] that of weighted best-of-N (Li et al., 2023;
                Uesato et al., 2022). Of equally heavy answers the one given first wins.
        """
        if not self.groups:
            return None
        sums = [sum(weights[i] for i in group) for group in self.groups]
        best = max(range(len(sums)), key=sums.__getitem__)
        total = sum(sums)
        share = sums[best] / total if total else 1 / len(sums)
        return Vote(self.texts[best], tuple(self.groups[best]), share, self.unread)


def group_by_answer(solutions: Sequence[str]) -> Answers:
    """Which solutions give the same answer, the same whatever order they stand in.

    Equality of answers is not transitive: 25% is 25 and 0.25. So a percentage joins the group that
    is larger without percentages, and of others each joins the most frequent one equal to it.
    """
    with reader(len(solutions)) as ask:
        by_solution, unread = _read_answers(ask, solutions)
        same: dict[Answer, list[int]] = defaultdict(list)
        for i, answer in by_solution.items():
            same[answer].append(i)
        order = sorted(same, key=lambda each: (each.percent, -len(same[each]), *_brevity(each)))
        leaders: dict[Answer, list[int]] = {}
        for answer in order:
            leader = _equal(ask, solutions, answer, same, leaders, unread)
            leaders.setdefault(leader or answer, []).extend(same[answer])
    groups = sorted(sorted(group) for group in leaders.values())
    return Answers(groups, [by_solution[group[0]].text for group in groups], tuple(sorted(unread)))


def match_answer(solutions: Sequence[str], reference: str) -> list[bool]:
    """Which of the solutions have this final answer, such as `3\\sqrt{2}` or GSM8K's `... #### 8`.

    Raises:
        InputError: The reference itself is no answer, or the answers cannot be compared in time.
    """
    expected = f"\\boxed{{{reference.split('####')[-1].strip()}}}"
    with reader(len(solutions)) as ask:
        try:
            if ask.answer(expected) is None:
                raise InputError(f"The answer {reference!r} cannot be read as mathematics.")
            return [ask.equal(expected, solution) for solution in solutions]
        except LateError as error:
            raise InputError(f"{error} The right one is given as {reference!r:.80}.") from error


def _read_answers(ask: Reader, solutions: Sequence[str]) -> tuple[dict[int, Answer], set[int]]:
    """The answers by solution, and the solutions for which there was no time."""
    by_solution: dict[int, Answer] = {}
    unread: set[int] = set()
    for i, solution in enumerate(solutions):
        try:
            answer = ask.answer(solution)
        except LateError:
            unread.add(i)
            continue
        if answer is not None:
            by_solution[i] = answer
    return by_solution, unread


def _equal(
    ask: Reader,
    solutions: Sequence[str],
    answer: Answer,
    same: dict[Answer, list[int]],
    leaders: dict[Answer, list[int]],
    unread: set[int],
) -> Answer | None:
    """The largest group that an answer belongs to; of equally large ones that written alike."""

    def rank(leader: Answer) -> tuple[Any, ...]:
        unlike = not answer.text.startswith(leader.text)
        return -len(leaders[leader]), unlike, *_brevity(leader)

    for leader in sorted(leaders, key=rank):
        try:
            if ask.equal(solutions[same[leader][0]], solutions[same[answer][0]]):
                return leader
        except LateError:
            unread.update(same[answer])
    return None


def _brevity(answer: Answer) -> tuple[int, str]:
    """Short ones come first: what takes all the time is mostly long."""
    return len(answer.key), answer.key
