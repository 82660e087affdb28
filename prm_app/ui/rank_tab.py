"""The tab "Best-of-N": solutions of one problem, ranked by an aggregation of their rewards."""

from collections.abc import AsyncIterator

import gradio as gr

from prm_app.errors import InputError, PrmError
from prm_app.scoring import Models, Status
from prm_app.solutions.aggregation import AGGREGATIONS, Aggregation
from prm_app.solutions.documents import Ranking
from prm_app.ui import figures, rank_views, views
from prm_app.ui.examples import CHOOSE
from prm_app.ui.generator_fields import generator_fields
from prm_app.ui.header import Header
from prm_app.ui.listeners import QUIET, SCORING
from prm_app.ui.progress import ready, scored_one_by_one
from prm_app.ui.rank_inputs import rank_examples, rank_fields, rank_inputs
from prm_app.ui.split_choice import splitting

EMPTY = """
<div class="empty"><h2>Nothing ranked yet</h2>
<p>Give a problem and several solutions and press Rank. They appear here as each is scored, best
first, with all their reward curves in one chart.</p></div>
"""
SOON = "Ranked as soon as the model is ready"


def rank_tab(host: Models, head: Header) -> None:
    """Builds the tab; to be called inside its `gr.Tab`."""
    fields = rank_inputs()
    example = rank_examples(fields)
    with gr.Row(elem_classes="desk"):
        with gr.Column(elem_classes="inputs"):
            rank_fields(fields)
            generated = generator_fields(fields)
            split = splitting()
            button = gr.Button("Rank", variant="primary", elem_id="rank", elem_classes="go")
        with gr.Column(elem_classes="reading"):
            message = gr.HTML(apply_default_css=False, elem_id="rank-message")
            empty = gr.HTML(EMPTY, apply_default_css=False)
            with gr.Column(visible=False, elem_id="ranking") as place:
                stale = gr.HTML(apply_default_css=False, elem_id="rank-stale")
                winner = gr.HTML(apply_default_css=False, elem_id="winner")
                how = gr.Radio(
                    list(AGGREGATIONS),
                    value="mean",
                    label="Aggregation of the step rewards",
                    elem_id="how",
                    elem_classes="segments",
                )
                failures = gr.HTML(apply_default_css=False, elem_id="failures")
                with gr.Row(elem_classes="linked"):
                    table = gr.HTML(apply_default_css=False, js_on_load=CHOOSE, elem_id="table")
                    curves = gr.Plot(show_label=False, elem_id="curves", elem_classes="chart")
                steps = gr.HTML(apply_default_css=False, elem_id="candidate")
                handed = gr.HTML(apply_default_css=False, elem_id="rank-facts")
    ranking, selected, asked, drawn = gr.State(), gr.State(), gr.State(), gr.State()
    inputs = [fields.problem, fields.cards, split.how, split.delimiter, head.model]
    panel = [winner, failures, table, curves, steps, handed]

    def draw(
        ranking: Ranking | None, selected: int | None, how: Aggregation, threshold: float
    ) -> list:
        if ranking is None:
            return [gr.skip()] * len(panel)
        order = ranking.order(how)
        chosen = selected or (order[0] if order else None)
        return [
            rank_views.winner(ranking, how),
            rank_views.failures(ranking),
            rank_views.table(ranking, how, threshold, chosen),
            figures.reward_curves(ranking.scored, order, threshold) if order else None,
            rank_views.candidate(ranking, chosen, threshold) if chosen else "",
            rank_views.hand_out(ranking, how, threshold),
        ]

    async def rank(
        problem: str,
        cards: list[str],
        split: str,
        delimiter: str,
        model: str,
        how: Aggregation,
        threshold: float,
    ) -> AsyncIterator[dict]:
        try:
            texts = _texts(problem, cards)
            async for state in ready(host, model):
                if isinstance(state, Status):
                    yield {message: views.waiting(state.stage, state.progress, SOON)}
            async for outcomes in scored_one_by_one(state, problem, texts, split, delimiter):
                now = Ranking(problem, len(texts), outcomes)
                yield {
                    message: rank_views.progress(now),
                    empty: gr.HTML(visible=False),
                    place: gr.Column(visible=True),
                    asked: (problem, cards, split, delimiter, state.prm.key),
                    ranking: now,
                    drawn: (how, threshold),
                    selected: None,
                    **dict(zip(panel, draw(now, None, how, threshold), strict=True)),
                }
        except PrmError as error:
            yield {message: views.alert(str(error))}

    def settle(
        ranking: Ranking | None,
        selected: int | None,
        drawn: tuple | None,
        how: Aggregation,
        threshold: float,
    ) -> list:
        """Draws again where a control was moved while the answers were on their way."""
        if drawn == (how, threshold):
            return [gr.skip()] * len(panel)
        return draw(ranking, selected, how, threshold)

    def select(event: gr.EventData, ranking: Ranking, how: Aggregation, threshold: float) -> list:
        return [event.index, *draw(ranking, event.index, how, threshold)]

    for asked_for in (
        button.click,
        example.success,
        *([generated.success] if generated else []),
    ):
        asked_for(
            rank,
            [*inputs, how, head.threshold],
            [message, empty, place, asked, ranking, selected, drawn, *panel],
            **SCORING,
        ).then(settle, [ranking, selected, drawn, how, head.threshold], panel, **QUIET)
    gr.on(
        [*(field.change for field in inputs), asked.change],
        lambda *given: views.stale(given[-1], given[:-1]),
        [*inputs, asked],
        stale,
        **QUIET,
    )
    gr.on(
        [how.change, head.threshold.change],
        draw,
        [ranking, selected, how, head.threshold],
        panel,
        **QUIET,
    )
    table.click(select, [ranking, how, head.threshold], [selected, *panel], **QUIET)


def _texts(problem: str, cards: list[str]) -> dict[int, str]:
    """The solutions by the number of their card; empty cards are none."""
    texts = {i: text for i, text in enumerate(cards or [], 1) if text.strip()}
    if not problem.strip():
        raise InputError("The problem is empty: every solution is judged against it, so give one.")
    if not texts:
        raise InputError("There are no solutions: give at least one, best two or more.")
    return texts
