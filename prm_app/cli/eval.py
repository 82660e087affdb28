"""`prm-app eval`: how good a PRM is at finding first errors, or at choosing among candidates."""

import argparse
import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from rich.progress import TaskID

from prm_app.cli import show
from prm_app.cli.batch import rewards_of
from prm_app.cli.eval_report import report
from prm_app.cli.hints import with_options
from prm_app.cli.options import (
    add_scoring,
    asks_for_model,
    open_scorer,
    read_bytes,
    require_threshold,
    threshold_of,
)
from prm_app.errors import InputError, PrmError
from prm_app.evaluation import run as run_of
from prm_app.evaluation.data import Choice, LabelledSolution, cases
from prm_app.machine import versions
from prm_app.solutions.jsonl import PlaceError
from prm_app.solutions.shapes import read_problems

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
examples:
  prm-app eval gsm8k.json --model Qwen2.5-Math-PRM-7B
  prm-app eval best_of_8.jsonl --base-url http://gpu:8000 --json > record.json

The file is a JSON list or JSONL. Its fields tell which of two kinds it is; others are ignored.
  First-error detection, the format of Qwen/ProcessBench: "problem", "steps" (a list of texts) and
  "label", the index of the first wrong step, -1 if all are right; or rows of PRM800K,
  Math-Shepherd or TRL's stepwise supervision.
  Best-of-N: "problem" and "candidates", each with its "solution" and "is_correct" (true or false);
  or an "answer" beside "problem", and math-verify says which candidates give it. Rows of
  search-and-learn, and lines with one solution each, are read too.

Rewards that the file holds ("published_step_scores", "rewards", "step_rewards" or "scores") are
read as recorded, with no engine, and shown by the names that the file gives their models. --model
or --base-url scores the file as well.

A row that cannot be read and a solution that cannot be scored are in no figure, nor is a problem
with such a candidate: they are listed, and the exit code is 1.

The command takes every engine option of vLLM: `prm-app eval --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "eval",
        help="how well a model finds first errors (ProcessBench) or chooses solutions (best-of-N)",
        description="Measures a process reward model on labelled steps or on judged candidates.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="a JSON or JSONL file; - for stdin")
    parser.add_argument("--limit", metavar="N", type=int, help="only the first N rows")
    parser.add_argument(
        "--json", action="store_true", help="the whole record as JSON on stdout, for keeping"
    )
    add_scoring(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    failures: dict[str, PrmError] = {}
    data = _read(args, failures)
    rows, start = len(data) + len(failures), datetime.now(UTC)
    rewards_by_model, unreadable = run_of.recorded_rewards(run_of.rows(data))
    failures |= {str(error.place): InputError(error.message) for error in unreadable}
    live = _live(args, data, failures) if not rewards_by_model or asks_for_model(args) else {}
    record = {
        "date": start.isoformat(timespec="seconds"),
        "file": args.file,
        "rows": rows,
        **({"model": None, "checkpoint": None, "results": {}} | live),
        "recorded": _recorded_results(args, data, rewards_by_model),
        "servers": args.base_url,
        "versions": versions(),
        "settings": {
            "threshold": live.get("threshold", args.threshold),
            "split": args.split,
            "delimiter": args.delimiter,
            "limit": args.limit,
            "engine": args.engine,
        },
        "failures": [{"where": at, "error": str(error)} for at, error in failures.items()],
    }
    record.pop("threshold", None)
    if args.json:
        print(json.dumps(record, ensure_ascii=False, indent=1, default=str))
    else:
        report(record)
    _tell(failures)
    return 1 if failures else 0


def _read(
    args: argparse.Namespace, failures: dict[str, PrmError]
) -> list[LabelledSolution] | list[Choice]:
    """The rows of the file, all of one kind; what cannot be read goes to `failures`."""
    if args.limit is not None and args.limit < 1:
        raise InputError(f"--limit is {args.limit}: give the number of rows to use.")
    rows = cases(read_problems(read_bytes(args.file), args.file))[: args.limit]
    data: list[Any] = []
    with show.progress("Reading", len(rows)) as bar:
        for case in rows:
            row = case()
            if isinstance(row, PlaceError):
                failures[str(row.place)] = InputError(row.message)
            else:
                data.append(row)
            bar.advance(TaskID(0))
    if not data:
        where, reason = next(iter(failures.items()))
        raise InputError(f"{args.file} holds no row to evaluate on. {where}: {reason}")
    return data


def _live(
    args: argparse.Namespace,
    data: list[LabelledSolution] | list[Choice],
    failures: dict[str, PrmError],
) -> dict[str, Any]:
    """What a model that scores the file now is, and its figures."""
    with open_scorer(args) as scorer:
        threshold = threshold_of(args, scorer)
        rewards, failures_now = rewards_of(args, scorer, run_of.rows(data))
        failures |= {str(place): error for place, error in failures_now.items()}
        own = "the model's own" if args.threshold is None else "--threshold"
        return {
            "model": scorer.prm.key,
            "checkpoint": scorer.prm.checkpoint,
            "threshold": threshold,
            "results": run_of.figures(data, rewards, threshold, own),
        }


def _recorded_results(
    args: argparse.Namespace,
    data: list[LabelledSolution] | list[Choice],
    rewards_by_model: run_of.RewardsByModel,
) -> dict[str, dict[str, Any]]:
    """The figures of the rewards that the file holds, by the name that it gives a model."""
    threshold = run_of.RECORDED_THRESHOLD if args.threshold is None else args.threshold
    require_threshold(threshold)
    own = "for recorded rewards" if args.threshold is None else "--threshold"
    by_model = {}
    with show.progress("Measuring", len(rewards_by_model)) as bar:
        for name, rewards in rewards_by_model.items():
            results = run_of.figures(data, rewards, threshold, own)
            by_model[name] = {"solutions": len(rewards), "results": results}
            bar.advance(TaskID(0))
    return by_model


def _tell(failures: dict[str, PrmError]) -> None:
    """Lists what could not be scored, one line for each reason."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for where, error in failures.items():
        reasons[with_options(error)].append(where)
    for reason, places in reasons.items():
        others = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
        show.failure(f"{places[0]}{others}: {reason}")
    if failures:
        show.failure(
            f"{len(failures)} could not be read or scored: they, and the problems that they are "
            "candidates of, are in no figure."
        )
