"""The PRMs of this process: loads them as they are asked for, and keeps as many as fit."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from prm_app.catalog import CATALOG, DEFAULT, Prm, find_model
from prm_app.errors import EngineError, ModelError, OutOfMemoryError, PrmError
from prm_app.local.interface import Options
from prm_app.local.kinds import engine_kind
from prm_app.local.loading import PreparedModel, prepare
from prm_app.local.scorer import LocalScorer
from prm_app.scoring import Models, OpenedScorer, Scorer, Status

STAY_SECONDS = 2.0
"""How long a model stays at least once it is loaded: many who want different ones do not have them
loaded in turn for one solution each."""


@dataclass(slots=True)
class _Resident:
    """A model in memory, who uses it, and since when it was used last."""

    scorer: LocalScorer
    memory: int
    users: int = 0
    leaving: bool = False
    since: float = field(default_factory=time.monotonic)
    last_used: float = field(default_factory=time.monotonic)


class LocalModels(Models):
    """Loads PRMs in this process, and keeps them in memory within a budget.

    If the next one does not fit, those used least recently go first, once nobody uses them. A load
    that fails changes nothing for the others.

    Args:
        options: The engine's arguments by their Python names, for every model; see `load`.
        default: The model that an empty name stands for, or an entry that `find_model` made.
        budget: Memory for all models together, in bytes; by default what is free, less a reserve.
        engine: "vllm" or "transformers"; None takes vLLM if it is installed.
    """

    def __init__(
        self,
        options: Options | None = None,
        default: str | Prm = DEFAULT,
        budget: int | None = None,
        engine: str | None = None,
    ) -> None:
        self._kind = engine_kind(engine)
        self.default = find_model(default) if isinstance(default, str) else default
        self._options = dict(options or {})
        self._budget = budget
        self._change = threading.Condition()
        self._loading = threading.Lock()
        self._residents: dict[str, _Resident] = {}
        self._waiting: dict[str, list[Future[Scorer]]] = {}
        self._status: dict[str, Status] = {}
        # Not in the catalogue, or read otherwise than there.
        self._further = {} if self.default in CATALOG else {self.default.key: self.default}
        self._closed = False

    def models(self) -> tuple[Prm, ...]:
        return tuple({prm.key: prm for prm in (*CATALOG, *self._further.values())}.values())

    def status(self, name: str = "") -> Status:
        key = self.find(name).key
        resident = self._residents.get(key)
        if resident and resident.scorer.alive and not resident.leaving:
            return Status(ready=True, precision=resident.scorer.precision)
        return self._status.get(key, Status())

    def open(self, name: str = "") -> Future[Scorer]:
        prm, future = self.find(name), Future[Scorer]()
        with self._change:
            if self._closed:
                future.set_exception(EngineError("The program is ending: start it again."))
                return future
            resident = self._residents.get(prm.key)
            if resident and resident.scorer.alive and not resident.leaving:
                future.set_result(self._use(resident))
            elif prm.key in self._waiting:
                self._waiting[prm.key].append(future)
            else:
                self._waiting[prm.key] = [future]
                self._status[prm.key] = Status(stage="Waiting to load")
                threading.Thread(target=self._bring, args=(prm,), daemon=True).start()
        return future

    def close(self) -> None:
        with self._change:
            self._closed = True
        with self._loading:
            for resident in self._residents.values():
                resident.scorer.close()
            self._residents.clear()

    def _bring(self, prm: Prm) -> None:
        """Loads a model, and answers all who wait for it by then."""

        def on_stage(stage: str, progress: float) -> None:
            self._status[prm.key] = Status(stage=stage, progress=progress)

        try:
            model = prepare(self._kind, prm, self._options, on_stage)
            on_stage("Waiting for another model to load", 0.56)
            with self._loading:
                if self._closed:
                    raise EngineError("The program is ending: start it again.")
                self._make_room(model, on_stage)
                resident = _Resident(model.load(self._options, on_stage), model.memory)
                with self._change:
                    self._residents[prm.key] = resident
                    if prm.key not in {each.key for each in CATALOG}:
                        self._further[prm.key] = model.prm
                    for future in self._waiting.pop(prm.key):
                        future.set_result(self._use(resident))
        except BaseException as error:
            self._fail(prm, error)

    def _fail(self, prm: Prm, error: BaseException) -> None:
        if not isinstance(error, PrmError):
            text = f"{type(error).__name__}: {error}"
            model_error = ModelError(f"{prm.title} could not be loaded ({text}).")
            model_error.__cause__ = error
            error = model_error
        with self._change:
            self._status[prm.key] = Status(error=error)
            for future in self._waiting.pop(prm.key, ()):
                future.set_exception(error)

    def _make_room(self, model: PreparedModel, on_stage: Any) -> None:
        """Frees the models used least recently until this one fits; waits for their users."""
        with self._change:
            dead = [self._residents.pop(key) for key in self._dead()]
        for each in dead:
            each.scorer.close()
        if self._budget is None:
            self._budget = self._kind.memory_budget(self._options) + self._held()
        if model.memory > self._budget:
            raise OutOfMemoryError(
                f"{model.prm.title} needs about {model.memory / 1e9:.1f} GB with its cache, "
                f"and {self._budget / 1e9:.1f} GB are there for models: choose a smaller one, or "
                "free memory that other programs hold."
            )
        while sum(each.memory for each in self._residents.values()) + model.memory > self._budget:
            key, resident = min(self._residents.items(), key=lambda item: item[1].last_used)
            on_stage(f"Waiting until {resident.scorer.prm.title} is not used", 0.58)
            time.sleep(max(0.0, resident.since + STAY_SECONDS - time.monotonic()))
            with self._change:
                resident.leaving = True
                while resident.users:
                    self._change.wait()
                del self._residents[key]
            resident.scorer.close()

    def _held(self) -> int:
        """Bytes that the models in memory take."""
        return sum(each.memory for each in self._residents.values())

    def _dead(self) -> list[str]:
        return [key for key, each in self._residents.items() if not each.scorer.alive]

    def _use(self, resident: _Resident) -> Scorer:
        resident.users += 1
        resident.last_used = time.monotonic()
        return OpenedScorer(resident.scorer, lambda: self._leave(resident))

    def _leave(self, resident: _Resident) -> None:
        with self._change:
            resident.users -= 1
            resident.last_used = time.monotonic()
            self._change.notify_all()
