"""The engine of Transformers in this process: each family's plain forward pass, without vLLM.

Knows token ids, not what they mean. One thread computes: always the request that is next, together
with those nearest to it in length, so that little is padded and nobody waits for long, and all from
the states of what they begin with, if these are here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vllm_prm.families import FamilyError, PrmFamily
from vllm_prm.forward import ForwardModel

from prm_app.checkpoint import parameters
from prm_app.errors import EngineError, ModelError, NotAPrmError, OutOfMemoryError
from prm_app.futures import settle
from prm_app.local.forward_args import BATCH_TOKENS, PLACES, cache_tokens, device, dtype
from prm_app.local.interface import Engine, OnStage, Options, Outputs, stopped
from prm_app.local.kv_cache import KeyValueCache

_COMPUTING = threading.Lock()
"""Models of one process compute in turn: each batch fills the device."""


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    token_ids: list[int]
    reuse: bool
    together: int
    future: Future[Outputs]


class ForwardEngine(Engine):
    """A model loaded with Transformers.

    Args:
        folder: The checkpoint.
        family: How it is read.
        options: `device`, `dtype` and `max_model_len`, over those chosen here.
        on_stage: Told of the progress of the load.

    Raises:
        OutOfMemoryError: The model does not fit.
        ModelError: It cannot be loaded for another reason.
    """

    def __init__(
        self, folder: Path, family: PrmFamily, options: Options, on_stage: OnStage
    ) -> None:
        on_stage("Importing PyTorch", 0.6)
        place = device(options)
        kind = dtype(options, parameters(folder))
        self.limit = _limit(folder, options)
        self.precision = f"{kind} on the {PLACES[place.type]}, by Transformers without vLLM"
        on_stage("Loading the weights", 0.8)
        self._model = _load(folder, family, str(place), kind)
        self.cache_tokens = cache_tokens(folder)
        self._states = KeyValueCache(self.cache_tokens)
        self._batch_tokens = BATCH_TOKENS[place.type]
        self._waiting: list[_Request] = []
        self._change = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="forward engine", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return not self._closing

    def submit(
        self, token_ids: list[int], reuse: bool = True, together: int = 1
    ) -> Future[Outputs]:
        request = _Request(token_ids, reuse, together, Future())
        with self._change:
            if self._closing:
                request.future.set_exception(stopped())
            else:
                self._waiting.append(request)
                self._change.notify()
        return request.future

    def close(self) -> None:
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join()

    # What follows runs in the engine's thread.

    def _run(self) -> None:
        while batch := self._next_batch():
            self._compute(batch)
        del self._model, self._states

    def _next_batch(self) -> list[_Request]:
        """What is computed together next; nothing once the engine is to end."""
        with self._change:
            self._change.wait_for(self._has_work)
            batch = fitting(self._waiting, self._batch_tokens)
            self._waiting = [each for each in self._waiting if each not in batch]
        return batch

    def _has_work(self) -> bool:
        """Whether there is something to do, but for what nobody waits for any more."""
        self._waiting = [each for each in self._waiting if not each.future.cancelled()]
        return bool(self._waiting or self._closing)

    def _compute(self, batch: list[_Request]) -> None:
        prompts = [request.token_ids for request in batch]
        try:
            with _COMPUTING:
                cache = self._states.start(prompts, all(request.reuse for request in batch))
                cached = 0 if cache is None else cache.get_seq_length()
                outputs = self._model.logits(prompts, cache)
                if cache is not None:
                    self._states.put(prompts, cache)
        except Exception as error:
            failure = EngineError(f"The forward pass failed: {error}. Load the model again.")
            failure.__cause__ = error
            for request in batch:
                settle(request.future, failure)
            return
        for request, values in zip(batch, outputs, strict=True):
            settle(request.future, Outputs(values[: len(request.token_ids) - cached], cached))


def fitting(waiting: list[_Request], most_tokens: int) -> list[_Request]:
    """The next request, and those nearest to it in length that fit beside it.

    Next is who asked for fewest together, and of these who waits longest.
    """
    batch: list[_Request] = []
    longest = 0
    following = sorted(waiting, key=lambda each: each.together)[:1]
    for request in sorted(waiting, key=lambda each: _apart(each, *following)):
        longest = max(longest, len(request.token_ids))
        if batch and longest * (len(batch) + 1) > most_tokens:
            break
        batch.append(request)
    return batch


def _apart(one: _Request, other: _Request) -> int:
    return abs(len(one.token_ids) - len(other.token_ids))


def _load(folder: Path, family: PrmFamily, place: str, kind: str) -> ForwardModel:
    try:
        with _quietly():
            return ForwardModel(folder, family, place, kind)
    except FamilyError as error:
        raise NotAPrmError(f"{error}.") from error
    except Exception as error:
        if "out of memory" in str(error).lower() or isinstance(error, MemoryError):
            raise OutOfMemoryError(
                f"The model does not fit the memory of {place}: choose a smaller one, or free "
                "memory that other programs hold."
            ) from error
        raise ModelError(f"Transformers could not load the model: {error}") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Keeps Transformers from reporting that its trunk leaves the head's weights alone."""
    import transformers

    logging: Any = transformers.utils.logging
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()


def _limit(folder: Path, options: Options) -> int:
    """The longest prompt in tokens; raises ModelError for more than the model knows."""
    config = json.loads((folder / "config.json").read_text())
    most: int = config["max_position_embeddings"]
    limit: int = options.get("max_model_len") or most
    if not 0 < limit <= most:
        raise ModelError(
            f"The model reads at most {most:,} tokens, and a context of {limit:,} is asked for.",
            settings=["max_model_len"],
        )
    return limit
