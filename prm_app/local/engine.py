"""The in-process vLLM engine: token ids in, raw outputs out.

Knows token ids, not what they mean. One thread owns the engine: it builds it, adds what has arrived
since the last step to the running batch (continuous batching), and hands out results. Where the CPU
has no bf16 arithmetic the engine runs in float32. The engine's core runs in this process too,
unless the model is spread over several devices.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prm_app.errors import EngineError, NoEngineError, PrmError
from prm_app.local.engine_args import engine_arguments
from prm_app.local.load_errors import (
    all_or_nothing,
    free_memory,
    gpu_fault,
    load_error,
    root_cause,
)

OnStage = Callable[[str, float], None]
"""Called with what the engine is doing, as a sentence, and how far it is, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The model's raw outputs for the end of one prompt.

    `values` has shape `(tokens - cached, labels)`: its row i belongs to token `cached + i`.
    """

    values: NDArray[np.floating]
    cached: int


@dataclass(slots=True)
class _Request:
    token_ids: list[int]
    reuse: bool
    future: Future[Outputs]


class Engine:
    """A loaded model. Safe to use from several threads.

    `options` are vLLM's own engine arguments by their Python names; they override what is chosen
    here. `limit` is the longest prompt and `cache_tokens` the size of the prefix cache, in tokens.
    Raises NoEngineError without vLLM, OutOfMemoryError and ModelError where loading fails.
    """

    def __init__(
        self,
        folder: str | Path,
        options: Mapping[str, Any],
        on_stage: OnStage,
    ) -> None:
        if find_spec("vllm") is None:
            raise NoEngineError
        self.limit = 0
        self.cache_tokens = 0
        self._arrivals: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._pending: dict[str, _Request] = {}
        self._closed = threading.Event()
        self._loaded: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(str(folder), dict(options), on_stage), name="engine"
        )
        self._thread.daemon = True
        self._thread.start()
        self._loaded.result()

    @property
    def alive(self) -> bool:
        """Whether the engine can score."""
        return not self._closed.is_set()

    def submit(self, token_ids: list[int], reuse: bool = True) -> Future[Outputs]:
        """Starts computing the outputs of one prompt of at most `limit` tokens.

        With `reuse` the tokens that the prefix cache covers are not computed and have no rows.
        The future raises EngineError where the engine fails.
        """
        future: Future[Outputs] = Future()
        self._arrivals.put(_Request(token_ids, reuse, future))
        if self._closed.is_set():
            self._fail_everything(EngineError("The engine has been stopped: load the model again."))
        return future

    def close(self) -> None:
        """Ends after the requests already made, and frees the model's memory."""
        self._arrivals.put(None)
        self._thread.join()

    def _run(self, folder: str, options: dict[str, Any], on_stage: OnStage) -> None:
        try:
            engine = _build(folder, options, on_stage)
            self.limit = engine.model_config.max_model_len
            cache = engine.vllm_config.cache_config
            self.cache_tokens = cache.num_gpu_blocks * cache.block_size
        except BaseException as error:
            self._closed.set()
            free_memory(error)
            self._loaded.set_exception(load_error(error))
            return
        self._loaded.set_result(None)
        failure: PrmError = EngineError("The engine has been stopped: load the model again.")
        try:
            self._serve(engine)
        except Exception as error:
            failure = gpu_fault(error) or EngineError(
                f"The engine failed while scoring: {error}. Load the model again."
            )
            failure.__cause__ = error
        self._closed.set()
        self._fail_everything(failure)
        engine.engine_core.shutdown()
        del engine
        free_memory(failure.__cause__)

    def _serve(self, engine: Any) -> None:
        numbers = itertools.count()
        stopping = False
        while self._pending or not stopping:
            try:
                while True:
                    request = self._arrivals.get(block=not self._pending and not stopping)
                    if request is None:
                        stopping = True
                    elif request.future.set_running_or_notify_cancel():
                        self._add(engine, str(next(numbers)), request)
            except queue.Empty:
                pass
            for output in engine.step() if self._pending else ():
                request = self._pending.pop(output.request_id)
                values = output.outputs.data.float().numpy()
                missing = len(request.token_ids) - len(values)
                if request.reuse and missing == output.num_cached_tokens:
                    request.future.set_result(Outputs(values, missing))
                elif request.reuse:
                    # Preempted half-way, it returns the rows of both tries: not to be told apart.
                    request.reuse = False
                    self._add(engine, str(next(numbers)), request)
                elif missing > 0:
                    request.future.set_exception(
                        EngineError(f"vLLM returned no outputs for {missing} of the tokens.")
                    )
                else:
                    # Without reuse the last try has a row for every token.
                    request.future.set_result(Outputs(values[-missing:], 0))

    def _add(self, engine: Any, key: str, request: _Request) -> None:
        from vllm import PoolingParams
        from vllm.inputs import TokensPrompt

        params = PoolingParams(
            task="token_classify",
            use_activation=False,
            skip_reading_prefix_cache=not request.reuse,
        )
        self._pending[key] = request
        try:
            engine.add_request(key, TokensPrompt(prompt_token_ids=request.token_ids), params)
        except ValueError as error:
            del self._pending[key]
            request.future.set_exception(EngineError(f"vLLM refused it: {error}"))

    def _fail_everything(self, failure: PrmError) -> None:
        while self._pending:
            self._pending.popitem()[1].future.set_exception(failure)
        while not self._arrivals.empty():
            request = self._arrivals.get()
            if request is not None and request.future.set_running_or_notify_cancel():
                request.future.set_exception(failure)


def _build(folder: str, options: dict[str, Any], on_stage: OnStage) -> Any:
    """A vLLM engine for a checkpoint in a local folder."""
    on_stage("Importing vLLM", 0.1)
    chosen = engine_arguments(folder, options)
    from vllm.engine.arg_utils import EngineArgs
    from vllm.v1.engine.llm_engine import LLMEngine

    on_stage("Loading the weights", 0.6)
    with all_or_nothing(), root_cause():
        engine = LLMEngine.from_engine_args(EngineArgs(**chosen))
    on_stage("Ready", 1.0)
    return engine
