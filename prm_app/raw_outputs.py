"""Raw outputs of any pooling model for plain prompts, in this process or from a server.

Knows tokens and step tags; knows no steps and no PRM family.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from prm_app.catalog import find_model
from prm_app.checkpoint import fetch
from prm_app.errors import InputError, ModelError, ServerError
from prm_app.remote import Servers, choose


@dataclass(frozen=True, slots=True)
class RawOutputs:
    """The logits of one prompt: `rows`, of shape `(rows, labels)`, belong to `positions` in it.

    `tokens` is the length of the prompt; `positions` is None if a server chose the rows.
    """

    rows: np.ndarray
    positions: list[int] | None
    tokens: int


def local_outputs(
    model: str, prompts: Sequence[str], step_tag: str | None, options: Mapping[str, Any]
) -> list[RawOutputs]:
    """The outputs of a model loaded in this process; see RawOutputs.

    Args:
        model: A catalogue key, hub name or local folder.
        prompts: The prompts, with their special tokens.
        step_tag: The token whose rows are returned, by its text or id; None returns all rows.
        options: vLLM's engine arguments by their Python names.

    Raises:
        InputError: The tag is no token, or a prompt is too long.
        ModelError: The model cannot be loaded.
    """
    from transformers import AutoTokenizer

    from prm_app.local.engine import VllmEngine

    prm = find_model(model)
    checkpoint = str(fetch(prm)[1]) if prm.bundled else prm.checkpoint
    try:
        tokenizer = AutoTokenizer.from_pretrained(options.get("tokenizer") or checkpoint)
    except (OSError, ValueError) as error:
        raise ModelError(f"The tokenizer of {checkpoint} cannot be read: {error}") from error
    tag = None
    if step_tag is not None:
        tag = _tag(step_tag, tokenizer.encode(step_tag, add_special_tokens=False))
    prompts_ids = [tokenizer.encode(prompt) for prompt in prompts]
    engine = VllmEngine(checkpoint, options, lambda stage, done: None)
    try:
        for token_ids in prompts_ids:
            if len(token_ids) > engine.limit:
                raise InputError(
                    f"A prompt is {len(token_ids)} tokens long, and the model reads at most "
                    f"{engine.limit}."
                )
        futures = [engine.submit(token_ids, reuse=False) for token_ids in prompts_ids]
        return [
            _picked(future.result().values, token_ids, tag)
            for future, token_ids in zip(futures, prompts_ids, strict=True)
        ]
    finally:
        engine.close()


def remote_outputs(
    servers: Servers, prompts: Sequence[str], step_tag: str | None
) -> list[RawOutputs]:
    """The outputs of a model of one server, which tokenises. Raises a PrmError."""
    if len(servers.urls) > 1:
        raise InputError("Raw outputs come from one server: give one address.", settings=["url"])

    async def ask() -> list[RawOutputs]:
        (api,) = servers.apis()
        try:
            model = await choose(api, servers.model)

            async def tokens(text: str, special: bool = True) -> list[int]:
                body = {"model": model.name, "prompt": text, "add_special_tokens": special}
                return list((await api.post("/tokenize", body))["tokens"])

            tag = None
            if step_tag is not None:
                tag = _tag(step_tag, await tokens(step_tag, special=False))
            outputs = []
            for prompt in prompts:
                token_ids = await tokens(prompt)
                body = {
                    "model": model.name,
                    "task": "token_classify",
                    "input": token_ids,
                    "use_activation": False,
                }
                answer = await api.post("/pooling", body)
                rows = np.asarray(answer["data"][0]["data"], dtype=np.float64)
                outputs.append(_picked(rows, token_ids, tag))
            return outputs
        except (KeyError, TypeError, IndexError) as error:
            raise ServerError(f"The server at {api.url} does not answer as vLLM does.") from error
        finally:
            await api.close()

    return asyncio.run(ask())


def _tag(text: str, token_ids: Sequence[int]) -> int:
    """The id of a step tag, given as its id or as a text that is one token."""
    if text.isdigit():
        return int(text)
    if len(token_ids) != 1:
        raise InputError(
            f"The step tag {text!r} is {len(token_ids)} tokens of this model's tokenizer, not one: "
            "give the text of a single token, or its id."
        )
    return token_ids[0]


def _picked(rows: np.ndarray, token_ids: Sequence[int], tag: int | None) -> RawOutputs:
    if tag is None:
        whole = len(rows) == len(token_ids)
        return RawOutputs(rows, list(range(len(rows))) if whole else None, len(token_ids))
    positions = [i for i, token in enumerate(token_ids) if token == tag]
    if not positions:
        raise InputError(
            "A prompt holds no step tag: put one at each place where a reward is to be read."
        )
    if len(rows) == len(token_ids):
        rows = rows[positions]
    elif len(rows) != len(positions):
        raise ServerError("The server returns rows at another step tag: leave the step tag out.")
    return RawOutputs(rows, positions, len(token_ids))
