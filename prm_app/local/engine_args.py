"""What this machine calls for: vLLM's engine arguments for a PRM, and the memory there is for it.

The environment that vLLM reads at its import is set here too. Knows nothing of requests.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from vllm_prm.families import PrmFamily

from prm_app.checkpoint import count_parameters, parameters
from prm_app.errors import NoEngineError

_MULTIPROCESSING = "VLLM_ENABLE_V1_MULTIPROCESSING"

MIN_CACHED_TOKENS = 32_768
"""Prefix cache on CPU, in tokens: room for about a hundred solutions."""

BATCH_TOKENS = 16_384
"""Tokens computed in one step on a GPU: enough to fill an H200 with a model of 1.5B weights."""
CPU_BATCH_TOKENS = 1024
"""The same on a CPU: two cores are no faster with more, and a newcomer waits for less."""

POOLING: dict[str, Any] = {"tok_pooling_type": "ALL", "task": "token_classify"}
"""One output for every token, whatever else the model could be asked for."""
FLOAT32_BELOW = 1_000_000_000
"""Weights under which a CPU computes in float32, so that the rewards are the same on every CPU. In
bf16 the demo's moved by up to 0.017 and came no faster (17.1 solutions/s against 18.2)."""

GRAPH_SIZES = (
    *range(16, 512, 16),
    *range(512, 1024, 32),
    *range(1024, 2048, 64),
    *range(2048, 4097, 128),
)
"""Tokens in one step, rounded up, that a GPU computes by replaying CUDA graphs. vLLM's own end at
512; beyond them a small model waits for Python to launch its kernels."""


def require_engine() -> None:
    """Raises NoEngineError if vLLM is not installed."""
    if find_spec("vllm") is None:
        raise NoEngineError


def default_dtype(weights: int) -> str:
    """The dtype for a model of so many weights here; "auto" leaves it to vLLM, as on a GPU."""
    if not on_cpu():
        return "auto"
    return "bfloat16" if weights >= FLOAT32_BELOW and has_bf16() else "float32"


def itemsize(options: Mapping[str, Any], weights: int) -> int:
    """Bytes that each of so many weights takes in an engine with these options."""
    if str(options.get("quantization")).startswith("fp8"):
        return 1
    dtype = str(options.get("dtype") or default_dtype(weights)).removeprefix("torch.")
    return 4 if dtype in ("float", "float32") else 2


def available_memory(options: Mapping[str, Any]) -> int:
    """Bytes there are for models with these engine options; raises NoEngineError."""
    require_engine()
    if on_cpu():
        return psutil.virtual_memory().available
    _prepare_environment(options)
    from vllm.platforms import current_platform

    return current_platform.get_device_total_memory() * _devices(options)


def memory_budget(options: Mapping[str, Any]) -> int:
    """Memory for all models together with these engine options, in bytes: a tenth stays free."""
    return available_memory(options) * 9 // 10


def memory_needed(folder: Path, options: Mapping[str, Any]) -> int:
    """About what a loaded model takes in bytes: its weights, and its prefix cache.

    On a GPU that is all there is, unless `kv_cache_memory_bytes` says how large the cache may be:
    vLLM takes what is left of the card for it.
    """
    each = itemsize(options, parameters(folder))
    weights = parameters(folder) * each
    cache = options.get("kv_cache_memory_bytes")
    if cache is None and on_cpu():
        config = json.loads((folder / "config.json").read_text())
        heads = config.get("num_key_value_heads") or config["num_attention_heads"]
        size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        longest = options.get("max_model_len") or config.get("max_position_embeddings", 0)
        tokens = max(MIN_CACHED_TOKENS, longest + 1024)
        cache = 2 * config["num_hidden_layers"] * heads * size * each * tokens
    return memory_budget(options) if cache is None else weights + cache


def _devices(options: Mapping[str, Any]) -> int:
    parts = (options.get(f"{kind}_parallel_size", 1) for kind in ("tensor", "pipeline"))
    return math.prod(map(int, parts))


def has_bf16() -> bool:
    """Whether this CPU computes in bf16 itself, rather than by way of float32."""
    import torch

    return torch.cpu._is_avx512_bf16_supported()


