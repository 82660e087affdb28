"""What is known of an example beside the model's rewards: its label, and what others gave it."""

from html import escape
from typing import Any

from prm_app.solutions.marks import mark, reward_text

THRESHOLD = 0.5
"""What the recorded rewards are marked at."""


def origin(generator: str | None, is_right: bool | None) -> list[str]:
    """What a file says of a solution's writer and of its final answer."""
    facts = [f"written by {generator}"] if generator else []
    if is_right is not None:
        facts.append("final answer right" if is_right else "final answer wrong")
    return facts


def label(example: dict[str, Any] | None) -> str:
    """The label of an example, who wrote it, and rewards recorded of other models; "" for none.

    Args:
        example: An entry of `examples.json` with a `label`: the first wrong step from 0, or -1.
    """
    if example is None:
        return ""
    first = example["label"]
    claim = "no step is wrong" if first < 0 else f"step {first + 1} is the first wrong one"
    by, writer, source = (escape(example[key]) for key in ("labelled_by", "generator", "source"))
    return (
        f'<div class="comparison"><strong>Label: {claim}.</strong> {escape(example["note"])} '
        f"<small>Labelled by {by}; written by {writer}; {source}, "
        f"{escape(example['licence'])}.</small>{_rewards_of(example['recorded'])}</div>"
    )


def _rewards_of(models: dict[str, list[float]]) -> str:
    """A row of recorded rewards a model; they come from a data set, and no engine runs for them."""
    if not models:
        return ""
    steps = max(map(len, models.values()))
    heads = "".join(f'<th scope="col">{i}</th>' for i in range(1, steps + 1))
    rows = "".join(
        f'<tr><th scope="row" translate="no">{escape(name)}</th>{"".join(map(_cell, rewards))}</tr>'
        for name, rewards in models.items()
    )
    return (
        '<table class="recorded"><caption>Recorded rewards of other models, by step</caption>'
        f'<thead><tr><th scope="col">recorded</th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _cell(reward: float) -> str:
    sign = mark(reward, THRESHOLD)
    return (
        f'<td class="{sign.key}"><b aria-hidden="true">{sign.symbol}</b> {reward_text(reward)}'
        f'<span class="sr-only"> {sign.words}</span></td>'
    )
