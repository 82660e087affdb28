"""Scoring with an engine in this process: prompts, the context's limit, what is already known."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from vllm_prm.families import FamilyError, PrmFamily, Prompt

from prm_app.catalog import Prm
from prm_app.errors import EngineError, PrmError, TooLongError
from prm_app.futures import cancel_with, settle
from prm_app.local.interface import Engine, Outputs
from prm_app.local.prefix_store import PrefixStore, prefix_keys
from prm_app.scoring import Scorer
from prm_app.solutions.scope import Outside
from prm_app.solutions.solution import ScoredSolution, Solution


@dataclass(frozen=True, slots=True)
class Usage:
    """What a scorer keeps in memory, and how much work that has saved since it was loaded.

    `rewards` are kept out of at most `capacity`, in about `bytes` of memory; the engine's prefix
    cache holds `cache_tokens`. Of all `tokens` of the solutions scored, `computed` were computed;
    `repeated` solutions were computed again in full, because their rewards were no longer kept.
    """

    rewards: int
    capacity: int
    bytes: int
    cache_tokens: int
    tokens: int
    computed: int
    repeated: int


class LocalScorer(Scorer):
    """Scores with a loaded engine and computes no token prefix twice.

    Steps whose whole prefix was scored before are answered from the store. The rest is asked of the
    engine with its prefix cache, whose rows start after the cached tokens; if these cover a step
    whose reward the store has lost, the prompt is computed again in full.
    """

    def __init__(
        self, prm: Prm, engine: Engine, family: PrmFamily, store: PrefixStore | None = None
    ) -> None:
        self.prm = prm
        self.limit, self.precision = engine.limit, engine.precision
        self.store = PrefixStore() if store is None else store
        self._engine = engine
        self._family = family
        self._counting = threading.Lock()
        self._tokens = self._computed = self._repeated = 0

    @property
    def alive(self) -> bool:
        return self._engine.alive

    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        start = time.perf_counter()
        futures: list[Future[ScoredSolution]] = []
        valid: list[Solution] = []
        for solution in solutions:
            future: Future[ScoredSolution] = Future()
            futures.append(future)
            try:
                valid.append(solution.validated())
            except PrmError as error:
                future.set_exception(error)
        prompts = self._family.encode_batch((each.problem, each.steps) for each in valid)
        waiting = (future for future in futures if not future.done())
        for solution, prompt, future in zip(valid, prompts, waiting, strict=True):
            if len(prompt.token_ids) > self.limit:
                future.set_exception(TooLongError.of(prompt, self.limit))
            else:
                outside = self.outside(solution, len(prompt.token_ids))
                _Scoring(self, prompt, future, start, len(valid), outside).start()
        return futures

    def usage(self) -> Usage:
        """What is kept now, and what it has saved."""
        return Usage(
            rewards=len(self.store),
            capacity=self.store.capacity,
            bytes=self.store.bytes_used,
            cache_tokens=self._engine.cache_tokens,
            tokens=self._tokens,
            computed=self._computed,
            repeated=self._repeated,
        )

    def _count(self, tokens: int, computed: int, repeated: bool) -> None:
        with self._counting:
            self._tokens += tokens
            self._computed += computed
            self._repeated += repeated

    def close(self) -> None:
        """Ends after the solutions already submitted, and frees the model."""
        self._engine.close()


class _Scoring:
    """One prompt on its way through store and engine; its steps run in the engine's thread."""

    def __init__(
        self,
        scorer: LocalScorer,
        prompt: Prompt,
        future: Future[ScoredSolution],
        start: float,
        together: int,
        outside: Outside | None,
    ) -> None:
        self._scorer, self._prompt, self._future, self._start = scorer, prompt, future, start
        self._together, self._outside = together, outside
        self._keys = prefix_keys(prompt.token_ids, prompt.positions)
        self._repeated = False

    def start(self) -> None:
        rewards_so_far = self._rewards_of(self._keys)
        if rewards_so_far is None:
            self._ask(reuse=True)
        else:
            self._finish(rewards_so_far, computed=0)

    def _rewards_of(self, keys: Sequence[bytes]) -> list[float] | None:
        """The rewards kept for these keys; None if one is missing."""
        rewards = [each for each in self._scorer.store.get(keys) if each is not None]
        return rewards if len(rewards) == len(keys) else None

    def _ask(self, reuse: bool) -> None:
        future = self._scorer._engine.submit(self._prompt.token_ids, reuse, self._together)
        future.add_done_callback(self._take_answer)
        cancel_with(self._future, future)

    def _take_answer(self, answer: Future[Outputs]) -> None:
        try:
            outputs = answer.result()
            positions = self._prompt.positions
            first = sum(position < outputs.cached for position in positions)
            rewards_so_far = self._rewards_of(self._keys[:first])
            if rewards_so_far is None:
                self._repeated = True
                self._ask(reuse=False)
                return
            rows = outputs.values[[position - outputs.cached for position in positions[first:]]]
            rewards = self._scorer._family.rewards(rows) if len(rows) else []
            self._scorer.store.put(self._keys[first:], rewards)
            self._finish(rewards_so_far + rewards, len(self._prompt.token_ids) - outputs.cached)
        except FamilyError as error:
            settle(self._future, EngineError(str(error)))
        except Exception as error:
            settle(self._future, error)

    def _finish(self, rewards: Sequence[float], computed: int) -> None:
        self._scorer._count(len(self._prompt.token_ids), computed, self._repeated)
        settle(
            self._future,
            ScoredSolution(
                model=self._scorer.prm.key,
                steps=self._prompt.steps,
                rewards=tuple(rewards),
                tokens=len(self._prompt.token_ids),
                computed=computed,
                seconds=time.perf_counter() - self._start,
                outside=self._outside,
            ),
        )
