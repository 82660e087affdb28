"""The worked example of a model card, and how near a scorer comes to the published rewards."""

import json
from pathlib import Path

import prm_app.demo
from prm_app import demo_weights
from prm_app.catalog import Prm
from prm_app.errors import ModelError
from prm_app.scoring import Scorer
from prm_app.solutions.solution import Solution

FILE = Path(prm_app.demo.__file__).parent / "card_example.json"
_EXAMPLE = json.loads(FILE.read_text(encoding="utf-8"))
SOLUTION = Solution(_EXAMPLE["problem"], tuple(_EXAMPLE["steps"]))

SAME = 1e-4
"""How far the demo's rewards in float32 may be from those kept here, on every CPU."""
SAME_MERGED = 0.01
"""The same for the large demo: it is merged on this machine, and rounded to bf16."""
NEAR = 0.1
"""How far others may be: bf16 keeps 8 bits of a number, and moves a reward by hundredths between
one kind of GPU, or one batch, and the next. What goes wrong unseen is further off: rewards read at
other tokens, or weights in part."""


def key(prm: Prm) -> str:
    """What a model's rewards are kept under: the demo's key stands for a small and a large one."""
    return f"{prm.key}-large" if prm.bundled and demo_weights.is_large() else prm.key


def compare(scorer: Scorer) -> str:
    """Scores the example, and says how its rewards compare with the published ones.

    Raises:
        ModelError: They are too far off.
    """
    rewards = scorer.score(SOLUTION).rewards
    sentence = f"of the model card's example: {_enumeration(rewards)}"
    publication = _EXAMPLE["rewards"].get(key(scorer.prm))
    if publication is None:
        return f"rewards {sentence}; none are published to compare with"
    exact = scorer.prm.bundled and scorer.precision.startswith("float32 on the CPU")
    tolerance = NEAR if not exact else SAME_MERGED if demo_weights.is_large() else SAME
    largest = max(
        abs(one - other) for one, other in zip(rewards, publication["values"], strict=True)
    )
    sentence = (
        f"{sentence}; published: {_enumeration(publication['values'])} ({publication['source']}): "
        f"they differ by at most {largest:.1g}"
    )
    if largest > tolerance:
        raise ModelError(
            f"Rewards {sentence}, and {tolerance:g} is what rounding may do. Do not trust what "
            f"{scorer.prm.title} says here: download the checkpoint again, try --dtype float32, "
            "and if neither helps report it with the lines above."
        )
    return f"rewards {sentence}"


def _enumeration(rewards: tuple[float, ...] | list[float]) -> str:
    return ", ".join(f"{reward:.4f}" for reward in rewards)
