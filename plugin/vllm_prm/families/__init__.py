"""The PRM families: which one a checkpoint belongs to, and how that family reads a solution."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from typing import Any

from vllm_prm.families.base import FamilyError, PrmFamily, Prompt, architectures_of
from vllm_prm.families.layout import UndeclaredFamilyError
from vllm_prm.families.math_shepherd import MathShepherd
from vllm_prm.families.qwen import Qwen
from vllm_prm.families.rlhflow import RlhFlow
from vllm_prm.families.skywork import Skywork
from vllm_prm.families.trl import Trl
from vllm_prm.families.unsupported import why_unsupported
from vllm_prm.families.versaprm import VersaPrm

__all__ = [
    "CONFIG_KEY",
    "FAMILIES",
    "FamilyError",
    "PrmFamily",
    "Prompt",
    "UndeclaredFamilyError",
    "family_of",
    "family_of_name",
    "load_family",
]

FAMILIES: dict[str, type[PrmFamily]] = {
    family.name: family for family in (Skywork, Qwen, Trl, MathShepherd, RlhFlow, VersaPrm)
}
"""Every family by its name."""

CONFIG_KEY = "prm"
"""Where a `config.json` may say its family, and values for its options:
`{"prm": {"family": "trl", "separator": "\\n\\n"}}`."""


def family_of_name(name: str) -> type[PrmFamily]:
    """The family of this name.

    Args:
        name: A key of `FAMILIES`.

    Raises:
        FamilyError: There is none.
    """
    if name not in FAMILIES:
        raise FamilyError(f"there is no PRM family {name!r}; there are {', '.join(FAMILIES)}")
    return FAMILIES[name]


def family_of(
    config: Mapping[str, Any], checkpoint: str, weights: Collection[str] = ()
) -> type[PrmFamily]:
    """The family of a checkpoint with this `config.json`.

    Args:
        config: The checkpoint's configuration, as `config.json` holds it.
        checkpoint: What the error calls the checkpoint.
        weights: The names of its weights, as far as they are known.

    Raises:
        UndeclaredFamilyError: It may be of a family, and nothing says of which.
        FamilyError: It is of no family.
    """
    declaration = _declaration(config).get("family")
    if declaration is not None:
        return family_of_name(declaration)
    for family in FAMILIES.values():
        if family.matches(config, weights):
            return family
    if reason := why_unsupported(checkpoint, config):
        raise FamilyError(f"{checkpoint} is {reason}")
    architecture = ", ".join(architectures_of(config)) or "not named"
    if possible := [family for family in FAMILIES.values() if family.fits(config)]:
        raise UndeclaredFamilyError(
            f"{checkpoint} is a {architecture}, as process reward models and many other models "
            "are, and nothing in it says that it is one: say which family it is of, if it is of "
            f"one ({', '.join(family.name for family in possible)})"
        )
    names = ", ".join(
        f"{family.title} ({' or '.join(family.architectures)})" for family in FAMILIES.values()
    )
    raise FamilyError(
        f"{checkpoint} is not a process reward model known here: its architecture is "
        f"{architecture}, and the families read here are {names}"
    )


def load_family(
    model: str | PathLike[str],
    family: type[PrmFamily] | None = None,
    options: Mapping[str, str] | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    revision: str | None = None,
    tokenizer: str | PathLike[str] | None = None,
) -> PrmFamily:
    """The family of a checkpoint, ready to build its prompts.

    Args:
        model: A hub name or local folder with config and tokenizer.
        family: The family it is known to be of; None reads it from the config.
        options: Values for the family's options, over those that the config gives.
        config: The configuration, if it differs from the checkpoint's `config.json`.
        revision: The hub's revision of it.
        tokenizer: Where the tokenizer is, if not with the model.

    Raises:
        FamilyError: The checkpoint is of no known family, or its tokenizer lacks what that needs.
        OSError: The files cannot be read or downloaded.
    """
    from transformers import AutoTokenizer, PretrainedConfig  # slow to import

    if config is None:
        config, _ = PretrainedConfig.get_config_dict(model, revision=revision)
    if family is None:
        family = family_of(config, str(model))
    declaration = {name: value for name, value in _declaration(config).items() if name != "family"}
    return family(
        AutoTokenizer.from_pretrained(tokenizer or model, revision=revision),
        {**declaration, **(options or {})},
        config,
    )


def _declaration(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the config itself says of its PRM."""
    declaration = config.get(CONFIG_KEY)
    return declaration if isinstance(declaration, Mapping) else {}
