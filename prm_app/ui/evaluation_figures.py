"""The figures of an evaluation as Plotly figures; pure functions of what `evaluation.run` gives.

A point's `customdata` says which solutions of the list it stands for; `browse_rows.js` reads it.
"""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from prm_app.evaluation.run import Figures
from prm_app.solutions.aggregation import AGGREGATIONS
from prm_app.solutions.marks import RIGHT, UNSURE, WRONG
from prm_app.ui.figures import AXIS, BASE, LINE

HEIGHT = 270
RULES = {
    "last": (RIGHT.color, "solid", "circle"),
    "mean": (UNSURE.color, "solid", "diamond"),
    "min": (WRONG.color, "solid", "square"),
    "product": ("#7d6bc4", "solid", "triangle-up"),
    "majority_vote": (LINE, "dash", "circle-open"),
    "weighted_vote_mean": (LINE, "dashdot", "diamond-open"),
    "random": (LINE, "dot", "x-thin-open"),
    "oracle": (LINE, "solid", "star-open"),
}
"""Colour, dash and shape of a rule; each is told by more than its colour."""


def pictures(figures: Figures) -> dict[str, go.Figure]:
    """The pictures of a file by their titles, in order; none for a file without labels."""
    if "detection" in figures:
        return {
            "Rewards by label": rewards_by_label(
                figures["rewards_by_label"], figures["threshold"], "steps"
            ),
            "Reliability": reliability(figures["reliability"]),
            "F1 against the threshold": f1_by_threshold(figures),
            "First error, found against labelled": confusion(figures["found_by_label"]),
        }
    if "accuracy" in figures:
        return {
            "Best-of-N": best_of(figures),
            "Mean reward by answer": rewards_by_label(figures["means_by_answer"], None, "answers"),
        }
    return {}


def rewards_by_label(
    bins: Sequence[dict[str, Any]], threshold: float | None, what: str
) -> go.Figure:
    """The shares of the right ones by reward upwards, of the wrong ones downwards."""
    traces = []
    for name, mark, sign in (("right", RIGHT, 1), ("wrong", WRONG, -1)):
        total = sum(each[name] for each in bins) or 1
        traces.append(
            go.Bar(
                x=[(each["low"] + each["high"]) / 2 for each in bins],
                y=[sign * each[name] / total for each in bins],
                width=[0.9 * (each["high"] - each["low"]) for each in bins],
                marker={"color": mark.color},
                name=f"{name} ({total:,})",
                customdata=[
                    {"kind": "rewards", "low": e["low"], "high": e["high"], name: True, "of": what}
                    for e in bins
                ],
                hovertext=[
                    f"<b>{each[name]:,} {name} {what}</b> ({each[name] / total:.1%})<br>"
                    f"with rewards {each['low']:.2f} to {each['high']:.2f}"
                    for each in bins
                ],
                hoverinfo="text",
            )
        )
    figure = _figure(traces, "reward", f"share of {what}", legend=True)
    figure.update_layout(barmode="relative", bargap=0)
    figure.update_xaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(tickformat=".0%", nticks=6, labelalias={"−": ""})
    if threshold is not None:
        figure.add_vline(x=threshold, line={"color": LINE, "width": 1.5, "dash": "5px,4px"})
    return figure


