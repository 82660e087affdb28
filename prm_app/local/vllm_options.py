"""vLLM's engine options, read by vLLM's own parser: none is named here.

vLLM takes seconds to import, so it is imported only for a command line with one of its options.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from prm_app.errors import NoEngineError


def engine_options(argv: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """The vLLM engine arguments in a command line, by their Python names, and what is left of it.

    The engine chooses those that the command line does not give. If vLLM refuses a value, the
    program ends, as argparse does.
    """
    parser = _parser()
    values = vars(parser.parse_args(list(argv)))
    rest = parser.rest
    if "model" in values:  # an option of ours too
        rest += ["--model", values.pop("model")]
    return values, rest


def help_on_engine_options(arg: str) -> int:
    """Prints vLLM's help: `--help=all`, or of a group or word such as `--help=max-model-len`."""
    _parser(add_help=True).parse_args([arg])
    return 0


def _parser(add_help: bool = False) -> Any:
    try:
        from vllm.engine.arg_utils import EngineArgs
        from vllm.utils.argparse_utils import FlexibleArgumentParser
    except ImportError as error:
        raise NoEngineError from error

    class EngineOptions(FlexibleArgumentParser):
        """Takes what it knows and keeps the rest in `rest`, in its order."""

        rest: list[str]

        def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
            parse: Any = super().parse_known_args
            namespace, self.rest = parse(args, namespace)
            return namespace, []

    untyped: Any = EngineOptions
    parser = untyped(
        prog="prm-app",
        usage="prm-app COMMAND [options]",
        add_help=add_help,
        allow_abbrev=False,
    )
    EngineArgs.add_cli_args(parser)
    if not add_help:
        for action in parser._actions:
            action.default = argparse.SUPPRESS
    return parser
