"""What the tab "Browse" shows of a file: its components' values, from what is open and chosen."""

import json
import secrets

import gradio as gr

from prm_app.evaluation.solution_file import SolutionFile, Source, lines
from prm_app.ui import browse_views
from prm_app.ui.browse_parts import BrowseTab
from prm_app.ui.browse_run import Run
from prm_app.ui.evaluation_figures import pictures
from prm_app.ui.listeners import Values, visible_if


def choices(
    tab: BrowseTab,
    file: SolutionFile,
    one: Source | None,
    other: Source | None,
    fixed: bool = False,
) -> Values:
    """Whose rewards may be shown, and whose are; fixed while they come."""
    sources = list(file.rewards)
    names = [(browse_views.title(source), i) for i, source in enumerate(sources)]
    beside = sources.index(other) if other else -1
    return {
        tab.one: gr.Dropdown(
            names, value=sources.index(one) if one else None, interactive=not fixed
        ),
        tab.other: gr.Dropdown([("nothing", -1), *names], value=beside, interactive=not fixed),
    }


def _source(file: SolutionFile | None, number: int | str | None) -> Source | None:
    sources = list(file.rewards) if file else []
    return sources[number] if isinstance(number, int) and 0 <= number < len(sources) else None


def choice(tab: BrowseTab, values: Values) -> tuple[Source | None, Source | None, float]:
    """The two sources that are shown, and the threshold."""
    file = values[tab.file]
    one, other = _source(file, values[tab.one]), _source(file, values[tab.other])
    return one, other if other != one else None, values[tab.head.threshold]


def listing(file: SolutionFile, one: Source | None, other: Source | None) -> str:
    """The list as text, a line each: its columns, then solutions; later lines replace former ones.

    It only grows while a file is scored, so that little is sent for each change.
    """
    head = {"file": file.key, "list": secrets.token_hex(4), "beside": other is not None}
    numbers = range(len(file.items)) if one in file.rewards else ()
    return json.dumps(head) + "\n" + "".join(lines(file, numbers, one, other))


def row(tab: BrowseTab, values: Values) -> str:
    if values[tab.number] is None or values[tab.file] is None:
        return ""
    return browse_views.solution_row(values[tab.file], values[tab.number], *choice(tab, values))


def no_pictures(tab: BrowseTab) -> Values:
    hidden: Values = {plot: gr.Plot(value=None, visible=False) for plot in tab.plots}
    return hidden | dict.fromkeys(tab.titles, "")


def picture_values(
    tab: BrowseTab, file: SolutionFile, source: Source | None, threshold: float
) -> Values:
    figures = file.figures(source, threshold) if source else {}
    changes = no_pictures(tab)
    figures_by_title = pictures(figures).items()
    for place, plot, (title, figure) in zip(tab.titles, tab.plots, figures_by_title, strict=False):
        changes[place] = f'<h3 id="{plot.elem_id}-title">{title}</h3>'
        changes[plot] = gr.Plot(value=figure, visible=True)
    return changes


def buttons(tab: BrowseTab, run: Run | None) -> Values:
    runs = run is not None
    return {
        tab.score: gr.Button(visible=visible_if(not runs)),
        tab.pause: gr.Button("Pause", visible=visible_if(runs)),
        tab.stop: gr.Button(visible=visible_if(runs)),
    }
