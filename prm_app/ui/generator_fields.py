"""The part of the tab "Best-of-N" that asks an OpenAI-compatible server for solutions."""

import os
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from prm_app.errors import InputError, PrmError
from prm_app.generator import Generator
from prm_app.ui.limits import MOST_SHOWN
from prm_app.ui.listeners import SCORING
from prm_app.ui.rank_inputs import RankInputs
from prm_app.ui.views import alert, notice


def generator_fields(inputs: RankInputs) -> Any | None:
    """Builds the fields; the event of all solutions having come, on which they can be ranked.

    None on a public Space, where a stranger could make its machine call any address it reaches.
    """
    if "SPACE_ID" in os.environ:
        return None
    with gr.Accordion("Let a model write solutions", open=False, elem_id="generate"):
        url = gr.Textbox(
            label="OpenAI-compatible server", placeholder="http://127.0.0.1:8000", elem_id="gen-url"
        )
        model = gr.Textbox(label="Its model", elem_id="gen-model")
        key = gr.Textbox(label="API key, if it asks for one", type="password", elem_id="gen-key")
        with gr.Row():
            count = gr.Number(8, label="Solutions", precision=0, minimum=1, elem_id="gen-count")
            temperature = gr.Number(
                0.8, label="Temperature", minimum=0, maximum=2, step=0.1, elem_id="gen-temperature"
            )
        with gr.Row():
            tokens = gr.Number(
                2048, label="Most tokens", precision=0, minimum=1, elem_id="gen-tokens"
            )
            seed = gr.Number(0, label="Seed", precision=0, elem_id="gen-seed")
        button = gr.Button("Write and rank", size="sm", elem_id="gen")
        message = gr.HTML(apply_default_css=False, elem_id="gen-message")

    async def generate(
        problem: str,
        url: str,
        model: str,
        key: str,
        count: int,
        temperature: float,
        tokens: int,
        seed: int,
    ) -> AsyncIterator[tuple]:
        solutions: list[str] = []
        failures: list[PrmError] = []
        try:
            if not url.strip() or not model.strip():
                raise InputError("Name the server and the model that write the solutions.")
            if not 1 <= (count or 0) <= MOST_SHOWN:
                raise InputError(f"Ask for between 1 and {MOST_SHOWN} solutions.")
            generator = Generator(url, model, key.strip() or None, temperature, tokens, seed)
            yield gr.skip(), notice(f"Asking for {count} solutions…")
            async for each in generator.stream(problem, count):
                (failures if isinstance(each, PrmError) else solutions).append(each)
                yield solutions or gr.skip(), _told(count, solutions, failures)
        except PrmError as error:
            yield gr.skip(), alert(str(error))
        if not solutions:  # nothing to rank: what is chained to success does not run
            raise gr.Error("No solution was written.", visible=False, print_exception=False)

    return button.click(
        generate,
        [inputs.problem, url, model, key, count, temperature, tokens, seed],
        [inputs.cards, message],
        **SCORING,
    )


def _told(count: int, solutions: list[str], failures: list[PrmError]) -> str:
    said = notice(f"{len(solutions)} of {count} solutions are written.")
    if failures:
        said += alert(str(failures[-1]), f"{len(failures)} of {count} solutions were not written.")
    return said
