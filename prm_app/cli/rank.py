"""`prm-app rank`: Best-of-N, and the votes over final answers."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from prm_app.cli import show
from prm_app.cli.batch import JobOutcome, attempt, job_outcomes
from prm_app.cli.hints import with_options
from prm_app.cli.options import (
    add_fit,
    add_scoring,
    add_text,
    read_bytes,
    read_text,
    solution_in,
    text_of,
)
from prm_app.errors import InputError, PrmError
from prm_app.generator import Generator
from prm_app.solutions.aggregation import AGGREGATIONS
from prm_app.solutions.documents import rank_document
from prm_app.solutions.jsonl import Place, PlaceError
from prm_app.solutions.ranking import Ranking, RankOpinion
from prm_app.solutions.rows import Problem, Row
from prm_app.solutions.shapes import pooled, read_problems
from prm_app.solutions.solution import ScoredSolution
from prm_app.solutions.voting import group_by_answer

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
examples:
  prm-app rank problems.jsonl --aggregate min
  prm-app rank --problem "What is 2 + 3 * 4?" a.txt b.txt c.txt
  prm-app rank --problem-file p.txt --generate 8 --generator-url http://gpu:8000 \\
      --generator-model Qwen/Qwen2.5-Math-7B-Instruct --generator-seed 1

A JSON or JSONL file holds {"problem": ..., "solutions": [text, ...]} for each problem, or one
{"problem": ..., "solution": text} for each solution; "candidates" with {"solution": text} and the
"completions" of search-and-learn are read too. Every vLLM engine option is taken as vLLM names it:
`prm-app rank --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "rank",
        help="rank several solutions of a problem (Best-of-N), with votes over their answers",
        description="Ranks solutions of a problem by the rewards of their steps (Best-of-N).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="files of problems with their solutions, - for stdin; or with --problem a text file "
        "for each of its solutions, or one .json or .jsonl file of them",
    )
    add_text(parser, "problem")
    parser.add_argument(
        "--aggregate",
        choices=AGGREGATIONS,
        default="mean",
        help="how the rewards of its steps become one number for a solution (default: mean)",
    )
    parser.add_argument("--json", action="store_true", help="JSON answers, one problem a line")
    add_fit(parser)
    add_scoring(parser, compares=True)
    group = parser.add_argument_group(
        "generator", "Ask any OpenAI-compatible server for solutions, and rank them."
    )
    group.add_argument("--generate", metavar="N", type=int, help="how many solutions to ask for")
    group.add_argument("--generator-url", metavar="URL", help="the address of that server")
    group.add_argument("--generator-model", metavar="NAME", help="its model")
    group.add_argument("--generator-api-key", metavar="KEY", help="its API key")
    group.add_argument(
        "--generator-temperature", metavar="T", type=float, default=0.8, help="default: 0.8"
    )
    group.add_argument(
        "--generator-max-tokens", metavar="N", type=int, default=2048, help="default: 2048"
    )
    group.add_argument(
        "--generator-seed", metavar="N", type=int, help="solution i is asked for with seed N + i"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    problems = _of_files(args) if args.generate is None else [_from_generator(args)]
    failures = 0
    outcomes: list[ScoredSolution | PrmError] = []
    seconds: list[ScoredSolution | PrmError] = []
    for each in _rankings(args, problems):
        if isinstance(each, PlaceError):
            failures += 1
            _refuse(args, each)
            continue
        ranking, threshold = each
        failures += len(ranking.failures)
        outcomes += ranking.outcomes.values()
        if ranking.second:
            seconds += ranking.second.ranking.outcomes.values()
        if args.json:
            document = rank_document(ranking, args.aggregate, threshold)
            print(json.dumps(document, ensure_ascii=False), flush=True)
        else:
            show.print_ranking(ranking, args.aggregate, threshold)
    show.remarks(outcomes)
    show.remarks(seconds)
    if failures:
        show.failure(f"{failures} solutions could not be scored; they are not ranked.")
    return 1 if failures else 0


def _refuse(args: argparse.Namespace, error: PlaceError) -> None:
    if args.json:
        print(json.dumps(error.place.counts() | {"error": str(error)}, ensure_ascii=False))
    else:
        show.failure(str(error))


def _of_files(args: argparse.Namespace) -> list[Problem | PlaceError]:
    """The problems and solutions of the files."""
    if not args.files:
        raise InputError("There are no solutions: give a file, or --generate with a generator.")
    problem = None
    if args.problem is not None or args.problem_file is not None:
        problem = _problem(args)
        if len(args.files) > 1 or not _is_data(args.files[0]):
            rows = [
                Row(Place(path, 1), problem, read_text(path).strip("\n"), None, {})
                for path in args.files
            ]
            return [Problem(rows[0].place, problem, rows)]
    return [
        _about(each, problem) if isinstance(each, Problem) else each
        for path in args.files
        for each in pooled(read_problems(read_bytes(path), path))
    ]


def _is_data(path: str) -> bool:
    return not {".json", ".jsonl"}.isdisjoint(map(str.lower, Path(path).suffixes))


def _about(whole: Problem, problem: str | None) -> Problem | PlaceError:
    """A file's problem with its text, which either the file or --problem says."""
    if not whole.problem.strip():
        if problem is None:
            return PlaceError(whole.place, "no “problem”: give --problem.")
        return whole.about(problem)
    if problem is not None and problem != whole.problem:
        raise PlaceError(whole.place, "it has a problem of its own: leave --problem out.")
    return whole


