"""What every PRM family answers: the prompt of a solution, where its rewards stand, their values.

Knows tokenizers; knows nothing of vLLM, engines or requests. The prompt is built as token ids,
never as joined text, and user text is tokenised with every added token switched off, so a typed
`<extra_0>` or `<|im_end|>` stays the characters it is.

The steps handed in are the steps scored: one reward a step, read at the step's last position. A
blank step has no reward; whether it stands in the prompt is the family's own rule. Line breaks at
the ends of the problem are no part of it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from vllm_prm.text import is_blank, line_feeds

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class FamilyError(ValueError):
    """A checkpoint, tokenizer, input or model output that does not fit the PRM's family."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One solution as the model reads it.

    Attributes:
        token_ids: The whole prompt.
        positions: `positions[i]` is the index in `token_ids` at which the reward of `steps[i]` is
            read. Positions rise strictly, and there is one a step.
        steps: The steps that are scored, without the blank ones.
    """

    token_ids: list[int]
    positions: list[int]
    steps: tuple[str, ...]

    def first_step_beyond(self, limit: int) -> int:
        """The first step that `limit` tokens do not hold whole, counted from 1."""
        fitting = sum(position < limit for position in self.positions)
        return min(fitting + 1, len(self.steps))


class _Reward:
    """Marks in a layout that a step's reward is read at the token before."""


REWARD: Final = _Reward()
Layout = list[str | int | _Reward]
"""A prompt as texts to tokenise one by one, ids to put between them, and `REWARD` marks."""


class PrmFamily(ABC):
    """How one family of PRMs reads a problem and its steps.

    Attributes:
        name: The family's key, as catalogue and servers name it.
        title: What people call it.
        architecture: The architecture its checkpoints name.
        labels: Outputs of the model at each token.
        step_rule: A sentence for the user: what ends a step, and what its line breaks are.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    architecture: ClassVar[str]
    labels: ClassVar[int]
    step_rule: ClassVar[str]

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self._text = _without_added_tokens(tokenizer)

    @classmethod
    def matches(cls, config: Mapping[str, Any]) -> bool:
        """Whether a checkpoint with this `config.json` is of this family."""
        architectures = config.get("architectures") or []
        return cls.architecture in (
            [architectures] if isinstance(architectures, str) else architectures
        )

    def encode(self, problem: str, steps: Sequence[str]) -> Prompt:
        """The prompt of one solution; see `encode_batch`."""
        return self.encode_batch([(problem, steps)])[0]

    def encode_batch(self, items: Iterable[tuple[str, Sequence[str]]]) -> list[Prompt]:
        """The prompts of several `(problem, steps)` pairs, tokenised together.

        A text that several items share, such as the problem in best-of-N, is tokenised once.

        Raises:
            FamilyError: An item has no step that is not blank, or is not text.
        """
        layouts: list[tuple[Layout, tuple[str, ...]]] = []
        for problem, steps in items:
            if isinstance(steps, str) or not all(
                isinstance(text, str) for text in (problem, *steps)
            ):
                raise FamilyError("a problem is a string and its steps are a list of strings")
            pieces = [line_feeds(step) for step in steps]
            scored = tuple(piece for piece in pieces if not is_blank(piece))
            if not scored:
                raise FamilyError("there are no steps to score: give at least one")
            layouts.append((self._layout(line_feeds(problem).strip("\n"), pieces), scored))
        texts = list({part for layout, _ in layouts for part in layout if isinstance(part, str)})
        encodings = self._text.encode_batch_fast(texts, add_special_tokens=False)
        ids = {text: encoding.ids for text, encoding in zip(texts, encodings, strict=True)}
        return [_assembled(layout, steps, ids) for layout, steps in layouts]

    @abstractmethod
    def rewards(self, logits: NDArray[np.floating]) -> list[float]:
        """Step rewards in [0, 1] from the raw outputs `(steps, labels)` at the step positions."""

    @abstractmethod
    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        """The prompt's parts, with one `REWARD` after the last token of each step not blank."""

    @property
    @abstractmethod
    def step_end_id(self) -> int:
        """The token that ends each step and carries its reward."""

    def step_rows(self, prompt: Prompt, rows: NDArray[np.floating]) -> NDArray[np.floating]:
        """The outputs at the step positions `(steps, labels)`, from what a server returns.

        That is a row for each token (pooling ALL), or one for each token that ends steps (pooling
        STEP), wherever it stands in the prompt.

        Raises:
            FamilyError: The number of rows is neither.
        """
        rows = np.asarray(rows)
        if len(rows) == len(prompt.token_ids):
            return rows[prompt.positions]
        ends = [i for i, token in enumerate(prompt.token_ids) if token == self.step_end_id]
        if len(rows) != len(ends):
            raise FamilyError(
                f"the model returned {len(rows)} outputs for a prompt of {len(prompt.token_ids)} "
                f"tokens, {len(ends)} of which end steps: neither one for each token nor one for "
                "each step"
            )
        return rows[[ends.index(position) for position in prompt.positions]]

    def _validated(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Raw outputs as float64 `(steps, labels)`; raises FamilyError for any other."""
        logits = np.asarray(logits, dtype=np.float64)
        if logits.ndim != 2 or logits.shape[1] != self.labels:
            raise FamilyError(
                f"the model returned outputs of shape {logits.shape}, but the {self.name} family "
                f"reads {self.labels} per step: the checkpoint is not a {self.architecture}"
            )
        if not np.isfinite(logits).all():
            raise FamilyError(
                "the model returned NaN or infinite outputs: its weights are damaged, or the "
                "precision is too low (float32 helps)"
            )
        return logits


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Probabilities in [0, 1] from logits, without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))


def _assembled(layout: Layout, steps: tuple[str, ...], ids: Mapping[str, list[int]]) -> Prompt:
    token_ids: list[int] = []
    positions: list[int] = []
    for part in layout:
        if isinstance(part, str):
            token_ids += ids[part]
        elif isinstance(part, int):
            token_ids.append(part)
        else:
            positions.append(len(token_ids) - 1)
    return Prompt(token_ids, positions, steps)


def _without_added_tokens(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """The tokenizer's model alone: no text, whatever it spells, becomes an added token."""
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    spec["added_tokens"] = []
    spec["post_processor"] = spec["padding"] = spec["truncation"] = None
    return Tokenizer.from_str(json.dumps(spec))
