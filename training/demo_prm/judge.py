"""Score the judging file with one trained change: `python -m demo_prm.judge --help`.

The change is read in int8, as it is shipped. What is written are step logits, by set and in the
order of the file; `demo_prm.figures` makes figures of them.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from demo_prm import packed
from demo_prm.adapted import AdaptedPrm
from demo_prm.scoring import step_logits
from prm_app.base_model import Base
from prm_app.evaluation.metrics import best_threshold, detection


def read_sets(path: Path) -> dict[str, list[dict]]:
    """The rows of a judging file by set."""
    sets: dict[str, list[dict]] = {}
    with path.open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            sets.setdefault(row["set"], []).append(row)
    return sets


def load_model(base: Base, change: Path) -> AdaptedPrm:
    weights = packed.unpack(packed.load_file(change))
    rank = len(weights["layers.0.q_proj.down"])
    embedding = base.embedding()
    model = AdaptedPrm(len(embedding), rank)
    model.take(base, np.arange(len(embedding)))
    model.load_state_dict(weights)
    return model.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.judge", description=__doc__.split("\n\n")[0]
    )
    add = parser.add_argument
    add("--base", type=Path, required=True, help="the base model's GGUF file")
    add("--change", type=Path, required=True, help="change.safetensors of demo_prm.tune")
    add("--judge", type=Path, required=True, help="solutions to score, from demo_prm.judging")
    add("--sets", nargs="*", help="only these sets")
    add("--whole-steps", action="store_true", help="Qwen's token stream instead of Skywork's")
    add("--out", type=Path, required=True, help="the file of logits to write")
    args = parser.parse_args()
    base = Base(args.base)
    model, tokenizer = load_model(base, args.change), base.tokenizer()
    logits = {}
    for name, rows in read_sets(args.judge).items():
        if args.sets and name not in args.sets:
            continue
        cases = [(row["problem"], row["steps"]) for row in rows]
        scored = step_logits(model, tokenizer, cases, by_line=not args.whole_steps)
        logits[name] = [[round(value, 3) for value in row] for row in scored]
        print(name, len(rows), _shown(rows, scored), flush=True)
    args.out.write_text(json.dumps(logits))


def _shown(rows: list[dict], logits: list[list[float]]) -> str:
    if any("label" not in row for row in rows):
        return ""
    labels = [row["label"] for row in rows]
    rewards = [(1 / (1 + np.exp(-np.array(row)))).tolist() for row in logits]
    found = detection(labels, rewards, 0.5)
    text = f"F1 {found.f1:.3f} exact {found.exact:.3f} unflagged {found.unflagged:.3f}"
    if found.wrong and found.right:
        best = detection(labels, rewards, best_threshold(labels, rewards)).f1
        text += f", at the best threshold {best:.3f}"
    return text


if __name__ == "__main__":
    main()
