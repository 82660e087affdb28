"""The libraries that an engine in this process may come from, and the one that is taken."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vllm_prm.families import PrmFamily

from prm_app.errors import InputError
from prm_app.local import engine_args, forward_args, vllm_options
from prm_app.local.engine import VllmEngine
from prm_app.local.forward_engine import ForwardEngine
from prm_app.local.interface import Engine, EngineKind, OnStage, Options


class Vllm(EngineKind):
    """vLLM, whose engine arguments are the options."""

    name = "vllm"

    def require(self, options: Options) -> None:
        engine_args.require_engine()

    def available_memory(self, options: Options) -> int:
        return engine_args.available_memory(options)

    def itemsize(self, options: Options, weights: int) -> int:
        return engine_args.itemsize(options, weights)

    def memory_needed(self, folder: Path, options: Options) -> int:
        return engine_args.memory_needed(folder, options)

    def engine(
        self, folder: Path, family: PrmFamily, options: Options, on_stage: OnStage
    ) -> Engine:
        return VllmEngine(folder, engine_args.for_family(family, options), on_stage)

    def read_options(self, argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        return vllm_options.engine_options(argv)

    def print_help(self, topic: str) -> int:
        return vllm_options.help_on_engine_options(topic)


class Transformers(EngineKind):
    """Transformers' own forward pass, wherever PyTorch runs."""

    name = "transformers"

    def require(self, options: Options) -> None:
        forward_args.require_options(options)

    def available_memory(self, options: Options) -> int:
        return forward_args.available_memory(options)

    def itemsize(self, options: Options, weights: int) -> int:
        return forward_args.itemsize(options, weights)

    def memory_needed(self, folder: Path, options: Options) -> int:
        return forward_args.memory_needed(folder, options)

    def engine(
        self, folder: Path, family: PrmFamily, options: Options, on_stage: OnStage
    ) -> Engine:
        return ForwardEngine(folder, family, options, on_stage)

    def read_options(self, argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        return forward_args.read_options(argv)

    def print_help(self, topic: str) -> int:
        forward_args.print_help()
        return 0


ENGINES: dict[str, EngineKind] = {kind.name: kind for kind in (Vllm(), Transformers())}
"""Every kind of engine by its name."""


def engine_kind(name: str | None = None) -> EngineKind:
    """The kind of this name; None takes vLLM if it is installed, else Transformers.

    Raises:
        InputError: There is none of this name.
    """
    if name is None:
        without = find_spec("vllm") is None and forward_args.is_installed()
        return ENGINES["transformers" if without else "vllm"]
    if name not in ENGINES:
        raise InputError(f"There is no engine {name!r}: there are {', '.join(ENGINES)}.")
    return ENGINES[name]
