"""A conversation in the tokenizer's own chat template, as a layout of texts and special tokens.

Knows chat templates, no PRM. The template is rendered with marks where the messages go and split at
the tokenizer's special tokens, before any message is in it: so what is typed stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vllm_prm.families.base import FamilyError, Layout

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_HOLE = "\ufdd0{}\ufdd1"  # between Unicode noncharacters: the place of a message, by its number
_HOLES = re.compile(_HOLE.format(r"(\d+)"))


class ChatTemplate:
    """The chat template of a tokenizer.

    Args:
        tokenizer: The checkpoint's own.

    Raises:
        FamilyError: It has no chat template.

    Attributes:
        special: The ids of the tokenizer's special tokens, by their texts.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        if not tokenizer.chat_template:
            raise FamilyError(
                "the tokenizer has no chat template, which every prompt of this family needs: "
                "the checkpoint's tokenizer_config.json or chat_template.jinja is missing it"
            )
        self.special = {token.content: id for id, token in tokenizer.added_tokens_decoder.items()}
        self._tokenizer = tokenizer
        self._templates: dict[tuple[str, ...], list[str]] = {}

    def layout(self, messages: Sequence[tuple[str, Layout]]) -> Layout:
        """The layout of a conversation of `(role, content)` pairs.

        Texts that stand next to each other in it, such as a line break of the template and the
        content after it, are tokenised as one.
        """
        layout: Layout = []
        for part in self._parts(tuple(role for role, _ in messages)):
            if part in self.special:
                layout.append(self.special[part])
                continue
            text, *holes = _HOLES.split(part)
            pieces: Layout = [text]
            for number, after in zip(holes[::2], holes[1::2], strict=True):
                pieces += [*messages[int(number)][1], after]
            layout += _texts_joined(pieces)
        return layout

    def _parts(self, roles: tuple[str, ...]) -> list[str]:
        """The conversation with marks for its contents, split at the special tokens."""
        if roles not in self._templates:
            prompt: Any = self._tokenizer.apply_chat_template(
                [{"role": role, "content": _HOLE.format(i)} for i, role in enumerate(roles)],
                tokenize=False,
            )
            tokens = "|".join(map(re.escape, sorted(self.special, key=len, reverse=True)))
            self._templates[roles] = [part for part in re.split(f"({tokens})", prompt) if part]
        return self._templates[roles]


def _texts_joined(layout: Layout) -> Layout:
    """The layout with neighbouring texts as one, and without empty ones."""
    pieces: Layout = []
    for part in layout:
        if isinstance(part, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += part
        else:
            pieces.append(part)
    return [part for part in pieces if part != ""]
