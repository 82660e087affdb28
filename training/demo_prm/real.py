"""Solutions that language models wrote, read from the data sets' files, with what is known of them.

Problems in `held_problems.sha1` and those of ProcessBench never reach training. Of the rest, a
fixed part is kept for validation: it calibrates, and chooses among trained models.
"""

import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from demo_prm.prose import Prose, key

PROCESSBENCH = ("processbench_gsm8k_dev.jsonl", "processbench_math_dev.jsonl.gz")
STRICT_GSM8K = "strict_gsm8k_best_of_32_dev.jsonl.gz"
STRICT_MATH = "strict_math500_best_of_32_dev.jsonl.gz"
ZEROEVAL = "zeroeval_gsm8k_dev.jsonl.gz"
PRMBENCH = "prmbench_dev.jsonl.gz"
MR_GSM8K = "mr_gsm8k_dev.jsonl.gz"
TEACHER = "qwen_prm"

_ERRORS = {
    *("step_contradiction", "counterfactual", "domain_inconsistency", "deception", "confidence"),
    "multi_solutions",
}
"""PRMBench's changes that are errors, and its right solutions; the others read oddly but hold."""
_EVERYDAY = {*range(11), 12, 24, 30, 52, 60, 100, 365, 1000}
_FLOOR = 0.02
_DOUBT_OF_RIGHT = 0.5


@dataclass
class Solution:
    """Steps with the chance of each that all is right up to it; None where nothing is known."""

    problem: str
    steps: list[str]
    targets: list[float | None]
    right: bool


class Failed(NamedTuple):
    """A solution that ends in a wrong answer; where it went wrong is not known."""

    problem: str
    text: str
    answer: str


@dataclass
class Pool:
    """What one split holds.

    By problem: `right` solutions, the `values` that they state and the `results` they come to.
    `judged` and `math` have a teacher's scores, `human` a person's label, `pairs` a label and the
    right steps they were changed from, and `failed` a wrong answer.
    """

    right: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, set[float]] = field(default_factory=dict)
    results: dict[str, set[float]] = field(default_factory=dict)
    judged: list[Solution] = field(default_factory=list)
    math: list[Solution] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    human: list[Solution] = field(default_factory=list)
    pairs: list[tuple[Solution, list[str]]] = field(default_factory=list)


def problem_key(problem: str) -> str:
    return hashlib.sha1(re.sub(r"\W+", "", problem.lower()).encode()).hexdigest()


def rows(path: Path) -> Iterator[dict]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


