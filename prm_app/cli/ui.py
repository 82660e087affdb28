"""`prm-app ui`: the page, with an engine in this process or in front of running servers."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console

from prm_app.api.tools import require_mcp
from prm_app.catalog import CATALOG, find_model
from prm_app.checkpoint import fetch
from prm_app.cli.options import add_engine, add_model, open_models
from prm_app.cli.supervisor import has_supervisor, supervise, supervisor_process
from prm_app.errors import InputError
from prm_app.generator import Generator
from prm_app.local.unused_gpu import advice

if TYPE_CHECKING:
    from prm_app.scoring import Models
    from prm_app.ui.policy import Policy

TAKES_ENGINE_OPTIONS = True
FREEING_SECONDS = 10
"""How long the end waits for models to be freed."""
EPILOG = """\
examples:
  prm-app ui                                       the demo model, on this machine
  prm-app ui --model Qwen2.5-Math-PRM-7B --max-model-len 4096
  prm-app ui --base-url http://gpu1:8000 --base-url http://gpu2:8000 --auth ada:lovelace
  prm-app ui --mcp                                 with tools for agents at /mcp

Only this machine reaches the page unless --host says otherwise (0.0.0.0: every machine that reaches
this one). The command takes every engine option of vLLM: `prm-app ui --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
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
        "--auth",
        metavar="NAME:PASSWORD",
        default=os.environ.get("PRM_APP_AUTH"),
        help="ask visitors for this name and password (default: PRM_APP_AUTH, which other users of "
        "this machine cannot read off its list of processes)",
    )
    parser.add_argument("--mcp", action="store_true", help="serve tools for agents too, at /mcp")
    parser.add_argument(
        "--memory",
        metavar="GIB",
        type=float,
        help="the memory for all models together; those used least recently leave it first "
        "(default: what is free, less a reserve)",
    )
    _add_strangers(parser)
    add_model(parser)
    add_engine(parser)
    return parser


def _add_strangers(parser: argparse.ArgumentParser) -> None:
    """What visitors from elsewhere may do."""
    group = parser.add_argument_group(
        "strangers",
        "Visitors from elsewhere choose among the models on offer, and the page calls no address "
        "that they name.",
    )
    group.add_argument(
        "--offer",
        metavar="NAME",
        action="append",
        default=[],
        help="a model on offer, repeatable; what is not here yet is downloaded at the start "
        "(default: the bundled ones and --model)",
    )
    group.add_argument(
        "--trust-visitors",
        action="store_true",
        help="let them do all that the owner of this machine may",
    )
    group.add_argument(
        "--generator-url",
        metavar="URL",
        help="an OpenAI-compatible server that writes solutions for Best-of-N; its key is read "
        "from PRM_APP_GENERATOR_KEY",
    )
    group.add_argument("--generator-model", metavar="NAME", help="the model of that server")


def run(args: argparse.Namespace) -> int:
    name, colon, password = (args.auth or "").strip().partition(":")
    if args.auth is not None and not (name and colon and password):
        raise InputError("--auth is NAME:PASSWORD, with a colon between the two.")
    if args.memory is not None and (args.base_url or not args.memory > 0):
        raise InputError("--memory is a number of GiB over 0, for models in this process.")
    if args.mcp:
        require_mcp()
    _require_free(args.host, args.port)
    if not has_supervisor():
        return supervise(args.argv)
    from prm_app.ui import launch

    policy = _policy(args)
    models = open_models(args, args.memory)
    try:
        launch(
            models,
            policy,
            server_name=args.host,
            server_port=args.port,
            auth=(name, password) if args.auth else None,
            mcp=args.mcp,
            advice="" if args.base_url else advice(),
            parent=supervisor_process(),
        )
    finally:
        _close(models)
    return 0


def _close(models: Models) -> None:
    """Frees the models, but does not wait for all that visitors who are gone have asked for."""
    closing = threading.Thread(target=models.close, daemon=True)
    closing.start()
    closing.join(FREEING_SECONDS)
    if closing.is_alive():
        for process in psutil.Process().children(recursive=True):
            process.kill()
        sys.stdout.flush()
        os._exit(0)  # The interpreter cannot end around an engine's thread that computes.


def _policy(args: argparse.Namespace) -> Policy:
    """What visitors may do; the models on offer are downloaded here, not on a visitor's word."""
    from prm_app.ui.policy import policy_for

    generator = None
    if args.generator_url or args.generator_model:
        if not (args.generator_url and args.generator_model):
            raise InputError("--generator-url and --generator-model go together: give both.")
        key = (os.environ.get("PRM_APP_GENERATOR_KEY") or "").strip() or None
        generator = Generator(args.generator_url, args.generator_model, key)
    policy = policy_for(
        args.host,
        trust_visitors=args.trust_visitors,
        offer=args.offer,
        model=args.model or "",
        bundled=() if args.base_url else [prm.key for prm in CATALOG if prm.bundled],
        generator=generator,
    )
    for name in () if args.base_url else policy.offer or ():
        with Console(stderr=True).status(f"Looking for {name}"):
            fetch(find_model(name))
    return policy


def _require_free(host: str, port: int) -> None:
    """Raises InputError if the page cannot be opened here: sooner than a model is loaded."""
    try:
        socket.create_server((host, port)).close()
    except (OSError, OverflowError) as error:
        raise InputError(
            f"The page cannot be opened on {host}, port {port}: choose another with --port or "
            f"--host ({error})"
        ) from error
