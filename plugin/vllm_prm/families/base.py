"""What every PRM family answers: the prompt of a solution, where its rewards stand, their values.

Knows tokenizers and configurations; knows of vLLM only the names of its engine arguments, and
imports neither it nor PyTorch. The prompt is built as token ids, and user text is tokenised with
every added token switched off, so a typed `<extra_0>` or `<|im_end|>` stays the characters it is.

The steps handed in are the steps scored: one reward a step, read at the step's last position. A
blank step has no reward; whether it stands in the prompt is the family's own rule. Line breaks at
the ends of the problem are no part of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vllm_prm.families.layout import (
    REWARD,
    FamilyError,
    JoinedTexts,
    Layout,
    LayoutTokenizer,
    Prompt,
)
from vllm_prm.text import is_blank, line_feeds

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = [
    "REWARD",
    "FamilyError",
    "JoinedTexts",
    "Layout",
    "PrmFamily",
    "Prompt",
    "TwoLabelFamily",
    "architectures_of",
    "sigmoid",
]


class PrmFamily(ABC):
    """How one family of PRMs reads a problem and its steps.

    Args:
        tokenizer: The checkpoint's own.
        options: Values for some of the family's options; the others have their defaults.
        config: The checkpoint's `config.json`.

    Raises:
        FamilyError: The tokenizer lacks what the prompt needs, or an option is unknown.

    Attributes:
        name: The family's key, as catalogue and servers name it.
        title: What people call it.
        source: Address of the code or text that its prompt is taken from.
        architectures: Patterns (`*` stands for any text) of the architectures its checkpoints name.
        by_architecture: Whether such an architecture makes a checkpoint one of this family. If not,
            the catalogue, the user or the checkpoint's config has to say that it is one.
        labels: Outputs of the model at each token.
        head: The linear layers from hidden state to outputs, with a ReLU between two of them, by
            their names in the checkpoint.
        defaults: The options: what differs between its checkpoints, such as the separator that
            training put between steps, and the value it has unless another is given.
        options: The values in use.
        step_rule: A sentence for the user: where the reward of a step is read.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    architectures: ClassVar[tuple[str, ...]]
    by_architecture: ClassVar[bool] = True
    labels: ClassVar[int]
    head: ClassVar[tuple[str, ...]]
    defaults: ClassVar[Mapping[str, str]] = {}
    step_rule: ClassVar[str]

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        options: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.config = config or {}
        self.options = self.options_with(options or {})
        self._text = LayoutTokenizer(tokenizer)
        self._prepare()

    @classmethod
    def options_with(cls, values: Mapping[str, str]) -> dict[str, str]:
        """The family's options.

        Args:
            values: Values by name; those that are missing have the family's defaults.

        Raises:
            FamilyError: An option is unknown, or its value is no text.
        """
        for name, value in values.items():
            if name not in cls.defaults:
                option_names = ", ".join(
                    f"{each} ({cls.defaults[each]!r})" for each in cls.defaults
                )
                raise FamilyError(
                    f"the {cls.name} family has no option {name!r}; its options and their "
                    f"defaults are: {option_names or 'none'}"
                )
            if not isinstance(value, str):
                raise FamilyError(f"the option {name} is {value!r}, and has to be a text")
        return {**cls.defaults, **values}

    @classmethod
    def fits(cls, config: Mapping[str, Any]) -> bool:
        """Whether a checkpoint with this configuration can be one of this family.

        Args:
            config: What its `config.json` holds.
        """
        return any(
            fnmatchcase(architecture, pattern)
            for architecture in architectures_of(config)
            for pattern in cls.architectures
        )

    @classmethod
    def matches(cls, config: Mapping[str, Any], weights: Collection[str] = ()) -> bool:
        """Whether a checkpoint is one of this family, and surely.

        Args:
            config: What its `config.json` holds.
            weights: The names of its weights, as far as they are known; whoever knows none gives
                none.
        """
        return cls.by_architecture and cls.fits(config)

    @classmethod
    def head_weights(cls, config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
        """The shapes of the head's weights in a checkpoint, by name.

        Args:
            config: What its `config.json` holds.
        """
        hidden = (config.get("text_config") or config)["hidden_size"]
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in cls.head:
            outputs = cls.labels if layer == cls.head[-1] else hidden
            shapes |= {f"{layer}.weight": (outputs, hidden), f"{layer}.bias": (outputs,)}
        return shapes

    def engine_arguments(self) -> dict[str, Any]:
        """What vLLM has to be told to load this checkpoint, as arguments of its engine.

        Beyond `runner="pooling"` and an output for every token, which all families need.
        """
        return {}

    def encode(self, problem: str, steps: Sequence[str]) -> Prompt:
        """The prompt of one solution.

        Args:
            problem: The problem's text.
            steps: Its steps; blank ones stay in the prompt as blank lines and get no reward.

        Raises:
            FamilyError: No step is there that is not blank, or something is not text.
        """
        return self.encode_batch([(problem, steps)])[0]

    def encode_batch(self, items: Iterable[tuple[str, Sequence[str]]]) -> list[Prompt]:
        """The prompts of several solutions, tokenised together.

        Args:
            items: The problem and the steps of each, as for `encode`.

        Raises:
            FamilyError: An item has no step that is not blank, or is not text.
        """
        layouts: list[Layout] = []
        scored: list[tuple[str, ...]] = []
        for problem, steps in items:
            if isinstance(steps, str) or not all(
                isinstance(text, str) for text in (problem, *steps)
            ):
                raise FamilyError("a problem is a string and its steps are a list of strings")
            pieces = [line_feeds(step) for step in steps]
            scored.append(tuple(piece for piece in pieces if not is_blank(piece)))
            if not scored[-1]:
                raise FamilyError("there are no steps to score: give at least one")
            layouts.append(self._layout(line_feeds(problem).strip("\n"), pieces))
        ids_and_positions = self._text.tokenised(layouts)
        return [Prompt(*each, steps) for each, steps in zip(ids_and_positions, scored, strict=True)]

    @abstractmethod
    def rewards(self, logits: NDArray[np.floating]) -> list[float]:
        """Step rewards in [0, 1].

        Args:
            logits: The raw outputs `(steps, labels)` at the step positions.

        Raises:
            FamilyError: They have another shape, or are not finite.
        """

    def _prepare(self) -> None:  # noqa: B027
        """Looks up what every prompt needs in the tokenizer; raises FamilyError if it lacks it."""

    @abstractmethod
    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        """The prompt's parts, with one `REWARD` where the reward of each step not blank is read."""

    def step_rows(self, prompt: Prompt, rows: NDArray[np.floating]) -> NDArray[np.floating]:
        """The outputs at the step positions `(steps, labels)`, from what a server returns.

        Args:
            prompt: The prompt that it was sent.
            rows: A row for each token (pooling ALL), or one for each token that is the same as
                those at the step positions (pooling STEP).

        Raises:
            FamilyError: The number of rows is neither.
        """
        rows = np.asarray(rows)
        if len(rows) == len(prompt.token_ids):
            return rows[prompt.positions]
        tags = {prompt.token_ids[position] for position in prompt.positions}
        ends = [i for i, token in enumerate(prompt.token_ids) if token in tags]
        if len(rows) != len(ends):
            raise FamilyError(
                f"the model returned {len(rows)} outputs for a prompt of {len(prompt.token_ids)} "
                f"tokens, {len(ends)} of which end steps: neither one for each token nor one for "
                "each step"
            )
        return rows[[ends.index(position) for position in prompt.positions]]

    def _opening(self) -> list[int]:
        """What the tokenizer itself puts before a text: its bos token, or nothing."""
        return list(self.tokenizer("")["input_ids"])

    def _token(self, text: str, what: str) -> int:
        """The id of a text that has to be one token here; `what` is what the prompt needs it for.

        Raises:
            FamilyError: It is several tokens, or one that the vocabulary does not know.
        """
        ids = self._text.ids(text)
        if len(ids) != 1 or ids[0] == self.tokenizer.unk_token_id:
            raise FamilyError(
                f"{what} of a {self.title} prompt, {text!r}, has to be one token, and this "
                f"tokenizer makes {self.tokenizer.convert_ids_to_tokens(ids)} of it: it is not the "
                "tokenizer of such a model"
            )
        return ids[0]

    def _validated(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Raw outputs as float64 `(steps, labels)`; raises FamilyError for any other."""
        outputs: NDArray[np.float64] = np.asarray(logits, dtype=np.float64)
        if outputs.ndim != 2 or outputs.shape[1] != self.labels:
            raise FamilyError(
                f"the model returned outputs of shape {outputs.shape}, but the {self.name} family "
                f"reads {self.labels} per step: the checkpoint is not a {self.title}"
            )
        if not np.isfinite(outputs).all():
            raise FamilyError(
                "the model returned NaN or infinite outputs: its weights are damaged, or the "
                "precision is too low (float32 helps)"
            )
        return outputs


class TwoLabelFamily(PrmFamily):
    """A family whose models say of each token: wrong (label 0) or right (label 1)."""

    labels = 2

    def rewards(self, logits: NDArray[np.floating]) -> list[float]:
        wrong, right = self._validated(logits).T
        return list(map(float, sigmoid(right - wrong)))


def architectures_of(config: Mapping[str, Any]) -> list[str]:
    """The architectures that a configuration names.

    Args:
        config: What `config.json` holds.
    """
    architectures = config.get("architectures") or []
    return [architectures] if isinstance(architectures, str) else [str(a) for a in architectures]


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Probabilities in [0, 1] from logits, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))
