"""Rows of training data as worker processes make them, in batches on a device.

If the workers are slower than the device, a batch is used again.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from demo_prm.tree_rows import Forest


class Rows(IterableDataset):
    """Rows without end, different in every worker process of every rank."""

    def __init__(self, forest: Forest, seed: int):
        self.forest, self.seed = forest, seed

    def __iter__(self) -> Iterator[Tensor]:
        worker = get_worker_info()
        torch.set_num_threads(1)
        self.forest.rng = random.Random(self.seed * 1000 + (worker.id if worker else 0))
        return map(torch.from_numpy, self.forest.rows())


class Batches:
    """Batches on the device: a new one where there is one, else one seen before."""

    def __init__(self, loader: DataLoader, device: torch.device, kept: int = 3000):
        self.fresh: deque[Tensor] = deque(maxlen=32)
        self.seen: deque[Tensor] = deque(maxlen=kept)
        self.made = 0
        self.device = device
        self.failure: Exception | None = None
        self.source = iter(loader)  # starts the workers before anything touches the device
        threading.Thread(target=self._fetch, daemon=True).start()

    def _fetch(self) -> None:
        try:
            for batch in self.source:
                while len(self.fresh) == self.fresh.maxlen:
                    time.sleep(0.002)
                self.fresh.append(batch.to(self.device, non_blocking=True))
                self.made += 1
        except Exception as error:
            self.failure = error

    def next(self) -> Tensor:
        """The next batch; raises RuntimeError where the data could not be made."""
        while len(self.seen) < 8 and not self.fresh and self.failure is None:
            time.sleep(0.01)
        if self.failure is not None:
            raise RuntimeError(f"no more data: {self.failure}") from self.failure
        if self.fresh:
            self.seen.append(self.fresh.popleft())
            return self.seen[-1]
        return random.choice(self.seen)
