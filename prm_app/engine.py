"""The in-process vLLM engine: the one module that imports vllm.

Knows token ids, not what they mean. One thread owns the engine: it builds it, adds what has arrived
since the last step to the running batch (continuous batching), and hands out results. Where the CPU
has no bf16 arithmetic the engine runs in float32. The engine's core runs in this process too,
unless the model is spread over several devices.
"""

from __future__ import annotations

import gc
import itertools
import os
import queue
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from prm_app.errors import EngineError, ModelError, NoEngineError, OutOfMemoryError, PrmError
from prm_app.startup import all_or_nothing, root_cause

OnStage = Callable[[str, float], None]
"""Called with what the engine is doing, as a sentence, and how far it is, in [0, 1]."""

MIN_CACHED_TOKENS = 32_768
"""Prefix cache on CPU, in tokens: room for about a hundred solutions."""

BATCH_TOKENS = 16_384
"""Tokens computed in one step on a GPU: enough to fill an H200 with a model of 1.5B weights."""
CPU_BATCH_TOKENS = 1024
"""The same on a CPU: two cores are no faster with more, and a newcomer waits for less."""

GRAPH_SIZES = (
    *range(16, 512, 16),
    *range(512, 1024, 32),
    *range(1024, 2048, 64),
    *range(2048, 4097, 128),
)
"""Tokens in one step, rounded up, that a GPU computes by replaying CUDA graphs. vLLM's own end at
512; beyond them a small model waits for Python to launch its kernels."""


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
            _free_memory(error)
            self._loaded.set_exception(load_error(error))
            return
        self._loaded.set_result(None)
        failure: PrmError = EngineError("The engine has been stopped: load the model again.")
        try:
            self._serve(engine)
        except Exception as error:
            failure = _fault(error) or EngineError(
                f"The engine failed while scoring: {error}. Load the model again."
            )
            failure.__cause__ = error
        self._closed.set()
        self._fail_everything(failure)
        engine.engine_core.shutdown()
        del engine
        _free_memory(failure.__cause__)

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


def memory(options: Mapping[str, Any]) -> tuple[int, int]:
    """Memory for a model with these engine options: bytes in all, and bytes a weight takes."""
    if on_cpu():
        return psutil.virtual_memory().available, 2 if _has_bf16() else 4
    _prepare_environment(options)
    from vllm.platforms import current_platform

    size = current_platform.get_device_total_memory()
    return size * _devices(options), 1 if options.get("quantization") == "fp8" else 2


def _devices(options: Mapping[str, Any]) -> int:
    return options.get("tensor_parallel_size", 1) * options.get("pipeline_parallel_size", 1)


def _has_bf16() -> bool:
    """Whether this CPU computes in bf16 itself, rather than by way of float32."""
    import torch

    return torch.cpu._is_avx512_bf16_supported()


def _prepare_environment(options: Mapping[str, Any]) -> None:
    """Sets what vLLM reads at its import, and where the engine's core runs."""
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    if _devices(options) == 1:
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")


