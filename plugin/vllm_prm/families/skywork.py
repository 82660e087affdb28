"""Skywork-o1-Open-PRM: `bos + problem + newline`, then each line of each step and a newline.

Token for token the `prepare_input` of Skywork's reference code with a newline as its step token
(SkyworkAI/skywork-o1-prm-inference, model_utils/io_utils.py): each line is tokenised alone, a blank
line is a lone newline. That code reads a reward at every newline; here a step of several lines has
one, at the newline after its last line that is not blank, and blank lines have none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vllm_prm.families.base import (
    REWARD,
    FamilyError,
    Layout,
    PrmFamily,
    architectures_of,
    sigmoid,
)
from vllm_prm.text import is_blank


class Skywork(PrmFamily):
    """The reward of a step is the sigmoid of the value head at the newline that ends it.

    A causal model with the weights of such a head, as TRL's `AutoModelForCausalLMWithValueHead`
    saves one, is of this family too.
    """

    name = "skywork"
    title = "Skywork-o1-Open-PRM"
    source = "https://github.com/SkyworkAI/skywork-o1-prm-inference"
    architectures = (
        *("Qwen2ForPrmModel", "Qwen3ForPrmModel", "LlamaForPrmModel"),
        *("Qwen2ForCausalLM", "Qwen3ForCausalLM", "LlamaForCausalLM"),
    )
    labels = 1
    head = ("v_head.summary",)
    step_rule = "The reward of a step is read at the newline after its last line."

    def _prepare(self) -> None:
        if self.tokenizer.bos_token_id is None:
            raise FamilyError(
                "the tokenizer has no bos_token, which starts every Skywork prompt: set "
                '"bos_token" in the checkpoint\'s tokenizer_config.json'
            )
        self._newline_id = self._text.ids("\n")[-1]

    @classmethod
    def matches(cls, config: Mapping[str, Any], weights: Collection[str] = ()) -> bool:
        has_name = any(name.endswith("ForPrmModel") for name in architectures_of(config))
        return cls.fits(config) and (has_name or "v_head.summary.weight" in weights)

    def engine_arguments(self) -> dict[str, Any]:
        architectures = [
            name.replace("ForCausalLM", "ForPrmModel") for name in architectures_of(self.config)
        ]
        if architectures == architectures_of(self.config):
            return {}
        return {"hf_overrides": {"architectures": architectures}}

    def rewards(self, logits: NDArray[np.floating]) -> list[float]:
        return list(map(float, sigmoid(self._validated(logits)[:, 0])))

    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        layout: Layout = [self.tokenizer.bos_token_id, problem + "\n"]
        for step in steps:
            lines = step.split("\n")
            last = max((i for i, line in enumerate(lines) if not is_blank(line)), default=None)
            for i, line in enumerate(lines):
                layout += [line, self._newline_id, *([REWARD] if i == last else [])]
        return layout
