"""`prm-app models`: the process reward models on offer, and which of them fit this machine."""

import argparse
import json
from typing import Any

from rich import box
from rich.table import Table

from prm_app.catalog import BENCHMARKS, CATALOG, Prm
from prm_app.cli import show

EPILOG = """\
Every command takes any other checkpoint of these formats too, by its hub name or folder. "Fits"
compares the weights alone with the memory of the GPU, or with the free memory without a GPU; the
context needs some more. F1 is the mean first-error F1 on ProcessBench.
"""


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        "models",
        help="list the models with licence, size and format, and what fits this machine",
        description="Lists the process reward models on offer.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="the list as JSON")
    return parser


def run(args: argparse.Namespace) -> int:
    available, itemsize = _memory()
    rows = [_row(prm, available, itemsize) for prm in CATALOG]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "format", "weights", "fits", "F1", "licence"):
        table.add_column(column, no_wrap=True)
    for prm, row in zip(CATALOG, rows, strict=True):
        table.add_row(
            prm.key,
            row["format"],
            _gigabytes(row["bytes"]),
            {True: "yes", False: "no", None: "?"}[row["fits"]],
            f"{row['f1']:.1f}" if row["f1"] else "-",
            row["licence"],
        )
    show.OUT.print(table, soft_wrap=False)
    if available is None:
        show.OUT.print("Whether they fit is not known: PyTorch is not installed here.")
    else:
        show.OUT.print(f"Memory for a model on this machine: {_gigabytes(available)}.")
    return 0


def _row(prm: Prm, available: int | None, itemsize: int) -> dict[str, Any]:
    size = int(prm.parameters * itemsize)
    published = [prm.published[name] for name in BENCHMARKS if name in prm.published]
    return {
        "key": prm.key,
        "title": prm.title,
        "checkpoint": None if prm.bundled else prm.checkpoint,
        "format": prm.family.name,
        "parameters": int(prm.parameters),
        "bytes": size,
        "fits": None if available is None else size < available,
        "threshold": prm.threshold,
        "licence": prm.licence,
        "note": prm.note,
        "f1": sum(published) / len(published) if published else None,
        "published": dict(prm.published),
    }


def _memory() -> tuple[int | None, int]:
    """Bytes for a model here, or None without PyTorch, and bytes that a weight takes."""
    try:
        from prm_app.local.engine_args import model_memory

        return model_memory({})
    except ImportError:
        return None, 2


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size < 1e9 else f"{size / 1e9:.1f} GB"
