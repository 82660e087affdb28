"""The PRMs of this process: loads one behind the page, and keeps the former if a load fails."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vllm_prm.families import FamilyError, PrmFamily, load_family

from prm_app.catalog import CATALOG, DEFAULT, Prm, find_model
from prm_app.checkpoint import fetch, require_memory
from prm_app.errors import EngineError, ModelError, PrmError
from prm_app.local.engine import Engine, OnStage
from prm_app.local.engine_args import model_memory
from prm_app.local.scorer import LocalScorer
from prm_app.scoring import Models, Scorer


class LocalModels(Models):
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
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)
        self._thread.start()

    def models(self) -> tuple[Prm, ...]:
        return CATALOG + self._extra

    def select(self, name: str) -> None:
        prm = find_model(name)
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
            if name is not None and scorer.prm.key != find_model(name).key:
                raise EngineError(
                    f"{scorer.prm.title} was chosen meanwhile by someone else on this page: choose "
                    f"{find_model(name).title} again to score with it."
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
            prm, folder, family = _prepared(prm, self._options, self._on_stage)
        except PrmError as error:
            return error
        if self._scorer is not None:
            self._set(stage=f"Finishing the requests to {former.title}")
            self._scorer.close()
            self._scorer = None
            self._set(serving=None)
        try:
            self._load(prm, folder, family)
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
            self._load(*_prepared(former, self._options, self._on_stage))
        except PrmError as second:
            return ModelError(f"{error} Going back to {former.title} failed too: {second}")
        return error

    def _load(self, prm: Prm, folder: Path, family: PrmFamily) -> None:
        self._scorer = _loaded(prm, folder, family, self._options, self._on_stage)
        self._set(serving=prm)

    def _on_stage(self, stage: str, progress: float) -> None:
        self._set(stage=stage, progress=progress)


def load(
    name: str = DEFAULT.key,
    options: Mapping[str, Any] | None = None,
    on_stage: OnStage = lambda stage, progress: None,
) -> Scorer:
    """A scorer with an engine in this process; a context manager that frees the model at its end.

    Args:
        name: A catalogue key, hub name or local folder.
        options: vLLM engine arguments by their Python names, over those chosen for this machine.
        on_stage: Called with what is being done, a sentence, and how far it is, in [0, 1].

    Raises:
        ModelError: The model cannot be loaded; the message says why.
    """
    options = dict(options or {})
    return _loaded(*_prepared(find_model(name), options, on_stage), options, on_stage)


def _prepared(
    prm: Prm, options: Mapping[str, Any], on_stage: OnStage
) -> tuple[Prm, Path, PrmFamily]:
    """What a model needs before its engine: the checked files and the family."""
    on_stage("Looking for the checkpoint", 0.02)
    prm, folder = fetch(prm, lambda done: on_stage("Downloading the weights", 0.9 * done))
    on_stage("Reading the tokenizer", 0.05)
    require_memory(prm, folder, *model_memory(options))
    try:
        return prm, folder, load_family(folder)
    except (FamilyError, OSError, ValueError) as error:
        raise ModelError(f"The tokenizer of {prm.checkpoint} cannot be used: {error}") from error


def _loaded(
    prm: Prm, folder: Path, family: PrmFamily, options: Mapping[str, Any], on_stage: OnStage
) -> LocalScorer:
    return LocalScorer(prm, Engine(folder, options, on_stage), family)
