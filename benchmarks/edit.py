"""What an edit of the last step costs Transformers' engine: from kept states, and as a whole.

`python benchmarks/edit.py [MODEL]` prints medians over real solutions, of which the last step is
edited twice and computed in turn: seconds, seconds of the processor, and tokens computed.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.resources import files
from statistics import median

from prm_app import load
from prm_app.local.scorer import LocalScorer

SOLUTIONS = 12


def cost(scorer: LocalScorer, token_ids: list[int], reuse: bool) -> tuple[float, ...]:
    """What one prompt takes."""
    start = time.perf_counter(), time.process_time()
    outputs = scorer._engine.submit(token_ids, reuse).result()
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    return *seconds, len(outputs.values)


def edits(model: list[str]) -> dict[str, list[float]]:
    """The medians of edits from kept states and of whole prompts."""
    from_states, whole = [], []
    rows = (files("prm_app") / "demo/processbench_gsm8k.jsonl").read_text("utf-8").splitlines()
    with load(*model, engine="transformers") as scorer:
        for row in map(json.loads, rows[:SOLUTIONS]):
            steps, last = row["steps"][:-1], row["steps"][-1]
            before, one, other = (
                scorer._family.encode(row["problem"], [*steps, start + last]).token_ids
                for start in ("", "Then: ", "So: ")
            )
            cost(scorer, before, True)
            from_states.append(cost(scorer, one, True))
            whole.append(cost(scorer, other, False))
    medians = {"from states": from_states, "whole": whole}
    return {how: [median(each) for each in zip(*v, strict=True)] for how, v in medians.items()}


if __name__ == "__main__":
    print(json.dumps(edits(sys.argv[1:2])))
