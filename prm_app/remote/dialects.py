"""The two ways to ask a vLLM server for rewards: the plugin's request, or token ids.

A server with the vllm-prm plugin takes problem and steps. A stock server takes token ids, and its
raw outputs become rewards here. A small sample, scored first, shows which of them a server knows.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from vllm_prm.families import FAMILIES, FamilyError, PrmFamily, Prompt

from prm_app.api_client import Api
from prm_app.catalog import read_as
from prm_app.checkpoint import describe, open_family
from prm_app.errors import InputError, ModelError, NotAPrmError, ServerError, TooLongError
from prm_app.remote.served_models import ServedModel
from prm_app.remote.servers import Servers
from prm_app.solutions.solution import Solution

SAMPLE = Solution("What is 1 + 1?", ("1 + 1 = 2",))
"""The small sample."""
_TOO_LONG = re.compile(r"is (\d+) tokens long and the model reads at most (\d+): step (\d+) is")
"""How the plugin refuses a prompt; its version is the same as here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer.

    Attributes:
        steps: The steps as it scored them.
        rewards: One for each step, in [0, 1].
        tokens: The length of the prompt.
        family: The name of the model's family there; empty if the prompt was built here.
    """

    steps: tuple[str, ...]
    rewards: tuple[float, ...]
    tokens: int
    family: str = ""


class Client(ABC):
    """Asks one server for the rewards of one model, `prm`."""

    def __init__(self, api: Api, model: ServedModel, family: type[PrmFamily]) -> None:
        self._api, self.model = api, model
        self.prm = replace(model.prm, family=family)

    @abstractmethod
    async def score(self, solutions: Sequence[Solution]) -> list[Answer]:
        """Scores some solutions in one request, which fails as a whole."""


class _PluginClient(Client):
    """Sends problem and steps: the plugin builds the prompt on the server."""

    async def score(self, solutions: Sequence[Solution]) -> list[Answer]:
        try:
            answers = await _ask_plugin(self._api, self.model, solutions)
        except InputError as error:
            if numbers := _TOO_LONG.search(str(error)):
                raise TooLongError(*map(int, numbers.groups())) from error
            raise
        if [each.steps for each in answers] != [each.scored_steps for each in solutions]:
            raise ServerError(f"The server at {self._api.url} scored other steps than were sent.")
        return answers


class _TokenClient(Client):
    """Sends token ids to a stock server, which returns a row for each token or each step end."""

    def __init__(self, api: Api, model: ServedModel, prompts: PrmFamily) -> None:
        super().__init__(api, model, type(prompts))
        self._prompts = prompts

    async def check(self) -> None:
        """Raises NotAPrmError if raw and activated outputs do not belong together as a PRM's do.

        Otherwise a softmax or sigmoid might be taken twice, or left out.
        """
        prompt = self._prompts.encode(SAMPLE.problem, SAMPLE.steps)
        try:
            (raw,) = await self._step_rows([prompt], activation=False)
            (probabilities,) = await self._step_rows([prompt], activation=True)
            fitting = np.allclose(probabilities[:, -1], self._prompts.rewards(raw), atol=1e-2)
        except FamilyError as error:
            raise NotAPrmError(
                f"{self.model.name} at {self._api.url} cannot be read as a PRM in the "
                f"{self._prompts.name} format: {error}. If it is one, start the server with "
                "`prm-app serve`, or with "
                """`vllm serve --pooler-config '{"tok_pooling_type": "ALL"}'`."""
            ) from error
        if not fitting:
            raise NotAPrmError(
                f"{self.model.name} at {self._api.url} does not return raw outputs: use vLLM 0.26 "
                "or newer there, or start the server with `prm-app serve`."
            )

    async def score(self, solutions: Sequence[Solution]) -> list[Answer]:
        prompts = self._prompts.encode_batch((each.problem, each.steps) for each in solutions)
        for prompt in prompts:
            if len(prompt.token_ids) > self.model.limit:
                raise TooLongError.of(prompt, self.model.limit)
        try:
            rewards = map(self._prompts.rewards, await self._step_rows(prompts, activation=False))
            return [
                Answer(prompt.steps, tuple(each), len(prompt.token_ids))
                for prompt, each in zip(prompts, rewards, strict=True)
            ]
        except FamilyError as error:
            raise ServerError(f"The server at {self._api.url} failed: {error}.") from error

    async def _step_rows(self, prompts: Sequence[Prompt], activation: bool) -> list[np.ndarray]:
        body = {
            "model": self.model.name,
            "task": "token_classify",
            "input": [prompt.token_ids for prompt in prompts],
            "use_activation": activation,
        }
        answer = await self._api.post("/pooling", body)
        try:
            rows = {item["index"]: item["data"] for item in answer["data"]}
            arrays = [np.asarray(rows[i], dtype=np.float64) for i in range(len(prompts))]
        except (KeyError, TypeError, ValueError) as error:
            raise ServerError(
                f"The server at {self._api.url} answered /pooling in a form that is not vLLM's."
            ) from error
        return list(map(self._prompts.step_rows, prompts, arrays))


async def find_client(api: Api, model: ServedModel, servers: Servers) -> Client:
    """The client for this model of the server; raises a PrmError if it is no PRM."""
    return await plugin_client(api, model) or await _token_client(api, model, servers)


async def plugin_client(api: Api, model: ServedModel) -> _PluginClient | None:
    """A client that sends the plugin's request, or None if the server does not know it."""
    try:
        (answer,) = await _ask_plugin(api, model, [SAMPLE])
    except InputError:
        return None
    except ServerError as error:
        if error.status not in (404, 405):
            raise
        raise NotAPrmError(
            f"{model.name} at {api.url} is not served as a reward model (there is no /pooling): "
            "start the server with `prm-app serve`, or with `vllm serve --runner pooling`."
        ) from error
    if answer.family not in FAMILIES:
        raise ServerError(
            f"The server at {api.url} has another version of vllm-prm, whose model family "
            f"{answer.family or 'is not named'!r} is not known here: install the same version "
            "on both."
        )
    return _PluginClient(api, model, FAMILIES[answer.family])


