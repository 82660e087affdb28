"""`prm-app mcp`: tools for the agent that starts this program, over its standard streams."""

import argparse
from typing import Any

from prm_app.api.tools import require_mcp, run_stdio
from prm_app.cli.options import add_engine, add_model, open_models

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
A desktop agent starts the command itself; its configuration names it:
  {"mcpServers": {"prm": {"command": "prm-app", "args": ["mcp"]}}}

`prm-app ui --mcp` serves the same tools over HTTP, beside the page.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "mcp",
        help="serve tools for agents over stdin and stdout",
        description="Serves the tools score_solution, rank_solutions and list_models over the "
        "Model Context Protocol.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    add_engine(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    require_mcp()
    models = open_models(args)
    models.open()  # the first question waits for less
    try:
        run_stdio(models)
    finally:
        models.close()
    return 0
