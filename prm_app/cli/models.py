"""`prm-app models`: the process reward models on offer, and which of them fit this machine."""

import argparse
import json
from typing import Any

from rich import box
from rich.table import Table

from prm_app.catalog import BENCHMARKS, CATALOG, Prm
from prm_app.cli import show
from prm_app.errors import NoEngineError
from prm_app.local.kinds import engine_kind

EPILOG = """\
Any other checkpoint of these families can be named by its hub name or folder wherever a model is
asked for. "Fits" compares the weights alone with the memory of this machine: the GPU's, or the free
memory if there is none; the context needs more. F1 is the mean first-error F1 on ProcessBench.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "models",
        help="list the models with licence, size and family, and what fits this machine",
        description="Lists the process reward models on offer.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="the list as JSON")
    return parser


def run(args: argparse.Namespace) -> int:
    available = _memory()
    rows = [_row(prm, available) for prm in CATALOG]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "family", "weights", "fits", "F1", "licence"):
        table.add_column(column, no_wrap=True)
    for prm, row in zip(CATALOG, rows, strict=True):
        table.add_row(
            prm.key,
            row["family"],
            _gigabytes(row["bytes"]),
            {True: "yes", False: "no", None: "?"}[row["fits"]],
            f"{row['f1']:.3f}" if row["f1"] else "-",
            row["licence"],
        )
    show.OUT.print(table, soft_wrap=False)
    if available is None:
        show.OUT.print("Whether they fit is not known: there is no engine here.")
    else:
        show.OUT.print(f"Memory for a model on this machine: {_gigabytes(available)}.")
    return 0


def _row(prm: Prm, available: int | None) -> dict[str, Any]:
    weights = int(prm.parameters or 0)
    size = weights * (2 if available is None else engine_kind().itemsize({}, weights))
    published = [prm.published[name] for name in BENCHMARKS if name in prm.published]
    return {
        "key": prm.key,
        "title": prm.title,
        "checkpoint": None if prm.bundled else prm.checkpoint,
        "family": prm.family.name if prm.family else None,
        "family_options": dict(prm.family_options),
        "parameters": weights,
        "bytes": size,
        "fits": None if available is None else size < available,
        "threshold": prm.threshold,
        "licence": prm.licence,
        "note": prm.note,
        "f1": sum(published) / len(published) if published else None,
        "published": dict(prm.published),
    }


def _memory() -> int | None:
    """Bytes for a model here; None without an engine, which says how much it may use."""
    try:
        kind = engine_kind()
        kind.require({})
        return kind.available_memory({})
    except NoEngineError:
        return None


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size < 1e9 else f"{size / 1e9:.1f} GB"
