"""Which PRM is in use: loads models behind the page, and keeps the former one if a load fails."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from prm_app.catalog import CATALOG, Prm, find
from prm_app.errors import EngineError, ModelError, PrmError
from prm_app.scoring import Scorer


@dataclass(frozen=True, slots=True)
class Status:
    """What the host is doing.

    `serving` answers requests now; `loading` is on its way, at `stage` (a sentence) and `progress`
    in [0, 1]; `error` is why the last load failed, until the next one starts.
    """

    serving: Prm | None = None
    loading: Prm | None = None
    stage: str = ""
    progress: float = 0.0
    error: PrmError | None = None


class Host(ABC):
    """Where a page finds the PRM of its choice. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._status = Status()

    @abstractmethod
    def models(self) -> tuple[Prm, ...]:
        """The models on offer."""

    def status(self) -> Status:
        """What is serving and loading now."""
        return self._status

    @abstractmethod
    def select(self, name: str) -> None:
        """Starts loading a model by catalogue key, hub name or local folder; returns at once."""

    @abstractmethod
    def scorer(self, name: str | None = None, timeout: float | None = None) -> Scorer:
        """A scorer of the named model, or of the one in use; waits up to `timeout` seconds for it.

        Raises the PrmError of a load that failed, and EngineError where the wait was in vain.
        """

    @abstractmethod
    def close(self) -> None:
        """Frees what is loaded."""

    def _set(self, **changes: Any) -> None:
        with self._changed:
            self._status = replace(self._status, **changes)
            self._changed.notify_all()


class LocalHost(Host):
    """Holds one in-process engine at a time and replaces it on request.

    All that can be checked without loading (the checkpoint exists, may be read, is a PRM, has a
    tokenizer that fits, should fit the memory) is checked while the former model serves. Then that
    one finishes its requests and is freed, and the new one takes its place; where this fails the
    former one is loaded again. `options` are vLLM engine arguments for every model.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self._options = dict(options or {})
        self._scorer: Scorer | None = None
        self._wanted: Prm | None = None
        self._closing = False
        self._extra: tuple[Prm, ...] = ()
        self._thread = threading.Thread(target=self._run, name="host", daemon=True)
        self._thread.start()

    def models(self) -> tuple[Prm, ...]:
        return CATALOG + self._extra

    def select(self, name: str) -> None:
        prm = find(name)
        with self._changed:
            status = self._status
            if status.loading is None and self._serves(prm):
                self._set(error=None)
                return
            if status.loading is not None and status.loading.key == prm.key:
                return
            self._wanted = prm
            self._set(loading=prm, stage="Waiting to load", progress=0.0, error=None)

    def scorer(self, name: str | None = None, timeout: float | None = None) -> Scorer:
        with self._changed:
            if name is None and self._scorer is not None and not self._scorer.alive:
                name = self._scorer.prm.key
            if name is not None:
                self.select(name)
            if not self._changed.wait_for(lambda: self._status.loading is None, timeout):
                status = self._status
                raise EngineError(
                    f"{status.loading.title} is still loading ({status.stage.lower()}): try again "
                    "in a moment."
                )
            scorer, error = self._scorer, self._status.error
            if error is not None and (name is not None or scorer is None):
                raise error
            if scorer is None:
                raise EngineError("No model is loaded: choose one.")
            if name is not None and scorer.prm.key != find(name).key:
                raise EngineError(
                    f"{scorer.prm.title} was chosen meanwhile by someone else on this page: choose "
                    f"{find(name).title} again to score with it."
                )
            return scorer

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _serves(self, prm: Prm) -> bool:
        return (
            self._scorer is not None and self._scorer.alive and self._status.serving.key == prm.key
        )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._wanted is not None)
                if self._closing:
                    break
                prm, self._wanted = self._wanted, None
            error = self._replace(prm)
            with self._changed:
                if self._wanted is None:
                    self._set(loading=None, stage="", progress=0.0, error=error)
        if self._scorer is not None:
            self._scorer.close()

    def _replace(self, prm: Prm) -> PrmError | None:
        """Puts a model in the place of the former one; the error where that failed."""
        former = self._status.serving
        try:
            prm, folder, format = self._prepare(prm)
        except PrmError as error:
            return error
        if self._scorer is not None:
            self._set(stage=f"Finishing the requests to {former.title}")
            self._scorer.close()
            self._scorer = None
            self._set(serving=None)
        try:
            self._load(prm, folder, format)
        except PrmError as error:
            return self._go_back(former, error)
        if prm.key not in {each.key for each in self.models()}:
            self._extra += (prm,)
        return None

    def _go_back(self, former: Prm | None, error: PrmError) -> PrmError:
        if former is None:
            return error
        self._set(stage=f"Going back to {former.title}")
        try:
            self._load(*self._prepare(former))
        except PrmError as second:
            return ModelError(f"{error} Going back to {former.title} failed too: {second}")
        return error

    def _prepare(self, prm: Prm) -> tuple[Any, ...]:
        from vllm_prm.formats import FormatError, load_format

        from prm_app.checkpoint import fetch, require_memory
        from prm_app.engine import memory

        self._set(stage="Looking for the checkpoint", progress=0.02)
        prm, folder = fetch(
            prm, lambda done: self._set(stage="Downloading the weights", progress=0.9 * done)
        )
        self._set(stage="Reading the tokenizer", progress=0.05)
        require_memory(prm, folder, *memory(self._options))
        try:
            return prm, folder, load_format(folder)
        except (FormatError, OSError, ValueError) as error:
            raise ModelError(
                f"The tokenizer of {prm.checkpoint} cannot be used: {error}"
            ) from error

    def _load(self, prm: Prm, folder: Any, format: Any) -> None:
        from prm_app.engine import Engine
        from prm_app.local import LocalScorer

        engine = Engine(
            folder, self._options, lambda stage, done: self._set(stage=stage, progress=done)
        )
        self._scorer = LocalScorer(prm, engine, format)
        self._set(serving=prm)
