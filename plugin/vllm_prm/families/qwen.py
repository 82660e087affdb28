"""Qwen2.5-Math-PRM: the chat template, each step ended by `<extra_0>`.

Token for token the example of the model card (Qwen/Qwen2.5-Math-PRM-7B), in the tokenizer's own
chat template. Blank steps are left out of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vllm_prm.families.base import REWARD, FamilyError, Layout, PrmFamily, sigmoid
from vllm_prm.text import is_blank

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SYSTEM_PROMPT = "Please reason step by step, and put your final answer within \\boxed{}."
STEP_END = "<extra_0>"


class Qwen(PrmFamily):
    """The reward of a step is the softmax probability of label 1 at its `<extra_0>`."""

    name = "qwen"
    title = "Qwen2.5-Math-PRM"
    architecture = "Qwen2ForProcessRewardModel"
    labels = 2
    step_rule = f"The reward of a step is read at the {STEP_END} token put after it."

    # Unicode noncharacters: they mark the two holes in the rendered template, before any user text.
    _PROBLEM, _ANSWER = "\ufdd0", "\ufdd1"

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__(tokenizer)
        added = {token.content: id for id, token in tokenizer.added_tokens_decoder.items()}
        if STEP_END not in added:
            raise FamilyError(
                f"the tokenizer has no {STEP_END} token, which ends every step of a "
                "Qwen2.5-Math-PRM prompt: this is not the tokenizer of such a model"
            )
        self._step_end_id = added[STEP_END]
        if not tokenizer.chat_template:
            raise FamilyError("the tokenizer has no chat template, which every Qwen prompt needs")
        rendered = tokenizer.apply_chat_template(
            [
                {"role": "system", "content": SYSTEM_PROMPT},
                {"role": "user", "content": self._PROBLEM},
                {"role": "assistant", "content": self._ANSWER},
            ],
            tokenize=False,
        )
        parts = re.split("(" + "|".join(map(re.escape, added)) + ")", rendered)
        self._template = [added.get(part, part) for part in parts if part]

    @property
    def step_end_id(self) -> int:
        return self._step_end_id

    def rewards(self, logits: NDArray[np.floating]) -> list[float]:
        wrong, right = self._validated(logits).T
        return sigmoid(right - wrong).tolist()

    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        first, *others = (step for step in steps if not is_blank(step))
        layout: Layout = []
        for part in self._template:
            if isinstance(part, str) and self._ANSWER in part:
                before, after = part.split(self._ANSWER)
                layout.append(before + first)
                for step in others:
                    layout += [self._step_end_id, REWARD, step]
                layout += [self._step_end_id, REWARD, after]
            elif isinstance(part, str):
                layout.append(part.replace(self._PROBLEM, problem))
            else:
                layout.append(part)
        return layout
