"""`prm-app ui`: the page in a browser, with an engine in this process or on running servers."""

import argparse
import os
import socket
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from prm_app.cli.options import add_model, open_models
from prm_app.errors import InputError

TAKES_ENGINE_OPTIONS = True
EPILOG = """\
examples:
  prm-app ui                                       the demo model, on this machine
  prm-app ui --model Qwen2.5-Math-PRM-7B --max-model-len 4096
  prm-app ui --base-url http://gpu1:8000 --base-url http://gpu2:8000 --auth ada:lovelace
  prm-app ui --mcp                                 its functions as tools for agents, too

The page is only reachable from this machine unless --host says otherwise (0.0.0.0: from anywhere).
Every vLLM engine option is taken as vLLM names it: `prm-app ui --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        "ui",
        help="open the page",
        description="Opens the page: solutions scored step by step, and Best-of-N.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        help="default: GRADIO_SERVER_NAME, else 127.0.0.1",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=os.environ.get("GRADIO_SERVER_PORT", "7860"),
        help="default: GRADIO_SERVER_PORT, else 7860",
    )
    parser.add_argument(
        "--auth", metavar="NAME:PASSWORD", help="ask visitors for this name and password"
    )
    parser.add_argument(
        "--mcp", action="store_true", help="serve the page's functions as MCP tools too"
    )
    add_model(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    name, colon, password = (args.auth or "").partition(":")
    if args.auth is not None and not (name and colon and password):
        raise InputError("--auth is NAME:PASSWORD, with a colon between the two.")
    if args.mcp:
        _require_mcp()
    _require_free(args.host, args.port)
    from prm_app.ui import launch

    models = open_models(args)
    try:
        launch(
            models,
            server_name=args.host,
            server_port=args.port,
            auth=(name, password) if args.auth else None,
            mcp=args.mcp,
        )
    finally:
        models.close()
    return 0


def _require_free(host: str, port: int) -> None:
    """Finds out before a model is loaded whether the page can be opened here."""
    try:
        socket.create_server((host, port)).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"The page cannot be opened on {host}, port {port}: choose another with --port or "
            f"--host ({error})"
        ) from error


def _require_mcp() -> None:
    """Gradio serves tools with version 1 of mcp; with a later one it serves none, in silence."""
    try:
        installed = version("mcp")
    except PackageNotFoundError:
        installed = "none"
    if not installed.startswith("1."):
        raise InputError(
            f"--mcp needs version 1 of the package mcp, and {installed} is installed: "
            "`pip install 'mcp<2'`. vLLM asks for version 2, but only for tools in chats, which no "
            "PRM uses; to keep it, run the page with --base-url in an environment of its own."
        )
