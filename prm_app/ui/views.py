"""A scored solution as HTML: verdict, steps, tiles, facts; pure functions, every text escaped."""

import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from prm_app.catalog import find_model
from prm_app.solutions.aggregation import AGGREGATIONS
from prm_app.solutions.documents import Opinion, Result, score_document
from prm_app.solutions.marks import (
    MARKS,
    RIGHT,
    UNSURE,
    Mark,
    mark,
    reward_text,
    strength,
    unsure_until,
)
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui.equation_views import sums
from prm_app.ui.rich_text import rich

MOST_PREVIEW = 200
TILES = {
    "mean": "average over the steps",
    "min": "the weakest step",
    "product": "favours short solutions",
    "last": "the final step",
}


def parts(texts: Iterable[str], between: str = " ") -> str:
    """Texts that stand in one line; a language may have each of them in its own words."""
    return between.join(f"<span>{escape(text)}</span>" for text in texts)


def alert(text: str, title: str = "", *more: str) -> str:
    """A message that something is wrong, announced by screen readers at once."""
    head = f"<strong>{escape(title)}</strong> " if title else ""
    return f'<div class="message" role="alert">{head}{parts([text, *more])}</div>'


def notice(*messages: str) -> str:
    """A quiet remark, announced when the reader pauses."""
    return f'<p class="notice" role="status">{parts(messages)}</p>'


def stale(scored: object, present: object) -> str:
    """A remark if what was scored is no longer what stands in the fields."""
    if scored is None or scored == present:
        return ""
    return notice("Changed since this was scored: what stands in the fields now is not in it.")


def waiting(stage: str, progress: float, then: str) -> str:
    """What a result's place shows while the engine is not ready."""
    return (
        '<div class="waiting" role="status">'
        f"<strong>{escape(then)}</strong><span>{escape(stage)}</span>{meter(progress)}</div>"
    )


def meter(progress: float, label: str = "Progress") -> str:
    """A progress bar; `progress` in [0, 1]."""
    percent = round(100 * progress)
    return (
        f'<div class="meter" role="progressbar" aria-label="{escape(label)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>'
    )


def preview(steps: Sequence[str]) -> str:
    """The steps of a text as they will be scored, before they are."""
    if not steps:
        return '<p class="preview-head">The steps appear here while you type.</p>'
    count = f"{len(steps)} step{'s' * (len(steps) != 1)} will be scored"
    remark = f"<p>The first {MOST_PREVIEW} are shown here.</p>" * (len(steps) > MOST_PREVIEW)
    items = "".join(f'<li dir="auto">{rich(step)}</li>' for step in steps[:MOST_PREVIEW])
    return (
        f'<div class="preview-head"><strong>{count}</strong>{remark}</div>'
        f'<ol class="preview" tabindex="0" aria-label="Steps">{items}</ol>'
    )


def verdict(scored: ScoredSolution, threshold: float) -> str:
    """One line that says where the first error is, or that there is none."""
    first = scored.first_error(threshold)
    under = f"No reward is under {threshold:.2f}."
    if first is None:
        unsure = sum(mark(reward, threshold) is UNSURE for reward in scored.rewards)
        if unsure:
            under += f" {unsure} of {len(scored.steps)} steps: the model is unsure."
        return _verdict(RIGHT, "No step under the threshold", under)
    reward = scored.rewards[first]
    return _verdict(
        mark(reward, threshold),
        f'First error: <button type="button" data-to-step="{first}">step {first + 1}</button>',
        f"Its reward, {reward_text(reward, threshold)}, is the first under {threshold:.2f}.",
    )


def outside(scored: ScoredSolution, second: Opinion | None = None) -> str:
    """Remarks on a text that a model which judges it was not made for; empty if there is none."""
    remarks = [str(scored.outside)] if scored.outside else []
    if second and second.scored.outside:
        remarks.append(f"{second.title}: {second.scored.outside}")
    return "".join(
        f'<p class="outside" role="note"><b aria-hidden="true">≠</b> {escape(each)}</p>'
        for each in remarks
    )


