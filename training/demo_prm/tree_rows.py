"""Training rows: solutions with the wrong turns off them, packed as trees.

A right solution and a wrong one share everything up to the token where they part. So a tree holds
one solution as its trunk and many wrong (and some right) ways to go on as branches; each branch
costs only the tokens from the parting to the end of its step. An attention mask and the positions
make every branch see exactly what it would see if it stood alone:

    problem … 48/2 = 2 4 . \\n  48+24 = 7 2 . \\n      trunk, all right
                       6 . \\n                         branch: wrong result
                                   48 = 9 6 . \\n      branch: wrong operand

The twins differ in the mistake alone, which is the hardest and most useful comparison there is.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from vllm_prm.families import PrmFamily, Prompt

from demo_prm import drills, sources, stories
from demo_prm.augment import combine, commute, loose, resample
from demo_prm.corruption import KINDS, Broken, corrupt
from demo_prm.flip_relations import turned
from demo_prm.lexicon import Lexicon
from demo_prm.packing import FORK, IDS, PARENT, POSITION, STRAND, packed, parting
from demo_prm.styles import Style, draw_style, dress
from demo_prm.worked import Problem, Step, render

STEP_LABEL, TOKEN_LABEL = 5, 6
"""The fields of a row, shape (7, length), int16. Strands are numbered from 1 in a row, 0 is
padding; a trunk's parent is 0. A branch sees its parent at positions below its fork."""
NO_LABEL, WRONG, RIGHT, QUESTION = range(4)

KIND_WEIGHTS = dict(zip(KINDS, (7, 3, 6, 3, 3, 2, 2), strict=True))
"""How often each kind of mistake is tried; wrong operands and dropped steps are the hard ones."""

SOURCE_WEIGHTS = {"gsm8k": 42, "story": 28, "template": 8, "drill": 20, "combined": 5}
"""Where problems come from; `combined` is several GSM8K problems in one, for long contexts."""


class Branch(NamedTuple):
    """Another way to go on: the first `len(labels)` steps of a solution, `labels` of each step."""

    texts: list[str]
    labels: list[int]
    marks: bool = True


@dataclass
class Tree:
    trunk: list[str]
    labels: list[int]
    branches: list[Branch]
    question: str


