"""`prm-app score`: the steps of one solution, or of a JSONL file of them, with their rewards."""

import argparse
import json
from typing import Any

from prm_app.cli import show
from prm_app.cli.batch import Outcome, attempt, in_order
from prm_app.cli.hints import with_options
from prm_app.cli.options import (
    add_scoring,
    add_text,
    open_scorer,
    read_text,
    solution_of,
    text_of,
    threshold_of,
)
from prm_app.errors import InputError, PrmError
from prm_app.scoring import Scorer
from prm_app.solutions.candidates import json_values
from prm_app.solutions.documents import Result, score_document
from prm_app.solutions.solution import Solution

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
examples:
  prm-app score --problem "What is 2 + 3 * 4?" --solution $'3 * 4 = 12\\n2 + 12 = 14'
  prm-app score --problem-file p.txt --solution-file s.txt --model Qwen2.5-Math-PRM-7B
  llm "..." | prm-app score --problem "..." --solution-file - --base-url http://gpu:8000
  prm-app score solutions.jsonl --json > rewards.jsonl

Each line of a JSONL file is an object with "problem" and either "solution" (a text) or "steps" (a
list of texts, each scored as one step). Answers have the order of the lines and keep all other
fields; the answer to a line that cannot be scored holds an "error" instead of rewards.

The command takes every engine option of vLLM: `prm-app score --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        "score",
        help="score the steps of a solution, or of a JSONL file of solutions",
        description="Scores each step of a solution with a process reward model.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a JSONL file of solutions; - for stdin"
    )
    for name in ("problem", "solution"):
        add_text(parser, name)
    parser.add_argument(
        "--json", action="store_true", help="JSON answers, one a line, for other programs"
    )
    add_scoring(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    if args.file:
        if any((args.problem, args.problem_file, args.solution, args.solution_file)):
            raise InputError("Give either a FILE of solutions, or one problem and its solution.")
        lines = _read_lines(args.file)
        with open_scorer(args) as scorer:
            return _score_lines(args, scorer, lines, threshold_of(args, scorer))
    problem, text = text_of(args, "problem"), text_of(args, "solution")
    with open_scorer(args) as scorer:
        threshold = threshold_of(args, scorer)
        scored = scorer.score(solution_of(args, problem, text))
    if args.json:
        document = score_document(Result(problem, scored), threshold)
        print(json.dumps(document, ensure_ascii=False))
    else:
        show.scored(scored, threshold)
    return 0


def _read_lines(path: str) -> list[tuple[int, dict]]:
    """The objects of a JSONL file, with their line numbers; raises InputError."""
    lines = [(line or 1, value) for line, value in json_values(read_text(path), path)]
    for number, value in lines:
        if not isinstance(value, dict):
            raise InputError(f"{path}, line {number}: not an object with problem and solution.")
    if not lines:
        raise InputError(f"{path} is empty: `prm-app score --help` says what to put in it.")
    return lines


def _score_lines(
    args: argparse.Namespace, scorer: Scorer, lines: list[tuple[int, dict]], threshold: float
) -> int:
    """Scores all lines together, and writes each answer once those before it are written."""
    jobs = [attempt(_solution, args, row) for _, row in lines]
    failed = 0
    for (number, row), outcome in zip(lines, in_order(scorer, jobs), strict=True):
        failed += isinstance(outcome, PrmError)
        _write(args, number, row, outcome, threshold)
    if failed:
        show.failure(f"{failed} of {len(lines)} solutions could not be scored.")
    return 1 if failed else 0


def _solution(args: argparse.Namespace, row: dict) -> Solution:
    problem, text, steps = row.get("problem"), row.get("solution"), row.get("steps")
    if not isinstance(problem, str):
        raise InputError('"problem" is missing or not a text.')
    if steps is not None:
        if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
            raise InputError('"steps" is not a list of texts.')
        return Solution(problem, tuple(steps)).validated()
    if not isinstance(text, str):
        raise InputError('"solution" (a text) or "steps" (a list of texts) is missing.')
    return solution_of(args, problem, text)


def _write(
    args: argparse.Namespace,
    number: int,
    row: dict,
    outcome: Outcome,
    threshold: float,
) -> None:
    error = None
    if isinstance(outcome, PrmError):
        error = f"{args.file}, line {number}: {with_options(outcome)}"
    if args.json:
        kept = {key: value for key, value in row.items() if key not in ("solution", "steps")}
        answer = (
            {"error": error}
            if error
            else score_document(Result(row["problem"], outcome), threshold)
        )
        print(json.dumps({"line": number, **kept, **answer}, ensure_ascii=False), flush=True)
        return
    show.heading(f"Problem {number}: {row.get('problem')}")
    if error:
        show.failure(error)
    else:
        show.scored(outcome, threshold)
