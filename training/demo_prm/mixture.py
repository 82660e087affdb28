"""Trees for training: real solutions with the wrong turns off them, and problems made by rule.

Each source has a method that draws one tree; `SOURCES` says how often. `strands` makes rows of it.
"""

import random
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from demo_prm import chat
from demo_prm.prose import Prose, key
from demo_prm.prose_changes import KIND_WEIGHTS, broken, carried_on
from demo_prm.real import Pool, Solution, first_strange
from demo_prm.redraw import redrawn
from demo_prm.strands import Packer, Strand, Tree
from demo_prm.tree_rows import RIGHT, WRONG, Forest

SOURCES = {
    "changed": 27,
    "judged": 13,
    "failed": 12,
    "human": 4,
    "math": 9,
    "pairs": 6,
    "made": 29,
}
_RENAMED = ("changed", "judged", "failed", "human")
_SHARES = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3)
"""Of things renamed: a language model's text says more of a thing than that it can be counted."""
_MOST_STEPS = 26
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")


class Mixture:
    """An endless source of rows; one per worker process, each with its own `rng`."""

    def __init__(
        self,
        pool: Pool,
        forest: Forest | None,
        tokenizer: Tokenizer,
        seed: int = 0,
        sources: dict[str, float] = SOURCES,
        length: int = 2048,
        branches: int = 6,
        compact: NDArray | None = None,
    ):
        self.pool, self.forest, self.tokenizer = pool, forest, tokenizer
        self.rng = random.Random(seed)
        self.sources = {name: weight for name, weight in sources.items() if self._has(name)}
        self.branches = branches
        self.packer = Packer(tokenizer, length, compact)
        self.problems = list(pool.right)
        self.judged = _by_outcome(pool.judged)
        self.math = _by_outcome(pool.math)

    def _has(self, source: str) -> bool:
        if source == "made":
            return self.forest is not None
        return bool(self.pool.right if source == "changed" else getattr(self.pool, source))

    def tree(self) -> Tree | None:
        source = self.rng.choices(list(self.sources), self.sources.values())[0]
        tree = getattr(self, f"_{source}")()
        if tree is not None and source in _RENAMED and self.forest is not None:
            tree = self._renamed(tree)
        return tree

    def _renamed(self, tree: Tree) -> Tree:
        """The same story of other people and things."""
        words = set(_WORD.findall(tree.problem))
        plurals = {word + "s" for word in words if not word.endswith("s")}
        singulars = {word[:-1] for word in words if word.endswith("s")}
        new = self.forest.lexicon.exchange(words | plurals | singulars, self.rng, _SHARES)
        new = {old: word for old, word in new.items() if old != word}

        def renamed(text: str) -> str:
            return _WORD.sub(lambda match: new.get(match.group(), match.group()), text)

        def strand(old: Strand) -> Strand:
            return Strand([renamed(step) for step in old.steps], old.targets)

        branches = [strand(branch) for branch in tree.branches]
        return (
            Tree(renamed(tree.problem), strand(tree.trunk), branches, tree.exact) if new else tree
        )

    def _changed(self) -> Tree | None:
        """A right solution, often with other numbers, and mistakes of every kind off it."""
        rng = self.rng
        problem = rng.choice(self.problems)
        steps = chat.cut(rng.choice(self.pool.right[problem]), rng)
        numbers = Prose(steps[-1]).numbers
        if numbers and "boxed" not in steps[-1] and rng.random() < 0.4:
            steps.append(chat.final_line(numbers[-1].text, rng))
        return self._with_mistakes(problem, steps, self.pool.values[problem], 0.75)

    def _with_mistakes(
        self, problem: str, steps: list[str], values: set[float], redraw: float
    ) -> Tree | None:
        rng = self.rng
        if len(steps) > _MOST_STEPS:
            return None
        steps = chat.redressed(steps, rng)
        if rng.random() < redraw:
            new = redrawn(Prose(problem), [Prose(step) for step in steps], rng)
            if new is not None:
                problem, steps, values = *new, set()
        read = [Prose(step) for step in steps]
        right = values | {key(value) for step in read for value in step.values}
        known = [Prose(problem).values]
        for step in read:
            known.append(known[-1] + step.values)
        kinds, weights = list(KIND_WEIGHTS), list(KIND_WEIGHTS.values())

        def mistake() -> tuple[int, str, float | None, float | None] | None:
            kind = rng.choices(kinds, weights)[0]
            at = len(steps) - 1 if kind == "answer" else rng.randrange(len(steps))
            slip = broken(read[at], list(dict.fromkeys(known[at])), right, kind, rng)
            return slip and (at, *slip)

        trunk, sound, branches = Strand(steps, [1.0] * len(steps)), len(steps), []
        if rng.random() < 0.3 and (wrong := mistake()) and wrong[2] is not None:
            at, text, old, new = wrong
            rest = carried_on(read[at + 1 :], old, new)
            trunk = Strand([*steps[:at], text, *rest], [1.0] * at + [0.0] * (1 + len(rest)))
            sound = at
            branches.append(Strand(steps[: at + 1], [1.0] * (at + 1)))
        seen = set()
        for _ in range(2 * self.branches):
            wrong = mistake() if len(branches) < self.branches else None
            if wrong and wrong[0] <= sound and wrong[1] not in seen:
                at, text = wrong[:2]
                seen.add(text)
                branches.append(Strand([*steps[:at], text], [1.0] * at + [0.0]))
        return Tree(problem, trunk, branches)

    def _judged(self) -> Tree | None:
        return self._scored(self.judged, 0.5, 0.6)

    def _math(self) -> Tree | None:
        return self._scored(self.math, 0.4, 0.0)

    def _scored(
        self, solutions: dict[bool, list[Solution]], wrong: float, redraw: float
    ) -> Tree | None:
        """A solution with a teacher's scores, its steps now and then joined."""
        rng = self.rng
        solution = rng.choice(solutions[rng.random() >= wrong])
        steps, targets = list(solution.steps), list(solution.targets)
        if rng.random() < 0.4:
            for i in range(len(steps) - 2, -1, -1):
                if rng.random() < 0.25:
                    steps[i : i + 2] = [steps[i] + rng.choice(("\n", "\n\n", " ")) + steps[i + 1]]
                    del targets[i]
        branches, problem = [], solution.problem
        if len(steps) > _MOST_STEPS:
            return None
        steps = chat.redressed(steps, rng)
        if rng.random() < redraw:
            new = redrawn(Prose(problem), [Prose(step) for step in steps], rng)
            problem, steps = new or (problem, steps)
        for at, step in enumerate(steps):
            if targets[at] > 0.9 and rng.random() < 0.5 and len(branches) < 4:
                branches += self._one_mistake(problem, steps, at, Prose(step))
        return Tree(problem, Strand(steps, targets), branches, exact=False)

    def _one_mistake(
        self, problem: str, steps: Sequence[str], at: int, step: Prose
    ) -> list[Strand]:
        kind = self.rng.choices(list(KIND_WEIGHTS), KIND_WEIGHTS.values())[0]
        if kind == "answer":
            kind = "operand"
        known = Prose(problem).values + [v for s in steps[:at] for v in Prose(s).values]
        right = self.pool.values.get(problem, set()) | {
            key(v) for s in steps for v in Prose(s).values
        }
        slip = broken(step, known, right, kind, self.rng)
        return [Strand([*steps[:at], slip.text], [1.0] * at + [0.0])] if slip else []

    def _failed(self) -> Tree | None:
        """A wrong solution; its first strange step, one step late as often as not, is wrong."""
        rng = self.rng
        failed = rng.choice(self.pool.failed)
        steps = chat.cut(failed.text, rng)
        said = {key(value) for value in Prose(steps[-1]).values}
        stated = Prose(failed.answer).values
        if len(stated) == 1 and key(stated[0]) not in said:
            steps.append(chat.final_line(failed.answer, rng, plain=True))
        if len(steps) > _MOST_STEPS:
            return None
        values, results = self.pool.values[failed.problem], self.pool.results[failed.problem]
        error = first_strange([Prose(step) for step in steps], values, results)
        targets: list[float | None] = [None] * len(steps)
        if error is not None:
            for i in range(error - 1):
                targets[i] = 0.97
            if error > 0:
                targets[error - 1] = 0.75
            for i in range(error, len(steps)):
                targets[i] = 0.06 if i == error else 0.02
        targets[-1] = 0.0
        problem = failed.problem
        steps = chat.redressed(steps, rng)
        if rng.random() < 0.5:
            new = redrawn(Prose(problem), [Prose(step) for step in steps], rng)
            problem, steps = new or (problem, steps)
        return Tree(problem, Strand(steps, targets), [], exact=False)

    def _human(self) -> Tree | None:
        return self._exact(self.rng.choice(self.pool.human), 0.5)

    def _pairs(self) -> Tree | None:
        solution, original = self.rng.choice(self.pool.pairs)
        if self.rng.random() < 0.3 and original:
            return Tree(solution.problem, Strand(list(original), [1.0] * len(original)), [])
        return self._exact(solution, 0.0)

    def _exact(self, solution: Solution, redraw: float) -> Tree | None:
        problem, steps = solution.problem, chat.redressed(solution.steps, self.rng)
        if len(steps) > _MOST_STEPS:
            return None
        if self.rng.random() < redraw:
            new = redrawn(Prose(problem), [Prose(step) for step in steps], self.rng)
            problem, steps = new or (problem, steps)
        branches = []
        for at, target in enumerate(solution.targets):
            if target == 1.0 and len(branches) < 3 and self.rng.random() < 0.4:
                branches += self._one_mistake(problem, steps, at, Prose(steps[at]))
        return Tree(problem, Strand(steps, list(solution.targets)), branches)

    def _made(self) -> Tree | None:
        tree, _ = self.forest.tree()
        rewrite = chat.displayed if self.rng.random() < 0.7 else str
        mean = {RIGHT: 1.0, WRONG: 0.0}

        def strand(texts: Sequence[str], labels: Sequence[int]) -> Strand:
            return Strand([rewrite(text) for text in texts], [mean.get(label) for label in labels])

        branches = [strand(branch.texts, branch.labels) for branch in tree.branches]
        return Tree(tree.question, strand(tree.trunk, tree.labels), branches)

    def trees(self) -> Iterator[Tree]:
        """Trees without end."""
        while True:
            try:
                tree = self.tree()
            except (ValueError, ArithmeticError, IndexError, RecursionError):
                continue  # a text that the changes to it do not suit
            if tree is not None and tree.trunk.steps and all(tree.trunk.steps):
                yield tree

    def rows(self) -> Iterator[NDArray[np.int16]]:
        """Rows without end, shape (7, length)."""
        return self.packer.rows(self.trees(), self.rng)


def _by_outcome(solutions: Sequence[Solution]) -> dict[bool, list[Solution]]:
    return {right: [s for s in solutions if s.right == right] for right in (True, False)}
