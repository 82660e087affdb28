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

from prm_app.cli import bench, doctor, eval, models, rank, reward, score, serve, show, ui
from prm_app.cli.hints import with_options
from prm_app.errors import EngineError, InputError, ModelError, PrmError, ServerError
from prm_app.local.vllm_options import engine_options, help_on_engine_options

COMMANDS = (ui, score, rank, eval, reward, serve, bench, models, doctor)
EXIT_CODES = ((InputError, 2), (ModelError, 3), (EngineError, 3), (ServerError, 4))
EPILOG = """\
exit codes: 0 all done, 1 some items failed, 2 wrong use or input, 3 no model or engine, 4 no server

Commands that load a model take every vLLM engine option as vLLM names it, such as
--max-model-len 2048 or --tensor-parallel-size 2; `prm-app score --help=all` lists them.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
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
    args, unknown = parser.parse_known_args([arg for arg in argv if arg not in topics])
    args.engine = {}
    if args.own_parser:
        args.rest = argv[1:]
        return args.run(args)
    if args.takes_engine_options:
        _hush()
        if topics:
            return help_on_engine_options(topics[0])
        if any(arg.startswith("-") for arg in unknown):
            engine, rest = engine_options(argv)
            args, unknown = parser.parse_known_args(rest)
            args.engine = engine
    if unknown := unknown + topics:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return args.run(args)


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
        command.set_defaults(
            run=module.run,
            takes_engine_options=getattr(module, "TAKES_ENGINE_OPTIONS", False),
            own_parser=getattr(module, "OWN_PARSER", False),
        )
    return parser


def _hush() -> None:
    """Keeps vLLM and PyTorch from writing messages to stderr that no user needs."""
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    warnings.simplefilter("ignore")
    for name in ("torch", "vllm"):
        logging.getLogger(name).setLevel(logging.ERROR)
