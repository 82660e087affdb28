"""The one tree of errors: every failure a user can meet, with its cause and remedy in plain words.

PrmError
├── InputError              the input cannot be scored as it is
│   └── TooLongError        a solution does not fit the model's context
├── ModelError              a model cannot be loaded
│   ├── ModelNotFoundError  no such checkpoint, or no right to read it
│   ├── NotAPrmError        a checkpoint, but no process reward model known here
│   ├── OutOfMemoryError    the model does not fit this machine
│   └── NoEngineError       what would compute is not installed
├── EngineError             a loaded engine failed or was stopped while scoring
└── ServerError             a server cannot be used, or answered with an error
    ├── UnreachableError    no connection, or no answer in time
    ├── BusyError           the server failed for now: another try may help
    └── GeneratorError      the server that writes candidate solutions failed

A message names no option of the command line, because the page and Python have none. An error names
in `settings` what its reader can set instead; the command line adds its own options for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm_prm.families import Prompt


class PrmError(Exception):
    """Any failure of this program that has a message for its user.

    Args:
        message: What is wrong, where, and what to do.
        settings: What a caller can set to avoid it, by the names in this library: fields of
            `Servers` and `Generator`, the `family` of a model, or vLLM's engine arguments.
    """

    def __init__(self, message: str = "", *, settings: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.settings = tuple(settings)


class InputError(PrmError):
    """The input cannot be scored as it is."""


class TooLongError(InputError):
    """A solution does not fit the model's context; nothing was cut and nothing was scored.

    Args:
        tokens: The length of the whole prompt, in tokens.
        limit: The longest prompt that the model reads, in tokens.
        step: The first step whose end does not fit, counted from 1.
    """

    def __init__(self, tokens: int, limit: int, step: int) -> None:
        self.tokens, self.limit, self.step = tokens, limit, step
        super().__init__(
            f"The problem and solution are {tokens:,} tokens long, and the model reads at most "
            f"{limit:,}: step {step} is the first that does not fit. Shorten them, or load the "
            "model with a larger context if it allows one.",
            settings=["max_model_len"],
        )

    @classmethod
    def of(cls, prompt: Prompt, limit: int) -> TooLongError:
        """The error for a prompt that is longer than `limit` tokens."""
        return cls(len(prompt.token_ids), limit, prompt.first_step_beyond(limit))


class ModelError(PrmError):
    """A model cannot be loaded."""


class ModelNotFoundError(ModelError):
    """There is no such checkpoint, or no right to read it."""


class NotAPrmError(ModelError):
    """The checkpoint is not a process reward model known here."""


class OutOfMemoryError(ModelError):
    """The model does not fit the memory of this machine."""


class NoEngineError(ModelError):
    """The library that would compute is not installed.

    Args:
        library: What people call it.
    """

    def __init__(self, library: str = "vLLM") -> None:
        super().__init__(
            f"{library} is not installed, so there is no engine to score with: install vLLM with "
            "`pip install '.[cuda]'` on a machine with an NVIDIA GPU or `pip install '.[cpu]'` "
            "on one without, or PyTorch alone with `pip install '.[transformers]'` anywhere, or "
            "score with a running server.",
            settings=["url"],
        )


class EngineError(PrmError):
    """A loaded engine failed or was stopped while scoring."""


class ServerError(PrmError):
    """A server cannot be used, or answered with an error.

    Args:
        message: What is wrong, where, and what to do.
        status: The HTTP status of its answer; None if there was none.
        settings: See `PrmError`.
    """

    def __init__(
        self, message: str, status: int | None = None, *, settings: Sequence[str] = ()
    ) -> None:
        super().__init__(message, settings=settings)
        self.status = status


class UnreachableError(ServerError):
    """No connection to the server, or no answer in time."""


class BusyError(ServerError):
    """The server has no room for the request or failed on it; another try may help."""


class GeneratorError(ServerError):
    """The server that writes candidate solutions failed."""
