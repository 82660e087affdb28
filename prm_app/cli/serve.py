"""`prm-app serve`: vLLM's own server with a PRM and the PRM request on `POST /pooling`."""

import argparse
from typing import Any

OWN_PARSER = True
EPILOG = """\
examples:
  prm-app serve                                    the demo model, on http://127.0.0.1:8000
  prm-app serve Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B --host 0.0.0.0 --port 8081
  prm-app serve Qwen/Qwen2.5-Math-PRM-72B --tensor-parallel-size 4 --api-key secret
  prm-app serve Qwen/Qwen2.5-Math-PRM-7B --data-parallel-size 8

Then, on a client without a tokenizer:
  curl http://127.0.0.1:8000/pooling -H "Content-Type: application/json" -d '{
    "model": "demo-skywork", "task": "plugin",
    "data": {"problem": "What is 2 + 3 * 4?", "steps": ["3 * 4 = 12", "2 + 12 = 14"]}}'

This is `vllm serve` with other defaults, on GPUs and on CPUs: it takes all the same options
(`prm-app serve --help=all` lists them, `--help=max-model-len` shows one). With --api-key every
route but /health, /ping and /metrics asks for the key.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "serve",
        help="serve a process reward model over HTTP",
        usage="prm-app serve [MODEL] [options of vllm serve]",
        description="Starts a vLLM server with a process reward model.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", nargs="?", help="as --model of the other commands")
    parser.add_argument("--host", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", help="the port to listen on (default: 8000)")
    parser.add_argument("--api-key", help="a key that clients have to give")
    return parser


def run(args: argparse.Namespace) -> int:
    from prm_app.local.serve import serve

    serve(args.rest)
    return 0
