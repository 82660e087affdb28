"""What the check of equations says of right solutions: how many hold, and each that does not.

`python benchmarks/equations.py FILE ...` reads files of any shape with labels or `is_correct`. What
it says not to hold should be a slip of the writer, so every one is printed to be read.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prm_app.evaluation.solution_file import Item, read_file
from prm_app.solutions.equations import Equation, equations

MOST = 2**30


def right_solutions(path: Path) -> Iterator[Item]:
    """Those whose label says that no step is wrong, or that end in the right answer."""
    for item in read_file(path.read_bytes(), path.name, MOST, MOST).items:
        if item.label == -1 or item.row.is_correct:
            yield item


def main() -> None:
    solutions, counts = 0, Counter[bool | None]()
    slips: dict[str, Equation] = {}
    for path in map(Path, sys.argv[1:]):
        for item in right_solutions(path):
            solutions += 1
            for equation in equations("\n\n".join(item.steps())):
                counts[equation.holds] += 1
                if equation.holds is False:
                    slips.setdefault(equation.text, equation)
    for slip in slips.values():
        print(f"{slip.text}    makes {slip.value}")
    print(
        f"{solutions:,} right solutions: {counts[True]:,} equations hold, {counts[None]:,} cannot "
        f"be checked, {counts[False]:,} do not hold ({len(slips):,} different ones)."
    )


if __name__ == "__main__":
    main()