class Forest:
    """An endless source of trees and rows. One per worker process, each with its own `seed`."""

    def __init__(
        self,
        gsm8k: Sequence[Problem],
        lexicon: Lexicon,
        formats: Sequence[PrmFamily],
        seed: int,
        length: int = 2048,
        branches: int = 7,
        broken_trunks: float = 0.35,
        templates: Sequence[int] = sources.TRAINING_TEMPLATES,
    ):
        self.gsm8k = list(gsm8k)
        self.lexicon = lexicon
        self.formats = list(formats)
        self.rng = random.Random(seed)
        self.length = length
        self.branches = branches
        self.broken_trunks = broken_trunks
        self.templates = templates

    @cached_property
    def _gsm8k_weights(self) -> list[float]:
        """Problems whose numbers can change are worth more than those that only repeat."""
        return list(accumulate(1.0 if p.free else 0.4 for p in self.gsm8k))

    def problem(self) -> Problem:
        """A problem of the training split, its values drawn anew."""
        rng = self.rng
        source = rng.choices(list(SOURCE_WEIGHTS), SOURCE_WEIGHTS.values())[0]
        problem = None
        if source == "template" and self.templates:
            problem = sources.template(rng.choice(self.templates), rng)
        elif source == "story":
            problem = sources.story(rng.choice(stories.TRAINING), rng)
        elif source == "drill":
            return self._drill()
        elif source == "combined":
            many = rng.choices(self.gsm8k, cum_weights=self._gsm8k_weights, k=rng.randint(2, 9))
            return combine(many, [resample(p, rng) or p.values for p in many])
        if problem is None:
            problem = rng.choices(self.gsm8k, cum_weights=self._gsm8k_weights)[0]
            if rng.random() < 0.6 and (other := turned(problem, rng)):
                return other
        values = resample(problem, rng)
        return problem if values is None else replace(problem, values=values)

    def _drill(self) -> Problem:
        """Arithmetic alone: bare sums, or steps of many problems with numbers of their own."""
        rng = self.rng
        if rng.random() < 0.4:
            return sources.story(drills.drill, rng)
        drawn = [loose(problem, rng) for problem in rng.choices(self.gsm8k, k=rng.randint(4, 12))]
        steps = [step for step in drawn if step is not None]
        if not steps:
            return sources.story(drills.drill, rng)
        together = combine(steps, [step.values for step in steps])
        return replace(together, question=[rng.choice(drills.TASKS)], source="drill")

    def tree(self) -> tuple[Tree, PrmFamily]:
        rng = self.rng
        fmt = rng.choice(self.formats)
        problem = self.problem()
        words = self.lexicon.substitution(problem, rng)
        style = draw_style(rng, paragraphs=True)
        steps = style.plan(problem, rng)
        kinds, weights = list(KIND_WEIGHTS), list(KIND_WEIGHTS.values())
        if problem.source == "drill":
            kinds, weights = ["arithmetic"], [1]

        def broken() -> Broken | None:
            kind = rng.choices(kinds, weights)[0]
            return corrupt(steps, problem.values, problem, kind, rng)

        right = dress(style, steps, problem.values, words)
        trunk, labels, sound = right, [RIGHT] * len(right), len(right)
        branches: list[Branch] = []
        if rng.random() < self.broken_trunks and (wrong := broken()) is not None:
            trunk = right[: wrong.start]
            trunk += dress(style, wrong.steps, wrong.values, words, wrong.start)
            labels = [RIGHT if i < wrong.error else WRONG for i in range(len(trunk))]
            sound = wrong.start
            if wrong.twin < len(right):
                branches.append(Branch(right[: wrong.start + 1], [RIGHT] * (wrong.start + 1)))
        for _ in range(self.branches if len(right) < 12 else 3 * self.branches):
            wrong = broken()
            if wrong is not None and wrong.start <= sound:
                end = wrong.error + 1
                turn = dress(style, wrong.steps, wrong.values, words, wrong.start, end)
                texts = [*right[: wrong.start], *turn]
                verdicts = [RIGHT] * (end - 1) + [WRONG]
                branches.append(Branch(texts, verdicts, wrong.kind != "dropped"))
        if rng.random() < 0.6 and sound:
            branches.append(self._other_clothes(steps, right, rng.randrange(sound), problem, words))
        return Tree(trunk, labels, branches, render(problem.question, problem.values, words)), fmt

    def _other_clothes(
        self,
        steps: Sequence[Step],
        right: list[str],
        at: int,
        problem: Problem,
        words: dict[str, str],
    ) -> Branch:
        """Step `at` said differently: right all the same."""
        style: Style = draw_style(self.rng, paragraphs=False)
        text = render(commute(steps[at], self.rng).line, problem.values, words)
        text = style.write(text, at, len(steps), steps[at].final)
        return Branch([*right[:at], text], [RIGHT] * (at + 1))

    def rows(self) -> Iterator[NDArray[np.int16]]:
        """Rows of `length` tokens, shape (7, length), filled with whole trees, without end."""
        encoded = (encode_tree(*self.tree()) for _ in count())
        return packed((cells for cells in encoded if cells.shape[1] <= self.length), self.length)


def encode_tree(tree: Tree, fmt: PrmFamily) -> NDArray[np.int16]:
    """Trunk and branches one after the other, shape (7, tokens), in the PRM's own format."""
    solutions = [["."], tree.trunk, *(branch.texts for branch in tree.branches)]
    start, trunk, *others = fmt.encode_batch([(tree.question, texts) for texts in solutions])
    first = start.positions[0] - 1  # a step of one token begins just before its end
    strands = [_strand(trunk, 0, first, 1, 0, tree.labels, marks=False)]
    for prompt, branch in zip(others, tree.branches, strict=True):
        fork = parting(prompt.token_ids, trunk.token_ids)
        if fork <= prompt.positions[-1] and fork < len(trunk.token_ids):
            number = len(strands) + 1
            strands.append(_strand(prompt, fork, first, number, 1, branch.labels, branch.marks))
    return np.concatenate(strands, axis=1)


def _strand(
    prompt: Prompt,
    fork: int,
    first: int,
    number: int,
    parent: int,
    labels: Sequence[int],
    marks: bool,
) -> NDArray[np.int16]:
    """The tokens of a prompt from `fork` to its last step end; its steps begin at `first`."""
    end = prompt.positions[-1] + 1
    cells = np.zeros((7, end), np.int16)
    cells[IDS] = prompt.token_ids[:end]
    cells[POSITION] = np.arange(end)
    cells[STRAND] = number
    cells[PARENT] = parent
    cells[FORK] = fork
    cells[STEP_LABEL, prompt.positions] = labels
    cells[TOKEN_LABEL, :first] = QUESTION
    begin, error_seen = first, False
    for position, label in zip(prompt.positions, labels, strict=True):
        known = label == RIGHT or error_seen or marks
        cells[TOKEN_LABEL, begin : position + 1] = label if known else NO_LABEL
        begin, error_seen = position + 1, error_seen or label == WRONG
    return cells[:, fork:]
