"""Measure the shipped demo PRM: `python -m demo_prm.evaluate --gsm8k-test best_of_4_dev.jsonl`.

Prints the table of the model card for both formats, from a plain PyTorch forward pass on the CPU.
Without `--gsm8k-test` it measures the fixed sample that comes with the package. All thresholds are
a reward of 0.5.
"""

import argparse
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from vllm_prm.families import PrmFamily, load_family

from demo_prm import export
from demo_prm.eval_sets import (
    KIND_SHARES,
    Case,
    layout_cases,
    right_and_wrong,
    step_logits,
    step_rewards,
)
from demo_prm.model import DemoPrm
from demo_prm.parse import read_problem
from demo_prm.worked import NUMBER, Problem, read_number
from prm_app.evaluation import metrics
from prm_app.evaluation.metrics import Candidates, calibration_error, detection, judged_steps

SAMPLE = Path(__file__).parent / "sample.jsonl"
NEAR_TEMPLATES = Path(__file__).parent / "near_templates.json"
_PER_KIND = 100
_RULES = ("mean", "min", "last", "majority_vote", "random", "oracle")

Scorer = Callable[[PrmFamily, Sequence[Case]], list[list[float]]]


def read_sample(path: Path = SAMPLE) -> dict[str, list[Case]]:
    """The fixed sample, by the set each case belongs to."""
    sets: dict[str, list[Case]] = defaultdict(list)
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        sets[row.pop("set")].append(Case(**row))
    return dict(sets)


def read_gsm8k_test(path: Path) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The rows of best_of_4_dev.jsonl, and their worked problems that no template resembles."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    near = set(json.loads(NEAR_TEMPLATES.read_text()))
    problems = []
    for row in rows:
        *lines, final = row["ground_truth"].strip().split("\n")
        if fingerprint(row["problem"]) not in near:
            problems.append(read_problem(row["problem"], lines, final, "gsm8k test"))
    return rows, problems


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def gsm8k_sets(problems: Sequence[Problem]) -> dict[str, list[Case]]:
    """The sets made from worked problems: a natural mix, each kind of mistake, other layouts."""
    sets = {"GSM8K test, corrupted": right_and_wrong(problems, seed=1)}
    for number, kind in enumerate(KIND_SHARES):
        cases = right_and_wrong(problems, seed=100 + number, kinds=[kind])
        sets[kind] = [case for case in cases if case.error >= 0][:_PER_KIND]
    sets["right, held-out layouts"] = layout_cases(problems[: 3 * _PER_KIND], 7, paragraphs=False)
    return sets


def best_of(rows: Sequence[dict[str, Any]], rewards: Sequence[Sequence[float]]) -> dict[str, float]:
    """Share of problems answered right by choosing one of the candidates, by each rule."""
    problems, rest = [], iter(rewards)
    for row in rows:
        candidates, numbers = row["candidates"], {}
        answers = [_final_answer(candidate["solution"]) for candidate in candidates]
        problems.append(
            Candidates(
                [candidate["is_correct"] for candidate in candidates],
                [next(rest) for _ in candidates],
                [numbers.setdefault(answer, len(numbers)) for answer in answers],
            )
        )
    found = metrics.best_of(problems, 4)
    return {rule: found[rule] for rule in _RULES}


def _final_answer(solution: str) -> float | str:
    final = solution.strip().split("\n")[-1]
    numbers = re.findall(NUMBER, final)
    return read_number(numbers[-1]) if numbers else final


def measure(
    sets: dict[str, list[Case]], fmt: PrmFamily, score: Scorer
) -> dict[str, dict[str, float]]:
    """Every set's figures: `f1`, `exact`, `unflagged`, `calibration`, where defined."""
    figures: dict[str, dict[str, float]] = {}
    for name, cases in sets.items():
        errors, rewards = [case.error for case in cases], step_rewards(score(fmt, cases))
        found = detection(errors, rewards, 0.5)
        figures[name] = {"solutions": len(cases)}
        if found.wrong and found.right:
            figures[name]["f1"] = found.f1
            figures[name]["calibration"] = calibration_error(*judged_steps(errors, rewards))
        if found.wrong:
            figures[name]["exact"] = found.exact
        if found.right:
            figures[name]["unflagged"] = found.unflagged
    return figures


def measure_best_of(
    rows: Sequence[dict[str, Any]], fmt: PrmFamily, score: Scorer
) -> dict[str, float]:
    cases = [
        Case(row["problem"], candidate["solution"].strip().split("\n"), -1, "model")
        for row in rows
        for candidate in row["candidates"]
    ]
    return best_of(rows, step_rewards(score(fmt, cases)))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.evaluate", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--gsm8k-test", type=Path, help="best_of_4_dev.jsonl, for the full table")
    parser.add_argument("--checkpoints", type=Path, default=export.CHECKPOINTS)
    parser.add_argument("--limit", type=int, help="use only the first LIMIT GSM8K test problems")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    model, _ = export.load(args.checkpoints)
    sets, rows = read_sample(), []
    if args.gsm8k_test:
        rows, problems = read_gsm8k_test(args.gsm8k_test)
        rows = rows[: args.limit]
        sets = gsm8k_sets(problems[: args.limit]) | {
            name: cases for name, cases in sets.items() if not name.startswith("GSM8K")
        }
    results: dict[str, Any] = {}
    console = Console()
    for name in export.FORMATS:
        fmt = load_family(args.checkpoints / name)
        results[name] = _with_progress(model, sets, rows, fmt, console)
    console.print(_table(results))
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


def _with_progress(
    model: DemoPrm,
    sets: dict[str, list[Case]],
    rows: Sequence[dict[str, Any]],
    fmt: PrmFamily,
    console: Console,
) -> dict[str, Any]:
    total = sum(map(len, sets.values())) + sum(len(row["candidates"]) for row in rows)
    with Progress(console=console) as progress:
        task = progress.add_task(f"{fmt.name} format", total=total)

        def score(fmt: PrmFamily, cases: Sequence[Case]) -> list[list[float]]:
            return step_logits(
                model, fmt, cases, progress=lambda done: progress.advance(task, done)
            )

        result: dict[str, Any] = {"sets": measure(sets, fmt, score)}
        if rows:
            result["best of 4"] = measure_best_of(rows, fmt, score)
    return result


def _table(results: dict[str, Any]) -> Table:
    table = Table(title="Demo PRM, threshold 0.5", title_justify="left")
    for heading in ("format", "set", "solutions", "F1", "exact", "unflagged", "calibration error"):
        table.add_column(heading, justify="left" if heading in ("format", "set") else "right")
    for fmt, result in results.items():
        for name, figures in result["sets"].items():
            shown = [figures.get(k) for k in ("f1", "exact", "unflagged", "calibration")]
            cells = ["" if value is None else f"{value:.3f}" for value in shown]
            table.add_row(fmt, name, str(figures["solutions"]), *cells)
        for rule, value in result.get("best of 4", {}).items():
            table.add_row(fmt, f"best of 4: {rule}", "", f"{value:.3f}", "", "", "")
    return table


if __name__ == "__main__":
    main()
