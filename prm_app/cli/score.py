"""`prm-app score`: the steps of one solution, or of a file of them, with their rewards."""

import argparse
import json
from typing import Any

from prm_app.cli import show
from prm_app.cli.batch import JobOutcome, attempt, job_outcomes
from prm_app.cli.hints import with_options
from prm_app.cli.options import (
    add_fit,
    add_scoring,
    add_text,
    read_bytes,
    solution_in,
    solution_of,
    text_of,
)
from prm_app.errors import InputError, PrmError
from prm_app.solutions.documents import PLACE_FIELDS, SCORE_FIELDS, Opinion, Result, score_document
from prm_app.solutions.jsonl import PlaceError
from prm_app.solutions.rows import Problem, Row
from prm_app.solutions.shapes import read_problems
from prm_app.solutions.solution import ScoredSolution, Solution

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
examples:
  prm-app score --problem "What is 2 + 3 * 4?" --solution $'3 * 4 = 12\\n2 + 12 = 14'
  prm-app score --problem-file p.txt --solution-file s.txt --model Qwen2.5-Math-PRM-7B
  llm "..." | prm-app score --problem "..." --solution-file - --base-url http://gpu:8000
  prm-app score solutions.jsonl --json > rewards.jsonl
  prm-app score solutions.jsonl --model Skywork-o1-Open-PRM-Qwen-2.5-1.5B \\
      --model Qwen2.5-Math-PRM-7B

Each line of a JSONL file, or entry of a JSON list, is an object with "problem" and "solution" (a
text), "steps" (a list of texts, scored as they are) or "solutions" (a list of either), or a row of
ProcessBench, PRM800K, Math-Shepherd, TRL's stepwise supervision or search-and-learn. What else it
holds is kept in the answer. Answers keep the order of the file, and what fails is answered by its
"error".

The command takes every engine option of vLLM: `prm-app score --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "score",
        help="score the steps of a solution, or of a file of solutions",
        description="Scores each step of a solution with a process reward model.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a JSON or JSONL file of solutions; - for stdin"
    )
    for name in ("problem", "solution"):
        add_text(parser, name)
    parser.add_argument(
        "--json", action="store_true", help="JSON answers, one a line, for other programs"
    )
    add_fit(parser)
    add_scoring(parser, compares=True)
    return parser


def run(args: argparse.Namespace) -> int:
    if args.file:
        if any((args.problem, args.problem_file, args.solution, args.solution_file)):
            raise InputError("Give either a FILE of solutions, or one problem and its solution.")
        return _score_rows(args, _read(args.file))
    problem, text = text_of(args, "problem"), text_of(args, "solution")
    [each] = job_outcomes(args, [solution_of(args, problem, text)])
    if isinstance(each.outcome, PrmError):
        raise each.outcome
    if args.json:
        print(json.dumps(_document(problem, each.outcome, each), ensure_ascii=False))
    else:
        _print(each.outcome, each)
    _remark([each])
    return 0


def _read(path: str) -> list[Row | PlaceError]:
    """The solutions of a file, in its order; raises InputError."""
    rows: list[Row | PlaceError] = []
    for each in read_problems(read_bytes(path), path):
        rows += each.solutions if isinstance(each, Problem) else [each]
    return rows


def _score_rows(args: argparse.Namespace, rows: list[Row | PlaceError]) -> int:
    """Scores all at once, and writes the answers in their order as they become known."""
    jobs = [attempt(_solution, args, row) for row in rows]
    failures, done = 0, []
    for row, each in zip(rows, job_outcomes(args, jobs), strict=True):
        done.append(each)
        failures += isinstance(each.outcome, PrmError)
        if args.json:
            print(json.dumps(_answer(row, each), ensure_ascii=False), flush=True)
        else:
            _show(row, each)
    _remark(done)
    if failures:
        show.failure(f"{failures} of {len(rows)} solutions could not be scored.")
    return 1 if failures else 0


def _remark(done: list[JobOutcome]) -> None:
    show.remarks([each.outcome for each in done])
    show.remarks([each.second for each in done])


def _solution(args: argparse.Namespace, row: Row | PlaceError) -> Solution:
    if isinstance(row, Row):
        row.fields()  # what cannot be kept in the answer is told before anything is scored
    return solution_in(args, row)


def _answer(row: Row | PlaceError, each: JobOutcome) -> dict[str, Any]:
    """The place of a solution, what the file says of it, and its rewards or its error."""
    if isinstance(row, PlaceError):
        return row.place.counts() | {"error": str(row)}
    if isinstance(each.outcome, PrmError):
        answer: dict[str, Any] = {"problem": row.problem, "error": _located(row, each.outcome)}
        fields = {} if isinstance(each.outcome, PlaceError) else row.fields()
    else:
        answer, fields = _document(row.problem, each.outcome, each), row.fields()
    own = {*SCORE_FIELDS, *PLACE_FIELDS}
    others = {name: value for name, value in fields.items() if name not in own}
    return row.place.counts() | others | answer


def _document(problem: str, scored: ScoredSolution, each: JobOutcome) -> dict[str, Any]:
    """A solution's rewards as plain data; a second model's error stands in their place."""
    document = score_document(Result(problem, scored, _opinion(each)), each.threshold)
    if each.other and isinstance(each.second, PrmError):
        document["compared_with"] = {
            "model": each.other.title,
            "error": with_options(each.second),
        }
    return document


def _opinion(each: JobOutcome) -> Opinion | None:
    if each.other is None or not isinstance(each.second, ScoredSolution):
        return None
    return Opinion(each.other.title, each.second, each.other.threshold)


def _show(row: Row | PlaceError, each: JobOutcome) -> None:
    problem = f": {row.problem}" if isinstance(row, Row) else ""
    show.heading(f"{row.place}{problem}")
    if isinstance(each.outcome, PrmError):
        show.failure(_located(row, each.outcome))
    else:
        _print(each.outcome, each)


def _print(scored: ScoredSolution, each: JobOutcome) -> None:
    show.print_solution(scored, each.threshold, _opinion(each))
    if each.other and isinstance(each.second, PrmError):
        show.failure(f"{each.other.title}: {with_options(each.second)}")


def _located(row: Row | PlaceError, error: PrmError) -> str:
    text = with_options(error)
    return text if isinstance(error, PlaceError) else f"{row.place}: {text}"
