"""From a model's name to its scorer in this process: files, tokenizer, memory, engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vllm_prm.families import PrmFamily

from prm_app.catalog import DEFAULT, Prm, find_model
from prm_app.checkpoint import fetch, open_family, parameters, require_memory
from prm_app.local.interface import EngineKind, OnStage, Options, ignore_stage
from prm_app.local.kinds import engine_kind
from prm_app.local.scorer import LocalScorer


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """A model that only lacks its engine; `memory` is what that takes, in bytes."""

    kind: EngineKind
    prm: Prm
    folder: Path
    family: PrmFamily
    memory: int

    def load(self, options: Options, on_stage: OnStage) -> LocalScorer:
        """Loads the engine; raises ModelError."""
        engine = self.kind.engine(self.folder, self.family, options, on_stage)
        return LocalScorer(self.prm, engine, self.family)


def prepare(kind: EngineKind, prm: Prm, options: Options, on_stage: OnStage) -> PreparedModel:
    """All that can go wrong with a model before a byte of it is in memory.

    Raises:
        InputError: The engine has no such option.
        ModelError: An engine, the checkpoint, its tokenizer or the memory for it is not there.
    """
    kind.require(options)
    on_stage("Looking for the checkpoint", 0.02)
    doing = "Merging the weights, once" if prm.bundled else "Downloading the weights"
    prm, folder = fetch(prm, lambda done: on_stage(doing, 0.02 + 0.5 * done))
    on_stage("Reading the tokenizer", 0.54)
    size = kind.itemsize(options, parameters(folder))
    require_memory(prm, folder, kind.available_memory(options), size)
    family = open_family(prm, folder)
    return PreparedModel(kind, prm, folder, family, kind.memory_needed(folder, options))


def load(
    model: str | Prm = DEFAULT,
    options: Options | None = None,
    on_stage: OnStage = ignore_stage,
    *,
    engine: str | None = None,
) -> LocalScorer:
    """A scorer with an engine in this process; a context manager that frees the model at its end.

    Args:
        model: A catalogue key, hub name or local folder, or an entry made by `find_model`, which
            takes the family that a checkpoint is read as too.
        options: vLLM engine arguments by their Python names, over those chosen for this machine;
            of Transformers' forward pass `device`, `dtype` and `max_model_len`.
        on_stage: Called with what is being done, a sentence, and how far it is, in [0, 1].
        engine: "vllm" or "transformers"; None takes vLLM if it is installed.

    Raises:
        InputError: There is no such engine, or it has no such option.
        ModelError: The model cannot be loaded; the message says why.
    """
    options = dict(options or {})
    prm = find_model(model) if isinstance(model, str) else model
    return prepare(engine_kind(engine), prm, options, on_stage).load(options, on_stage)