def arguments(folder: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """vLLM's engine arguments for a PRM on this machine, with `options` over them.

    Imports vLLM, and sets the environment that it reads at its import.
    """
    _prepare_environment(options)
    from vllm.config import PoolerConfig
    from vllm.engine.arg_utils import EngineArgs

    chosen: dict[str, Any] = {
        "model": folder,
        "runner": "pooling",
        "pooler_config": PoolerConfig(tok_pooling_type="ALL"),
        "skip_tokenizer_init": True,
        "enable_prefix_caching": True,
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
        **machine_defaults(),
    } | dict(options)
    if "max_num_seqs" not in options:
        chosen["max_num_seqs"] = min(chosen["max_num_seqs"], chosen["max_num_batched_tokens"])
    args = EngineArgs(**chosen)
    if on_cpu() and args.kv_cache_memory_bytes is None:
        chosen["kv_cache_memory_bytes"] = cache_bytes(args)
    chosen["cudagraph_capture_sizes"] = capture_sizes(args)
    return chosen


def _build(folder: str, options: dict[str, Any], on_stage: OnStage) -> Any:
    """A vLLM engine for a checkpoint in a local folder."""
    on_stage("Importing vLLM", 0.1)
    chosen = arguments(folder, options)
    from vllm.engine.arg_utils import EngineArgs
    from vllm.v1.engine.llm_engine import LLMEngine

    on_stage("Loading the weights", 0.6)
    with all_or_nothing(), root_cause():
        engine = LLMEngine.from_engine_args(EngineArgs(**chosen))
    on_stage("Ready", 1.0)
    return engine


def machine_defaults() -> dict[str, Any]:
    """Engine arguments that this machine calls for: what it can do and does best."""
    if not on_cpu():
        return {
            "max_num_batched_tokens": BATCH_TOKENS,
            "max_num_seqs": 1024,
            # Off by default in vLLM's pooling engines; full batches are 14% faster with it.
            "async_scheduling": True,
        }
    defaults: dict[str, Any] = {
        "max_num_batched_tokens": CPU_BATCH_TOKENS,
        "max_num_seqs": 256,
        "enforce_eager": True,
        # The smallest block the CPU kernels take: a prefix is reused in whole blocks.
        "block_size": 32,
    }
    return defaults if _has_bf16() else defaults | {"dtype": "float32"}


def on_cpu() -> bool:
    """Whether models run on the CPU here.

    Counts the devices without starting CUDA: a process that has started it cannot fork, as vLLM
    does for its engine's core.
    """
    import torch

    return torch.cuda.device_count() == 0


def capture_sizes(args: Any) -> list[int] | None:
    """`cudagraph_capture_sizes` for these engine arguments: GRAPH_SIZES, if they name none."""
    config = args.compilation_config
    named = (
        args.cudagraph_capture_sizes,
        args.max_cudagraph_capture_size,
        config.cudagraph_capture_sizes,
        config.max_cudagraph_capture_size,
    )
    return args.cudagraph_capture_sizes if on_cpu() or any(named) else list(GRAPH_SIZES)


def cache_bytes(args: Any) -> int:
    """Bytes of prefix cache that hold the longest prompt, and at least MIN_CACHED_TOKENS."""
    import torch

    config = args.create_model_config()
    heads = config.get_total_num_kv_heads() * config.get_head_size()
    per_token = (
        2 * config.get_total_num_hidden_layers() * heads * torch.finfo(config.dtype).bits // 8
    )
    return per_token * max(MIN_CACHED_TOKENS, config.max_model_len + 1024)


def _free_memory(error: BaseException | None = None) -> None:
    """Frees what nothing uses, and what the frames that an error went through still hold."""
    import torch

    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
    gc.collect()
    if not on_cpu():
        with suppress(RuntimeError):  # of a GPU that has failed
            torch.cuda.empty_cache()


def load_error(error: BaseException) -> PrmError:
    """What a failure of vLLM to load a model means for its user."""
    if isinstance(error, PrmError):
        return error
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__)[-1:]]
    text = str(error) or " at ".join([type(error).__name__, *lines])
    memory = ("out of memory", "OutOfMemory", "available memory", "free memory", "KV cache")
    if isinstance(error, MemoryError) or any(word.lower() in text.lower() for word in memory):
        found: PrmError = OutOfMemoryError(
            "The model does not fit the memory of this machine: lower --max-model-len or "
            "--gpu-memory-utilization, free memory that other programs hold, or choose a smaller "
            f"model. vLLM says: {text}"
        )
    else:
        found = _fault(error) or ModelError(f"vLLM could not load the model: {text}")
    found.__cause__ = error
    return found


def _fault(error: BaseException) -> EngineError | None:
    """The message for an error of the GPU, after which its process gets nothing else from it."""
    if "CUDA error" not in str(error):
        return None
    return EngineError(
        f"The GPU reported an error, and this program can use it no more: start it again. {error}"
    )
