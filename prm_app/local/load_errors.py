"""Cleans up after a failed vLLM start, and finds the reason in its log."""

from __future__ import annotations

import copy
import gc
import json
import logging
import os
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from prm_app.errors import EngineError, ModelError, OutOfMemoryError, PrmError
from prm_app.local.engine_args import on_cpu

_CONFIG = "VLLM_LOGGING_CONFIG_PATH"
_FIRST = re.compile(r"^[\w.]*(Error|Exception)\b.*", re.MULTILINE)


@contextmanager
def root_cause() -> Iterator[None]:
    """Gives a RuntimeError of vLLM that points to its log the first error found there.

    Processes that vLLM forks have the log's handler from this one, those that it spawns from vLLM's
    logging configuration. Where the environment has set that up differently it stays so, and the
    error as vLLM raised it.
    """
    if os.environ.keys() & {_CONFIG, "VLLM_CONFIGURE_LOGGING"}:
        yield
        return
    from vllm.logger import DEFAULT_LOGGING_CONFIG

    with TemporaryDirectory() as folder:
        log, config = Path(folder, "log"), copy.deepcopy(DEFAULT_LOGGING_CONFIG)
        config["handlers"]["log"] = {"class": "logging.FileHandler", "filename": str(log)}
        config["loggers"]["vllm"]["handlers"].append("log")
        os.environ[_CONFIG] = str(Path(folder, "config"))
        Path(folder, "config").write_text(json.dumps(config))
        handler = logging.FileHandler(log)
        logging.getLogger("vllm").addHandler(handler)
        try:
            yield
        except RuntimeError as error:
            if "root cause" in str(error) and (first := _FIRST.search(log.read_text())):
                raise RuntimeError(first.group()) from error
            raise
        finally:
            logging.getLogger("vllm").removeHandler(handler)
            handler.close()
            del os.environ[_CONFIG]


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Frees a model whose load fails, as vLLM does with models of whole engines alone.

    The executor holds it, and so do the hooks that its compiled modules gave to PyTorch. A process
    has one engine at a time, so all that are found are of this load.
    """
    try:
        yield
    except BaseException:
        from vllm.compilation.wrapper import TorchCompileWithNoGuardsWrapper
        from vllm.v1.executor import Executor

        for each in gc.get_objects():
            kind = type(each)  # isinstance would make lazy modules import themselves
            with suppress(Exception):
                if issubclass(kind, Executor):
                    each.shutdown()
                elif issubclass(kind, TorchCompileWithNoGuardsWrapper):
                    each.cleanup()
        raise


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
        found = gpu_fault(error) or ModelError(f"vLLM could not load the model: {text}")
    found.__cause__ = error
    return found


def gpu_fault(error: BaseException) -> EngineError | None:
    """The message for an error of the GPU, after which its process gets nothing else from it."""
    if "CUDA error" not in str(error):
        return None
    return EngineError(
        f"The GPU reported an error, and this program can use it no more: start it again. {error}"
    )
