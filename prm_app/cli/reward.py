"""`prm-app reward`: the raw outputs of a pooling model for plain prompts."""

import argparse
import json
from typing import Any

import numpy as np

from prm_app.catalog import DEFAULT
from prm_app.cli import show
from prm_app.cli.options import add_model, read_text, servers_of
from prm_app.errors import InputError
from prm_app.raw_outputs import local_outputs, remote_outputs

TAKES_ENGINE_OPTIONS = True
NEEDS_VLLM = True
EPILOG = """\
examples:
  prm-app reward "The capital of France is Paris."
  prm-app reward --model demo-qwen --step-tag "<extra_0>" --activation \\
      $'<|im_start|>user\\n2 + 3?<|im_end|>\\n<|im_start|>assistant\\n5<extra_0><|im_end|>'
  prm-app reward --base-url http://gpu:8000 --json --prompt-file prompts.txt

The tokenizer reads special tokens in a prompt as such; nothing is added or split into steps. For
the rewards of a solution's steps use `prm-app score`, which builds the prompt that the PRM was
trained on. The command takes every engine option of vLLM: `prm-app reward --help=all` lists them.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "reward",
        help="raw outputs of any pooling model for plain prompts",
        description="Sends plain prompts through a pooling model and prints its raw outputs: one "
        "row for each token, or for each step tag.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("prompts", nargs="*", metavar="PROMPT", help="a text, as it is")
    parser.add_argument("--prompt-file", metavar="PATH", help="one more prompt; - for stdin")
    parser.add_argument(
        "--step-tag",
        metavar="TOKEN",
        help="only the rows at this token, by its text or id (vLLM's STEP pooling)",
    )
    parser.add_argument(
        "--activation",
        action="store_true",
        help="probabilities instead of logits: the sigmoid of one label, the softmax of several",
    )
    parser.add_argument("--json", action="store_true", help="JSON answers, one prompt a line")
    add_model(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    prompts = list(args.prompts)
    if args.prompt_file is not None:
        prompts.append(read_text(args.prompt_file))
    if not prompts or not all(prompts):
        raise InputError("There is no prompt, or one is empty: give at least one text.")
    if servers := servers_of(args):
        outputs = remote_outputs(servers, prompts, args.step_tag)
    else:
        outputs = local_outputs(args.model or DEFAULT.key, prompts, args.step_tag, args.engine)
    for prompt, output in zip(prompts, outputs, strict=True):
        rows = softmax(output.rows) if args.activation else output.rows
        if args.json:
            row = {"prompt": prompt, "tokens": output.tokens, "positions": output.positions}
            print(json.dumps(row | {"rewards": rows.tolist()}, ensure_ascii=False), flush=True)
        else:
            values = rows[:, 0] if rows.shape[1] == 1 else rows
            text = np.array2string(values, precision=4, separator=", ", threshold=2**31)
            show.OUT.print(f"Prompt: {prompt!r}", markup=False)
            show.OUT.print(f"Reward: {text} (size={len(rows)})\n", markup=False)
    return 0


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities `(rows, labels)` from logits of the same shape."""
    if logits.shape[1] == 1:
        return 0.5 * (1.0 + np.tanh(0.5 * logits))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