def reliability(bins: Sequence[dict[str, Any]]) -> go.Figure:
    """How many steps of a reward are right in truth; on the diagonal rewards are probabilities."""
    counts = [each["right"] + each["wrong"] for each in bins]
    shares = [each["right"] / n for each, n in zip(bins, counts, strict=True)]
    most = max(counts, default=1)
    points = go.Scatter(
        x=[each["mean"] for each in bins],
        y=shares,
        mode="lines+markers",
        line={"color": LINE, "width": 1.25},
        marker={
            "color": RIGHT.color,
            "size": [6 + 12 * (n / most) ** 0.5 for n in counts],
            "opacity": 0.9,
        },
        customdata=[
            {"kind": "rewards", "low": e["low"], "high": e["high"], "of": "steps"} for e in bins
        ],
        hovertext=[
            f"<b>{n:,} steps</b> with rewards {each['low']:.2f} to {each['high']:.2f}<br>"
            f"mean reward {each['mean']:.3f}, right {share:.1%}"
            for each, n, share in zip(bins, counts, shares, strict=True)
        ],
        hoverinfo="text",
    )
    figure = _figure([_diagonal(), points], "mean reward", "share right")
    figure.update_xaxes(range=[-0.04, 1.04], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(range=[-0.06, 1.08], tickvals=[0, 0.5, 1], tickformat=".0%")
    return figure


def f1_by_threshold(figures: Figures) -> go.Figure:
    """F1 and its two parts at every threshold; the one in use stands out."""
    curve, threshold = figures["f1_by_threshold"], figures["threshold"]
    names = {"f1": "F1", "exact": "error found", "unflagged": "rightly unflagged"}
    traces = [
        go.Scatter(
            x=[each["threshold"] for each in curve],
            y=[each[name] for each in curve],
            mode="lines",
            name=title,
            line={
                "color": RIGHT.color if name == "f1" else LINE,
                "width": 2.5 if name == "f1" else 1.25,
                "dash": {"f1": "solid", "exact": "dash", "unflagged": "dot"}[name],
            },
            customdata=[{"kind": "threshold", "at": each["threshold"]} for each in curve],
            hovertemplate="<b>%{y:.1%}</b> " + title + "<br>at %{x:.2f}<extra></extra>",
        )
        for name, title in names.items()
        if any(each[name] is not None for each in curve)
    ]
    now = next((r["f1"] for r in figures["detection"] if r["threshold"] == threshold), None)
    if now is not None:
        traces.append(_now(threshold, now))
    figure = _figure(traces, "threshold", "share", legend=True)
    figure.add_vline(x=threshold, line={"color": LINE, "width": 1.5, "dash": "5px,4px"})
    figure.update_xaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(range=[-0.04, 1.08], tickvals=[0, 0.5, 1], tickformat=".0%")
    return figure


def _now(threshold: float, f1: float) -> go.Scatter:
    return go.Scatter(
        x=[threshold],
        y=[f1],
        mode="markers",
        marker={"color": RIGHT.color, "size": 12},
        hovertext=[f"<b>F1 {f1:.1%}</b><br>at {threshold:.2f}, in use"],
        hoverinfo="text",
        showlegend=False,
    )


def confusion(cells: Sequence[dict[str, Any]]) -> go.Figure:
    """How many solutions have which first error by label and by model; right on the diagonal."""
    most = max((max(each["label"], each["found"]) for each in cells), default=0)
    largest = max((each["solutions"] for each in cells), default=1)
    hits = [each["label"] == each["found"] for each in cells]
    points = go.Scatter(
        x=[each["label"] + 1 for each in cells],
        y=[each["found"] + 1 for each in cells],
        mode="markers+text",
        text=[f"{e['solutions']}" if e["solutions"] > largest / 12 else "" for e in cells],
        textfont={"size": 10, "color": "#ffffff"},
        marker={
            "color": [RIGHT.color if hit else WRONG.color for hit in hits],
            "symbol": ["circle" if hit else "square" for hit in hits],
            "size": [7 + 21 * (each["solutions"] / largest) ** 0.5 for each in cells],
            "opacity": 0.92,
        },
        customdata=[
            {"kind": "cell", "label": each["label"], "found": each["found"]} for each in cells
        ],
        hovertext=[
            f"<b>{each['solutions']:,} solutions</b><br>labelled {_step(each['label'])}<br>"
            f"found {_step(each['found'])}"
            for each in cells
        ],
        hoverinfo="text",
    )
    figure = _figure([points], "labelled", "found")
    ticks = list(range(most + 2))
    labels = [str(tick) if tick else "none" for tick in ticks]
    every = max(1, len(ticks) // 8)
    axis = {"tickvals": ticks[::every], "ticktext": labels[::every], "range": [-0.6, most + 1.6]}
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    return figure


def _step(index: int) -> str:
    return "none" if index < 0 else f"step {index + 1}"


def best_of(figures: Figures) -> go.Figure:
    """Accuracy against N by each rule, with Wilson's intervals of the aggregations."""
    accuracy = figures["accuracy"]
    traces = []
    for place, (rule, (color, dash, symbol)) in enumerate(RULES.items()):
        title = rule.removesuffix("_mean").replace("_", " ")
        shares = [rules[rule] for rules in accuracy.values()]
        ends = [figures["intervals"][size][rule] for size in accuracy]
        bars = {
            "type": "data",
            "array": [high - share for share, (_, high) in zip(shares, ends, strict=True)],
            "arrayminus": [share - low for share, (low, _) in zip(shares, ends, strict=True)],
            "thickness": 1,
            "width": 0,
            "visible": rule in AGGREGATIONS,
        }
        traces.append(
            go.Scatter(
                x=[at + (place - 1.5) * 0.06 * (rule in AGGREGATIONS) for at in range(len(shares))],
                y=shares,
                error_y=bars,
                mode="lines+markers",
                name=title,
                line={"color": color, "width": 2 if rule in AGGREGATIONS else 1.25, "dash": dash},
                marker={"symbol": symbol, "size": 7},
                customdata=[
                    {"kind": "lost", "rule": title, "groups": figures["lost"][rule]} for _ in shares
                ],
                hovertext=[
                    f"<b>{share:.1%}</b> by {title}, N = {size}<br>95% interval {low:.1%} to "
                    f"{high:.1%}<br>click: what it loses"
                    for share, size, (low, high) in zip(shares, accuracy, ends, strict=True)
                ],
                hoverinfo="text",
            )
        )
    figure = _figure(traces, "N candidates", "right", legend=True)
    figure.update_layout(height=HEIGHT + 50)
    figure.update_xaxes(tickvals=list(range(len(accuracy))), ticktext=[str(n) for n in accuracy])
    figure.update_yaxes(tickformat=".0%", nticks=6)
    return figure


def _diagonal() -> go.Scatter:
    return go.Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": LINE, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )


def _figure(traces: Sequence[Any], x: str, y: str, legend: bool = False) -> go.Figure:
    figure = go.Figure(list(traces))
    figure.update_layout(
        BASE,
        margin={"l": 50, "r": 10, "t": 34 if legend else 12, "b": 40},
        height=HEIGHT,
        showlegend=legend,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"size": 11},
            "entrywidth": 78,
            "itemclick": False,
            "itemdoubleclick": False,
        },
        xaxis=AXIS | {"title": {"text": x, "standoff": 6}, "showgrid": False},
        yaxis=AXIS | {"title": {"text": y, "standoff": 6}, "showgrid": True},
    )
    return figure
