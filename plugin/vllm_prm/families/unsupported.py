"""Models that judge steps and are not read here: how they are recognised, and why they are not.

What they are called tells most of them, because their configs are those of any causal model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from vllm_prm.families.base import architectures_of

_TWO_MODELS = (
    "an implicit PRM: its reward is the ratio of two causal models' probabilities, its own and a "
    "reference model's, and an engine here holds one model"
)
_WRITES = (
    "a generative verifier: it writes about each step before it judges it, and here a reward is "
    "read from one forward pass"
)
_OWN_HEAD = "a PRM with a model class of its own, which vLLM has not and which is not read here yet"

REASONS = (
    (r"eurus-?prm|implicit-?prm", _TWO_MODELS),
    (r"gen-?prm|think-?prm|\bdyve|\br-prm|deepseek-r1-14b-cot-math-reasoning", _WRITES),
    (r"pathfinder-?prm", "a PRM of two passes a step, and here a reward is read from one"),
    (r"reasonflux-prm-1\.5b|universal-?prm|reasoneval", _OWN_HEAD),
)
"""What the last part of a checkpoint's name matches, in lower case, and why it is not scored."""


def why_unsupported(checkpoint: str, config: Mapping[str, Any]) -> str | None:
    """A clause on why a model is known and not read here, or None.

    Args:
        checkpoint: Its hub name or folder.
        config: What its `config.json` holds.
    """
    name = PurePath(checkpoint).name.lower()
    for pattern, reason in REASONS:
        if re.search(pattern, name):
            return reason
    if any(name.endswith("ForConditionalGeneration") for name in architectures_of(config)):
        return "a model of images and text, and the families read here are of text alone"
    return None


def adapter_advice(adapter: Mapping[str, Any]) -> str:
    """What to do with a LoRA adapter, from its `adapter_config.json`."""
    base = adapter.get("base_model_name_or_path") or "its base model"
    return (
        f"a LoRA adapter and no whole model: merge it into {base} (with PEFT, `merge_and_unload` "
        "and `save_pretrained`, and the tokenizer), and name the merged folder"
    )
