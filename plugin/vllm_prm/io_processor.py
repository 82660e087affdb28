"""The server's own PRM request: problem and steps in, step rewards out, through `POST /pooling`.

`{"model": …, "task": "plugin", "data": {"problem": …, "steps": […]}}`, or in place of "steps" a
"solution" and the "delimiter" between its steps. "data" may be a list of these, which is answered
by a list in the same order. Each answer is `{"rewards": […], "steps": […], "tokens": n, "family":
…}`: blank steps are left out of "steps" and have no reward, and "family" is how the model reads.

A request is answered whole or refused whole: what is wrong with it is told before anything runs.
"""

from __future__ import annotations

import itertools
import time
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from vllm.config import ModelConfig, VllmConfig
from vllm.exceptions import VLLMValidationError
from vllm.inputs import TokensPrompt
from vllm.outputs import PoolingRequestOutput
from vllm.plugins.io_processors.interface import IOProcessor
from vllm.pooling_params import PoolingParams
from vllm.renderers import BaseRenderer

from vllm_prm.families import FamilyError, PrmFamily, Prompt, load_family
from vllm_prm.text import is_blank, split_at
from vllm_prm.weights import require_head, weight_shapes

PENDING_SECONDS = 3600
"""How long the prompts of a request that never comes back, such as a cancelled one, are kept."""


@dataclass(frozen=True, slots=True)
class PrmRequest:
    """The checked data of one request; `single` if it was not a list."""

    items: list[tuple[str, list[str]]]
    single: bool


@dataclass(frozen=True, slots=True)
class _Pending:
    prompts: list[Prompt]
    single: bool
    since: float