class Splits:
    """Which problems are for training, which for validation, and which for neither."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.never = set((folder / "held_problems.sha1").read_text().split())
        self.judging = {problem_key(r["problem"]) for n in PROCESSBENCH for r in rows(folder / n)}
        self._strict = {problem_key(row["problem"]) for row in rows(folder / STRICT_GSM8K)}

    def of(self, problem: str) -> str | None:
        name = problem_key(problem)
        if name in self.never or name in self.judging:
            return None
        number = int(name[:8], 16)
        if number % 4 == 0 if name in self._strict else number % 16 == 0:
            return "validation"
        return "training"


def read_pool(folder: Path, split: str) -> Pool:
    """All solutions of one split ("training" or "validation")."""
    splits, pool = Splits(folder), Pool()

    def of(name: str) -> Iterator[dict]:
        return (row for row in rows(folder / name) if splits.of(row["problem"]) == split)

    _read_ends(pool, of(ZEROEVAL))
    for row, each in _candidates(of(STRICT_GSM8K)):
        pool.judged.append(_judged(row["problem"], each))
        if each["is_correct"]:
            pool.right[row["problem"]].append(_clean(each["solution"]))
    pool.math = [_judged(row["problem"], each) for row, each in _candidates(of(STRICT_MATH))]
    pool.right = dict(pool.right)
    _learn_values(pool)
    for row in of(MR_GSM8K):
        steps = [_bare(step) for step in row["steps"]]
        pool.human.append(_exact(row["problem"], steps, row["label"]))
    for row in of(PRMBENCH):
        if row["classification"] not in _ERRORS:
            continue
        steps = [re.sub(r"^Step \d+\. ", "", step.strip()) for step in row["steps"]]
        pool.pairs.append((_exact(row["problem"], steps, row["label"]), row["original_steps"]))
    return pool


def _candidates(some_rows: Iterator[dict]) -> Iterator[tuple[dict, dict]]:
    return ((row, each) for row in some_rows for each in row["candidates"])


def _read_ends(pool: Pool, some_rows: Iterator[dict]) -> None:
    """Solutions of which only the end was judged."""
    for row, each in _candidates(some_rows):
        text = _clean(each["solution"])
        if each["is_correct"]:
            pool.right[row["problem"]].append(text)
        elif len(text) > 40:
            pool.failed.append(Failed(row["problem"], text, each["answer"]))


def right_so_far(scores: Sequence[float], right: bool) -> list[float]:
    """The chance that all is right up to each step, given a judge's scores and how it ended.

    A judge's score is taken as the chance that the step is right where all before it are. Ending
    in a wrong answer, some step must be wrong: where, is weighed by Bayes' rule. Ending in a right
    one, the judge's doubts are halved.
    """
    doubts = [min(0.98, max(1 - score, 0.0)) for score in scores]
    if right:
        doubts = [_DOUBT_OF_RIGHT * doubt**2 for doubt in doubts]
    else:
        doubts = [doubt + _FLOOR for doubt in doubts]
    sound, places = 1.0, []
    for doubt in doubts:
        places.append(sound * min(doubt, 1.0))
        sound *= 1 - min(doubt, 1.0)
    total = 1.0 if right else sum(places)
    chances, seen = [], 0.0
    for place in places:
        seen += place / total
        chances.append(max(0.0, 1 - seen))
    return chances


def _judged(problem: str, candidate: dict) -> Solution:
    steps = [_clean(step) for step in candidate["steps"]]
    scores = candidate["published_step_scores"][TEACHER]
    right = candidate["is_correct"]
    return Solution(problem, steps, right_so_far(scores, right), right)


def _exact(problem: str, steps: list[str], error: int) -> Solution:
    targets = [1.0 if error < 0 or i < error else 0.0 for i in range(len(steps))]
    return Solution(problem, steps, targets, error < 0)


def _learn_values(pool: Pool) -> None:
    for problem, solutions in pool.right.items():
        stated: Counter[float] = Counter()
        computed: set[float] = set()
        for solution in solutions:
            prose = Prose(solution)
            stated.update({key(value) for value in prose.values})
            computed |= {key(prose.numbers[e.result].value) for e in prose.equations}
        given = {key(value) for value in Prose(problem).values}
        pool.values[problem] = {value for value, count in stated.items() if count >= 2} | given
        pool.results[problem] = computed | given
    pool.failed = [each for each in pool.failed if each.problem in pool.right]


def first_strange(prose: Sequence[Prose], values: set[float], results: set[float]) -> int | None:
    """The first step with a number or a result that no right solution of the problem has."""
    for at, step in enumerate(prose):
        for number in step.numbers:
            seen = (key(number.value * factor) in values for factor in (1, 0.01, 100))
            if number.value not in _EVERYDAY and not any(seen):
                return at
        if any(key(step.numbers[e.result].value) not in results for e in step.equations):
            return at
    return None


def _clean(text: str) -> str:
    """Without calculator annotations and without a chat prompt that was copied along."""
    text = re.sub(r"<<[^>]*>>", "", text)
    return re.sub(r"^system\n.*?\nassistant\n", "", text, flags=re.S).strip()


def _bare(step: str) -> str:
    return _clean(re.sub(r"^Step \d+:\s*", "", step))
