"""The one tree of errors: every failure a user can meet, as a sentence that names cause and remedy.

PrmError
├── InputError              what was given cannot be scored as it stands
│   └── TooLongError        a solution does not fit the model's context
├── ModelError              a model cannot be loaded
│   ├── ModelNotFoundError  no such checkpoint, or no right to read it
│   ├── NotAPrmError        a checkpoint, but no process reward model known here
│   ├── OutOfMemoryError    the model does not fit this machine
│   └── NoEngineError       vLLM is not installed
├── EngineError             a loaded engine failed or was stopped while scoring
└── ServerError             a remote server cannot be used or answered with an error
    ├── UnreachableError    no connection, or it timed out
    ├── BusyError           it failed for now: asking again may help
    └── GeneratorError      the server that writes candidate solutions failed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm_prm.families import Prompt


class PrmError(Exception):
    """Any failure of this program that has a message for its user."""


class InputError(PrmError):
    """What was given cannot be scored as it stands."""


class TooLongError(InputError):
    """A solution does not fit the model's context; nothing was cut and nothing was scored.

    `tokens` is the whole prompt's length, `limit` the context's, both in tokens; `step` is the
    first step whose end does not fit, counted from 1.
    """

    def __init__(self, tokens: int, limit: int, step: int) -> None:
        self.tokens, self.limit, self.step = tokens, limit, step
        super().__init__(
            f"The problem and solution are {tokens:,} tokens long, and the model reads at most "
            f"{limit:,}: step {step} is the first that does not fit. Shorten them, or raise "
            "--max-model-len if the model allows it."
        )

    @classmethod
    def of(cls, prompt: Prompt, limit: int) -> TooLongError:
        """The error of a prompt that is longer than `limit` tokens."""
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
    """vLLM is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "vLLM is not installed, so there is no engine to score with: install it with "
            "`pip install '.[cuda]'` on a machine with an NVIDIA GPU or `pip install '.[cpu]'` "
            "elsewhere, or use a running server with --base-url."
        )


class EngineError(PrmError):
    """A loaded engine failed or was stopped while scoring."""


class ServerError(PrmError):
    """A remote server cannot be used or answered with an error; `status` is the HTTP one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class UnreachableError(ServerError):
    """No connection to the server, or it did not answer in time."""


class BusyError(ServerError):
    """The server has no room for the request or failed on it; asking again may help."""


class GeneratorError(ServerError):
    """The server that writes candidate solutions failed."""
