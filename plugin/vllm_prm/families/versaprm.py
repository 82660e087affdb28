"""VersaPRM and its relatives: `{problem} \\n\\n`, then `{step} \\n\\n\\n\\n` for each step.

Token for token the evaluation of its authors (mtzig/MultiDomainPRM, evaluation/
get_rewards_reasoning_step.py and prm_models/prm_llama.py). Spaces around the problem and around a
step are dropped, and blank steps are left out. VersaPRM itself is published as an adapter, which is
merged into Llama-PRM800K first.
"""

from __future__ import annotations

from collections.abc import Sequence

from vllm_prm.families.base import REWARD, Layout
from vllm_prm.families.token_head import TokenHeadFamily
from vllm_prm.text import is_blank

STEP_END = " \n\n\n\n"


class VersaPrm(TokenHeadFamily):
    """The reward of a step is read at the four line breaks after it, which are one token."""

    name = "versaprm"
    title = "VersaPRM"
    source = "https://github.com/UW-Madison-Lee-Lab/VersaPRM"
    architectures = ("LlamaForCausalLM", "Qwen2ForCausalLM")
    step_rule = "The reward of a step is read at the four line breaks put after it."

    def _prepare(self) -> None:
        super()._prepare()
        self._step_end_id = self._token(STEP_END, "the end of a step")

    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        layout: Layout = [*self._opening(), f"{problem.strip()} \n\n"]
        for step in steps:
            if not is_blank(step):
                layout += [step.strip(), self._step_end_id, REWARD]
        return layout
