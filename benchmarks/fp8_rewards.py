"""What fp8 does to a model's rewards: each solution of a file, in bf16 and in fp8.

python benchmarks/fp8_rewards.py demo-skywork prm_app/demo/processbench_gsm8k.jsonl record.json
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from prm_app.local.loading import load
from prm_app.solutions.solution import Solution

PRECISIONS: dict[str, dict[str, Any]] = {
    "bf16": {"dtype": "bfloat16"},
    "fp8": {"dtype": "bfloat16", "quantization": "fp8_per_tensor"},
}


def rewards(model: str, solutions: list[Solution], options: dict[str, Any]) -> list[float]:
    """The rewards of all steps, from an engine of its own."""
    limits = {"gpu_memory_utilization": 0.4, "kv_cache_memory_bytes": 2**31}
    with load(model, limits | options) as scorer:
        return [each for future in scorer.submit(solutions) for each in future.result().rewards]


def main() -> None:
    parser = argparse.ArgumentParser(description="What fp8 does to a model's rewards.")
    parser.add_argument("model", help="a catalogue key, hub name or folder")
    parser.add_argument("solutions", type=Path, help="JSONL with a problem and its steps a line")
    parser.add_argument("record", type=Path, help="the file to write")
    args = parser.parse_args()
    rows = [json.loads(line) for line in args.solutions.read_text().splitlines()]
    solutions = [Solution(row["problem"], tuple(row["steps"])) for row in rows]
    found = {}
    for name, options in PRECISIONS.items():
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            found[name] = np.array(process.submit(rewards, args.model, solutions, options).result())
    change = np.abs(found["fp8"] - found["bf16"])
    crossed = (found["fp8"] < 0.5) != (found["bf16"] < 0.5)
    record = {
        "model": args.model,
        "rewards": len(change),
        "largest": float(change.max()),
        "p99": float(np.quantile(change, 0.99)),
        "median": float(np.median(change)),
        "crossed 0.5": float(crossed.mean()),
    }
    print(record)
    args.record.write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
