"""The rewards already known of one model's token prefixes: bounded, the least used go first."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

BYTES_PER_REWARD = 200
"""About what one kept reward takes in memory: its key, its value and its place in the store."""


def prefix_keys(token_ids: Sequence[int], positions: Sequence[int]) -> list[bytes]:
    """For each position a digest of the tokens up to it and including it."""
    digest = blake2b(digest_size=16)
    keys, start = [], 0
    for position in positions:
        digest.update(array("I", token_ids[start : position + 1]).tobytes())
        keys.append(digest.digest())
        start = position + 1
    return keys


class PrefixStore:
    """Rewards by prefix key. Safe to use from several threads; `capacity` counts rewards."""

    def __init__(self, capacity: int = 250_000) -> None:
        self.capacity = capacity
        self._rewards: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rewards)

    @property
    def bytes_used(self) -> int:
        """About how much memory the store takes."""
        return len(self) * BYTES_PER_REWARD

    def get(self, keys: Sequence[bytes]) -> list[float | None]:
        """The reward of each key, None if it is not known."""
        with self._lock:
            for key in keys:
                if key in self._rewards:
                    self._rewards.move_to_end(key)
            return [self._rewards.get(key) for key in keys]

    def put(self, keys: Sequence[bytes], rewards: Sequence[float]) -> None:
        """Keeps the rewards, and forgets the ones not used for longest if they are too many."""
        with self._lock:
            self._rewards.update(zip(keys, rewards, strict=True))
            while len(self._rewards) > self.capacity:
                self._rewards.popitem(last=False)