def partly(scored: ScoredSolution) -> str:
    """Says that only the first steps have rewards; empty if all do."""
    if not scored.unscored:
        return ""
    whole = len(scored.steps) + len(scored.unscored)
    return (
        '<p class="outside" role="note"><b aria-hidden="true">✂</b> Only the first '
        f"{len(scored.steps)} of {whole} steps fit the model's context. The others have no reward, "
        "and all that stands here speaks of those that fit.</p>"
    )


def _verdict(sign: Mark, head: str, detail: str) -> str:
    """`head` is HTML of ours, `detail` a text."""
    return (
        f'<div class="verdict {sign.key}" role="status"><b aria-hidden="true">{sign.symbol}</b>'
        f"<div><h2>{head}</h2><p>{escape(detail)}</p></div></div>"
    )


def tiles(scored: ScoredSolution) -> str:
    """Mean, min, product and last as small tiles."""
    cells = "".join(
        f'<div class="tile" data-how="{how}" title="{TILES[how]}"><dt>{how}</dt>'
        f'<dd data-value="{scored.aggregate(how)!r}">'
        f"{reward_text(scored.aggregate(how))}</dd></div>"
        for how in AGGREGATIONS
    )
    return f'<dl class="tiles">{cells}</dl>'


def comparison(scored: ScoredSolution, threshold: float, second: Opinion) -> str:
    """Where two models differ on a solution, in a sentence or two."""
    steps = [str(i + 1) for i in second.differs_at(scored, threshold)]
    if steps:
        sentence = f"They differ at {len(steps)} of {len(scored.steps)} steps: {', '.join(steps)}."
    else:
        sentence = "They agree on every step."
    firsts = [scored.first_error(threshold), second.first_error]
    here, there = ("none" if i is None else f"step {i + 1}" for i in firsts)
    return (
        f'<div class="comparison" role="status"><strong>Beside {escape(second.title)}.</strong> '
        f"{sentence} First error: {here} here, {there} there "
        f"(its threshold is {second.threshold:.2f}).</div>"
    )


def steps(
    scored: ScoredSolution,
    threshold: float,
    second: Opinion | None = None,
    label: int | None = None,
) -> str:
    """The steps with number, mark and reward; those after the first error are muted.

    With a label, the index of the first wrong step or -1, each step says what it is by that.
    """
    first = scored.first_error(threshold)
    differing = second.differs_at(scored, threshold) if second else []
    rows = []
    for i, (step, reward) in enumerate(zip(scored.steps, scored.rewards, strict=True)):
        sign = mark(reward, threshold)
        if first is not None and i == first + 1:
            rows.append(
                '<li class="after">Rewards after the first error have no agreed '
                "meaning: the model now judges steps that build on a wrong one.</li>"
            )
        other = _second(second, i, i in differing) if second else ""
        other += _label(i, label)
        rows.append(_step(i, step, reward, sign, threshold, first, other))
    rows += _unscored(scored)
    return f'<ol class="steps" aria-label="Steps with their rewards">{"".join(rows)}</ol>'


def _unscored(scored: ScoredSolution) -> list[str]:
    """The steps that did not fit the model's context, without any mark."""
    rows = [
        f'<li class="unscored"><span class="number">{i}</span>'
        f'<div class="words" dir="auto">{rich(step)}</div><em>no reward</em></li>'
        for i, step in enumerate(scored.unscored, len(scored.steps) + 1)
    ]
    return ['<li class="after">These steps do not fit the model.</li>', *rows] if rows else []


def _second(second: Opinion, i: int, differs: bool) -> str:
    """What the second model says of a step; nothing of one that did not fit it."""
    if i >= len(second.scored.rewards):
        return ""
    reward = second.scored.rewards[i]
    sign = mark(reward, second.threshold)
    flag = '<em class="flag differs">differs</em>' if differs else ""
    return (
        f'<div class="second {sign.key}"><span>{escape(second.title)}</span> '
        f"<b>{reward_text(reward, second.threshold)}</b> "
        f'<span class="mark"><b>{sign.symbol}</b> {sign.words}</span>{flag}</div>'
    )


