"""Rows that hold whole trees: what each cell of a token says, and how rows are filled."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

IDS, POSITION, STRAND, PARENT, FORK = range(5)
FIELDS = 7
"""Of a token: these and two more, which say what is known of it."""
OPEN_ROWS = 8
"""Rows that are filled side by side, so that few cells stay empty."""


def packed(
    trees: Iterable[NDArray[np.int16]], length: int, empty: Mapping[int, int] | None = None
) -> Iterator[NDArray[np.int16]]:
    """Rows of shape (FIELDS, length), filled with whole trees.

    Args:
        trees: Cells of shape (FIELDS, tokens), of at most `length` tokens.
        length: Tokens of a row.
        empty: What fields say of a cell without a token, if not 0.
    """
    rows = [_Row(length, empty or {}) for _ in range(OPEN_ROWS)]
    for tree in trees:
        row = next((row for row in rows if row.free >= tree.shape[1]), None)
        if row is None:
            row = min(rows, key=lambda row: row.free)
            rows.remove(row)
            yield row.cells
            row = _Row(length, empty or {})
            rows.append(row)
        row.add(tree)


def parting(ids: Sequence[int], other: Sequence[int]) -> int:
    """The first index at which two sequences differ, or the length of the shorter."""
    length = min(len(ids), len(other))
    differ = np.not_equal(ids[:length], other[:length])
    return int(differ.argmax()) if differ.any() else length


class _Row:
    def __init__(self, length: int, empty: Mapping[int, int]):
        self.cells = np.zeros((FIELDS, length), np.int16)
        for field, value in empty.items():
            self.cells[field] = value
        self.used = self.strands = 0

    @property
    def free(self) -> int:
        return self.cells.shape[1] - self.used

    def add(self, tree: NDArray[np.int16]) -> None:
        end = self.used + tree.shape[1]
        tree[PARENT] = np.where(tree[PARENT] > 0, tree[PARENT] + self.strands, 0)
        tree[STRAND] += self.strands
        self.cells[:, self.used : end] = tree
        self.used, self.strands = end, int(tree[STRAND].max())
