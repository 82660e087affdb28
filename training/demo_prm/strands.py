"""Trees of solutions as rows of tokens, in the token streams of both families.

They differ in little: a first token, the problem and a newline, each step and a newline; Skywork's
tokenises each line of a step alone and keeps blank lines between steps. A row has seven fields, of
which `TARGET` holds the chance, in thousandths, that all is right up to a step's end, and -1 where
nothing is known or no step ends. How a tree is read without its other branches, `tree_rows` says.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from demo_prm.packing import FORK, IDS, PARENT, POSITION, STRAND, packed, parting

TARGET, MARK = 5, 6
NONE, WRONG, RIGHT, QUESTION = range(4)
_BY_LINE, _BLANK_LINES = 0.6, 0.4


class Strand(NamedTuple):
    """Steps and their targets; a branch of a tree has those of the trunk before its own."""

    steps: list[str]
    targets: list[float | None]


class Tree(NamedTuple):
    """`exact` where the first wrong step of the trunk is surely that, so each word of it counts."""

    problem: str
    trunk: Strand
    branches: list[Strand]
    exact: bool = True


class Packer:
    """Fills rows of `length` tokens with trees.

    `compact` renumbers the tokens; a tree with one that has no number (-1) is left out.
    """

    def __init__(self, tokenizer: Tokenizer, length: int, compact: NDArray | None = None):
        self.tokenizer, self.length, self.compact = tokenizer, length, compact
        self.first = tokenizer.token_to_id("<|im_start|>")
        (self.newline,) = tokenizer.encode("\n", add_special_tokens=False).ids

    def rows(self, trees: Iterable[Tree], rng: random.Random) -> Iterator[NDArray[np.int16]]:
        """Rows of shape (7, length), filled with whole trees."""
        encoded = (self.encode(tree, rng) for tree in trees)
        return packed((cells for cells in encoded if cells is not None), self.length, {TARGET: -1})

    def encode(self, tree: Tree, rng: random.Random) -> NDArray[np.int16] | None:
        """Trunk and branches one after the other; None where they are too long or too odd."""
        by_line = rng.random() < _BY_LINE
        blank = 1 if by_line and rng.random() < _BLANK_LINES else 0
        texts = {tree.problem, *tree.trunk.steps}
        texts.update(step for branch in tree.branches for step in branch.steps)
        ids = encoded_texts(self.tokenizer, list(texts), self.newline if by_line else None)
        trunk = self._tokens(tree.problem, tree.trunk, ids, blank)
        strands = [_strand(trunk, 0, 1, 0, tree.exact)]
        for branch in tree.branches:
            tokens = self._tokens(tree.problem, branch, ids, blank)
            fork = parting(tokens.ids, trunk.ids)
            if fork <= tokens.ends[-1] and fork < len(trunk.ids):
                strands.append(_strand(tokens, fork, len(strands) + 1, 1, True))
        cells = np.concatenate(strands, axis=1)
        if cells.shape[1] > self.length:
            return None
        if self.compact is not None:
            cells[IDS] = self.compact[cells[IDS].astype(np.uint16)]
            if cells[IDS].min() < 0:
                return None
        return cells

    def _tokens(
        self, problem: str, strand: Strand, ids: dict[str, list[int]], blank: int
    ) -> "_Tokens":
        tokens, ends = [self.first, *ids[problem], self.newline], []
        begin = len(tokens)
        for number, step in enumerate(strand.steps):
            if number:
                tokens += blank * [self.newline]
            tokens += ids[step]
            tokens.append(self.newline)
            ends.append(len(tokens) - 1)
        return _Tokens(tokens, begin, ends, strand.targets)


def encoded_texts(
    tokenizer: Tokenizer, texts: Sequence[str], newline: int | None = None
) -> dict[str, list[int]]:
    """The ids of each text; with `newline` given, of its lines one by one, with it between them."""
    lines = [text.split("\n") if newline is not None else [text] for text in texts]
    parts = list({line for each in lines for line in each})
    encodings = tokenizer.encode_batch(parts, add_special_tokens=False)
    ids = {part: encoding.ids for part, encoding in zip(parts, encodings, strict=True)}
    found = {}
    for text, each in zip(texts, lines, strict=True):
        tokens = list(ids[each[0]])
        for line in each[1:]:
            tokens += [newline, *ids[line]]
        found[text] = tokens
    return found


class _Tokens(NamedTuple):
    ids: list[int]
    begin: int
    ends: list[int]
    targets: Sequence[float | None]


def _strand(tokens: _Tokens, fork: int, number: int, parent: int, exact: bool) -> NDArray[np.int16]:
    """The tokens from `fork` on. Marks say of each word whether all is right up to it."""
    cells = np.zeros((7, len(tokens.ids)), np.int16)
    cells[IDS] = np.array(tokens.ids, np.uint16).view(np.int16)
    cells[POSITION] = np.arange(len(tokens.ids))
    cells[STRAND], cells[PARENT], cells[FORK], cells[TARGET] = number, parent, fork, -1
    cells[MARK, : tokens.begin] = QUESTION
    begin, failed = tokens.begin, False
    for end, target in zip(tokens.ends, tokens.targets, strict=True):
        if target is not None:
            cells[TARGET, end] = round(1000 * target)
            if target > 0.9:
                cells[MARK, begin : end + 1] = RIGHT
            elif target < 0.1:
                wrong_from = begin if failed or (exact and parent) else end
                cells[MARK, wrong_from : end + 1] = WRONG
                failed = True
        begin = end + 1
    return cells[:, fork:]
