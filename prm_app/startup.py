"""When vLLM does not start: what it leaves behind is dropped, and what it only logs is said."""

from __future__ import annotations

import copy
import gc
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

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
