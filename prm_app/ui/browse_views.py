"""A file as HTML: what it holds, how far its scoring is, one solution; every text escaped."""

import json
from html import escape

from prm_app.evaluation.solution_file import Item, SolutionFile, Source
from prm_app.evaluation.verdicts import verdict
from prm_app.solutions.aggregation import first_error
from prm_app.solutions.documents import Opinion
from prm_app.solutions.marks import reward_text
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui.browse_run import Run
from prm_app.ui.label_views import origin
from prm_app.ui.rich_text import rich
from prm_app.ui.views import alert, legend, meter, notice, parts, preview, steps

MOST_ERRORS = 3
"""Errors of a file that are told in words."""


def title(source: Source) -> str:
    """How a source is called: recorded rewards are never taken for those of a model here."""
    return f"{source.name}, {'scored here' if source.live else 'recorded'}"


def summary(file: SolutionFile) -> str:
    """What a file holds, in a line, and what in it cannot be read."""
    problems = len({item.row.problem for item in file.items})
    with_label = sum(item.label is not None for item in file.items)
    with_answer = sum(item.right is not None for item in file.items)
    facts = [_count(len(file.items), "solution"), f"of {_count(problems, 'problem')}"]
    facts += [f"{with_label:,} with a first-error label"] * bool(with_label)
    facts += [f"{with_answer:,} with a judged answer"] * bool(with_answer)
    names = [source.name for source in file.rewards if not source.live]
    facts += [f"rewards recorded of {', '.join(names)}"] * bool(names)
    return (
        f'<div class="opened"><h2 translate="no">{escape(file.name)}</h2>'
        f"<p>{parts(facts, ', ')}</p></div>"
        f"{errors(file)}"
    )


def errors(file: SolutionFile) -> str:
    """What in a file cannot be read, the first ones in words; nothing if there is none."""
    if not file.errors:
        return ""
    count = len(file.errors)
    first, *others = map(str, file.errors[:MOST_ERRORS])
    others += [f"And {count - MOST_ERRORS:,} more."] * (count > MOST_ERRORS)
    return alert(first, f"{_count(count, 'entry', 'entries')} left out.", *others)


def progress(run: Run, name: str) -> str:
    """How far a run is, and the time it still takes; nothing once it is done."""
    if run.done == run.total and not run.stopped:
        return ""
    state = "Stopped at" if run.stopped else "Paused at" if run.paused else "Scored"
    left = "" if run.over or run.paused else _left(run.seconds_left)
    return (
        f'<div class="waiting" role="status"><strong>{state} {run.done:,} of {run.total:,}</strong>'
        f'<span><span translate="no">{escape(name)}</span>{left}</span>'
        f"{meter(run.done / run.total, 'Solutions scored')}</div>"
    )


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return f" · about {max(1, round(seconds))} s left"
    return f" · about {round(seconds / 60):,} min left"


def solution_row(
    file: SolutionFile, number: int, one: Source | None, other: Source | None, threshold: float
) -> str:
    """One solution with its steps: rewards, label, and a second source beside the first."""
    item = file.items[number]
    problem = f'<div class="problem" dir="auto">{rich(item.row.problem)}</div>'
    if not item.row.problem:
        problem = '<p class="problem">The file does not say the problem.</p>'
    rewards, second = file.of(item, one), file.of(item, other)
    texts = json.dumps({"problem": item.row.problem, "steps": item.steps()}, ensure_ascii=False)
    return (
        f'<article class="opened-row" data-number="{number}" data-solution="{escape(texts)}">'
        f"<h3>Solution {number + 1}</h3>{problem}"
        f"{_facts(item, rewards, threshold)}"
        f"{_steps(file, item, (one, rewards), (other, second), threshold)}</article>"
    )


def _facts(item: Item, rewards: tuple[float, ...] | None, threshold: float) -> str:
    facts = [str(item.row.place), *origin(item.row.generator, item.right)]
    if item.label is not None:
        label = "no wrong step" if item.label < 0 else f"step {item.label + 1} is the first wrong"
        facts.append(f"label: {label}")
        if rewards is not None:
            facts.append(verdict(item.label, first_error(rewards, threshold)))
    return f'<p class="preview-head">{parts(facts, " · ")}</p>'


def _steps(
    file: SolutionFile,
    item: Item,
    one: tuple[Source | None, tuple[float, ...] | None],
    other: tuple[Source | None, tuple[float, ...] | None],
    threshold: float,
) -> str:
    texts, (source, rewards) = item.steps(), one
    if item.row.place in file.failures:
        return alert(file.failures[item.row.place], "Not scored.") + preview(texts)
    if source is None or rewards is None:
        return notice("There are no rewards of this solution yet.") + preview(texts)
    if len(rewards) != len(texts):
        values = ", ".join(reward_text(reward, threshold) for reward in rewards)
        sentence = (
            f"{_count(len(rewards), 'reward')} recorded for {_count(len(texts), 'step')}: {values}."
        )
        return notice(sentence) + preview(texts)
    second = None
    if other[0] is not None and other[1] is not None and len(other[1]) == len(texts):
        second = Opinion(title(other[0]), _as_scored(other[0], texts, other[1]), threshold)
    scored = _as_scored(source, texts, rewards)
    return (
        f'<p class="preview-head">Rewards of {escape(title(source))}</p>'
        f"{steps(scored, threshold, second, item.label)}{legend(threshold)}"
    )


def _as_scored(
    source: Source, texts: tuple[str, ...], rewards: tuple[float, ...]
) -> ScoredSolution:
    """Rewards that stand in a file, as the views take them: tokens and time are not known."""
    return ScoredSolution(source.name, texts, rewards, 0, 0, 0.0)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
