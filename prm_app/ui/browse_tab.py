"""The tab "Browse": a file of solutions as a list with pictures, scored while one reads it."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from prm_app.api.limits import MOST_BYTES, MOST_OPENED
from prm_app.api.progress import Outcomes, apart, until_open
from prm_app.errors import PrmError
from prm_app.evaluation.solution_file import SolutionFile, Source, lines, read_file
from prm_app.scoring import Models
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui import browse_drawing as drawing
from prm_app.ui import browse_views, views
from prm_app.ui.browse_parts import BrowseTab, components
from prm_app.ui.browse_run import Run, scores_while_open
from prm_app.ui.exports import EXPORTS, save, stem
from prm_app.ui.gate import clicked, refusal, typed
from prm_app.ui.header import Header
from prm_app.ui.listeners import QUIET, SCORING, Values, unchanged

SAMPLE = Path(__file__).parents[1] / "demo" / "processbench_gsm8k.jsonl"
FIRST_PICTURES = 16
"""Solutions that are scored before the first pictures; twice as many before the next, and so on."""
MOVED = """async (value) => {
  while (!window.prmBrowse) await new Promise((again) => setTimeout(again, 20));
  prmBrowse.threshold(value);
}"""


def build(models: Models, head: Header) -> BrowseTab:
    """Builds the tab; to be called inside its `gr.Tab`."""
    tab = components(head)
    _connect(tab, models)
    return tab


def _connect(tab: BrowseTab, models: Models) -> None:
    opening = [
        tab.message, tab.empty, tab.place, tab.summary, tab.one, tab.other, tab.listing, tab.row,
        tab.file, tab.run, tab.number, tab.progress, tab.judging, *tab.pictures, *tab.buttons,
    ]  # fmt: skip
    for event, path in ((tab.upload.upload, None), (tab.sample.click, SAMPLE)):
        inputs: set[Any] = {tab.upload, tab.file, tab.run}
        reading: Dependency = event(partial(_open, tab, path), inputs, opening, **QUIET)
        judging = reading.success(partial(_judge, tab), {tab.file}, [tab.judging], **SCORING)
        _draw_after(tab, judging)
        _score_on(tab, models, partial(_score_unscored, tab, models), reading.success)
    _score_on(tab, models, partial(_score, tab, models), tab.score.click)
    tab.pause.click(partial(_pause, tab), {tab.run}, [tab.pause], **QUIET)
    tab.stop.click(partial(_stop, tab), {tab.run}, [tab.run], **QUIET)
    views = [tab.listing, tab.row, *tab.pictures]
    for choice in (tab.one, tab.other):
        choice.input(partial(_redraw, tab), tab.state, views, **QUIET)
    redrawn = [tab.row, *tab.pictures]
    tab.head.threshold.change(
        None, tab.head.threshold, None, js=MOVED, show_progress="hidden", api_visibility="private"
    )
    tab.head.threshold.change(partial(_judge_again, tab), tab.state, redrawn, **QUIET)

    for kind, button in tab.exports.items():
        button.click(partial(_export, tab, kind), tab.state, [tab.download], **QUIET)

    def select(values: Values, event: gr.EventData) -> Values:
        file: SolutionFile | None = values[tab.file]
        index = clicked(event, range(-1, len(file.items) if file else 0))
        number = index if index >= 0 else None  # -1 closes what is open
        return {tab.number: number, tab.row: drawing.row(tab, values | {tab.number: number})}

    def search(values: Values, event: gr.EventData) -> Values:
        text, file = typed(event), values[tab.file]
        numbers = file.containing(text) if file else []
        return {tab.matches: json.dumps({"text": text, "found": numbers}).replace("<", "\\u003c")}

    tab.listing.select(select, tab.state, [tab.number, tab.row], **QUIET)
    tab.listing.input(search, {tab.file}, [tab.matches], **QUIET)


def _score_on(tab: BrowseTab, models: Models, handler: Any, event: Any) -> None:
    scoring: Dependency = event(
        handler,
        tab.state | {tab.head.model},
        [
            *(tab.message, tab.one, tab.other, tab.listing, tab.run, tab.progress),
            *tab.buttons,
            *tab.pictures,
        ],
        **SCORING,
    )
    _draw_after(tab, scoring)


def _draw_after(tab: BrowseTab, done: Dependency) -> None:
    """Draws what has come, at the threshold of now."""
    done.then(partial(_judge_again, tab), tab.state, [tab.row, *tab.pictures], **QUIET)


def _open(tab: BrowseTab, path: Path | None, values: Values) -> Values:
    """Reads a file; whatever was scored before stops."""
    source = path or values[tab.upload]
    if source is None:
        raise refusal("There is no file to open: choose one.")
    at = Path(source)
    try:
        file = read_file(at.read_bytes(), at.name, MOST_BYTES, MOST_OPENED)
    except PrmError as error:
        changes: Values = {
            tab.message: views.alert(str(error), "The file was not opened."),
        }
        return unchanged({*tab.pictures, *tab.buttons}) | changes
    if run := values[tab.run]:
        run.leave()
    sources = list(file.rewards)
    one, other = (*sources[:2], None, None)[:2]
    return {
        tab.message: "",
        # Shown once: Gradio shows with a place all that stands in it, hidden buttons too.
        **({tab.place: gr.Column(visible=True)} if values[tab.file] is None else {}),
        tab.empty: gr.HTML(visible=False),
        tab.summary: browse_views.summary(file),
        **drawing.choices(tab, file, one, other),
        tab.listing: drawing.listing(file, one, other),
        tab.row: "",
        tab.file: file,
        tab.run: None,
        tab.number: None,
        tab.progress: "",
        tab.judging: "",
        **drawing.no_pictures(tab),
        **drawing.buttons(tab, None),
    }


async def _judge(tab: BrowseTab, values: Values) -> AsyncIterator[Values]:
    """Reads the cases of a file, and says how far that is."""
    file: SolutionFile | None = values[tab.file]
    judging = file.judge() if file else iter(())
    while (share := await apart(_some, judging)) is not None:
        if share < 1:
            text = views.waiting(
                "Comparing final answers…", share, "Best-of-N comes when all agree"
            )
            yield {tab.judging: text}
    yield {tab.judging: ""}


def _some(judging: Iterator[float], seconds: float = 0.5) -> float | None:
    """Goes on for a moment; the share that is done, None at the end."""
    until = time.monotonic() + seconds
    share = next(judging, None)
    while share is not None and time.monotonic() < until:
        if (further := next(judging, None)) is None:
            break
        share = further
    return share


async def _score_unscored(tab: BrowseTab, models: Models, values: Values) -> AsyncIterator[Values]:
    """Scores a file that holds no rewards."""
    file: SolutionFile | None = values[tab.file]
    if file is None or file.rewards:
        yield unchanged(set(tab.buttons))
        return
    async for changes in _score(tab, models, values):
        yield changes


async def _score(tab: BrowseTab, models: Models, values: Values) -> AsyncIterator[Values]:
    file: SolutionFile | None = values[tab.file]
    name = values[tab.head.model] or ""
    if file is None:
        yield {tab.message: views.alert("Open the file again: it was kept for some hours.")}
        return
    try:
        opening = models.open(name)
        async for status in until_open(models, name, opening):
            soon = "Scored as soon as the model is ready"
            yield {tab.message: views.waiting(status.stage, status.progress, soon)}
        with opening.result() as scorer:
            source = Source(scorer.prm.title, live=True)
            async for changes in _changes_of(tab, file, source, scorer, values):
                yield changes
    except PrmError as error:
        yield {tab.message: views.alert(str(error)), **drawing.buttons(tab, None)}


async def _changes_of(
    tab: BrowseTab, file: SolutionFile, source: Source, scorer: Any, values: Values
) -> AsyncIterator[Values]:
    """Scores what has no rewards of this model yet; the list grows as they come."""
    rewards = file.rewards.setdefault(source, {})
    todo = [(i, each) for i, each in enumerate(file.items) if each.row.place not in rewards]
    run = Run(len(todo))
    one, other, threshold = drawing.choice(tab, values)
    one, other = (one, source) if one and one != source else (source, other)
    enough = FIRST_PICTURES
    listing = drawing.listing(file, one, other)
    opening = {
        tab.message: "",
        tab.run: run,
        **drawing.choices(tab, file, one, other, fixed=True),
        **drawing.buttons(tab, run),
    }
    yield {tab.listing: listing, **opening}
    try:
        async for outcomes in scores_while_open(scorer, todo, run):
            _keep(file, rewards, outcomes)
            listing += "".join(lines(file, outcomes, one, other))
            text = browse_views.progress(run, scorer.prm.title)
            changes = {tab.listing: listing, tab.progress: text, **opening}
            if enough <= run.done < run.total:
                enough = 2 * run.done
                changes |= await apart(drawing.picture_values, tab, file, one, threshold)
            if run.left:
                break
            yield changes
            opening = {}
        if run.left:
            yield unchanged({tab.message})  # At its end a handler's last changes are drawn again.
            return
        # All once more: of changes that come close together the page may draw the last ones alone.
        yield {
            tab.message: "",
            tab.run: run,
            tab.listing: listing,
            tab.progress: browse_views.progress(run, scorer.prm.title),
            **drawing.choices(tab, file, one, other),
            **drawing.buttons(tab, None),
        }
    finally:
        run.ended.set()


def _keep(file: SolutionFile, rewards: dict[Any, tuple[float, ...]], outcomes: Outcomes) -> None:
    for number, outcome in outcomes.items():
        place = file.items[number].row.place
        if isinstance(outcome, ScoredSolution):
            rewards[place] = outcome.rewards
            file.failures.pop(place, None)
        else:
            file.failures[place] = str(outcome)


def _pause(tab: BrowseTab, values: Values) -> Values:
    run: Run | None = values[tab.run]
    if run is None:
        return unchanged({tab.pause})
    run.paused = not run.paused
    return {tab.pause: gr.Button("Go on" if run.paused else "Pause")}


def _stop(tab: BrowseTab, values: Values) -> Values:
    if run := values[tab.run]:
        run.stopped = True
    return unchanged({tab.run})


def _redraw(tab: BrowseTab, values: Values) -> Values:
    file = values[tab.file]
    if file is None:
        return unchanged({tab.listing, tab.row, *tab.pictures})
    one, other, threshold = drawing.choice(tab, values)
    return {
        tab.listing: drawing.listing(file, one, other),
        tab.row: drawing.row(tab, values),
        **drawing.picture_values(tab, file, one, threshold),
    }


def _judge_again(tab: BrowseTab, values: Values) -> Values:
    """Draws again what the threshold changes; the list does that in the browser."""
    file = values[tab.file]
    one, _, threshold = drawing.choice(tab, values)
    if file is None or one is None:
        return unchanged({tab.row, *tab.pictures})
    # A row that is opened meanwhile stays.
    row = {tab.row: drawing.row(tab, values)} if values[tab.number] is not None else {}
    return row | drawing.picture_values(tab, file, one, threshold)


def _export(tab: BrowseTab, kind: str, values: Values) -> Values:
    file: SolutionFile | None = values[tab.file]
    if file is None:
        return unchanged({tab.download})
    text = EXPORTS[kind](file, *drawing.choice(tab, values))
    return {tab.download: save(stem(file.name), kind, text)}