def _label(i: int, label: int | None) -> str:
    """What a label says of a step; nothing of those after the first wrong one."""
    if label is None or (0 <= label < i):
        return ""
    key, symbol, words = (
        ("wrong", "✗", "first wrong step") if i == label else ("right", "✓", "right")
    )
    return (
        f'<div class="second {key}"><span>Label</span> '
        f'<span class="mark"><b>{symbol}</b> {words}</span></div>'
    )


def _step(
    i: int,
    step: str,
    reward: float,
    sign: Mark,
    threshold: float,
    first: int | None,
    second: str,
) -> str:
    is_first, after = i == first, first is not None and i > first
    label = f"Step {i + 1}, reward {reward_text(reward, threshold)}, {sign.words}"
    label += ", first error" if is_first else ", after the first error" if after else ""
    classes = " ".join(["step", sign.key] + ["first-error"] * is_first + ["muted"] * after)
    flag = '<em class="flag">first error</em>' if is_first else ""
    return (
        f'<li class="{classes}" tabindex="{0 if i == 0 else -1}" data-step="{i}" '
        f'data-reward="{reward!r}" style="--strength:{strength(reward, threshold)}%;'
        f'--reward:{100 * reward:.1f}%" aria-label="{escape(label)}. {escape(step)}">'
        f'<span class="number" aria-hidden="true">{i + 1}</span>'
        f'<div class="words" dir="auto">{rich(step)}</div>'
        f'<div class="judged" aria-hidden="true">'
        f'<span class="reward">{reward_text(reward, threshold)}'
        f'</span><span class="mark"><b>{sign.symbol}</b> {sign.words}</span>{flag}'
        f'<span class="gauge"><i></i></span></div>{sums(step)}{second}</li>'
    )


def legend(threshold: float) -> str:
    """What the three marks stand for at this threshold."""
    until = unsure_until(threshold)
    ranges = (f"from {until:.2f}", f"{threshold:.2f} to {until:.2f}", f"under {threshold:.2f}")
    items = "".join(
        f'<li class="{m.key}"><b>{m.symbol}</b> {m.words} <span>{r}</span></li>'
        for m, r in zip(MARKS, ranges, strict=True)
    )
    return f'<ul class="legend" aria-label="Marks">{items}</ul>'


def facts(result: Result, threshold: float) -> str:
    """Tokens, time, model and threshold of a scoring, and its document to copy or download."""
    scored = result.scored
    from_cache = scored.tokens - scored.computed
    detail = f" ({scored.computed:,} computed, {from_cache:,} reused)" if from_cache else ""
    cells = {
        "Model": f'<span translate="no">{escape(find_model(scored.model).title)}</span>',
        "Threshold": f"{threshold:.2f}",
        "Tokens": f"{scored.tokens:,}{detail}",
        "Time": duration(scored.seconds),
    }
    pairs = "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in cells.items())
    return (
        f'{legend(threshold)}<div class="facts"><dl>{pairs}</dl>'
        f"{hand_out(score_document(result, threshold), result.problem)}</div>"
    )


def hand_out(document: dict[str, Any], problem: str) -> str:
    """The buttons that copy or download a document; the file is named after the problem."""
    data = escape(json.dumps(document, ensure_ascii=False, indent=2))
    words = re.findall(r"[a-z0-9]{1,20}", problem[:200].lower())[:6]
    name = "-".join(["prm-app", "ranking" if "ranking" in document else "score", *words])
    link = '<button type="button" data-do="link">Copy link</button>'
    link = "" if "ranking" in document else link
    return (
        f'<div class="hand-out" data-json="{data}" data-name="{name}.json">'
        '<button type="button" data-do="copy">Copy as JSON</button>'
        '<button type="button" data-do="download">Download</button>'
        f'<button type="button" data-do="report">Report</button>{link}</div>'
    )


def duration(seconds: float) -> str:
    """A time span for people."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
