"""`prm-app bench`: how fast this machine scores, beside plain vLLM and Transformers."""

import argparse
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from prm_app.bench import report
from prm_app.bench.ceiling import above
from prm_app.bench.run import SCENARIOS, Settings
from prm_app.bench.run import run as measure
from prm_app.bench.shapes import SHAPES, write
from prm_app.catalog import DEFAULT, Prm
from prm_app.checkpoint import fetch
from prm_app.cli.options import add_family, model_of
from prm_app.errors import EngineError

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
examples:
  prm-app bench                                    the demo PRM, all scenarios
  prm-app bench --model Qwen2.5-Math-PRM-7B --quantization fp8
  prm-app bench --shape skywork-1.5b --problems 128 --json > benchmarks/mine.json

Every peer scores the same prompts in the same run, in turn, and all rewards are compared: the exit
code is 3 where they differ by more than rounding, or where more was computed in a second than the
model's matrix products alone allow. Each peer has a process and, on a GPU, up to 30%
of its memory (--gpu-memory-utilization): name fewer --peers where that does not fit.
"""
PEERS = ("ours", "vllm", "transformers")
_NUMBERS = (
    ("problems", 8, "problems in one throughput measurement"),
    ("candidates", 8, "solutions of each made-up problem"),
    ("steps", 8, "steps of each made-up solution"),
    ("sentences", 1, "sentences of each made-up step; 0 is one equation"),
    ("repeats", 3, "measurements of which the median counts"),
    ("users", 64, "users at once"),
    ("growth", 0, "also measure how time grows with up to N solutions; 0 for not"),
)
_SETTINGS = ("peers", "scenarios", "prompts", *(name for name, _, _ in _NUMBERS))


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        "bench",
        help="measure the speed of this machine, beside plain vLLM and Transformers",
        description="Measures how fast solutions are scored, beside plain vLLM and Transformers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--model",
        metavar="NAME",
        default=DEFAULT.key,
        help=f"a key of `prm-app models`, a hub name or a local folder (default: {DEFAULT.key})",
    )
    add_family(parser)
    which.add_argument(
        "--shape",
        choices=SHAPES,
        help="random weights in the sizes of a published model, written to a temporary folder",
    )
    parser.add_argument(
        "--tokenizer-folder", metavar="PATH", help="the tokenizer for --shape (default: the hub's)"
    )
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    parser.add_argument(
        "--prompts",
        type=Path,
        metavar="PATH",
        help="JSONL with a problem and its candidates[].solution in each line (default: made up)",
    )
    for name, default, what in _NUMBERS:
        parser.add_argument(
            f"--{name}", type=int, metavar="N", default=default, help=f"{what} (default: {default})"
        )
    parser.add_argument(
        "--json", action="store_true", help="the whole record as JSON on stdout, for keeping"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    console = Console(stderr=True)
    with _checkpoint(args) as (prm, folder), console.status("") as line:
        record = measure(
            Settings(
                prm=prm,
                folder=folder,
                engine=args.engine,
                **{name: getattr(args, name) for name in _SETTINGS},
            ),
            line.update,
        )
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


@contextmanager
def _checkpoint(args: argparse.Namespace) -> Any:
    """The model, and its folder."""
    if args.shape is None:
        yield fetch(model_of(args))
    else:
        with TemporaryDirectory() as parent:
            folder = Path(parent, args.shape)
            write(args.shape, folder, args.tokenizer_folder)
            yield Prm(args.shape, f"{args.shape} (random weights)", str(folder)), folder