def _prepare_environment(options: Mapping[str, Any]) -> None:
    """Sets what vLLM reads at its import, and where the engine's core runs."""
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    if _devices(options) == 1:
        os.environ.setdefault(_MULTIPROCESSING, "0")


def core_in_process(options: Mapping[str, Any]) -> bool:
    """Whether vLLM's engine core is to live in this process: unless several devices share it."""
    return _devices(options) == 1 and os.environ.get(_MULTIPROCESSING, "0") == "0"


def engine_arguments(folder: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """vLLM's engine arguments for a PRM on this machine, with `options` over them.

    Imports vLLM, and sets the environment that it reads at its import.
    """
    _prepare_environment(options)
    from transformers import PretrainedConfig
    from vllm.config import PoolerConfig
    from vllm.engine.arg_utils import EngineArgs

    config, _ = PretrainedConfig.get_config_dict(folder)
    arguments: dict[str, Any] = {
        "model": folder,
        "runner": "pooling",
        "pooler_config": PoolerConfig(**POOLING),
        "skip_tokenizer_init": True,
        "enable_prefix_caching": True,
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
        "dtype": default_dtype(count_parameters(config)),
        **machine_defaults(),
    } | dict(options)
    if "max_num_seqs" not in options:
        arguments["max_num_seqs"] = min(
            arguments["max_num_seqs"], arguments["max_num_batched_tokens"]
        )
    args = EngineArgs(**arguments)
    if on_cpu() and args.kv_cache_memory_bytes is None:
        arguments["kv_cache_memory_bytes"] = cache_bytes(args)
    arguments["cudagraph_capture_sizes"] = capture_sizes(args)
    return arguments


def for_family(family: PrmFamily, options: Mapping[str, Any]) -> dict[str, Any]:
    """The engine arguments that load a model of this family, with `options` over them."""
    defaults = family.engine_arguments()
    arguments = defaults | dict(options)
    if overrides := {**defaults.get("hf_overrides", {}), **options.get("hf_overrides", {})}:
        arguments["hf_overrides"] = overrides
    if str(options.get("quantization")).startswith("fp8"):
        # The head is what rewards are read from, and fp8 kernels do not take its few rows.
        arguments.setdefault("quantization_config", {"ignore": list(family.head)})
    return arguments


def machine_defaults() -> dict[str, Any]:
    """Engine arguments that this machine calls for: what it can do and does best."""
    if not on_cpu():
        return {
            "max_num_batched_tokens": BATCH_TOKENS,
            "max_num_seqs": 1024,
            # Off by default in vLLM's pooling engines; full batches are 14% faster with it.
            "async_scheduling": True,
        }
    return {
        "max_num_batched_tokens": CPU_BATCH_TOKENS,
        "max_num_seqs": 256,
        "enforce_eager": True,
        # The smallest block the CPU kernels take: a prefix is reused in whole blocks.
        "block_size": 32,
    }


def on_cpu() -> bool:
    """Whether models run on the CPU here.

    Counts the devices without starting CUDA: a process that has started it cannot fork, as vLLM
    does for its engine's core.
    """
    import torch

    return torch.cuda.device_count() == 0


def capture_sizes(args: Any) -> list[int] | None:
    """`cudagraph_capture_sizes` for these engine arguments: GRAPH_SIZES, if they name none."""
    config = args.compilation_config
    choices = (
        args.cudagraph_capture_sizes,
        args.max_cudagraph_capture_size,
        config.cudagraph_capture_sizes,
        config.max_cudagraph_capture_size,
    )
    return args.cudagraph_capture_sizes if on_cpu() or any(choices) else list(GRAPH_SIZES)


def cache_bytes(args: Any) -> int:
    """Bytes of prefix cache that hold the longest prompt, and at least MIN_CACHED_TOKENS."""
    import torch

    config = args.create_model_config()
    heads = config.get_total_num_kv_heads() * config.get_head_size()
    per_token = (
        2 * config.get_total_num_hidden_layers() * heads * torch.finfo(config.dtype).bits // 8
    )
    return int(per_token * max(MIN_CACHED_TOKENS, config.max_model_len + 1024))
