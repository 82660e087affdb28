"""What Transformers' forward pass runs on here: its options, device, precision and memory."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from prm_app.checkpoint import parameters
from prm_app.errors import InputError, NoEngineError
from prm_app.local.engine_args import FLOAT32_BELOW, has_bf16
from prm_app.local.interface import Options
from prm_app.local.kv_cache import TRUNKS

if TYPE_CHECKING:
    import torch

BATCH_TOKENS = {"cpu": 512, "mps": 4096, "cuda": 16_384}
"""Tokens computed together, padding included, by the kind of device: to a CPU larger batches are
worth nothing, and prompts that are computed in turn start from each other's states."""
CACHE_TOKENS = 8192
"""Tokens of recent prompts whose key-value states are kept: some twenty solutions' or more."""
DTYPES = {
    "float32": "float32",
    "float": "float32",
    "bfloat16": "bfloat16",
    "float16": "float16",
    "half": "float16",
}
"""Every dtype by the names that vLLM knows it by too."""
PLACES = {"cpu": "CPU", "mps": "GPU", "cuda": "GPU"}


def is_installed() -> bool:
    """Whether there is a PyTorch to compute with."""
    return find_spec("torch") is not None


def require_options(options: Options) -> None:
    """Raises NoEngineError without PyTorch, and InputError for options that there are not."""
    if not is_installed():
        raise NoEngineError("PyTorch")
    names = {action.dest for action in _parser()._actions}
    if unknown := sorted(options.keys() - names):
        raise InputError(
            f"Transformers' forward pass has no option {', '.join(unknown)}: it takes "
            f"{', '.join(sorted(names))}, and the others are vLLM's."
        )
    dtype = _dtype_name(options)
    if dtype != "auto" and dtype not in DTYPES:
        raise InputError(f"There is no dtype {dtype!r}: there are auto, {', '.join(DTYPES)}.")


def read_options(argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Its options in a command line by their Python names, and what is left of it."""
    namespace, rest = _parser().parse_known_args(list(argv))
    return {name: value for name, value in vars(namespace).items() if value is not None}, rest


def print_help() -> None:
    """Prints its options."""
    _parser().print_help()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prm-app", usage="prm-app COMMAND [options]", add_help=False, allow_abbrev=False
    )
    group = parser.add_argument_group("options of Transformers' forward pass")
    group.add_argument(
        "--device",
        help="as PyTorch names it, such as cpu, cuda:1 or mps (default: a GPU if there is one)",
    )
    group.add_argument(
        "--dtype",
        choices=("auto", *DTYPES),
        help="auto is float32 under a billion weights; above it is bfloat16, if the device has it",
    )
    group.add_argument(
        "--max-model-len", type=int, help="the longest prompt in tokens (default: the model's own)"
    )
    return parser


def device(options: Options) -> torch.device:
    """Where it runs; raises InputError for a device that is not here."""
    import torch

    if name := options.get("device"):
        try:
            return torch.empty(0, device=name).device
        except (RuntimeError, AssertionError) as error:  # the latter without CUDA
            raise InputError(f"There is no device {name!r} here: {error}") from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def dtype(options: Options, weights: int) -> str:
    """What a model of so many weights is computed in, as PyTorch names it."""
    dtype_name = _dtype_name(options)
    if dtype_name != "auto":
        return DTYPES[dtype_name]
    return "bfloat16" if weights >= FLOAT32_BELOW and _has_bf16(device(options)) else "float32"


def available_memory(options: Options) -> int:
    """Bytes there are for models on its device."""
    import torch

    place = device(options)
    if place.type == "cuda":
        return int(torch.cuda.mem_get_info(place)[0])
    return int(psutil.virtual_memory().available)


def itemsize(options: Options, weights: int) -> int:
    """Bytes that each of so many weights takes."""
    return 4 if dtype(options, weights) == "float32" else 2


def cache_tokens(folder: Path) -> int:
    """How many tokens' key-value states are kept of a model: none if reuse is not known right."""
    config = json.loads((folder / "config.json").read_text())
    return CACHE_TOKENS if config.get("model_type") in TRUNKS else 0


def memory_needed(folder: Path, options: Options) -> int:
    """About what a loaded model takes in bytes: its weights, one batch's states, and the cache."""
    config = json.loads((folder / "config.json").read_text())
    weights = parameters(folder)
    states = 8 * config["hidden_size"] + 4 * config["intermediate_size"]
    tokens = BATCH_TOKENS[device(options).type]
    numbers = int(weights + states * tokens)
    if cached := cache_tokens(folder):
        numbers += _key_values(config) * (cached + tokens)
    return itemsize(options, weights) * numbers


def _key_values(config: dict[str, Any]) -> int:
    """How many numbers the keys and values of one token are."""
    heads: int = config["num_attention_heads"]
    size: int = config.get("head_dim") or config["hidden_size"] // heads
    layers: int = config["num_hidden_layers"]
    return 2 * layers * (config.get("num_key_value_heads") or heads) * size


def _dtype_name(options: Options) -> str:
    return str(options.get("dtype") or "auto").removeprefix("torch.")


def _has_bf16(place: torch.device) -> bool:
    import torch

    if place.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return place.type == "mps" or has_bf16()
