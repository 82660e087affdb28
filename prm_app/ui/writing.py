"""Solutions written by a language model on an OpenAI-compatible server, onto the cards."""

from collections import Counter
from collections.abc import AsyncIterator

import gradio as gr

from prm_app.errors import InputError, PrmError
from prm_app.generator import Generator
from prm_app.ui.rank_inputs import RankInputs
from prm_app.ui.settings import SCORING
from prm_app.ui.views import alert, notice

MOST = 64


def writing(inputs: RankInputs) -> gr.State:
    """Builds the fields; the state counts how often solutions have been written."""
    with gr.Accordion("Let a language model write them", open=False, elem_id="writing"):
        with gr.Row():
            url = gr.Textbox(label="Server", placeholder="http://localhost:8000", elem_id="server")
            model = gr.Textbox(label="Model", elem_id="writer")
        with gr.Row():
            count = gr.Number(8, label="Solutions", precision=0, minimum=1, maximum=MOST)
            temperature = gr.Number(0.8, label="Temperature", minimum=0, maximum=2, step=0.1)
            most_tokens = gr.Number(2048, label="Tokens at most", precision=0, minimum=1)
            seed = gr.Number(None, label="Seed (optional)", precision=0)
        key = gr.Textbox(label="API key (optional)", type="password")
        button = gr.Button("Write and rank", size="sm", elem_id="write")
    message = gr.HTML(apply_default_css=False, elem_id="writing-message")
    written = gr.State(0)

    async def write(
        problem: str,
        url: str,
        model: str,
        count: int,
        temperature: float,
        most_tokens: int,
        seed: int | None,
        key: str,
        times: int,
    ) -> AsyncIterator[dict]:
        texts: list[str] = []
        failures: Counter[str] = Counter()
        try:
            if not url.strip() or not model.strip():
                raise InputError("Give the server's address and the name of a model on it.")
            generator = Generator(
                url.strip(), model.strip(), key or None, temperature, most_tokens, seed
            )
            yield {message: notice(f"Asking for {count} solutions…")}
            async for answer in generator.stream(problem, count):
                if isinstance(answer, PrmError):
                    failures[str(answer)] += 1
                else:
                    texts.append(answer)
                yield {
                    inputs.cards: list(texts) or gr.skip(),
                    message: notice(f"{len(texts)} of {count} solutions written"),
                }
        except PrmError as error:
            failures[str(error)] += 1
        yield {
            message: "".join(
                alert(text, f"{n} of {count}:" if texts else "") for text, n in failures.items()
            ),
            written: times + bool(texts),
        }

    button.click(
        write,
        [inputs.problem, url, model, count, temperature, most_tokens, seed, key, written],
        [inputs.cards, message, written],
        **SCORING,
    )
    return written
