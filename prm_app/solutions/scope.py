"""What a model was made for, and words for a text that is something else: its signs and its length.

A sign is a word, a LaTeX command or a symbol. Each has a weight from -3 (a sign of the texts that a
model was made for) to 3 (a sign of others, or one that is not in the list). A text is unlike what
the model was made for if the mean weight of its different signs is over a limit. `training/
demo_prm/scope.py` makes the list: there the weights are defined and the limit is chosen.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import fsum
from pathlib import Path
from typing import NamedTuple

HEAVIEST = 3
_SIGN = re.compile(r"\\[a-z]+|[^\W\d_]+|[^\w\s]")


class Outside(NamedTuple):
    """Why a text is none that its model was made for.

    Attributes:
        made_for: What the model was made for.
        unlike: Whether the text's signs are those of other texts.
        tokens: Its length if that is more than the model was trained on, else None.
        most_tokens: The longest that the model was trained on.
    """

    made_for: str
    unlike: bool
    tokens: int | None
    most_tokens: int

    def __str__(self) -> str:
        sentences = []
        if self.unlike:
            sentences.append(f"This text is unlike what the model was made for, {self.made_for}.")
        if self.tokens is not None:
            sentences.append(
                f"It is {self.tokens:,} tokens long, and the model was trained on at most "
                f"{self.most_tokens:,}."
            )
        return " ".join([*sentences, "Its rewards may mean little."])


@dataclass(frozen=True, slots=True)
class Scope:
    """What a model was made for.

    Attributes:
        made_for: In words, such as "grade-school mathematics in English".
        signs: A JSON file with the `limit`, and the signs of each weight as one text.
        most_tokens: The longest prompt it was trained on.
    """

    made_for: str
    signs: Path
    most_tokens: int

    def outside(self, problem: str, steps: Sequence[str], tokens: int) -> Outside | None:
        """Why a solution is none that the model was made for; None if it is one.

        Args:
            problem: The problem's text.
            steps: The steps that are scored.
            tokens: The length of the prompt.
        """
        limit, weights = _signs(self.signs)
        unlike = strangeness("\n".join((problem, *steps)), weights) > limit
        longer = tokens if tokens > self.most_tokens else None
        if not unlike and longer is None:
            return None
        return Outside(self.made_for, unlike, longer, self.most_tokens)


def signs(text: str) -> set[str]:
    """The different words, LaTeX commands and symbols of a text, in lower case; no digits."""
    return set(_SIGN.findall(text.lower()))


def strangeness(text: str, weights: dict[str, int]) -> float:
    """The mean weight of a text's different signs, from -3 to 3; 0 if it has none."""
    own = signs(text)
    return fsum(weights.get(sign, HEAVIEST) for sign in own) / max(1, len(own))


@cache
def _signs(path: Path) -> tuple[float, dict[str, int]]:
    data = json.loads(path.read_text(encoding="utf-8"))
    weights = {
        sign: int(weight) for weight, names in data["signs"].items() for sign in names.split()
    }
    return data["limit"], weights
