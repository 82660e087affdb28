"""The part of the tab "Best-of-N" that asks an OpenAI-compatible server for solutions."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from prm_app.api.limits import MOST_SHOWN
from prm_app.errors import InputError, PrmError
from prm_app.generator import Generator
from prm_app.ui.listeners import SCORING, Values
from prm_app.ui.policy import Policy
from prm_app.ui.rank_inputs import RankInputs
from prm_app.ui.views import alert, notice


@dataclass(frozen=True)
class GeneratorFields:
    """The components; `url`, `model` and `key` are None if the host's own generator is used."""

    count: gr.Number
    temperature: gr.Number
    tokens: gr.Number
    seed: gr.Number
    button: gr.Button
    message: gr.HTML
    url: gr.Textbox | None = None
    model: gr.Textbox | None = None
    key: gr.Textbox | None = None


def generator_fields(inputs: RankInputs, policy: Policy) -> Dependency | None:
    """Builds the fields; the event of all solutions having come, on which they can be ranked.

    None if there is no generator for these visitors.
    """
    if policy.generator is None and not policy.any_address:
        return None
    with gr.Accordion("Let a model write solutions", open=False, elem_id="generate"):
        fields = GeneratorFields(**_server_fields(policy), **_sampling_fields())
    sources = {inputs.problem, *vars(fields).values()} - {None, fields.button, fields.message}
    return fields.button.click(
        partial(_generate, fields, inputs, policy),
        sources,
        [inputs.cards, fields.message],
        **SCORING,
    )


def _server_fields(policy: Policy) -> dict[str, Any]:
    if policy.generator is not None:
        gr.Markdown(f"Written by {policy.generator.model}.")
        return {}
    return {
        "url": gr.Textbox(
            label="OpenAI-compatible server", placeholder="http://127.0.0.1:8000", elem_id="gen-url"
        ),
        "model": gr.Textbox(label="Its model", elem_id="gen-model"),
        "key": gr.Textbox(label="API key, if it asks for one", type="password", elem_id="gen-key"),
    }


def _sampling_fields() -> dict[str, Any]:
    with gr.Row():
        count = gr.Number(8, label="Solutions", precision=0, minimum=1, elem_id="gen-count")
        temperature = gr.Number(
            0.8, label="Temperature", minimum=0, maximum=2, step=0.1, elem_id="gen-temperature"
        )
    with gr.Row():
        tokens = gr.Number(2048, label="Most tokens", precision=0, minimum=1, elem_id="gen-tokens")
        seed = gr.Number(0, label="Seed", precision=0, elem_id="gen-seed")
    return {
        "count": count,
        "temperature": temperature,
        "tokens": tokens,
        "seed": seed,
        "button": gr.Button("Write and rank", size="sm", elem_id="gen"),
        "message": gr.HTML(apply_default_css=False, elem_id="gen-message"),
    }


async def _generate(
    fields: GeneratorFields, inputs: RankInputs, policy: Policy, values: Values
) -> AsyncIterator[Values]:
    count = values[fields.count]
    solutions: list[str] = []
    failures: list[PrmError] = []
    try:
        if count is None or not 1 <= count <= MOST_SHOWN:
            raise InputError(f"Ask for between 1 and {MOST_SHOWN} solutions.")
        generator = _generator(fields, policy, values)
        yield {fields.message: notice(f"Asking for {count} solutions…")}
        async for each in generator.stream(values[inputs.problem], count):
            if isinstance(each, PrmError):
                failures.append(each)
            else:
                solutions.append(each)
            yield {
                inputs.cards: solutions or gr.skip(),
                fields.message: _outcome(count, solutions, failures, policy),
            }
    except PrmError as error:
        yield {fields.message: alert(str(error))}
    if not solutions:  # nothing to rank: what is chained to success does not run
        raise gr.Error("No solution was written.", visible=False, print_exception=False)


def _generator(fields: GeneratorFields, policy: Policy, values: Values) -> Generator:
    """The generator that these values ask for; raises InputError."""
    if policy.generator is not None:
        generator = policy.generator
    else:
        url, model, key = (values[each] for each in (fields.url, fields.model, fields.key))
        if not url.strip() or not model.strip():
            raise InputError("Name the server and the model that write the solutions.")
        generator = Generator(url, model, key.strip() or None)
    numbers = [values[each] for each in (fields.temperature, fields.tokens, fields.seed)]
    if None in numbers:
        raise InputError("Temperature, most tokens and seed are numbers: fill them in.")
    temperature, tokens, seed = numbers
    return replace(generator, temperature=temperature, max_tokens=tokens, seed=seed)


def _outcome(count: int, solutions: list[str], failures: list[PrmError], policy: Policy) -> str:
    message = notice(f"{len(solutions)} of {count} solutions are written.")
    if failures:
        # An error names the server's address, which is the host's own affair.
        why = str(failures[-1]) if policy.generator is None else "Try again later."
        message += alert(why, f"{len(failures)} of {count} solutions were not written.")
    return message
