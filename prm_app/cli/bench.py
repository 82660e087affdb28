"""`prm-app bench`: how fast this machine scores, beside plain vLLM and Transformers."""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from rich.console import Console

from prm_app.bench import report
from prm_app.bench.ceiling import above
from prm_app.bench.run import SCENARIOS, Settings
from prm_app.bench.run import run as measure
from prm_app.catalog import DEFAULT
from prm_app.checkpoint import fetch
from prm_app.cli.options import add_family, model_of
from prm_app.errors import EngineError

TAKES_ENGINE_OPTIONS = True
NEEDS_VLLM = True
EPILOG = """\
examples:
  prm-app bench                                    the demo PRM, all scenarios
  prm-app bench --model Qwen2.5-Math-PRM-7B --quantization fp8_per_tensor
  prm-app bench --problems 128 --json > benchmarks/mine.json

Every peer scores the same prompts in the same run, in turn, and all rewards are compared: the exit
code is 3 if they differ by more than rounding, or if more was computed in a second than the
model's matrix products alone allow. Each peer has a process and, on a GPU, up to 30%
of its memory (--gpu-memory-utilization): name fewer --peers if that does not fit.
"""
_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Settings)}
_NUMBERS = {
    "problems": "problems in one throughput measurement",
    "candidates": "solutions of each made-up problem",
    "steps": "steps of each made-up solution",
    "sentences": "sentences of each made-up step; 0 is one equation",
    "repeats": "measurements of which the median counts",
    "users": "users at once",
}
_SETTINGS = ("peers", "scenarios", "prompts", *_NUMBERS)


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "bench",
        help="measure the speed of this machine, beside plain vLLM and Transformers",
        description="Measures how fast solutions are scored, beside plain vLLM and Transformers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        default=DEFAULT.key,
        help=f"a key of `prm-app models`, a hub name or a local folder (default: {DEFAULT.key})",
    )
    add_family(parser)
    peers = _DEFAULTS["peers"]
    parser.add_argument("--peers", nargs="+", choices=peers, default=peers)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    parser.add_argument(
        "--prompts",
        type=Path,
        metavar="PATH",
        help="a file of problems with solutions, in any shape that `rank` reads (default: made up)",
    )
    for name, what in _NUMBERS.items():
        default = _DEFAULTS[name]
        parser.add_argument(
            f"--{name}", type=int, metavar="N", default=default, help=f"{what} (default: {default})"
        )
    parser.add_argument(
        "--json", action="store_true", help="the whole record as JSON on stdout, for keeping"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    prm, folder = fetch(model_of(args))
    values = {name: getattr(args, name) for name in _SETTINGS}
    settings = Settings(prm=prm, folder=folder, engine=args.engine, **values)
    with Console(stderr=True).status("") as line:
        record = measure(settings, line.update)
    Console(stderr=args.json).print(report.table(record))
    if args.json:
        json.dump(record, sys.stdout, indent=1)
        print()
    if not record["checks"]["equal"]:
        raise EngineError("The peers gave different rewards: see the last lines of the report.")
    if impossible := above(record["results"]):
        raise EngineError(
            f"Faster than its matrix products alone ({'; '.join(impossible)}), so the times cannot "
            "be right: measure again while nothing else runs on this machine."
        )
    return 0
