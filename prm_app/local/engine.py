"""The engine of vLLM in this process: token ids in, raw outputs out.

Knows token ids, not what they mean. One thread owns the engine: it builds it, adds what has arrived
since the last step to the running batch (continuous batching), and hands out results. Several
engines may live in one process; `engine_thread` says who steps them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from prm_app.errors import EngineError, PrmError
from prm_app.futures import settle
from prm_app.local.engine_args import (
    core_in_process,
    engine_arguments,
    on_cpu,
    require_engine,
)
from prm_app.local.engine_thread import THREADS
from prm_app.local.interface import Engine, OnStage, Outputs, ignore_stage, stopped
from prm_app.local.load_errors import (
    all_or_nothing,
    free_memory,
    gpu_fault,
    load_error,
    root_cause,
    shut_down,
)

STEPS_AHEAD = {True: 2, False: 1}
"""The batches of prompts that vLLM holds, if it schedules one step while it computes another or
not: it computes them in the order in which they came, and so who asks for one solution waits behind
these steps, not behind all that others have asked for."""


@dataclass(slots=True)
class _Request:
    token_ids: list[int]
    reuse: bool
    together: int
    future: Future[Outputs]


class VllmEngine(Engine):
    """A model loaded with vLLM.

    Args:
        folder: The checkpoint.
        options: vLLM's own engine arguments by their Python names, over those chosen here.
        on_stage: Told of the progress of the load.

    Raises:
        NoEngineError: vLLM is not installed.
        OutOfMemoryError: The model does not fit.
        ModelError: It cannot be loaded for another reason.
    """

    def __init__(
        self, folder: str | Path, options: Mapping[str, Any], on_stage: OnStage = ignore_stage
    ) -> None:
        require_engine()
        self.limit = 0
        self.cache_tokens = 0
        self.precision = ""
        self._core: Any = None
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, _Request]] = []
        self._pending: dict[str, _Request] = {}
        self._alone = False
        self._closing: Future[None] | None = None
        loading: Future[None] = Future()
        self._thread, self._in_process = THREADS.claim(core_in_process(options), not on_cpu())
        self._thread.do(lambda: self._load(str(folder), dict(options), on_stage, loading), loading)
        loading.result()

    @property
    def alive(self) -> bool:
        return self._core is not None and self._closing is None

    @property
    def busy(self) -> bool:
        """Whether a step has something to compute."""
        return bool(self._pending or self._waiting)

    def submit(
        self, token_ids: list[int], reuse: bool = True, together: int = 1
    ) -> Future[Outputs]:
        request = _Request(token_ids, reuse, together, Future())
        self._thread.do(lambda: self._start(request), request.future)
        return request.future

    def close(self) -> None:
        closing: Future[None] = Future()
        self._thread.do(lambda: self._close(closing), closing)
        closing.result()

    # What follows runs in the engine's thread.

    def _load(
        self, folder: str, options: dict[str, Any], on_stage: OnStage, loading: Future[None]
    ) -> None:
        try:
            self._core = _build(folder, options, on_stage, self._in_process)
            self.limit = self._core.model_config.max_model_len
            cache = self._core.vllm_config.cache_config
            self.cache_tokens = cache.num_gpu_blocks * cache.block_size
            dtype = str(self._core.model_config.dtype).removeprefix("torch.")
            self.precision = f"{dtype} on the {'CPU' if on_cpu() else 'GPU'}"
        except BaseException as error:
            THREADS.release(self._thread)
            try:
                free_memory(error)
            finally:
                loading.set_exception(load_error(error))
        else:
            self._thread.engines.append(self)
            loading.set_result(None)

    def _start(self, request: _Request) -> None:
        if self.alive:
            heappush(self._waiting, (request.together, next(self._numbers), request))
        else:
            settle(request.future, stopped())

    def _fill(self) -> None:
        """Adds prompts for the next steps: those of which fewest were asked for together first.

        Where one step is computed at a time, as on a CPU, and takes long, a prompt asked for alone
        shares it with none of many; these have every second step, so they go on however many come
        alone.
        """
        scheduler = self._core.vllm_config.scheduler_config
        most = STEPS_AHEAD[scheduler.async_scheduling] * scheduler.max_num_batched_tokens
        tokens = sum(len(request.token_ids) for request in self._pending.values())
        self._alone = not (self._alone or scheduler.async_scheduling) and self._next_is_alone()
        while self._waiting and tokens < most and (not self._alone or self._next_is_alone()):
            request = heappop(self._waiting)[-1]
            if not request.future.cancelled():
                tokens += len(request.token_ids)
                self._add(request)

    def _drop(self) -> None:
        """Takes back the prompts that nobody waits for any more."""
        keys = [key for key, each in self._pending.items() if each.future.cancelled()]
        if keys:
            self._core.abort_request(keys)
        for key in keys:
            del self._pending[key]

    def _next_is_alone(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] == 1

    def _add(self, request: _Request) -> None:
        from vllm import PoolingParams
        from vllm.inputs import TokensPrompt

        params = PoolingParams(
            task="token_classify",
            use_activation=False,
            skip_reading_prefix_cache=not request.reuse,
        )
        key = str(next(self._numbers))
        self._pending[key] = request
        try:
            self._core.add_request(key, TokensPrompt(prompt_token_ids=request.token_ids), params)
        except ValueError as error:
            del self._pending[key]
            settle(request.future, EngineError(f"vLLM refused the prompt: {error}"))

    def step(self) -> None:
        """Computes one batch; an error of vLLM ends the engine and fails what it was computing."""
        try:
            self._drop()
            self._fill()
            for output in self._core.step() if self._pending else ():
                self._finish(self._pending.pop(output.request_id), output)
        except Exception as error:
            failure = gpu_fault(error) or EngineError(
                f"The engine failed while scoring: {error}. Load the model again."
            )
            failure.__cause__ = error
            self._free(failure)
        else:
            if self._closing is not None and not self.busy:
                self._free(stopped())

    def _finish(self, request: _Request, output: Any) -> None:
        """Hands out one answer of vLLM, or asks again without its prefix cache."""
        values = output.outputs.data.float().numpy()
        missing = len(request.token_ids) - len(values)
        if request.reuse and missing == output.num_cached_tokens:
            settle(request.future, Outputs(values, missing))
        elif request.reuse:
            # Preempted half-way, it returns the rows of both tries: not to be told apart.
            request.reuse = False
            self._add(request)
        elif missing > 0:
            error = EngineError(f"vLLM returned no outputs for {missing} of the tokens.")
            settle(request.future, error)
        else:
            # Without reuse the last try has a row for every token.
            settle(request.future, Outputs(values[-missing:], 0))

    def _close(self, closing: Future[None]) -> None:
        if self._core is None:
            closing.set_result(None)
        elif self._closing is not None:
            self._closing.add_done_callback(lambda _: closing.set_result(None))
        else:
            self._closing = closing
            if not self.busy:
                self._free(stopped())

    def _free(self, failure: PrmError) -> None:
        """Fails what is pending, and frees the model; other engines go on."""
        core, self._core = self._core, None
        self._thread.engines.remove(self)
        for request in (*self._pending.values(), *(waiting[-1] for waiting in self._waiting)):
            settle(request.future, failure)
        self._pending.clear()
        self._waiting.clear()
        with suppress(Exception):  # of a core that has failed: the other engines go on
            shut_down(core, last=THREADS.release(self._thread))
            del core
            free_memory(failure.__cause__)
        if self._closing is not None:
            self._closing.set_result(None)


def _build(folder: str, options: dict[str, Any], on_stage: OnStage, in_process: bool) -> Any:
    """A vLLM engine for a checkpoint in a local folder."""
    on_stage("Importing vLLM", 0.6)
    arguments = engine_arguments(folder, options)
    from vllm.engine.arg_utils import EngineArgs
    from vllm.v1.engine.llm_engine import LLMEngine

    on_stage("Loading the weights", 0.8)
    with all_or_nothing(), root_cause():
        engine = LLMEngine.from_engine_args(
            EngineArgs(**arguments), enable_multiprocessing=not in_process
        )
    return engine
