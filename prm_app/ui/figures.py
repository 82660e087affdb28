"""Rewards as Plotly figures; pure functions of scored solutions and a threshold.

Text, axes and grid take their colours from the page's style sheet, so one figure serves light and
dark; the paper is transparent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from prm_app.solutions.documents import Opinion
from prm_app.solutions.marks import mark, reward_text
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui.rich_text import wrapped
from prm_app.ui.theme import FALLBACKS

LINE = "#7b8088"
WINNER = "#2b86c5"
BAND = "rgba(123,128,136,0.25)"
MOST_CURVES = 16
"""Curves that an eye can follow."""
FONT = ", ".join(("IBM Plex Sans", *FALLBACKS))
BASE: dict[str, Any] = {
    "template": "none",
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": FONT, "size": 12, "color": LINE},
    "hovermode": "closest",
    "hoverlabel": {"align": "left", "font": {"family": FONT, "size": 12}},
    "dragmode": False,
}
"""The layout of every figure."""
AXIS: dict[str, Any] = {
    "showline": False,
    "zeroline": False,
    "fixedrange": True,
    "title": {"standoff": 10},
}


def reward_curve(
    scored: ScoredSolution, threshold: float, second: Opinion | None = None
) -> go.Figure:
    """Reward per step of one solution, marks shaped as in the list of steps.

    A second model's rewards are a dotted curve behind it.
    """
    numbers = list(range(1, len(scored.steps) + 1))
    marks = [mark(reward, threshold) for reward in scored.rewards]
    first = scored.first_error(threshold)
    is_muted = [first is not None and i > first for i in range(len(marks))]
    hover = [
        f"<b>Step {i + 1}: {reward_text(reward, threshold)}</b> {sign.symbol} {sign.words}<br>"
        + wrapped(step)
        for i, (step, reward, sign) in enumerate(
            zip(scored.steps, scored.rewards, marks, strict=True)
        )
    ]
    curve = go.Scatter(
        x=numbers,
        y=scored.rewards,
        mode="lines+markers",
        line={"color": LINE, "width": 1.5},
        marker={
            "color": [sign.color for sign in marks],
            "symbol": [sign.shape for sign in marks],
            "size": [8 if m else 12 for m in is_muted],
            "opacity": [0.55 if m else 1 for m in is_muted],
        },
        hovertext=hover,
        hoverinfo="text",
        showlegend=False,
    )
    others = [_second_curve(second)] if second else []
    return _figure([curve, *others], len(numbers), threshold)


def _second_curve(second: Opinion) -> go.Scatter:
    rewards = second.scored.rewards
    marks = [mark(reward, second.threshold) for reward in rewards]
    return go.Scatter(
        x=list(range(1, len(rewards) + 1)),
        y=rewards,
        mode="lines+markers",
        line={"color": LINE, "width": 1.5, "dash": "dot"},
        marker={
            "color": [sign.color for sign in marks],
            "symbol": [f"{sign.shape}-open" for sign in marks],
            "size": 9,
        },
        hovertext=[
            f"<b>Step {i + 1}: {reward_text(reward, second.threshold)}</b> {sign.symbol} "
            f"{sign.words}<br>{wrapped(second.title)}"
            for i, (reward, sign) in enumerate(zip(rewards, marks, strict=True))
        ],
        hoverinfo="text",
        showlegend=False,
    )


def reward_curves(
    solutions: Mapping[int, ScoredSolution],
    order: Sequence[int],
    threshold: float,
    selected: int | None = None,
) -> go.Figure:
    """Reward per step of several solutions, by their number.

    The best, `order[0]`, stands out, and so does the selected one; of more than `MOST_CURVES` the
    others are a band. Without solutions it has axes alone: a plot on the page that is emptied and
    filled again at once stays empty.
    """
    special = [i for i in (selected, *order[:1]) if i is not None]
    rest = [i for i in reversed(order) if i not in special]
    longest = max((len(scored.steps) for scored in solutions.values()), default=1)
    traces = []
    if len(order) > MOST_CURVES:
        traces, rest = _band([solutions[i].rewards for i in rest]), []
    for i in dict.fromkeys([*rest, *special]):
        width = 3 if i == order[0] else 2.5 if i == selected else 1.25
        traces.append(_solution_curve(i, solutions[i], threshold, i == order[0], width))
    return _figure(traces, longest, threshold)


def _solution_curve(
    number: int, scored: ScoredSolution, threshold: float, best: bool, width: float
) -> go.Scatter:
    name = f"Solution {number}"
    return go.Scatter(
        x=list(range(1, len(scored.steps) + 1)),
        y=scored.rewards,
        mode="lines+markers",
        name=name,
        meta=number,
        line={"color": WINNER if best else LINE, "width": width},
        marker={
            "size": 9 if best else 5,
            "symbol": [mark(reward, threshold).shape for reward in scored.rewards],
        },
        opacity=1 if width > 2 else 0.6,
        hovertext=[
            f"<b>{name}, step {n}: {reward_text(reward, threshold)}</b><br>" + wrapped(step)
            for n, (step, reward) in enumerate(zip(scored.steps, scored.rewards, strict=True), 1)
        ],
        hoverinfo="text",
        showlegend=False,
    )


def _band(rewards: Sequence[Sequence[float]]) -> list[go.Scatter]:
    """At each step where the middle 80% of these solutions lie, and their median."""
    longest = max(map(len, rewards))
    columns = [[each[n] for each in rewards if n < len(each)] for n in range(longest)]
    quantiles = [np.quantile(column, (0.1, 0.5, 0.9)) for column in columns]
    low, median, high = np.transpose(quantiles).tolist()
    text = [
        f"<b>Step {n}: half of {len(column):,} others over {middle:.3f}</b>"
        for n, (column, middle) in enumerate(zip(columns, median, strict=True), 1)
    ]
    common = {"x": list(range(1, longest + 1)), "mode": "lines", "showlegend": False}
    return [
        go.Scatter(y=high, line={"width": 0}, hoverinfo="skip", **common),
        go.Scatter(
            y=low, line={"width": 0}, hoverinfo="skip", fill="tonexty", fillcolor=BAND, **common
        ),
        go.Scatter(
            y=median,
            line={"color": LINE, "width": 1.25, "dash": "dot"},
            hovertext=text,
            hoverinfo="text",
            **common,
        ),
    ]


def _figure(traces: list[go.Scatter], steps: int, threshold: float) -> go.Figure:
    figure = go.Figure(traces)
    figure.add_hline(
        y=threshold,
        line={"color": LINE, "width": 1.5, "dash": "5px,4px"},
        annotation={
            "text": f"threshold {threshold:.2f}",
            "font": {"size": 11},
            "xanchor": "right",
            "yanchor": "bottom" if threshold < 0.9 else "top",
        },
    )
    figure.update_layout(
        BASE,
        margin={"l": 46, "r": 12, "t": 12, "b": 44},
        height=340,
        xaxis=AXIS
        | {
            "title": {"text": "step", "standoff": 8},
            "range": [0.5, max(steps, 2) + 0.5],
            "tickmode": "linear" if steps <= 16 else "auto",
            "dtick": 1 if steps <= 16 else None,
            "showgrid": False,
        },
        yaxis=AXIS
        | {
            "title": {"text": "reward", "standoff": 8},
            "range": [-0.04, 1.06],
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "tickformat": ".2f",
        },
    )
    return figure