def _from_generator(args: argparse.Namespace) -> Problem:
    """What the generator writes; each solution shows on stderr as it comes."""
    if args.files:
        raise InputError("Give files of solutions or --generate, not both.")
    if not args.generator_url or not args.generator_model:
        raise InputError("--generate needs --generator-url and --generator-model.")
    generator = Generator(
        args.generator_url,
        args.generator_model,
        args.generator_api_key,
        args.generator_temperature,
        args.generator_max_tokens,
        args.generator_seed,
        args.timeout,
    )
    problem, rows, failure = _problem(args), list[Row](), None
    for each in generator.candidates(problem, args.generate):
        if isinstance(each, PrmError):
            show.failure(with_options(each))
            failure = each
        else:
            rows.append(Row(Place("generated", len(rows) + 1), problem, each, None, {}))
            show.candidate(len(rows), args.generate, each)
    if failure is not None and not rows:
        raise failure
    return Problem(Place("generated", 1), problem, rows)


def _problem(args: argparse.Namespace) -> str:
    if args.problem is None and args.problem_file is None:
        raise InputError("There is no problem: give --problem or --problem-file.")
    return text_of(args, "problem")


def _rankings(
    args: argparse.Namespace, problems: Sequence[Problem | PlaceError]
) -> Iterator[tuple[Ranking, float] | PlaceError]:
    """Each problem's ranking and threshold, in order; all problems are scored together."""
    jobs = [
        attempt(solution_in, args, row)
        for each in problems
        if isinstance(each, Problem)
        for row in each.solutions
    ]
    outcomes = job_outcomes(args, jobs)
    for each in problems:
        if isinstance(each, PlaceError):
            yield each
        else:
            outcome = list(islice(outcomes, len(each.solutions)))
            yield _ranking(each, outcome), outcome[0].threshold


def _ranking(problem: Problem, outcomes: list[JobOutcome]) -> Ranking:
    total = len(outcomes)
    ranking = Ranking(problem.problem, total, {i: j.outcome for i, j in enumerate(outcomes, 1)})
    numbers = sorted(ranking.scored)
    texts = {i: row.text for i, row in enumerate(problem.solutions, 1) if isinstance(row, Row)}
    answers = group_by_answer([texts[number] for number in numbers])
    second = None
    if other := outcomes[0].other:
        theirs = {i: j.second for i, j in enumerate(outcomes, 1) if j.second is not None}
        second = RankOpinion(other.title, Ranking(problem.problem, total, theirs), other.threshold)
    return replace(ranking, second=second, answers=answers.numbered(numbers))
