"""Hidden states at step ends of a checkpoint: `python -m demo_prm.hidden --help`.

What `demo_prm.fit_odds` reads, and what figures of another head come from at no cost. Runs
on a CPU through Transformers, and writes logits beside; a few hundred tokens a second.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoModel
from vllm_prm.families import load_family

from demo_prm.judge import read_sets


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.hidden", description=__doc__.split("\n\n")[0]
    )
    add = parser.add_argument
    add("--checkpoint", type=Path, required=True, help="the merged checkpoint, Skywork's format")
    add("--judge", type=Path, required=True, help="solutions to read, from demo_prm.judging")
    add("--sets", nargs="+", required=True, help="names of sets; NAME/5 is every fifth solution")
    add("--out", type=Path, required=True, help="the .npz file to write; logits go beside")
    args = parser.parse_args()
    family = load_family(args.checkpoint)
    model = AutoModel.from_pretrained(args.checkpoint, dtype=torch.float32).eval()
    head = load_file(args.checkpoint / "head.safetensors")
    weight, bias = (head[f"v_head.summary.{name}"].float() for name in ("weight", "bias"))
    rows = read_sets(args.judge)
    states: dict[str, np.ndarray] = {}
    logits: dict[str, dict[int, list[float]]] = {}
    for name, _, every in (each.partition("/") for each in args.sets):
        for number in range(0, len(rows[name]), int(every or 1)):
            row = rows[name][number]
            prompt = family.encode(row["problem"], row["steps"])
            hidden = model(input_ids=torch.tensor([prompt.token_ids])).last_hidden_state[0]
            hidden = hidden[prompt.positions]
            states[f"{name}|{number}"] = hidden.half().numpy()
            judged = (hidden @ weight.T + bias)[:, 0].tolist()
            logits.setdefault(name, {})[number] = [round(value, 3) for value in judged]
        print(name, len(logits[name]), flush=True)
        np.savez(args.out, **states)
        args.out.with_suffix(".json").write_text(json.dumps(logits))


if __name__ == "__main__":
    main()
