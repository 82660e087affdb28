"""Prompts as token ids: from texts, ids and reward marks to the ids and where rewards are read.

Knows tokenizers, no PRM. Texts are tokenised with every added token switched off, so a typed
`<extra_0>` or `<|im_end|>` stays the characters it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tokenizers import Tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class FamilyError(ValueError):
    """A checkpoint, tokenizer, input or model output that does not fit the PRM's family."""


class UndeclaredFamilyError(FamilyError):
    """A checkpoint that may be a PRM of several families, and nothing says of which."""


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
        """The first step that does not fit whole, counted from 1.

        Args:
            limit: How many tokens fit.
        """
        fitting = sum(position < limit for position in self.positions)
        return min(fitting + 1, len(self.steps))


class _Reward:
    """Marks in a layout that a step's reward is read at the token before."""


REWARD: Final = _Reward()


@dataclass(frozen=True, slots=True)
class JoinedTexts:
    """Texts that are tokenised as one, with `REWARD` marks between them."""

    parts: tuple[str | _Reward, ...]


Layout = list[str | int | _Reward | JoinedTexts]
"""A prompt as texts to tokenise one by one, ids to put between them, and `REWARD` marks."""


class LayoutTokenizer:
    """The vocabulary of a tokenizer, without its added tokens."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        whole = tokenizer.backend_tokenizer
        self._vocabulary = Tokenizer(whole.model)
        self._vocabulary.normalizer = whole.normalizer
        self._vocabulary.pre_tokenizer = whole.pre_tokenizer

    def ids(self, text: str) -> list[int]:
        return self._vocabulary.encode(text, add_special_tokens=False).ids

    def tokenised(self, layouts: Iterable[Layout]) -> list[tuple[list[int], list[int]]]:
        """The token ids of each layout, and the positions of its rewards.

        A text that several share, such as the problem in best-of-N, is tokenised once.

        Raises:
            FamilyError: A token of joined texts runs over the end of a step.
        """
        layouts = list(layouts)
        texts = list({part for layout in layouts for part in layout if isinstance(part, str)})
        encodings = self._vocabulary.encode_batch_fast(texts, add_special_tokens=False)
        ids = {text: encoding.ids for text, encoding in zip(texts, encodings, strict=True)}
        return [self._tokenised(layout, ids) for layout in layouts]

    def _tokenised(
        self, layout: Layout, ids: Mapping[str, list[int]]
    ) -> tuple[list[int], list[int]]:
        token_ids: list[int] = []
        positions: list[int] = []
        for part in layout:
            if isinstance(part, str):
                token_ids += ids[part]
            elif isinstance(part, int):
                token_ids.append(part)
            elif isinstance(part, JoinedTexts):
                positions += self._append(token_ids, part)
            else:
                positions.append(len(token_ids) - 1)
        return token_ids, positions

    def _append(self, token_ids: list[int], texts: JoinedTexts) -> list[int]:
        """Adds the tokens of joined texts; the positions of the tokens that end at its marks."""
        text, marks = "", []
        for part in texts.parts:
            if isinstance(part, str):
                text += part
            else:
                marks.append(len(text))
        encoding = self._vocabulary.encode(text, add_special_tokens=False)
        last = {end: i for i, (_, end) in enumerate(encoding.offsets, len(token_ids))}
        token_ids += encoding.ids
        try:
            return [last[mark] for mark in marks]
        except KeyError as error:
            raise FamilyError(
                "the tokenizer joins the end of a step with what follows it, so the step has no "
                "token to read a reward at: it is not the tokenizer of such a model"
            ) from error
