"""Make the fixed sample that ships with the package: `python -m demo_prm.sample --help`.

The held-out templates, the held-out story generators, right solutions written by hand, and a few
GSM8K test problems (MIT licence), each with one right and one wrong solution. Needs reasoning-gym.
"""

import argparse
import json
import random
from pathlib import Path

from demo_prm import sources
from demo_prm.eval_sets import Case, right_and_wrong
from demo_prm.evaluate import SAMPLE, read_gsm8k_test

WRITTEN = Path(__file__).parent / "written.json"


def sample_sets(gsm8k_test: Path, seed: int = 5) -> dict[str, list[Case]]:
    rng = random.Random(seed)
    templates = [sources.template(n, rng) for n in sources.TEST_TEMPLATES for _ in range(10)]
    stories = [sources.story(g, rng) for g in sources.GENERATORS["test"] for _ in range(30)]
    _, problems = read_gsm8k_test(gsm8k_test)
    written = json.loads(WRITTEN.read_text(encoding="utf-8"))
    return {
        "held-out templates": right_and_wrong([p for p in templates if p], seed),
        "held-out stories": right_and_wrong(stories, seed),
        "right, written by hand": [Case(w["problem"], w["steps"], -1, "written") for w in written],
        "GSM8K test, 30 problems": right_and_wrong(problems[-30:], seed),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.sample", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--gsm8k-test", type=Path, required=True, help="best_of_4_dev.jsonl")
    parser.add_argument("--out", type=Path, default=SAMPLE)
    args = parser.parse_args()
    with args.out.open("w", encoding="utf-8") as file:
        for name, cases in sample_sets(args.gsm8k_test).items():
            for case in cases:
                file.write(json.dumps({"set": name} | case._asdict(), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
