"""Whether all peers gave the same rewards: a fast wrong answer fails the benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from prm_app.bench.peers import Rewards


class Checks:
    """Collects the largest difference of a reward between each two peers.

    What is allowed depends on the precision. In float32 the paths through vLLM differ by rounding
    (1e-5), and Transformers sums in another order (1e-3). In bf16, with 8 bits of mantissa, a batch
    of other make-up alone moves a reward by hundredths (5e-2). A quantised model is compared with
    Transformers' bf16 without a limit: that difference is what quantising costs.
    """

    def __init__(self, float32: bool, quantised: bool) -> None:
        self._float32, self._quantised = float32, quantised
        self._largest: dict[tuple[str, str], float] = {}
        self._count = 0

    def compare(self, rewards: Mapping[str, Rewards]) -> None:
        """Takes the rewards of the same solutions from each peer."""
        self._count += sum(map(len, next(iter(rewards.values()))))
        for one, other in combinations(sorted(rewards), 2):
            largest = 0.0
            for a, b in zip(rewards[one], rewards[other], strict=True):
                if len(a) != len(b):
                    largest = float("inf")
                largest = max([largest, *(abs(x - y) for x, y in zip(a, b, strict=False))])
            previous = self._largest.get((one, other), 0.0)
            self._largest[one, other] = max(previous, largest)

    def record(self) -> dict[str, Any]:
        pairs = [
            {
                "peers": pair,
                "largest_difference": largest,
                "allowed": (tolerance := self._tolerance(pair)),
                "equal": tolerance is None or largest <= tolerance,
            }
            for pair, largest in self._largest.items()
        ]
        return {
            "rewards": self._count,
            "pairs": pairs,
            "equal": all(pair["equal"] for pair in pairs),
        }

    def _tolerance(self, pair: tuple[str, str]) -> float | None:
        if "transformers" in pair and self._quantised:
            return None
        if not self._float32:
            return 5e-2
        return 1e-3 if "transformers" in pair else 1e-5
