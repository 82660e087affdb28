"""The signs of grade-school mathematics, and how well they tell it: `python -m demo_prm.scope -h`.

The share of a sign is the part of the problems that have it in their text or in a solution. Its
weight is log(share in competition mathematics / share in grade school), rounded, within -3 and 3.
The share in grade school is the larger one of two, among people's solutions and among models', so
that LaTeX is no sign of competitions; 1 is added to every count. Signs of fewer than three
grade-school problems are left out, as those of weight 3 are: a sign that is not listed weighs 3.
The limit is the least hundredth over which at most 1.4% of StrictPRMBench's validation solutions of
GSM8K are. Problems of training alone make the weights, and ProcessBench neither weights nor limit.
"""

import argparse
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from demo_prm.real import (
    MR_GSM8K,
    PRMBENCH,
    PROCESSBENCH,
    STRICT_GSM8K,
    STRICT_MATH,
    ZEROEVAL,
    Splits,
    problem_key,
    rows,
)
from prm_app.solutions.scope import HEAVIEST, signs, strangeness

_MODELS = (ZEROEVAL, STRICT_GSM8K, MR_GSM8K)
_COMPETITIONS = (STRICT_MATH, PRMBENCH)
_LEAST_PROBLEMS = 3
_MOST_FLAGGED = 0.014
_OTHERS = Path(__file__).with_name("outside.jsonl")

Text = tuple[str, str]
"""A problem, and it with one solution."""


def solutions(path: Path) -> Iterator[Text]:
    for row in rows(path):
        problem = row["problem"]
        for each in row.get("candidates", [row]):
            yield problem, "\n".join([problem, each.get("solution") or "\n".join(each["steps"])])


def people(path: Path) -> Iterator[Text]:
    for row in rows(path):
        yield row["question"], row["question"] + "\n" + re.sub(r"<<[^>]*>>", "", row["answer"])


def problems_by_sign(texts: Iterable[Text], splits: Splits) -> tuple[Counter[str], int]:
    """How many problems of training have each sign, and how many there are."""
    found: dict[str, set[str]] = defaultdict(set)
    for problem, text in texts:
        if splits.of(problem) == "training":
            found[problem_key(problem)] |= signs(text)
    return Counter(sign for each in found.values() for sign in each), len(found)


def weights(real: Path, gsm8k: Path) -> dict[str, int]:
    splits = Splits(real)

    def of(names: tuple[str, ...]) -> Iterator[Text]:
        return (each for name in names for each in solutions(real / name))

    written, generated, other = (
        problems_by_sign(texts, splits) for texts in (people(gsm8k), of(_MODELS), of(_COMPETITIONS))
    )

    def share(sign: str, counted: tuple[Counter[str], int]) -> float:
        return (counted[0][sign] + 1) / (counted[1] + 1)

    listed = {}
    for sign, count in (written[0] + generated[0]).items():
        grade_school = max(share(sign, written), share(sign, generated))
        weight = max(-HEAVIEST, round(math.log(share(sign, other) / grade_school)))
        if count >= _LEAST_PROBLEMS and weight < HEAVIEST:
            listed[sign] = weight
    return listed


def sets(real: Path) -> dict[str, list[str]]:
    """Texts that no weight was made of, by what they are."""
    splits = Splits(real)
    held: dict[str, list[str]] = {}
    names = (*PROCESSBENCH, ZEROEVAL, STRICT_GSM8K, STRICT_MATH, PRMBENCH)
    for name in names:
        for problem, text in solutions(real / name):
            split = "held" if name in PROCESSBENCH else splits.of(problem) or "held"
            if split != "training":
                held.setdefault(f"{name.split('_dev')[0]}, {split}", []).append(text)
    for row in rows(_OTHERS):
        text = "\n".join([row["problem"], *row["steps"]])
        held.setdefault(f"written: {row['kind']}", []).append(text)
    return held


def choose_limit(strange: list[float]) -> float:
    return next(
        limit / 100
        for limit in range(-100 * HEAVIEST, 100 * HEAVIEST)
        if flagged(strange, limit / 100) <= _MOST_FLAGGED
    )


def flagged(strange: list[float], limit: float) -> float:
    return sum(each > limit for each in strange) / len(strange)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.scope", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--real", type=Path, required=True, help="folder of real solutions")
    parser.add_argument("--gsm8k", type=Path, required=True, help="GSM8K's training file")
    parser.add_argument("--out", type=Path, required=True, help="prm_app/demo/signs.json")
    args = parser.parse_args()
    listed = weights(args.real, args.gsm8k)
    strange = {
        name: [strangeness(text, listed) for text in texts]
        for name, texts in sets(args.real).items()
    }
    limit = choose_limit(strange["strict_gsm8k_best_of_32, validation"])
    by_weight = {
        str(weight): " ".join(sorted(sign for sign in listed if listed[sign] == weight))
        for weight in range(-HEAVIEST, HEAVIEST)
    }
    written = json.dumps({"limit": limit, "signs": by_weight}, ensure_ascii=False, indent=1)
    args.out.write_text(written + "\n", encoding="utf-8")
    print(f"{len(listed)} signs, limit {limit}")
    for name, values in strange.items():
        print(f"{flagged(values, limit):6.1%} of {len(values):5} {name}")


if __name__ == "__main__":
    main()
