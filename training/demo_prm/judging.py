"""The solutions a model is judged on, in one file: `python -m demo_prm.judging --help`.

None is of a problem that was trained on. ProcessBench's two halves, best-of-32 and one solution
each of many models on problems that training leaves alone, those kept for calibration, and what
could be done before: corrupted GSM8K solutions and the fixed sample.
"""

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

from demo_prm.chat import cut
from demo_prm.eval_sets import Case
from demo_prm.evaluate import gsm8k_sets, read_gsm8k_test, read_sample
from demo_prm.real import (
    PROCESSBENCH,
    STRICT_GSM8K,
    ZEROEVAL,
    Splits,
    read_pool,
    rows,
)
from demo_prm.worked import render
from prm_app.solutions.steps import split_steps
from prm_app.solutions.voting import group_by_answer

SAMPLES = ("held-out templates", "held-out stories", "right, written by hand")


def judged_rows(real: Path, gsm8k_test: Path) -> Iterator[dict]:
    splits = Splits(real)
    for name, file in zip(("processbench gsm8k", "processbench math"), PROCESSBENCH, strict=True):
        for row in rows(real / file):
            yield {k: row[k] for k in ("problem", "steps", "label", "generator", "id")} | {
                "set": name
            }
    for name, file in (("best of 32", STRICT_GSM8K), ("many models", ZEROEVAL)):
        for number, row in enumerate(rows(real / file)):
            split = splits.of(row["problem"])
            if split == "training":
                continue
            texts = [candidate["solution"] for candidate in row["candidates"]]
            groups = {i: n for n, group in enumerate(group_by_answer(texts).groups) for i in group}
            for i, candidate in enumerate(row["candidates"]):
                yield {
                    "set": name,
                    "group": number,
                    "split": split,
                    "problem": row["problem"],
                    "steps": split_steps(candidate["solution"]),
                    "right": candidate["is_correct"],
                    "answer": groups.get(i),
                }
    yield from _calibration(real)
    _, problems = read_gsm8k_test(gsm8k_test)
    unseen = [
        problem
        for problem in problems
        if splits.of(render(problem.question, problem.values)) != "training"
    ]
    sets = gsm8k_sets(unseen) | {name: read_sample()[name] for name in SAMPLES}
    for name, cases in sets.items():
        yield from (_row(name, case) for case in cases)


def _calibration(real: Path) -> Iterator[dict]:
    pool = read_pool(real, "validation")
    rng = random.Random(3)
    for name, solutions in (("judged", pool.judged), ("math", pool.math), ("human", pool.human)):
        for solution in solutions:
            yield {
                "set": f"validation {name}",
                "problem": solution.problem,
                "steps": solution.steps,
                "targets": [round(target, 4) for target in solution.targets],
                "right": solution.right,
            }
    for problem, solutions in pool.right.items():
        for solution in rng.sample(solutions, min(8, len(solutions))):
            yield {
                "set": "validation right",
                "problem": problem,
                "steps": cut(solution, rng),
                "right": True,
            }


def _row(name: str, case: Case) -> dict:
    return {"set": name, "problem": case.problem, "steps": case.steps, "label": case.error}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.judging", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--real", type=Path, required=True, help="folder of real solutions")
    parser.add_argument("--gsm8k-test", type=Path, required=True, help="best_of_4_dev.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    args = parser.parse_args()
    with args.out.open("w", encoding="utf-8") as file:
        for row in judged_rows(args.real, args.gsm8k_test):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
