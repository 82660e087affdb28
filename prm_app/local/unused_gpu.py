"""Whether this machine has a GPU that the installed PyTorch cannot use, and what to change then."""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DRIVER = Path("/dev/nvidiactl")
"""There if an NVIDIA GPU is."""


def advice() -> str:
    """One line for who has installed this program; empty if there is nothing to change."""
    if not (DRIVER.exists() and _is_built_for_cpus()):
        return ""
    if "SPACE_ID" in os.environ:
        how = "copy requirements/space-gpu.txt over requirements.txt"
    else:
        how = "start it with `make demo BACKEND=cuda`"
    return f"There is a GPU here, but what is installed computes on the CPU: {how}."


def _is_built_for_cpus() -> bool:
    try:
        return version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False
