"""Keep the demo's rewards of the model card's example, which `prm-app doctor` compares with.

    python -m demo_prm.card_example

To be run whenever the weights change, and once more with PRM_APP_DEMO=small. Computed in float32,
which gives the same on every CPU.
"""

import json

from prm_app import load
from prm_app.catalog import CATALOG
from prm_app.cli.card_example import FILE, SOLUTION, key


def main() -> None:
    example = json.loads(FILE.read_text(encoding="utf-8"))
    for prm in CATALOG:
        if prm.bundled:
            with load(prm.key, {"dtype": "float32"}) as scorer:
                rewards = scorer.score(SOLUTION).rewards
            kept = example["rewards"].setdefault(key(prm), {"source": "as kept with its weights"})
            kept["values"] = [round(reward, 6) for reward in rewards]
    FILE.write_text(json.dumps(example, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
