"""`prm-app rank`: Best-of-N, and the votes over final answers."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from prm_app.cli import show
from prm_app.cli.batch import attempt, in_order
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
from prm_app.generator import Generator
from prm_app.scoring import Scorer
from prm_app.solutions.aggregation import AGGREGATIONS, Aggregation
from prm_app.solutions.candidates import Candidates, from_file
from prm_app.solutions.documents import Ranking, rank_document
from prm_app.solutions.voting import Vote, majority_vote, weighted_vote

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
examples:
  prm-app rank problems.jsonl --aggregate min
  prm-app rank --problem "What is 2 + 3 * 4?" a.txt b.txt c.txt
  prm-app rank --problem-file p.txt --generate 8 --generator-url http://gpu:8000 \\
      --generator-model Qwen/Qwen2.5-Math-7B-Instruct --generator-seed 1

A JSON or JSONL file holds {"problem": ..., "solutions": [text, ...]} for each problem; "candidates"
with {"solution": text} is read too. Every vLLM engine option is taken as vLLM names it:
`prm-app rank --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser = commands.add_parser(
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
        help="one .json or .jsonl file of problems with their solutions, or a text file for each "
        "solution of the problem given",
    )
    add_text(parser, "problem")
    parser.add_argument(
        "--aggregate",
        choices=AGGREGATIONS,
        default="mean",
        help="how the rewards of its steps become one number for a solution (default: mean)",
    )
    parser.add_argument("--json", action="store_true", help="JSON answers, one problem a line")
    add_scoring(parser)
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
    problems = [_generated(args)] if args.generate is not None else _from_files(args)
    failed = 0
    with open_scorer(args) as scorer:
        threshold = threshold_of(args, scorer)
        for ranking, texts in _rankings(args, scorer, problems):
            failed += len(ranking.failed)
            votes = _votes(ranking, texts, args.aggregate)
            if args.json:
                document = rank_document(ranking, args.aggregate, threshold)
                ballots = {name: vote and asdict(vote) for name, vote in votes.items()}
                print(json.dumps(document | ballots, ensure_ascii=False), flush=True)
            else:
                show.ranked(ranking, args.aggregate, threshold, votes)
    if failed:
        show.failure(f"{failed} solutions could not be scored; they are not ranked.")
    return 1 if failed else 0


def _from_files(args: argparse.Namespace) -> list[Candidates]:
    """The problems and solutions of the files."""
    if not args.files:
        raise InputError("There are no solutions: give a FILE, or --generate with a generator.")
    if len(args.files) == 1 and Path(args.files[0]).suffix in (".json", ".jsonl"):
        (path,) = args.files
        problems = from_file(read_text(path).encode(), path)
        if args.problem is None and args.problem_file is None:
            for number, each in enumerate(problems, 1):
                if not each.problem.strip():
                    raise InputError(f"{path}: entry {number} has no problem: give --problem.")
            return problems
        return [Candidates(_problem(args), each.solutions) for each in problems]
    return [Candidates(_problem(args), [read_text(path).strip("\n") for path in args.files])]


def _generated(args: argparse.Namespace) -> Candidates:
    """The solutions that the generator writes; each is printed on stderr as it comes."""
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
    candidates, failure = Candidates(_problem(args)), None
    for each in generator.candidates(candidates.problem, args.generate):
        if isinstance(each, PrmError):
            show.failure(with_options(each))
            failure = each
        else:
            candidates.solutions.append(each)
            show.candidate(len(candidates.solutions), args.generate, each)
    if failure is not None and not candidates.solutions:
        raise failure
    return candidates


def _problem(args: argparse.Namespace) -> str:
    if args.problem is None and args.problem_file is None:
        raise InputError("There is no problem: give --problem or --problem-file.")
    return text_of(args, "problem")


def _rankings(
    args: argparse.Namespace, scorer: Scorer, problems: list[Candidates]
) -> Iterator[tuple[Ranking, list[str]]]:
    """Each problem's ranking and the texts in it, in order; all problems are scored together."""
    jobs = [
        attempt(solution_of, args, each.problem, text)
        for each in problems
        for text in each.solutions
    ]
    outcomes = in_order(scorer, jobs)
    for each in problems:
        count = len(each.solutions)
        numbered = dict(enumerate(islice(outcomes, count), 1))
        yield Ranking(each.problem, count, numbered), each.solutions


def _votes(ranking: Ranking, texts: list[str], how: Aggregation) -> dict[str, Vote | None]:
    """The votes of the solutions that were scored."""
    numbers = sorted(ranking.scored)
    voters = [texts[number - 1] for number in numbers]
    rewards = [ranking.scored[number].aggregate(how) for number in numbers]
    return {
        "majority_vote": _numbered(majority_vote(voters), numbers),
        "weighted_vote": _numbered(weighted_vote(voters, rewards), numbers),
    }


def _numbered(vote: Vote | None, numbers: list[int]) -> Vote | None:
    """The same vote, with each solution's place among the scored ones replaced by its number."""
    return vote and replace(vote, solutions=tuple(numbers[i] for i in vote.solutions))
