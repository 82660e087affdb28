"""vLLM's own server with a PRM: its arguments, and what a PRM and this machine call for.

Everything that `vllm serve` takes is taken here, from vLLM's own parser.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

from vllm_prm.auth import KEYS_VARIABLE, RequireApiKey, usable_key
from vllm_prm.families import CONFIG_KEY, PrmFamily

from prm_app.catalog import DEFAULT, family_options, find_model
from prm_app.checkpoint import describe, fetch, open_family, parameters
from prm_app.errors import InputError, ModelError
from prm_app.local.engine_args import (
    POOLING,
    cache_bytes,
    capture_sizes,
    default_dtype,
    for_family,
    machine_defaults,
    on_cpu,
    require_engine,
)
from prm_app.local.load_errors import load_error

PLUGIN = "prm"
"""The name of the plugin's request in `vllm.io_processor_plugins`."""


def serve(argv: Sequence[str]) -> None:
    """Runs a server until it is ended by a signal; raises ModelError if it does not start."""
    args = server_args(argv)
    from vllm.entrypoints.cli.serve import ServeSubcommand

    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    os.environ.setdefault("VLLM_WORKER_MULTIPROC_METHOD", "spawn")
    try:
        ServeSubcommand.cmd(args)
    except (RuntimeError, ValueError, OSError) as error:
        raise load_error(error) from error


def server_args(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of `vllm serve`, completed; nothing that is given is changed.

    The model is a catalogue key, hub name or folder, and has to be a PRM. Defaults: pooling of
    every token, our request on `/pooling`, loopback only, and the machine's own.
    """
    require_engine()
    if PLUGIN not in {entry.name for entry in entry_points(group="vllm.io_processor_plugins")}:
        raise ModelError(
            "The vllm-prm plugin is not installed in this environment, so vLLM has no PRM request: "
            "install it with `pip install ./plugin`."
        )
    from vllm.config import PoolerConfig
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.entrypoints.cli.serve import ServeSubcommand
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    command = ServeSubcommand()
    parser = FlexibleArgumentParser(prog="prm-app")
    serving = command.subparser_init(parser.add_subparsers())
    serving.usage = "prm-app serve [MODEL] [options]"
    serving.set_defaults(
        host="127.0.0.1",
        runner="pooling",
        pooler_config=PoolerConfig(**POOLING),
        io_processor_plugin=PLUGIN,
        dtype=None,
        **machine_defaults(),
    )
    serving.add_argument("--family", help="the family that the model is read as")
    serving.add_argument("--family-option", action="append", help="NAME=VALUE, of its family")
    args: argparse.Namespace = parser.parse_args(["serve", *argv])
    _guard(args)
    options = family_options(args.family_option or [])
    entry = find_model(args.model_tag or DEFAULT.key, args.family, options)
    # What vLLM gets its weights from elsewhere, the plugin checks as it loads them.
    usual = args.load_format == "auto" and args.download_dir is None
    prm, folder = fetch(entry) if usual else describe(entry)
    engine_options = {
        name: value for name, value in vars(args).items() if value != serving.get_default(name)
    }
    vars(args).update(_for_plugin(open_family(prm, folder, args.tokenizer), engine_options))
    args.model_tag = args.model = prm.checkpoint if prm.url else str(folder)
    args.dtype = args.dtype or default_dtype(parameters(folder))
    if prm.bundled and not args.served_model_name:
        args.served_model_name = [prm.key]
    try:
        command.validate(args)
    except (TypeError, ValueError) as error:
        raise InputError(f"vLLM does not take these options: {error}") from error
    engine_args = AsyncEngineArgs.from_cli_args(args)
    if on_cpu():
        _use_every_core()
        if args.kv_cache_memory_bytes is None:
            args.kv_cache_memory_bytes = cache_bytes(engine_args)
    args.cudagraph_capture_sizes = capture_sizes(engine_args)
    return args


def _for_plugin(family: PrmFamily, engine_options: Mapping[str, Any]) -> dict[str, Any]:
    """Engine arguments that load the model, and tell the plugin how it is read."""
    read_as = {"family": family.name, **family.options}
    overrides = {CONFIG_KEY: read_as, **engine_options.get("hf_overrides", {})}
    return for_family(family, {**engine_options, "hf_overrides": overrides})


def _use_every_core() -> None:
    """Lets the engine's threads run on any core: vLLM would bind them, and leave one core out."""
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")


def _guard(args: argparse.Namespace) -> None:
    """Asks for the API key on `/pooling` too; raises InputError for one that guards nothing."""
    keys = args.api_key
    if keys is None and "VLLM_API_KEY" in os.environ:
        keys = [os.environ["VLLM_API_KEY"]]
    if keys is None:
        return
    try:
        args.api_key = [usable_key(key or "") for key in keys or [""]]  # vLLM reads "" as None
    except ValueError as error:
        raise InputError(str(error)) from error
    os.environ[KEYS_VARIABLE] = "\n".join(args.api_key)
    name = f"{RequireApiKey.__module__}.{RequireApiKey.__qualname__}"
    args.middleware = [*args.middleware, name]
