"""`prm-app report`: a file of solutions as one HTML page to send around, or as plain data."""

import argparse
from pathlib import Path
from typing import Any

from prm_app.cli import show
from prm_app.cli.batch import rewards_of
from prm_app.cli.options import (
    add_scoring,
    asks_for_model,
    open_scorer,
    read_bytes,
    require_threshold,
)
from prm_app.errors import InputError
from prm_app.evaluation.run import RECORDED_THRESHOLD
from prm_app.evaluation.solution_file import SolutionFile, Source, read_file

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
examples:
  prm-app report scored.jsonl -o report.html
  prm-app report best_of_8.jsonl --rewards qwen_prm --beside skywork_prm -o report.html
  prm-app report gsm8k.json --model Qwen2.5-Math-PRM-7B -o table.csv

The file may have any shape that `prm-app score` and `prm-app eval` read. Rewards that it holds are
taken as recorded, with no engine; --model or --base-url scores it as well. The end of the name of
the new file says what it is: .html a report that needs no server and no network, .json, .jsonl or
.csv the same as data.

The command takes every engine option of vLLM: `prm-app report --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "report",
        help="a file of solutions as one HTML page, or as JSON, JSONL or CSV",
        description="Writes what the tab Browse shows of a file into a file of its own.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="a JSON or JSONL file; - for stdin")
    parser.add_argument(
        "-o", "--output", metavar="PATH", required=True, help="the new file; its end says its kind"
    )
    parser.add_argument(
        "--rewards", metavar="NAME", help="whose rewards are shown (default: the first model's)"
    )
    parser.add_argument(
        "--beside", metavar="NAME", help="whose rewards stand beside them (default: the next one's)"
    )
    add_scoring(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    from prm_app.ui.exports import EXPORTS  # Gradio, which other commands do without

    kind = Path(args.output).suffix.removeprefix(".")
    if kind not in EXPORTS:
        ends = ", ".join(f".{end}" for end in EXPORTS)
        raise InputError(f"{args.output} does not end in one of {ends}: they say what to write.")
    threshold = RECORDED_THRESHOLD if args.threshold is None else args.threshold
    require_threshold(threshold)
    file = read_file(read_bytes(args.file), Path(args.file).name)
    if not file.rewards or asks_for_model(args):
        own = _score(args, file)
        threshold = own if args.threshold is None else threshold
    for _ in file.judge():
        pass
    one = _source(file, args.rewards, list(file.rewards))
    others = [each for each in file.rewards if each != one]
    text = EXPORTS[kind](file, one, _source(file, args.beside, others), threshold)
    _write(args.output, text)
    for error in [*map(str, file.errors), *file.failures.values()]:
        show.failure(error)
    return 1 if file.errors or file.failures else 0


def _score(args: argparse.Namespace, file: SolutionFile) -> float:
    """Adds the rewards of the model; returns its own threshold."""
    with open_scorer(args) as scorer:
        rewards, failures = rewards_of(args, scorer, [item.row for item in file.items])
        file.rewards.setdefault(Source(scorer.prm.title, live=True), {}).update(rewards)
        file.failures |= {place: f"{place}: {error}" for place, error in failures.items()}
        return scorer.prm.threshold


def _source(file: SolutionFile, name: str | None, others: list[Source]) -> Source | None:
    """The source of this name, or else the first of some; raises InputError."""
    if name is None:
        return next(iter(others), None)
    for source in file.rewards:
        if source.name == name:
            return source
    names = ", ".join(source.name for source in file.rewards)
    raise InputError(f"There are no rewards of {name!r}: choose one of {names}.")


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
