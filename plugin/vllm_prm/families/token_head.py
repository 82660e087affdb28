"""Causal models whose head is two rows of the language model's: a token for wrong, one for right.

Any causal model could be one, so that it is a PRM and which family it is of has to be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vllm_prm.families.base import TwoLabelFamily


class TokenHeadFamily(TwoLabelFamily):
    """The reward of a step is the softmax of the token `good` over `good` and `bad`.

    Both are options, and each has to be one token of the checkpoint's tokenizer.

    Attributes:
        token_ids: The ids of `bad` and `good`.
    """

    by_architecture = False
    head = ("lm_head",)
    defaults: ClassVar[Mapping[str, str]] = {"good": "+", "bad": "-"}

    def _prepare(self) -> None:
        self.token_ids = [
            self._token(self.options["bad"], "the token for a wrong step"),
            self._token(self.options["good"], "the token for a right step"),
        ]

    @classmethod
    def head_weights(cls, config: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
        config = config.get("text_config") or config
        is_tied = config.get("tie_word_embeddings")
        name = "model.embed_tokens.weight" if is_tied else "lm_head.weight"
        return {name: (config["vocab_size"], config["hidden_size"])}

    def engine_arguments(self) -> dict[str, Any]:
        pieces = self.tokenizer.convert_ids_to_tokens(self.token_ids)
        return {
            "convert": "classify",
            "hf_overrides": {"method": "no_post_processing", "classifier_from_token": pieces},
        }
