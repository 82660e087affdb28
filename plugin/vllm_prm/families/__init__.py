"""The PRM families: which one a checkpoint belongs to, and how that family reads a solution."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from vllm_prm.families.base import FamilyError, PrmFamily, Prompt
from vllm_prm.families.qwen import Qwen
from vllm_prm.families.skywork import Skywork

__all__ = ["FAMILIES", "FamilyError", "PrmFamily", "Prompt", "family_of", "load_family"]

FAMILIES: dict[str, type[PrmFamily]] = {family.name: family for family in (Skywork, Qwen)}
"""Every family by its name."""


def family_of(config: Mapping[str, Any], checkpoint: str) -> type[PrmFamily]:
    """The family of a checkpoint with this `config.json`.

    Args:
        config: The checkpoint's configuration, as `config.json` holds it.
        checkpoint: What the error calls the checkpoint.

    Raises:
        FamilyError: No family reads such a checkpoint.
    """
    for family in FAMILIES.values():
        if family.matches(config):
            return family
    architectures = config.get("architectures") or []
    if isinstance(architectures, str):
        architectures = [architectures]
    known = " and ".join(f"{family.title} ({family.architecture})" for family in FAMILIES.values())
    raise FamilyError(
        f"{checkpoint} is not a process reward model known here: its architecture is "
        f"{', '.join(map(str, architectures)) or 'not named'}, and the families read here are "
        f"{known}"
    )


def load_family(
    model: str | PathLike[str],
    *,
    revision: str | None = None,
    tokenizer: str | PathLike[str] | None = None,
) -> PrmFamily:
    """The family of a checkpoint, ready to build its prompts.

    Args:
        model: A hub name or local folder with config and tokenizer.
        revision: The hub's revision of it.
        tokenizer: Where the tokenizer is, if not with the model.

    Raises:
        FamilyError: The checkpoint is of no known family, or its tokenizer lacks what that needs.
        OSError: The files cannot be read or downloaded.
    """
    from transformers import AutoTokenizer, PretrainedConfig  # slow to import

    config, _ = PretrainedConfig.get_config_dict(model, revision=revision)
    family = family_of(config, str(model))
    return family(AutoTokenizer.from_pretrained(tokenizer or model, revision=revision))
