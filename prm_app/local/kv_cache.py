"""The key-value states of recent prompts: bounded in tokens, the least used go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache

LEAST_SHARE = 0.25
"""A beginning is worth starting from if it is this share of the longest prompt."""
TRUNKS = ("llama", "mistral", "qwen2", "qwen3")
"""Model types with attention in every layer, full or in a window, and no other state."""


class KeyValueCache:
    """States by the token ids of their prompts; for one thread.

    Args:
        capacity: Tokens of all prompts together.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._prompts: OrderedDict[tuple[int, ...], list[tuple[torch.Tensor, ...]]] = OrderedDict()

    def __len__(self) -> int:
        """How many tokens there are states of."""
        return sum(map(len, self._prompts))

    def start(self, prompts: Sequence[Sequence[int]], reuse: bool) -> DynamicCache | None:
        """What Transformers computes these prompts from and adds their states to.

        It is empty without `reuse`, and None if there is no room for all their states.
        """
        from transformers import DynamicCache

        if sum(map(len, prompts)) > self.capacity:
            return None
        cache = DynamicCache()  # without a config: it keeps what has left a layer's window, too
        beginning, source = self._longest(prompts) if reuse else (0, ())
        if beginning:
            self._prompts.move_to_end(source)
            for layer, states in enumerate(self._prompts[source]):
                keys, values = (
                    each[:, :, :beginning].expand(len(prompts), -1, -1, -1) for each in states
                )
                cache.update(keys, values, layer)
        return cache

    def put(self, prompts: Sequence[Sequence[int]], cache: DynamicCache) -> None:
        """Keeps the states of prompts that were computed with this cache, a row of it each.

        A prompt that another one begins with needs no states of its own.
        """
        for row, token_ids in enumerate(map(tuple, prompts)):
            size = len(token_ids)
            if any(each[:size] == token_ids for each in self._prompts):
                continue
            for other in [each for each in self._prompts if each == token_ids[: len(each)]]:
                del self._prompts[other]
            self._prompts[token_ids] = [
                tuple(each[row : row + 1, :, :size].clone() for each in (keys, values))
                for keys, values, *_ in cache
            ]
            while len(self) > self.capacity:
                self._prompts.popitem(last=False)

    def _longest(self, prompts: Sequence[Sequence[int]]) -> tuple[int, tuple[int, ...]]:
        """The longest beginning that all these prompts share with one whose states are here.

        The last token is computed even if it is known: there has to be an output.
        """
        first, lengths = prompts[0], [len(each) for each in prompts]
        shared = min(min(lengths) - 1, *(_common(first, each) for each in prompts))
        candidates = ((min(_common(first, each), shared), each) for each in self._prompts)
        beginning, source = max(candidates, default=(0, ()))
        return (beginning, source) if beginning >= LEAST_SHARE * max(lengths) else (0, ())


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two prompts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