async def _ask_plugin(api: Api, model: ServedModel, solutions: Sequence[Solution]) -> list[Answer]:
    data = [{"problem": each.problem, "steps": each.steps} for each in solutions]
    body = {"model": model.name, "task": "plugin", "data": data}
    answer = await api.post("/pooling", body)
    try:
        answers = [
            Answer(
                tuple(each["steps"]),
                tuple(map(float, each["rewards"])),
                int(each["tokens"]),
                str(each.get("family", "")),
            )
            for each in answer["data"]
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ServerError(
            f"The server at {api.url} has another plugin than vllm-prm: start it with `prm-app "
            "serve`, or with `vllm serve --io-processor-plugin prm`."
        ) from error
    if len(answers) != len(solutions) or not all(map(_are_rewards, answers)):
        raise ServerError(f"The server at {api.url} answered with something other than rewards.")
    return answers


def _are_rewards(answer: Answer) -> bool:
    in_range = all(0 <= reward <= 1 for reward in answer.rewards)
    return in_range and len(answer.rewards) == len(answer.steps)


async def _token_client(api: Api, model: ServedModel, servers: Servers) -> _TokenClient:
    prm = read_as(model.prm, servers.family, servers.family_options)
    if servers.tokenizer is not None:
        prm = replace(prm, checkpoint=servers.tokenizer)
    try:
        prompts = await asyncio.to_thread(lambda: open_family(*describe(prm)))
    except (ModelError, OSError, ValueError) as error:
        if isinstance(error, NotAPrmError):
            raise
        raise ServerError(
            f"The server at {api.url} has no vllm-prm plugin, so prompts are built here, and the "
            f"tokenizer of {prm.checkpoint} cannot be read here: give the hub name or folder of "
            f"the tokenizer, or start the server with `prm-app serve`. {error}",
            settings=["tokenizer"],
        ) from error
    client = _TokenClient(api, model, prompts)
    await client.check()
    return client
