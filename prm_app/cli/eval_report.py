"""The figures of an evaluation as tables for people."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table

from prm_app.cli import show
from prm_app.evaluation.run import BEST, Figures

CAVEAT = """\
The best threshold was chosen on this very data, so its F1 is an upper bound: do not compare it with
published figures, whose threshold was fixed beforehand."""


def report(record: dict[str, Any]) -> None:
    """Prints what a record holds, the model that scored now first."""
    if record["results"]:
        show.heading(f"{record['model']} on {record['file']}")
        _print(record["results"])
    for name, entry in record["recorded"].items():
        show.heading(f"{name}, as recorded in {record['file']}")
        if entry["results"]:
            _print(entry["results"])
        else:
            show.OUT.print(f"It has rewards for {entry['solutions']} solutions, and no case whole.")


def _print(results: Figures) -> None:
    parts = _first_errors(results) if "detection" in results else _best_of(results)
    for part in parts:
        show.OUT.print(part, soft_wrap=False)


def _first_errors(results: Figures) -> Iterator[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD)
    wrong = f"first error found in {results['wrong']} wrong"
    right = f"none flagged in {results['right']} right"
    for heading in ("threshold", wrong, right, "F1"):
        table.add_column(heading, justify="right")
    table.add_column()
    for row in results["detection"]:
        figures = [_percent(row[name]) for name in ("exact", "unflagged", "f1")]
        style = "bold" if row["chosen"] else ""
        table.add_row(f"{row['threshold']:.4g}", *figures, row["chosen"], style=style)
    yield table
    if any(BEST in row["chosen"] for row in results["detection"]):
        yield f"{CAVEAT}\n"
    yield (
        f"Of the {results['judged_steps']} steps up to the first error: expected calibration error "
        f"{_percent(results['calibration_error'])}, ROC AUC {_percent(results['roc_auc'])}"
    )


def _best_of(results: Figures) -> Iterator[RenderableType]:
    table = Table("right of N candidates", box=box.SIMPLE_HEAD)
    accuracy = results["accuracy"]
    most = max(accuracy)
    for size in accuracy:
        table.add_column(f"N = {size}", justify="right")
    table.add_column(f"95% interval, N = {most}", justify="right")
    for rule in accuracy[1]:
        shares = (_percent(each[rule]) for each in accuracy.values())
        low, high = results["intervals"][most][rule]
        table.add_row(rule.replace("_", " "), *shares, f"{low:.1%} - {high:.1%}")
    yield table
    yield (
        f"Expected over random choices of N, of {results['problems']} problems that have at least "
        f"{most} candidates each, {results['candidates']} in all; intervals are Wilson's."
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
