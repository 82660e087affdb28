"""One benchmark run: peers take turns on the same prompts, and their rewards are compared.

Peers take turns within each scenario, so that a busy machine is as unfair to one as to the next,
and medians are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from prm_app import machine
from prm_app.bench import prompts, scenarios
from prm_app.bench.ceiling import ceiling, set_shares
from prm_app.bench.checks import Checks
from prm_app.bench.prompts import Problem
from prm_app.bench.worker import Worker
from prm_app.catalog import Prm
from prm_app.checkpoint import parameters
from prm_app.local.engine_args import itemsize, require_engine
from prm_app.solutions.solution import Solution

SCENARIOS = ("best-of-n", "distinct", "latency", "edit", "edit-long", "users")
LONG_SENTENCES = 14
_NOT_RECORDED = {"prm", "folder", "peers", "scenarios"}
OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What to measure. `folder` is a local checkpoint; `engine` are vLLM's engine arguments."""

    prm: Prm
    folder: Path
    engine: Mapping[str, Any] = field(default_factory=dict)
    peers: Sequence[str] = ("ours", "vllm", "transformers")
    scenarios: Sequence[str] = SCENARIOS
    prompts: Path | None = None
    problems: int = 8
    candidates: int = 8
    steps: int = 8
    sentences: int = 1
    repeats: int = 3
    users: int = 64

    def source(self) -> Iterator[Problem]:
        """Problems without end, or those of the file.

        Solutions have from half to one and a half times `steps`, as unequal as real ones are.
        """
        if self.prompts is not None:
            return prompts.from_file(self.prompts)
        spread = self.steps // 2
        return prompts.made_up(self.candidates, self.steps, self.sentences, seed=0, spread=spread)

    def record(self) -> dict[str, Any]:
        """Those that change a figure, as plain data."""
        names = [each.name for each in fields(self) if each.name not in _NOT_RECORDED]
        return {
            name: str(value) if isinstance(value, Path) else value
            for name in names
            if (value := getattr(self, name)) is not None
        }


def run(settings: Settings, on_progress: OnProgress = lambda text: None) -> dict[str, Any]:
    """Measures everything asked for and returns the record; `checks.equal` says if peers agree."""
    require_engine()
    with TemporaryDirectory() as logs, ExitStack() as stack:
        workers: dict[str, Worker] = {}
        start: dict[str, dict[str, float]] = {}
        for peer in settings.peers:
            on_progress(f"Starting {peer}")
            log = Path(logs, f"{peer}.log")
            workers[peer] = Worker(peer, settings.prm, settings.folder, _shared(settings), log)
            stack.callback(workers[peer].close)
            # Alone: vLLM counts as its own what other programs take of a GPU meanwhile.
            start[peer] = {"ready": workers[peer].wait()}
        record = measure(settings, workers, on_progress)
        record["results"]["start"] = start
        return record


def measure(
    settings: Settings, workers: Mapping[str, Worker], on_progress: OnProgress = lambda text: None
) -> dict[str, Any]:
    """The record of peers that are ready; start-up is not in it."""
    record: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": settings.prm.key,
        "machine": machine.describe(),
        "settings": settings.record(),
    }
    run_ = _Run(settings, workers, on_progress)
    record["settings"]["candidates"] = run_.warm_up()
    run_.measure_ceiling()
    record["results"] = {
        name: getattr(run_, name.replace("-", "_"))() for name in settings.scenarios
    }
    run_.measure_ceiling()
    if run_.ceiling:
        record["ceiling"] = run_.ceiling
        set_shares(record["results"], run_.ceiling["tokens_per_second"])
    record["memory"] = {peer: worker.run(scenarios.memory) for peer, worker in workers.items()}
    record["checks"] = run_.checks.record()
    return record


def _shared(settings: Settings) -> dict[str, Any]:
    """The engine arguments, with a part of the GPU's memory for each peer."""
    return {"gpu_memory_utilization": 0.9 / len(settings.peers), **settings.engine}


