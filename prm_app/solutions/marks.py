"""What a reward is called on the page: three marks, each with a shape, words and a colour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """A judgement: its style class, symbol and words, and its shape and colour in a chart."""

    key: str
    symbol: str
    words: str
    shape: str
    color: str


# Blue, ochre and vermilion are told apart with every common colour blindness; as marks in a chart
# each has a contrast of at least 3:1 on the page's light and dark backgrounds.
RIGHT = Mark("right", "✓", "likely right", "circle", "#2b86c5")
UNSURE = Mark("unsure", "~", "unsure", "diamond", "#b07d10")
WRONG = Mark("wrong", "✗", "likely wrong", "x", "#dd5523")
MARKS = (RIGHT, UNSURE, WRONG)


def unsure_until(threshold: float) -> float:
    """The reward from which a step counts as likely right: half-way from the threshold to 1."""
    return (1 + threshold) / 2


def mark(reward: float, threshold: float) -> Mark:
    """The mark of a reward in [0, 1]."""
    if reward < threshold:
        return WRONG
    return UNSURE if reward < unsure_until(threshold) else RIGHT


def strength(reward: float, threshold: float) -> int:
    """How far a reward is from the threshold, in percent of the way to 0 or to 1."""
    span = threshold if reward < threshold else 1 - threshold
    return round(100 * abs(reward - threshold) / span) if span else 100


def reward_text(reward: float, threshold: float | None = None) -> str:
    """A reward with three decimals, or with as many as keep it under 1 and on its side of the
    threshold; in powers of ten if three decimals are all zero.
    """
    digits, style = (1, "e") if 0 < reward < 0.0005 else (3, "f")
    for more in range(16):
        text = f"{reward:.{digits + more}{style}}"
        same_side = threshold is None or (float(text) < threshold) == (reward < threshold)
        if same_side and (float(text) < 1) == (reward < 1):
            return text
    return repr(reward)
