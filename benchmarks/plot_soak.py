"""A picture of a record of a soak: `python benchmarks/plot_soak.py RECORD.json PICTURE.svg`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt


def picture(record: dict[str, Any], path: Path) -> None:
    """Main memory against requests, with what there was after the first 1,000."""
    points = record["soak"]
    counts = [point["requests"] for point in points]
    memory = [point["bytes"] / 1e6 for point in points]
    figure, axes = plt.subplots(figsize=(7, 3.4))
    axes.plot(counts, memory, "o-", color="#0f766e", markersize=3)
    if later := [size for count, size in zip(counts, memory, strict=True) if count >= 960]:
        axes.axhline(later[0], linestyle="--", color="#9ca3af", label="after the first 1,000")
        axes.legend()
    axes.set_ylim(0, 1.3 * max(memory))
    axes.set_xlabel("requests")
    axes.set_ylabel("main memory, MB")
    axes.grid(alpha=0.3)
    axes.set_title(f"A page on {record['machine']['cores']} CPU cores, {record['date'][:10]}")
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    picture(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
