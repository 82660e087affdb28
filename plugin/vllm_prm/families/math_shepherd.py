"""Math-Shepherd: `{problem} Step 1: … ки` and a line for each further step.

Token for token the example of the model card (peiyi9979/math-shepherd-mistral-7b-prm), whose whole
text is tokenised as one. Its steps are labelled `Step 1:`; a step without such a label gets one, as
in PRMBench (ssmisya/PRMBench, mr_eval/models/math_shepherd.py). Spaces around a step are dropped,
and blank steps are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vllm_prm.families.base import REWARD, JoinedTexts, Layout
from vllm_prm.families.token_head import TokenHeadFamily
from vllm_prm.text import is_blank

STEP_END = "ки"
_LABEL = re.compile(r"step\s*\d", re.IGNORECASE)


class MathShepherd(TokenHeadFamily):
    """The reward of a step is read at the `ки` after it."""

    name = "math-shepherd"
    title = "Math-Shepherd"
    source = "https://huggingface.co/peiyi9979/math-shepherd-mistral-7b-prm"
    architectures = ("MistralForCausalLM", "LlamaForCausalLM")
    step_rule = f"The reward of a step is read at the {STEP_END} put after it."

    def _prepare(self) -> None:
        super()._prepare()
        self._token(STEP_END, "the end of a step")

    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        texts = [step.strip() for step in steps if not is_blank(step)]
        parts: list[Any] = [problem + " "]
        for number, step in enumerate(texts, 1):
            label = "" if _LABEL.match(step) else f"Step {number}: "
            parts += ["\n" if number > 1 else "", f"{label}{step} {STEP_END}", REWARD]
        return [*self._opening(), JoinedTexts(tuple(parts))]
