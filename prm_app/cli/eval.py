"""`prm-app eval`: how good a PRM is at finding first errors, or at choosing among candidates."""

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.progress import TaskID
from rich.table import Table

from prm_app.bench.machine import versions
from prm_app.cli import show
from prm_app.cli.batch import attempt, in_order
from prm_app.cli.hints import with_options
from prm_app.cli.options import add_scoring, open_scorer, read_bytes, solution_in, threshold_of
from prm_app.errors import InputError, PrmError
from prm_app.evaluation import metrics
from prm_app.evaluation.data import Choice, Labelled, cases
from prm_app.scoring import Scorer
from prm_app.solutions.jsonl import PlaceError
from prm_app.solutions.shapes import read_problems
from prm_app.solutions.solution import Solution

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

A row that cannot be read and a solution that cannot be scored are in no figure, nor is a problem
with such a candidate: they are listed, and the exit code is 1.

The command takes every engine option of vLLM: `prm-app eval --help=all` lists them.
"""
Measure = Callable[..., dict[str, Any]]
Report = Callable[[dict[str, Any]], Iterator[RenderableType]]
GRID = [i / 10 for i in range(1, 10)]
BEST = "best on this data"
CAVEAT = """\
The best threshold was chosen on this very data, so its F1 is an upper bound: do not compare it with
published figures, whose threshold was fixed beforehand."""


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
    read = len(data) + len(failures)
    measure, report = KINDS[type(data[0])]
    with open_scorer(args) as scorer:
        threshold, started = threshold_of(args, scorer), datetime.now(UTC)
        results = measure(args, scorer, data, failures)
        record = {
            "date": started.isoformat(timespec="seconds"),
            "file": args.file,
            "rows": read,
            "model": scorer.prm.key,
            "checkpoint": scorer.prm.checkpoint,
            "servers": args.base_url,
            "versions": versions(),
            "settings": {
                "threshold": threshold,
                "split": args.split,
                "delimiter": args.delimiter,
                "limit": args.limit,
                "engine": args.engine,
            },
            "results": results,
            "failures": [{"where": at, "error": str(error)} for at, error in failures.items()],
        }
    if args.json:
        print(json.dumps(record, ensure_ascii=False, indent=1, default=str))
    elif results:
        show.heading(f"{record['model']} on {args.file}")
        for part in report(results):
            show.OUT.print(part, soft_wrap=False)
    _tell(failures)
    return 1 if failures else 0


def _read(args: argparse.Namespace, failures: dict[str, PrmError]) -> list[Labelled] | list[Choice]:
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


def _first_errors(
    args: argparse.Namespace, scorer: Scorer, data: list[Labelled], failures: dict[str, PrmError]
) -> dict[str, Any]:
    """First-error detection by threshold, and how far the rewards can be believed."""
    jobs = {str(case.place): attempt(solution_in, args, case.row) for case in data}
    scored = _score(scorer, jobs, failures)
    errors = [case.label for case in data if str(case.place) in scored]
    rewards = list(scored.values())
    if not errors:
        return {}
    threshold = threshold_of(args, scorer)
    chosen = dict.fromkeys(GRID, "")
    if 0 < sum(error < 0 for error in errors) < len(errors):
        chosen[metrics.best_threshold(errors, rewards)] = BEST
    own = "the model's own" if args.threshold is None else "--threshold"
    chosen[threshold] = ", ".join(filter(None, (own, chosen.get(threshold))))
    steps, labels = metrics.judged_steps(errors, rewards)
    detections = {each: metrics.detection(errors, rewards, each) for each in sorted(chosen)}
    return {
        "wrong": detections[threshold].wrong,
        "right": detections[threshold].right,
        "detection": [
            {"threshold": each, "chosen": chosen[each]}
            | {
                name: _figure(getattr(detections[each], name))
                for name in ("exact", "unflagged", "f1")
            }
            for each in detections
        ],
        "judged_steps": len(steps),
        "calibration_error": _figure(metrics.calibration_error(steps, labels)),
        "roc_auc": _figure(metrics.roc_auc(steps, labels)),
    }


def _first_error_report(results: dict[str, Any]) -> Iterator[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD)
    wrong = f"first error found in {results['wrong']} wrong"
    right = f"none flagged in {results['right']} right"
    for heading in ("threshold", wrong, right, "F1"):
        table.add_column(heading, justify="right")
    table.add_column()
    for row in results["detection"]:
        figures = [_percent(row[name]) for name in ("exact", "unflagged", "f1")]
        style = "bold" if row["chosen"] else ""
        table.add_row(f"{row['threshold']:.4g}", *figures, row["chosen"], style=style)
    yield table
    if any(BEST in row["chosen"] for row in results["detection"]):
        yield f"{CAVEAT}\n"
    yield (
        f"Of the {results['judged_steps']} steps up to the first error: expected calibration error "
        f"{_percent(results['calibration_error'])}, ROC AUC {_percent(results['roc_auc'])}"
    )


def _best_of(
    args: argparse.Namespace, scorer: Scorer, data: list[Choice], failures: dict[str, PrmError]
) -> dict[str, Any]:
    """Best-of-N accuracy by each rule for N = 1, 2, 4, ... up to what every problem has."""
    jobs = {str(row.place): attempt(solution_in, args, row) for case in data for row in case.rows}
    scored = _score(scorer, jobs, failures)
    problems = []
    for case in data:
        rewards = [scored[str(row.place)] for row in case.rows if str(row.place) in scored]
        if len(rewards) == len(case.rows):
            problems.append(metrics.Judged(case.right, rewards, case.answers))
    if not problems:
        return {}
    least = min(len(problem.right) for problem in problems)
    return {
        "problems": len(problems),
        "candidates": sum(len(problem.right) for problem in problems),
        "accuracy": {n: metrics.best_of(problems, n) for n in metrics.sizes(least)},
    }


def _best_of_report(results: dict[str, Any]) -> Iterator[RenderableType]:
    table = Table("right of N candidates", box=box.SIMPLE_HEAD)
    accuracy = results["accuracy"]
    for size in accuracy:
        table.add_column(f"N = {size}", justify="right")
    for rule in accuracy[1]:
        table.add_row(rule.replace("_", " "), *(_percent(each[rule]) for each in accuracy.values()))
    yield table
    yield (
        f"Expected over random choices of N, of {results['problems']} problems that have at least "
        f"{max(accuracy)} candidates each, {results['candidates']} in all."
    )


def _score(
    scorer: Scorer, jobs: Mapping[str, Solution | PrmError], failures: dict[str, PrmError]
) -> dict[str, tuple[float, ...]]:
    """The rewards of each solution by its place, in order; errors go into `failures`."""
    scored = {}
    for place, outcome in zip(jobs, in_order(scorer, list(jobs.values())), strict=True):
        if isinstance(outcome, PrmError):
            failures[place] = outcome
        else:
            scored[place] = outcome.rewards
    return scored


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


def _figure(share: float) -> float | None:
    return None if math.isnan(share) else share


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


KINDS: dict[type, tuple[Measure, Report]] = {
    Labelled: (_first_errors, _first_error_report),
    Choice: (_best_of, _best_of_report),
}