class PrmIOProcessor(IOProcessor[PrmRequest, Any]):
    """Builds the prompts of the served PRM and reads its rewards."""

    def __init__(self, vllm_config: VllmConfig, renderer: BaseRenderer) -> None:
        super().__init__(vllm_config, renderer)
        model = vllm_config.model_config
        self._family: PrmFamily = load_family(
            model.model,
            config=model.hf_config.to_dict(),  # with what --hf-overrides says of the PRM
            revision=model.revision,
            tokenizer=model.tokenizer,
        )
        _check_head(model, type(self._family))
        self._limit: int = model.max_model_len
        longest = max(map(len, self._family.tokenizer.get_vocab()))
        self._most_characters = self._limit * longest
        self._pending: OrderedDict[tuple[Any, bytes], list[_Pending]] = OrderedDict()

    def parse_data(self, data: object) -> PrmRequest:
        if not isinstance(data, list):
            return PrmRequest([_item("data", data)], single=True)
        if not data:
            raise _refusal("data", "is an empty list: give at least one problem with its steps")
        items = [_item(where, entry) for where, entry in _numbered("data", data)]
        return PrmRequest(items, single=False)

    def pre_process(
        self, prompt: PrmRequest, request_id: str | None = None, **kwargs: Any
    ) -> Sequence[TokensPrompt]:
        places = ["data" if prompt.single else f"data[{i}]" for i in range(len(prompt.items))]
        for place, (problem, steps) in zip(places, prompt.items, strict=True):
            if len(problem) + sum(map(len, steps)) > self._most_characters:
                raise _refusal(
                    place,
                    f"has more than the {self._most_characters:,} characters that {self._limit} "
                    "tokens hold at most: it cannot fit, and nothing was scored",
                )
        prompts = self._family.encode_batch(prompt.items)
        for place, each in zip(places, prompts, strict=True):
            if len(each.token_ids) > self._limit:
                raise _refusal(place, too_long(each, self._limit))
        self._remember(request_id, _Pending(prompts, prompt.single, time.monotonic()))
        return [TokensPrompt(prompt_token_ids=each.token_ids) for each in prompts]

    def merge_pooling_params(self, params: PoolingParams | None = None) -> PoolingParams:
        params = params or PoolingParams()
        params.task = "token_classify"
        params.use_activation = False
        return params

    def post_process(
        self,
        model_output: Sequence[PoolingRequestOutput],
        request_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        pending = self._recall(request_id, [output.prompt_token_ids for output in model_output])
        answers = [
            self._answer(prompt, output.outputs.data.float().numpy())
            for prompt, output in zip(pending.prompts, model_output, strict=True)
        ]
        return answers[0] if pending.single else answers

    def _answer(self, prompt: Prompt, rows: Any) -> dict[str, Any]:
        try:
            rewards = self._family.rewards(self._family.step_rows(prompt, rows))
        except FamilyError as error:  # the server's fault, so not a ValueError: HTTP 500
            raise RuntimeError(str(error)) from error
        return {
            "rewards": rewards,
            "steps": list(prompt.steps),
            "tokens": len(prompt.token_ids),
            "family": self._family.name,
        }

    # vLLM hands only the outputs back, and where the rewards stand cannot be told from them. The
    # request's id alone is no key: a client may choose it, and use it twice.

    def _remember(self, request_id: str | None, pending: _Pending) -> None:
        for key, waiting in list(itertools.islice(self._pending.items(), 2)):
            if pending.since - waiting[-1].since > PENDING_SECONDS:
                self._pending.pop(key, None)
        key = request_id, _digest(prompt.token_ids for prompt in pending.prompts)
        self._pending.setdefault(key, []).append(pending)

    def _recall(self, request_id: str | None, token_ids: list[list[int]]) -> _Pending:
        key = request_id, _digest(token_ids)
        waiting = self._pending.get(key)
        if not waiting:
            raise RuntimeError(
                "vllm-prm has no record of this request: it waited for more than "
                f"{PENDING_SECONDS} seconds, or vLLM changed its prompt"
            )
        pending = waiting.pop()
        if not waiting:
            self._pending.pop(key, None)
        return pending


def processor() -> str:
    """Where vLLM finds the processor."""
    return f"{__name__}.{PrmIOProcessor.__name__}"


def too_long(prompt: Prompt, limit: int) -> str:
    """What is wrong with a prompt of more than `limit` tokens."""
    return (
        f"is {len(prompt.token_ids)} tokens long and the model reads at most {limit}: step "
        f"{prompt.first_step_beyond(limit)} is the first that does not fit; nothing was scored"
    )


def _check_head(model: ModelConfig, family: type[PrmFamily]) -> None:
    """Refuses to serve a model without its head, if its files are on this machine."""
    folder = Path(model.model)
    if not folder.is_dir():
        try:
            folder = Path(
                snapshot_download(model.model, revision=model.revision, local_files_only=True)
            )
        except (OSError, ValueError):
            return
    if shapes := weight_shapes(folder):
        require_head(family, model.hf_config.to_dict(), shapes, model.model)


def _item(where: str, data: object) -> tuple[str, list[str]]:
    if not isinstance(data, dict):
        raise _refusal(where, 'must be an object with "problem" and "steps"')
    for field in data.keys() - {"problem", "steps", "solution", "delimiter"}:
        raise _refusal(f"{where}.{field}", "is not a field of a PRM request")
    problem = _text(f"{where}.problem", data.get("problem"))
    if "solution" not in data:
        if "delimiter" in data:
            raise _refusal(f"{where}.delimiter", 'belongs to "solution", which is missing')
        steps = data.get("steps")
        if not isinstance(steps, list):
            raise _refusal(f"{where}.steps", "must be a list of strings")
        for place, step in _numbered(f"{where}.steps", steps):
            _text(place, step, blank=True)
    else:
        if "steps" in data:
            raise _refusal(f"{where}.solution", 'and "steps" cannot both be given')
        solution = _text(f"{where}.solution", data["solution"])
        delimiter = _text(f"{where}.delimiter", data.get("delimiter"), blank=True)
        if not delimiter:
            raise _refusal(f"{where}.delimiter", "is empty")
        steps = split_at(solution, delimiter)
    if all(map(is_blank, steps)):
        raise _refusal(f"{where}.steps", "holds no step: give at least one that is not blank")
    return problem, steps


def _text(where: str, value: object, blank: bool = False) -> str:
    if value is None:
        raise _refusal(where, "is missing")
    if not isinstance(value, str):
        raise _refusal(where, "must be a string")
    if not blank and is_blank(value):
        raise _refusal(where, "is empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _refusal(where, "holds half of a surrogate pair, which is no character") from None
    return value


def _numbered(where: str, values: list[Any]) -> list[tuple[str, Any]]:
    return [(f"{where}[{i}]", value) for i, value in enumerate(values)]


def _refusal(where: str, why: str) -> VLLMValidationError:
    return VLLMValidationError(f"{where} {why}")


def _digest(prompts: Iterable[list[int]]) -> bytes:
    digest = blake2b()
    for token_ids in prompts:
        digest.update(array("Q", [len(token_ids), *token_ids]).tobytes())
    return digest.digest()