class _Run:
    """The scenarios; each returns its results by peer."""

    def __init__(
        self,
        settings: Settings,
        workers: Mapping[str, Worker],
        on_progress: OnProgress,
    ) -> None:
        self._settings, self._workers, self._on_progress = settings, workers, on_progress
        self._source = settings.source()
        self._rotation = count()
        self.ceiling: dict[str, float] = {}
        float32 = itemsize(settings.engine, parameters(settings.folder)) == 4
        self.checks = Checks(float32, bool(settings.engine.get("quantization")))

    def warm_up(self) -> int:
        """What a first call loads and compiles is not measured; how many candidates there are."""
        problems = self._problems(2)
        solutions = list(chain(*problems))
        for worker in self._workers.values():
            worker.run(scenarios.one_by_one, solutions[:2])
            worker.run(scenarios.throughput, solutions)
        return len(problems[0])

    def measure_ceiling(self) -> None:
        """Keeps the highest: before and after, in case other programs took time once."""
        if "vllm" in self._workers:
            self._on_progress("Measuring the arithmetic ceiling")
            ceiling_now = self._workers["vllm"].run(ceiling)
            self.ceiling = max(self.ceiling, ceiling_now, key=lambda each: each.get("flops", 0.0))

    def best_of_n(self) -> dict[str, Any]:
        """All candidates of several problems, given at once."""
        results = self._throughput(
            "Best-of-N", lambda: list(chain(*self._problems(self._settings.problems)))
        )
        if "vllm" in self._workers and "ours" in self._workers:
            # On prompts that neither has seen: what our scorer adds to vLLM's own time.
            engine, ours = [], []
            for _ in range(self._settings.repeats):
                solutions = list(chain(*self._problems(self._settings.problems)))
                self._on_progress("Best-of-N: vLLM alone")
                engine.append(self._workers["vllm"].run(scenarios.compute, solutions))
                ours.append(self._workers["ours"].run(scenarios.throughput, solutions)[0])
            results["ours"]["over_engine"] = median(ours) / median(engine) - 1
        return results

    def distinct(self) -> dict[str, Any]:
        """One solution each of many problems: nothing is shared."""
        total = self._settings.problems * self._settings.candidates
        return self._throughput(
            "Distinct", lambda: [problem[0] for problem in self._problems(total)]
        )

    def _throughput(self, title: str, ask: Callable[[], list[Solution]]) -> dict[str, Any]:
        seconds: dict[str, list[float]] = {peer: [] for peer in self._workers}
        before = self._usage()
        for repeat in range(self._settings.repeats):
            solutions = ask()
            rewards = {}
            for peer, worker in self._in_turn():
                self._on_progress(f"{title} {repeat + 1}/{self._settings.repeats}: {peer}")
                took, rewards[peer] = worker.run(scenarios.throughput, solutions)
                seconds[peer].append(took)
            self.checks.compare(rewards)
        after = self._usage()
        length, tokenising = next(iter(self._workers.values())).run(scenarios.tokens, solutions)
        return {
            peer: {
                "solutions": len(solutions),
                "tokens": length,
                "solutions_per_second": len(solutions) / median(took),
                "tokens_per_second": length / median(took),
                "tokenising_share": tokenising / median(took),
                "computed_share": _computed_share(before[peer], after[peer]),
                "seconds": took,
            }
            for peer, took in seconds.items()
        }

    def _usage(self) -> dict[str, dict[str, Any]]:
        return {peer: worker.run(scenarios.memory) for peer, worker in self._workers.items()}

    def latency(self) -> dict[str, Any]:
        """One solution at a time."""
        solutions = [problem[0] for problem in self._problems(20 * self._settings.repeats)]
        results, rewards = {}, {}
        for peer, worker in self._in_turn():
            self._on_progress(f"One solution alone: {peer}")
            seconds, rewards[peer] = worker.run(scenarios.one_by_one, solutions)
            results[peer] = _quantiles(seconds)
        self.checks.compare(rewards)
        return results

    def edit(self) -> dict[str, Any]:
        """The last step of a solution that was scored before is changed."""
        settings = self._settings
        if settings.prompts is not None:
            return self._edit(self._problems(5 * settings.repeats))
        equal = prompts.made_up(
            candidates=1, steps=settings.steps, sentences=settings.sentences, seed=2
        )
        return self._edit(prompts.take(equal, 5 * settings.repeats))

    def edit_long(self) -> dict[str, Any]:
        """The same with solutions of nearly 4,096 tokens in eight steps."""
        long = prompts.made_up(candidates=1, steps=8, sentences=LONG_SENTENCES, seed=1)
        return self._edit(prompts.take(long, 2 * self._settings.repeats))

    def _edit(self, problems: Sequence[Problem]) -> dict[str, Any]:
        solutions = [problem[0] for problem in problems]
        pairs = [(each, prompts.edited(each, len(each.steps) - 1)) for each in solutions]
        results, rewards = {}, {}
        for peer, worker in self._in_turn():
            self._on_progress(f"Editing the last step: {peer}")
            first, second, again, rewards[peer] = worker.run(scenarios.edits, pairs)
            results[peer] = {
                "tokens": worker.run(scenarios.tokens, solutions)[0] / len(solutions),
                "first": median(first),
                "edited": median(second),
                "again": median(again),
                "share": median(second) / median(first),
            }
        self.checks.compare(rewards)
        return results

    def users(self) -> dict[str, Any]:
        """Many users at once, each with solutions of their own."""
        number = self._settings.users
        solutions = [problem[0] for problem in self._problems(2 * number)]
        results = {}
        for peer, worker in self._in_turn():
            self._on_progress(f"{number} users: {peer}")
            seconds, waits = worker.run(scenarios.users, solutions, number)
            results[peer] = {"solutions_per_second": len(solutions) / seconds, **_quantiles(waits)}
        return results

    def _problems(self, number: int) -> list[Problem]:
        return prompts.take(self._source, number)

    def _in_turn(self) -> list[tuple[str, Worker]]:
        """The peers, a different one first each time."""
        order = list(self._workers.items())
        first = next(self._rotation) % len(order)
        return order[first:] + order[:first]


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    return {"p50": float(np.quantile(seconds, 0.5)), "p95": float(np.quantile(seconds, 0.95))}


def _computed_share(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    """The part of the tokens scored that was computed: all of them, if a peer keeps nothing."""
    if "computed" not in after:
        return 1.0
    computed, total = (after[name] - before[name] for name in ("computed", "tokens"))
    return float(computed / total)
