"""Qwen2.5-Math-PRM: the chat template, each step ended by `<extra_0>`.

Token for token the example of the model card (Qwen/Qwen2.5-Math-PRM-7B), in the tokenizer's own
chat template. Blank steps are left out of the prompt. ReasonFlux-PRM and ActPRM are of this family
too; the example of ReasonFlux has no system message (Gen-Verse/ReasonFlux, ReasonFlux_PRM).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from vllm_prm.families.base import REWARD, FamilyError, Layout, TwoLabelFamily
from vllm_prm.families.chat import ChatTemplate
from vllm_prm.text import is_blank

SYSTEM_PROMPT = "Please reason step by step, and put your final answer within \\boxed{}."
STEP_END = "<extra_0>"


class Qwen(TwoLabelFamily):
    """The reward of a step is the softmax probability of label 1 at its `<extra_0>`.

    The option `system_prompt` is the conversation's system message; if it is empty none is given,
    and the chat template may put its own.
    """

    name = "qwen"
    title = "Qwen2.5-Math-PRM"
    source = "https://huggingface.co/Qwen/Qwen2.5-Math-PRM-7B"
    architectures = ("Qwen2ForProcessRewardModel",)
    head = ("score.0", "score.2")
    defaults: ClassVar = {"system_prompt": SYSTEM_PROMPT}
    step_rule = f"The reward of a step is read at the {STEP_END} token put after it."

    def _prepare(self) -> None:
        self._template = ChatTemplate(self.tokenizer)
        if STEP_END not in self._template.special:
            raise FamilyError(
                f"the tokenizer has no {STEP_END} token, which ends every step of a "
                "Qwen2.5-Math-PRM prompt: this is not the tokenizer of such a model"
            )
        self._step_end: Layout = [self._template.special[STEP_END], REWARD]

    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        answer: Layout = []
        for step in steps:
            if not is_blank(step):
                answer += [step, *self._step_end]
        messages: list[tuple[str, Layout]] = [("user", [problem]), ("assistant", answer)]
        if system := self.options["system_prompt"]:
            messages.insert(0, ("system", [system]))
        return self._template.layout(messages)
