"""RLHFlow's PRMs: a conversation in which every step of the user is answered by `+`.

Token for token the `select_sample` of RLHFlow (RLHFlow/RLHF-Reward-Modeling, math-rm/
prm_evaluate.py), which asks for one step at a time. As its history says `+` after every step, one
conversation serves all. The reward is read one token before each `+`, where the model foretells it.
Spaces around a step are dropped, and blank steps are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from vllm_prm.families.base import REWARD, FamilyError, Layout
from vllm_prm.families.chat import ChatTemplate
from vllm_prm.families.token_head import TokenHeadFamily
from vllm_prm.text import is_blank


class RlhFlow(TokenHeadFamily):
    """The reward of a step is the probability that the answer to it is `+`, and not `-`."""

    name = "rlhflow"
    title = "RLHFlow PRM"
    source = "https://github.com/RLHFlow/RLHF-Reward-Modeling/tree/main/math-rm"
    architectures = ("LlamaForCausalLM",)
    step_rule = "Each step is a message, and its reward is read where the model answers it."

    def _prepare(self) -> None:
        super()._prepare()
        self._template = ChatTemplate(self.tokenizer)
        messages = [("user", "a b"), ("assistant", self.options["good"])]
        reference = self.tokenizer.apply_chat_template(
            [{"role": role, "content": content} for role, content in messages], return_dict=False
        )
        if self.encode("a", ["b"]).token_ids != reference:
            raise FamilyError(
                "the tokenizer joins the answer to a step with what stands before it in the chat "
                "template: it is not the tokenizer of such a model"
            )

    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        first, *others = (step.strip() for step in steps if not is_blank(step))
        messages: list[tuple[str, Layout]] = []
        for text in (f"{problem} {first}".strip(), *others):
            messages += [("user", [text]), ("assistant", [REWARD, self.token_ids[1]])]
        return self._template.layout(messages)
