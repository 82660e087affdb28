"""Two models on one GPU: rewards and speed of each while the other loads, idles, works or goes.

    python benchmarks/two_models.py shapes/1.5b shapes/7b record.json

The first lives in this process, the second in a core process of its own. Rewards of the same
solutions are compared with those before the other came; `times alone` is solutions a second while
the other idles, over those without it. The file is written after each part; the exit code is 3 if
a reward differed by more than rounding.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from prm_app.bench import prompts
from prm_app.errors import PrmError
from prm_app.local.models import LocalModels
from prm_app.local.prefix_store import PrefixStore
from prm_app.local.scorer import LocalScorer
from prm_app.scoring import OpenedScorer, Scorer
from prm_app.solutions.solution import Solution

ALLOWED = 0.05
Rewards = list[tuple[float, ...]]


class Run:
    """The models, the solutions they are compared on, and what was found."""

    def __init__(self, record: Path, problems: int, options: dict[str, Any]) -> None:
        self.models = LocalModels(options)
        self.found: dict[str, Any] = {}
        self._record, self._problems = record, problems
        self._source = prompts.made_up(candidates=8, steps=8, sentences=1, seed=0, spread=4)
        self._compared = self._take(4)
        self._expected: dict[str, Rewards] = {}

    def _take(self, problems: int) -> list[Solution]:
        return list(chain(*prompts.take(self._source, problems)))

    def keep(self, part: str, **found: Any) -> None:
        self.found[part] = found
        print(f"{part}: {found}", file=sys.stderr)
        self._record.write_text(json.dumps(self.found, indent=1))

    def rate(self, scorer: Scorer) -> float:
        """Solutions a second, of solutions that are new to it: the median of three."""
        rates = []
        for _ in range(3):
            solutions = self._take(self._problems)
            start = time.perf_counter()
            for _, outcome in scorer.score_many(solutions):
                assert not isinstance(outcome, PrmError), outcome
            rates.append(len(solutions) / (time.perf_counter() - start))
        return median(rates)

    def difference(self, name: str, scorer: Scorer) -> float:
        """The largest of a reward from those of this model's first call."""
        assert isinstance(scorer, OpenedScorer) and isinstance(scorer._scorer, LocalScorer)
        inner = scorer._scorer
        # A store of its own, or nothing would be computed.
        fresh = LocalScorer(inner.prm, inner._engine, inner._family, PrefixStore())
        rewards = [each.result(120).rewards for each in fresh.submit(self._compared)]
        expected = self._expected.setdefault(name, rewards)
        return max(abs(a - b) for a, b in zip(chain(*rewards), chain(*expected), strict=True))

    def until(self, done: Callable[[], bool], **scorers: Scorer) -> dict[str, Any]:
        """How often each was asked meanwhile, and the largest difference."""
        worst, calls = 0.0, 0
        while not done() or not calls:
            worst = max(worst, *(self.difference(*each) for each in scorers.items()))
            calls += 1
        return {"largest difference": worst, "calls": calls}


def broken(folder: Path, copy: Path) -> None:
    """A checkpoint like another, whose weights end early."""
    shutil.copytree(folder, copy, symlinks=False, ignore=shutil.ignore_patterns("*.safetensors"))
    for weights in folder.glob("*.safetensors"):
        with weights.open("rb") as file:
            (copy / weights.name).write_bytes(file.read(1_000_000))


def measure(run: Run, first: Path, second: Path, bad: Path) -> None:
    models = run.models
    one = models.open(str(first)).result()
    run.difference("first", one)
    alone = run.rate(one)
    run.keep("first alone", solutions_per_second=alone)
    loading: Future[Scorer] = models.open(str(second))
    run.keep("second loads", **run.until(loading.done, first=one))
    two = loading.result()
    run.difference("second", two)
    rate = run.rate(one)
    run.keep("second idles", solutions_per_second=rate, times_alone=rate / alone)
    rate_of_second = run.rate(two)
    run.keep("first idles", solutions_per_second=rate_of_second)
    end = time.monotonic() + 8
    run.keep("both work", **run.until(lambda: time.monotonic() > end, first=one, second=two))
    failing = models.open(str(bad))
    found = run.until(failing.done, first=one, second=two)
    run.keep("a third fails", **found, error=str(failing.exception()))
    one.close()
    models._residents[one.prm.key].scorer.close()
    run.keep("first is freed", **run.until(lambda: True, second=two))
    rate = run.rate(two)
    times = rate_of_second / rate
    run.keep("second alone", solutions_per_second=rate, times_alone_beside_first=times)


def main() -> None:
    parser = argparse.ArgumentParser(description="Two models on one GPU.")
    parser.add_argument("first", type=Path, help="a checkpoint's folder")
    parser.add_argument("second", type=Path, help="another's")
    parser.add_argument("record", type=Path, help="the file to write")
    parser.add_argument("--problems", type=int, default=32, help="of eight solutions, in a batch")
    parser.add_argument("--cache-gb", type=float, default=4.0, help="prefix cache of each model")
    args = parser.parse_args()
    options = {"kv_cache_memory_bytes": int(args.cache_gb * 2**30)}
    run = Run(args.record, args.problems, options)
    with TemporaryDirectory() as folder:
        bad = Path(folder, "broken")
        broken(args.first, bad)
        measure(run, args.first, args.second, bad)
    run.models.close()
    worst = max(each.get("largest difference", 0.0) for each in run.found.values())
    sys.exit(0 if worst <= ALLOWED else 3)


if __name__ == "__main__":
    main()
