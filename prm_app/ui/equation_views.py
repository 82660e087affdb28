"""The equations of a step, checked by computing: a line under it, apart from the model's reward."""

from html import escape

from prm_app.solutions.equations import Equation, equations


def sums(step: str) -> str:
    """What computing says of a step's equations; empty if it has none.

    Each that does not hold stands with what its left side makes; the others are counted.
    """
    checks = equations(step)
    wrong = "".join(_wrong(e) for e in checks if e.holds is False)
    counts = {
        "holds": sum(e.holds is True for e in checks),
        "not checkable": sum(e.holds is None for e in checks),
    }
    counts = {words: count for words, count in counts.items() if count}
    if not (wrong or counts.get("holds")):
        return ""
    rest = ", ".join(_count(words, count) for words, count in counts.items())
    return (
        '<ul class="sums" aria-label="Equations, checked by computing" title="Checked by '
        f'computing both sides; no part of the reward">{wrong}'
        f"{f'<li>{rest}</li>' if rest else ''}</ul>"
    )


def _wrong(equation: Equation) -> str:
    return (
        f'<li class="fails"><code>{escape(equation.text)}</code> does not hold: '
        f"the left side makes <b>{escape(equation.value)}</b></li>"
    )


def _count(words: str, count: int) -> str:
    if words == "holds":
        return "1 equation holds" if count == 1 else f"{count} equations hold"
    return f"{count} {words}"
