"""A picture of a record of growth: `python benchmarks/plot_growth.py RECORD.json PICTURE.svg`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

TITLES = {
    "solutions": "solutions at once",
    "steps": "steps of one solution",
    "users": "users",
    "models": "models in memory, one solution by each",
    "visitors": "visitors of the page at once",
}


def picture(record: dict[str, Any], path: Path) -> None:
    """Time (both axes logarithmic) and main memory against each count, in one file."""
    growth = record["growth"]
    figure, axes = plt.subplots(2, len(growth), figsize=(11, 5), sharex="col", height_ratios=(3, 1))
    for column, (name, points) in enumerate(growth.items()):
        counts = [point["count"] for point in points]
        seconds = [point["seconds"] for point in points]
        above, below = axes[:, column]
        above.loglog(counts, seconds, "o-", color="#2563eb", label="measured")
        linear = [seconds[-1] * count / counts[-1] for count in counts]
        above.loglog(counts, linear, "--", color="#9ca3af", label="linear")
        memory = [point["resident_bytes"] / 1e6 for point in points]
        below.plot(counts, memory, "o-", color="#0f766e")
        below.set_ylim(0, 1.3 * max(memory))
        below.set_xlabel(TITLES[name])
        below.set_xticks(counts, [f"{count:,}" for count in counts])
        below.minorticks_off()
        above.grid(alpha=0.3)
        below.grid(alpha=0.3)
    axes[0, 0].set_ylabel("seconds")
    axes[0, 0].legend()
    axes[1, 0].set_ylabel("main memory, MB")
    machine = record["machine"]
    where = ", ".join(machine["gpus"]) or f"{machine['cores']} CPU cores"
    figure.suptitle(f"{record['model']} on {where}, {record['date'][:10]}")
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    picture(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
