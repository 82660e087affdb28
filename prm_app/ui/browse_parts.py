"""What the tab "Browse" is made of: its components and where they stand."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from prm_app.ui.exports import EXPORTS, download_link
from prm_app.ui.header import Header

KEPT_SECONDS = 4 * 3600
"""How long a file that nobody asks for is kept in memory."""
PICTURES = 4
EMPTY = """
<div class="empty"><h2>A whole file at a glance</h2>
<p>Open a file of solutions, or the sample: 215 real solutions of GSM8K problems whose first wrong
step people have labelled. Rewards that a file holds are shown at once; others are scored while you
read. Nothing of the file is kept when you leave.</p></div>
"""
LIST = """
const begin = () => window.prmBrowse
  ? prmBrowse(element, props, watch, trigger)
  : setTimeout(begin, 20);
begin();
"""
ON_MATCHES = """
const begin = () => window.prmBrowse ? watch("value", () => prmBrowse.matches(props.value))
  : setTimeout(begin, 20);
begin();
"""


@dataclass(frozen=True)
class BrowseTab:
    """The tab's components.

    `file` is what is open, `run` its scoring, and `number` the solution whose steps are shown.
    """

    head: Header
    upload: gr.UploadButton
    sample: gr.Button
    message: gr.HTML
    empty: gr.HTML
    place: gr.Column
    summary: gr.HTML
    one: gr.Dropdown
    other: gr.Dropdown
    score: gr.Button
    pause: gr.Button
    stop: gr.Button
    progress: gr.HTML
    judging: gr.HTML
    titles: list[gr.HTML]
    plots: list[gr.Plot]
    exports: dict[str, gr.Button]
    download: gr.HTML
    listing: gr.HTML
    matches: gr.HTML
    row: gr.HTML
    file: gr.State
    run: gr.State
    number: gr.State

    @property
    def state(self) -> set[Any]:
        """What a drawing depends on."""
        return {self.file, self.one, self.other, self.head.threshold, self.number}

    @property
    def pictures(self) -> list[Any]:
        return [*self.titles, *self.plots]

    @property
    def buttons(self) -> list[Any]:
        return [self.score, self.pause, self.stop]


def components(head: Header) -> BrowseTab:
    """Builds them; to be called inside the tab."""
    with gr.Row(elem_classes="opener"):
        upload = gr.UploadButton(
            "Open a file", file_types=[".json", ".jsonl", ".gz"], type="filepath", size="md",
            elem_id="browse-upload",
        )  # fmt: skip
        sample = gr.Button("Open the sample", elem_id="browse-sample", size="md")
        summary = gr.HTML(apply_default_css=False, elem_id="browse-summary")
    message = gr.HTML(apply_default_css=False, elem_id="browse-message")
    empty = gr.HTML(EMPTY, apply_default_css=False, elem_id="browse-empty")
    with gr.Column(visible=False, elem_id="browse", elem_classes="browse") as place:
        with gr.Row(elem_classes="sources"):
            one = gr.Dropdown([], label="Rewards of", elem_id="browse-one")
            other = gr.Dropdown([], label="Beside", elem_id="browse-other")
            score = gr.Button("Score the file", elem_id="browse-score", size="md")
            pause = gr.Button("Pause", elem_id="browse-pause", size="md", visible="hidden")
            stop = gr.Button(
                "Stop", elem_id="browse-stop", elem_classes="stop", size="md", visible="hidden"
            )
            with gr.Row(elem_classes="exports", elem_id="browse-exports"):
                exports = {
                    kind: gr.Button("Report" if kind == "html" else kind.upper(), size="sm")
                    for kind in EXPORTS
                }
        progress = gr.HTML(apply_default_css=False, elem_id="browse-progress")
        judging = gr.HTML(apply_default_css=False, elem_id="browse-judging")
        titles, plots = [], []
        with gr.Row(elem_classes="pictures"):
            for i in range(PICTURES):
                with gr.Column(elem_classes="picture", min_width=200):
                    titles.append(gr.HTML(apply_default_css=False))
                    plots.append(gr.Plot(show_label=False, visible=False, elem_id=f"picture-{i}"))
        with gr.Row(elem_classes="read"):
            listing = gr.HTML(
                "", html_template='<div class="list"></div>', js_on_load=LIST,
                apply_default_css=False, elem_id="browse-list",
            )  # fmt: skip
            row = gr.HTML(apply_default_css=False, elem_id="browse-row")
        matches = gr.HTML(
            "", html_template=" ", js_on_load=ON_MATCHES, apply_default_css=False,
            elem_id="browse-searched",
        )  # fmt: skip
        download = download_link()
    states = [gr.State(time_to_live=KEPT_SECONDS) for _ in range(3)]
    return BrowseTab(
        head, upload, sample, message, empty, place, summary, one, other, score, pause, stop,
        progress, judging, titles, plots, exports, download, listing, matches, row, *states,
    )  # fmt: skip
