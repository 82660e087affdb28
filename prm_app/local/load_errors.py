"""Cleans up after a failed vLLM start, and finds the reason in its log."""

from __future__ import annotations

import atexit
import copy
import gc
import json
import logging
import os
import re
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from prm_app.errors import EngineError, ModelError, OutOfMemoryError, PrmError
from prm_app.local.engine_args import on_cpu

_CONFIG = "VLLM_LOGGING_CONFIG_PATH"
_FIRST = re.compile(r"^[\w.]*(Error|Exception)\b.*", re.MULTILINE)


@contextmanager
def root_cause() -> Iterator[None]:
    """Gives a RuntimeError of vLLM that points to its log the first error found there.

    Processes that vLLM forks have the log's handler from this one, those that it spawns from vLLM's
    logging configuration. If the environment has set that up differently, it stays so, and the
    error as vLLM raised it.
    """
    if os.environ.keys() & {_CONFIG, "VLLM_CONFIGURE_LOGGING"}:
        yield
        return
    log = _log_file()
    size = log.stat().st_size
    os.environ[_CONFIG] = str(log.with_name("config"))
    try:
        yield
    except RuntimeError as error:
        with open(log, encoding="utf-8", errors="replace") as lines:
            lines.seek(size)
            first = _FIRST.search(lines.read())
        if "root cause" in str(error) and first:
            raise RuntimeError(first.group()) from error
        raise
    finally:
        del os.environ[_CONFIG]


@cache
def _log_file() -> Path:
    """A file that vLLM's processes log to as long as this one lives, beside their `config`."""
    from vllm.logger import DEFAULT_LOGGING_CONFIG

    folder = Path(tempfile.mkdtemp(prefix="prm-app-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    log, settings = folder / "log", copy.deepcopy(DEFAULT_LOGGING_CONFIG)
    settings["handlers"]["log"] = {"class": "logging.FileHandler", "filename": str(log)}
    settings["loggers"]["vllm"]["handlers"].append("log")
    (folder / "config").write_text(json.dumps(settings))
    logging.getLogger("vllm").addHandler(logging.FileHandler(log))
    return log


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Frees a model whose load fails, as vLLM does with models of whole engines alone.

    The executor holds it, and so do the hooks that its compiled modules gave to PyTorch. Those of
    models that were there before are left alone.
    """
    others = {id(each) for each, _ in _holders()}
    try:
        yield
    except BaseException:
        for each, free in _holders():
            if id(each) not in others:
                with suppress(Exception):
                    free(each)
        raise


def _holders() -> Iterator[tuple[Any, Callable[[Any], None]]]:
    """What holds a model in this process, and how each lets go of it."""
    from vllm.compilation.wrapper import TorchCompileWithNoGuardsWrapper
    from vllm.v1.executor import Executor

    for each in gc.get_objects():
        kind = type(each)  # isinstance would make lazy modules import themselves
        with suppress(Exception):
            if issubclass(kind, Executor):
                yield each, lambda executor: executor.shutdown()
            elif issubclass(kind, TorchCompileWithNoGuardsWrapper):
                yield each, TorchCompileWithNoGuardsWrapper.cleanup


def shut_down(engine: Any, last: bool) -> None:
    """Shuts a vLLM engine down; the others of this process go on, unless it is the `last`.

    vLLM's core ends with `cleanup_dist_env_and_memory`, which destroys the parallel groups that all
    engines of a process share (vLLM 0.32, v1/engine/core.py).
    """
    core: Any = import_module("vllm.v1.engine.core")
    cleanup = core.cleanup_dist_env_and_memory
    if not last:
        core.cleanup_dist_env_and_memory = lambda *args, **kwargs: None
    try:
        engine.engine_core.shutdown()
    finally:
        core.cleanup_dist_env_and_memory = cleanup


def free_memory(error: BaseException | None = None) -> None:
    """Frees unused memory, objects kept alive by an error's traceback included."""
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
    lines = [frame.line or "" for frame in traceback.extract_tb(error.__traceback__)[-1:]]
    text = str(error) or " at ".join([type(error).__name__, *lines])
    memory = ("out of memory", "OutOfMemory", "available memory", "free memory", "KV cache")
    if isinstance(error, MemoryError) or any(word.lower() in text.lower() for word in memory):
        meaning: PrmError = OutOfMemoryError(
            "The model does not fit the memory of this machine: give it a smaller context or less "
            "of the GPU's memory, free memory that other programs hold, or choose a smaller model. "
            f"vLLM says: {text}",
            settings=["max_model_len", "gpu_memory_utilization"],
        )
    else:
        meaning = gpu_fault(error) or ModelError(f"vLLM could not load the model: {text}")
    meaning.__cause__ = error
    return meaning


def gpu_fault(error: BaseException) -> EngineError | None:
    """The message for an error of the GPU, after which its process gets nothing else from it."""
    if "CUDA error" not in str(error):
        return None
    return EngineError(
        f"The GPU reported an error, and this program can use it no more: start it again. {error}"
    )
