"""What computes in this process, whichever library it is: token ids in, raw outputs out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from vllm_prm.families import PrmFamily

from prm_app.errors import EngineError

OnStage = Callable[[str, float], None]
"""Called with what the engine is doing, as a sentence, and how far it is, in [0, 1]."""
Options = Mapping[str, Any]
"""An engine's arguments by their Python names."""


def ignore_stage(stage: str, progress: float) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The model's raw outputs for the end of one prompt.

    `values` has shape `(tokens - cached, labels)`: its row i belongs to token `cached + i`.
    """

    values: NDArray[np.floating]
    cached: int


class Engine(ABC):
    """A loaded model. Safe to use from several threads.

    Attributes:
        limit: The longest prompt, in tokens.
        cache_tokens: The size of the prefix cache, in tokens.
        precision: The dtype it computes in and where, such as "float32 on the CPU".
    """

    limit: int
    cache_tokens: int
    precision: str

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether the engine can score."""

    @abstractmethod
    def submit(
        self, token_ids: list[int], reuse: bool = True, together: int = 1
    ) -> Future[Outputs]:
        """Starts computing the outputs of one prompt of at most `limit` tokens.

        With `reuse` the tokens that the prefix cache covers are not computed and have no rows.
        Of the prompts that wait, those of which fewer were asked for `together` come first: who
        asks for one does not wait behind those of who asks for many. The future raises
        EngineError if the engine fails; if it is cancelled, nothing more is computed for it.
        """

    @abstractmethod
    def close(self) -> None:
        """Ends after the requests already made, and frees the model's memory."""


class EngineKind(ABC):
    """A library that engines come from, and what it asks of this machine.

    Attributes:
        name: Its name for a user.
    """

    name: ClassVar[str]

    @abstractmethod
    def require(self, options: Options) -> None:
        """Raises NoEngineError if it is not installed, and InputError for unknown options."""

    @abstractmethod
    def available_memory(self, options: Options) -> int:
        """Bytes there are for models with these engine options."""

    @abstractmethod
    def itemsize(self, options: Options, weights: int) -> int:
        """Bytes that each of so many weights takes in an engine with these options."""

    @abstractmethod
    def memory_needed(self, folder: Path, options: Options) -> int:
        """About what the loaded model of a folder takes, in bytes, with what it computes in."""

    @abstractmethod
    def engine(
        self, folder: Path, family: PrmFamily, options: Options, on_stage: OnStage
    ) -> Engine:
        """Loads a model; raises ModelError."""

    @abstractmethod
    def read_options(self, argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """The engine options in a command line by their Python names, and what is left of it."""

    @abstractmethod
    def print_help(self, topic: str) -> int:
        """Prints the help on its options, such as for `--help=all`; returns the exit code."""

    def memory_budget(self, options: Options) -> int:
        """Memory for all models together, in bytes: a tenth stays free."""
        return self.available_memory(options) * 9 // 10


def stopped() -> EngineError:
    """The error of requests to an engine that has been closed."""
    return EngineError("The engine has been stopped: load the model again.")
