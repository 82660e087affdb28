"""The command `prm-app`: reads its arguments, runs one command, and turns errors into exit codes.

Exit codes: 0 all done, 1 some items failed, 2 wrong use or input, 3 no model or engine, 4 no
server, 130 interrupted. Results go to stdout; progress and errors go to stderr.
"""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version

from setproctitle import setproctitle

from prm_app.cli import (
    bench,
    doctor,
    eval,
    mcp,
    models,
    rank,
    report,
    reward,
    score,
    serve,
    show,
    ui,
)
from prm_app.cli.hints import with_options
from prm_app.errors import EngineError, InputError, ModelError, PrmError, ServerError
from prm_app.local.interface import EngineKind
from prm_app.local.kinds import engine_kind
from prm_app.proxies import mended

COMMANDS = (ui, mcp, score, rank, eval, report, reward, serve, bench, models, doctor)
SECRETS = ("--api-key", "--generator-api-key", "--auth")
EXIT_CODES = ((InputError, 2), (ModelError, 3), (EngineError, 3), (ServerError, 4))
EPILOG = """\
exit codes: 0 all done, 1 some items failed, 2 wrong use or input, 3 no model or engine, 4 no server

Commands that load a model take every vLLM engine option as vLLM names it, such as
--max-model-len 2048 or --tensor-parallel-size 2; `prm-app score --help=all` lists them. Without
vLLM, or with --engine transformers, they take the few of Transformers' forward pass.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if any(arg.startswith(SECRETS) for arg in argv):
        setproctitle(f"prm-app {argv[0]}")  # every user of the machine can read the arguments
    parser = _parser()
    variables, remarks = mended()
    os.environ.update(variables)
    for sentence in remarks:
        print(f"prm-app: {sentence}", file=sys.stderr)
    try:
        return _run(parser, argv)
    except PrmError as error:
        show.failure(with_options(error))
        return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the program that reads our output has ended
        sys.stdout = None
        return 0


def _run(parser: argparse.ArgumentParser, argv: list[str]) -> int:
    topics = [arg for arg in argv if arg.startswith("--help=")]
    if topics and not _command(argv, "OWN_PARSER"):
        if _command(argv, "TAKES_ENGINE_OPTIONS"):
            _hush()
            return _kind(argv).print_help(topics[0])
        parser.parse_args([*(arg for arg in argv[:1] if arg not in topics), "--help"])
    args, unknown = parser.parse_known_args([arg for arg in argv if arg not in topics])
    args.argv, args.engine = argv, {}
    if _command(argv, "OWN_PARSER"):
        args.rest = argv[1:]
        unknown = []
    elif _command(argv, "TAKES_ENGINE_OPTIONS"):
        _hush()
        if any(arg.startswith("-") for arg in unknown):
            engine, rest = _kind(argv).read_options(argv)
            args, unknown = parser.parse_known_args(rest)
            args.argv, args.engine = argv, engine
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    exit_code: int = args.run(args)
    return exit_code


def _command(argv: Sequence[str], has: str) -> bool:
    """Whether the command of a command line declares itself to be so."""
    names = {module.__name__.rsplit(".", 1)[-1]: module for module in COMMANDS}
    return bool(argv) and getattr(names.get(argv[0]), has, False)


def _kind(argv: Sequence[str]) -> EngineKind:
    """The kind of engine whose options a command line may hold; raises InputError."""
    if _command(argv, "NEEDS_VLLM"):
        return engine_kind("vllm")
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--engine")
    return engine_kind(parser.parse_known_args(argv)[0].engine)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prm-app",
        description="See what a process reward model thinks of a mathematical solution.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"prm-app {version('prm-app')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        command = module.add_parser(commands)
        command.allow_abbrev = False
        command.set_defaults(run=module.run)
    return parser


def _hush() -> None:
    """Keeps the engine's libraries from writing on stderr what is not for the user."""
    for name in ("TORCH_CPP_LOG_LEVEL", "VLLM_LOGGING_LEVEL"):
        os.environ.setdefault(name, "ERROR")
    warnings.simplefilter("ignore")
    for name in ("torch", "torch._library.triton", "vllm"):
        logging.getLogger(name).setLevel(logging.ERROR)
