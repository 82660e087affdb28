"""PRMs trained with TRL's PRMTrainer or axolotl's: the ids of the problem, of a step, a separator.

Token for token `tokenize_row` of TRL (huggingface/trl, trl/experimental/prm/prm_trainer.py): the
bos token if the tokenizer has one, the problem, then each step and the separator, each tokenised
alone; no chat template. HuggingFaceH4's PRMs and PURE are of this family. Blank steps are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from vllm_prm.families.base import REWARD, FamilyError, Layout, TwoLabelFamily
from vllm_prm.text import is_blank


class Trl(TwoLabelFamily):
    """The reward of a step is the softmax probability of label 1 at its separator's last token.

    The option `separator` is the text that training put after each step (TRL's `step_separator`).
    """

    name = "trl"
    title = "TRL token classifier"
    source = "https://github.com/huggingface/trl/blob/v1.13.0/trl/experimental/prm/prm_trainer.py"
    architectures = ("*ForTokenClassification",)
    head = ("score",)
    defaults: ClassVar = {"separator": "\n"}
    step_rule = "The reward of a step is read at the last token of the separator put after it."

    def _prepare(self) -> None:
        if not self._text.ids(self.options["separator"]):
            raise FamilyError(
                f"the separator {self.options['separator']!r} is no token of this tokenizer, so "
                "there is none to read a reward at"
            )

    @classmethod
    def fits(cls, config: Mapping[str, Any]) -> bool:
        labels = config.get("num_labels") or len(config.get("id2label") or "01")
        return super().fits(config) and labels == cls.labels

    def _layout(self, problem: str, steps: Sequence[str]) -> Layout:
        bos = self.tokenizer.bos_token_id
        layout: Layout = [problem] if bos is None else [bos, problem]
        for step in steps:
            if not is_blank(step):
                layout += [step, self.options["separator"], REWARD]
        return layout
