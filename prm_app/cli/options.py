"""Options that several commands share: which model, where it runs, how a text becomes steps."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from vllm_prm.families import FAMILIES

from prm_app.catalog import DEFAULT, Prm, family_options, find_model
from prm_app.errors import InputError
from prm_app.fitting import Fitting
from prm_app.local.kinds import ENGINES
from prm_app.local.loading import load
from prm_app.local.models import LocalModels
from prm_app.remote import RemoteModels, RemoteScorer, Servers
from prm_app.scoring import Models, Scorer
from prm_app.solutions.jsonl import PlaceError
from prm_app.solutions.rows import Row
from prm_app.solutions.solution import Solution, solution
from prm_app.solutions.steps import SPLITS, Split


class _Model(argparse.Action):
    """Takes a model's name, and a second one if the command compares two."""

    def __init__(self, *, compares: bool, **settings: Any) -> None:
        super().__init__(**settings)
        self.most = 2 if compares else 1

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        value: Any,
        option: str | None = None,
    ) -> None:
        names = [*filter(None, (namespace.model, namespace.second)), value]
        if len(names) > self.most:
            parser.error(f"--model is given {len(names)} times: {self.most} at most.")
        namespace.model, namespace.second = names[0], names[1] if names[1:] else None


def add_model(parser: argparse.ArgumentParser, compares: bool = False) -> None:
    """--model, twice if the command compares two, and the options of running servers."""
    twice = "; given twice, the second model judges beside the first" if compares else ""
    parser.set_defaults(second=None)
    parser.add_argument(
        "--model",
        action=_Model,
        compares=compares,
        metavar="NAME",
        help="the process reward model: a key of `prm-app models`, a Hugging Face name or a local "
        f"folder (default: {DEFAULT.key}, or what the servers serve){twice}",
    )
    add_family(parser)
    group = parser.add_argument_group(
        "running servers",
        "Score with vLLM servers, not an engine in this process. `prm-app serve` starts one.",
    )
    group.add_argument(
        "--base-url",
        metavar="URL",
        action="append",
        help="a server's address, with or without /v1; given several times, the servers share the "
        "load and one that fails is left out until it is back",
    )
    group.add_argument(
        "--api-key",
        metavar="KEY",
        default=os.environ.get("VLLM_API_KEY"),
        help="the servers' API key (default: VLLM_API_KEY)",
    )
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=300.0,
        help="how long a server may take for one answer (default: 300)",
    )
    group.add_argument(
        "--remote-tokenizer",
        metavar="NAME",
        help="where config and tokenizer of the model are found, for a server that has no vllm-prm "
        "plugin and a checkpoint that this machine cannot read",
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """--engine: what computes in this process."""
    parser.add_argument(
        "--engine",
        dest="kind",
        choices=ENGINES,
        help="what computes in this process: vLLM, or Transformers' plain forward pass, which runs "
        "wherever PyTorch does (default: vllm if it is installed)",
    )


def add_family(parser: argparse.ArgumentParser) -> None:
    """--family and --family-option: how the model is read, if its checkpoint does not show it."""
    parser.add_argument(
        "--family",
        choices=FAMILIES,
        help="how the model is read, if neither the catalogue nor its checkpoint says so",
    )
    parser.add_argument(
        "--family-option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=r"an option of its family, such as separator=\n\n; \n stands for a newline",
    )


def add_text(parser: argparse.ArgumentParser, name: str) -> None:
    """--name and --name-file, for `text_of`."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(f"--{name}", metavar="TEXT", help=f"the {name}")
    either.add_argument(
        f"--{name}-file", metavar="PATH", help=f"a file with the {name}; - for stdin"
    )


def add_scoring(parser: argparse.ArgumentParser, compares: bool = False) -> None:
    """What scores a text and judges its steps: the model, --threshold, --split, --delimiter."""
    parser.add_argument(
        "--threshold",
        metavar="REWARD",
        type=float,
        help="a step with a lower reward counts as wrong (default: the model's own)",
    )
    group = parser.add_argument_group("steps")
    group.add_argument(
        "--split",
        choices=SPLITS,
        help='what separates steps: "labels" is a line that starts with "Step 1", and "auto" '
        "takes labels, else paragraphs, else lines (default: delimiter if one is given, else auto)",
    )
    group.add_argument(
        "--delimiter", metavar="TEXT", help=r"the text between two steps; \n stands for a newline"
    )
    add_model(parser, compares)
    add_engine(parser)


def add_fit(parser: argparse.ArgumentParser) -> None:
    """--fit: what is too long is scored up to the steps that fit."""
    parser.add_argument(
        "--fit",
        action="store_true",
        help="score the steps that fit of a solution that is too long for the model (default: "
        "such a solution is refused)",
    )


def solution_of(args: argparse.Namespace, problem: str, text: str) -> Solution:
    """The text in the steps that --split and --delimiter ask for; raises InputError."""
    split: Split = args.split or ("delimiter" if args.delimiter else "auto")
    return solution(problem, text, split, args.delimiter)


def solution_in(args: argparse.Namespace, row: Row | PlaceError) -> Solution:
    """A file's solution in the steps that the file gives it, else as `solution_of` splits it."""
    if isinstance(row, PlaceError):
        raise row
    if row.steps is not None:
        return Solution(row.problem, row.steps).validated()
    return solution_of(args, row.problem, row.text)


def asks_for_model(args: argparse.Namespace) -> bool:
    """Whether a file's own rewards are not all that is wanted."""
    return bool(args.model or args.base_url or args.engine or args.family or args.family_option)


def threshold_of(args: argparse.Namespace, scorer: Scorer) -> float:
    if args.threshold is None:
        return scorer.prm.threshold
    return require_threshold(float(args.threshold))


def require_threshold(threshold: float) -> float:
    """The threshold itself; raises InputError if it does not lie in [0, 1]."""
    if not 0 <= threshold <= 1:
        raise InputError(f"--threshold is {threshold}: rewards lie in [0, 1].")
    return threshold


def text_of(args: argparse.Namespace, name: str) -> str:
    """The text given by --name or --name-file."""
    text: str | None = getattr(args, name)
    path: str | None = getattr(args, f"{name}_file")
    if path is not None:
        return read_text(path).strip("\n")
    if text is None:
        raise InputError(f"There is no {name}: give --{name} or --{name}-file (- is stdin).")
    return text


def open_models(args: argparse.Namespace, memory: float | None = None) -> Models:
    """Several models, in this process or on the servers named.

    Args:
        args: The command's arguments.
        memory: GiB for all models in this process; None for what is free, less a reserve.
    """
    if servers := servers_of(args):
        return RemoteModels(servers)
    budget = None if memory is None else int(memory * 2**30)
    return LocalModels(args.engine, default=model_of(args), budget=budget, engine=args.kind)


@contextmanager
def open_scorer(args: argparse.Namespace) -> Iterator[Scorer]:
    """A scorer that is ready; what it is waiting for shows on stderr."""
    scorer: Scorer
    if servers := servers_of(args):
        scorer = RemoteScorer(servers)
    else:
        prm = model_of(args)
        with Console(stderr=True).status(f"{prm.title}: starting") as line:
            scorer = load(
                prm,
                args.engine,
                lambda stage, _: line.update(f"{prm.title}: {stage}"),
                engine=args.kind,
            )
    with scorer:
        yield Fitting(scorer) if getattr(args, "fit", False) else scorer


def model_of(args: argparse.Namespace) -> Prm:
    """The model that --model, --family and --family-option name; raises a PrmError."""
    options = family_options(args.family_option)
    return find_model(args.model or DEFAULT.key, args.family, options)


def servers_of(args: argparse.Namespace) -> Servers | None:
    """The running servers named, or None for an engine in this process; raises InputError."""
    if not args.base_url:
        return None
    if getattr(args, "kind", None):
        raise InputError(
            "--engine is what computes in this process, and with --base-url the servers compute: "
            "give one of the two."
        )
    if args.engine:
        raise InputError(
            "Engine options are the server's, not the client's: give "
            f"{' '.join('--' + name.replace('_', '-') for name in args.engine)} to `prm-app serve`."
        )
    return Servers(
        args.base_url,
        args.model,
        api_key=args.api_key,
        timeout=args.timeout,
        tokenizer=args.remote_tokenizer,
        family=args.family,
        family_options=family_options(args.family_option),
    )


def read_bytes(path: str) -> bytes:
    """What a file holds, or stdin for `-`; raises InputError."""
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def read_text(path: str) -> str:
    """The text of a file, or of stdin for `-`; raises InputError."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: save it as UTF-8.") from error
