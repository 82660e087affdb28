"""Scoring with running vLLM servers: the same numbers as the engine in this process gives.

Knows two ways to ask `POST /pooling`: the request of the vllm-prm plugin where the server has it,
else token ids to a stock vLLM server, whose raw outputs are read here. What a server serves, and
which way it understands, is found out by scoring a small sample before anything else.
"""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from vllm_prm.formats import FORMATS, FormatError, Prompt, PromptFormat, load_format

from prm_app.catalog import CATALOG, Prm, find
from prm_app.checkpoint import describe
from prm_app.errors import (
    BusyError,
    EngineError,
    InputError,
    ModelError,
    NotAPrmError,
    PrmError,
    ServerError,
    UnreachableError,
)
from prm_app.host import Host, Status
from prm_app.http import Api
from prm_app.local import too_long
from prm_app.pool import Pool
from prm_app.scoring import ScoredSolution, Scorer, Solution, checked

SAMPLE = Solution("What is 1 + 1?", ("1 + 1 = 2\nSo the answer is 2.",))
"""Scored to learn how a server answers: the formats make different numbers of steps of it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """The steps as a server scored them, their rewards, and the length of the prompt in tokens."""

    steps: tuple[str, ...]
    rewards: tuple[float, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Served:
    """A model that a server offers: its name there, its checkpoint there, its context in tokens."""

    name: str
    root: str
    limit: int

    @property
    def prm(self) -> Prm:
        """The catalogue's entry of it, or a new one."""
        for known in (find(self.name), find(self.root)):
            if known in CATALOG:
                return known
        return Prm(key=self.name, title=self.name.rsplit("/", 1)[-1], checkpoint=self.root)

    def is_called(self, name: str) -> bool:
        return name in (self.name, self.root) or find(name).key == self.prm.key


class RemoteScorer(Scorer):
    """Scores with one or several servers of the same PRM, which share the load.

    `model` is the name the servers give it, its catalogue key or its checkpoint; it may be left out
    where they serve one. `tokenizer` is where its config and tokenizer are found, by hub name or
    local folder, for a stock server of a checkpoint that this machine cannot read.
    Raises a PrmError where no server answers, or one serves another model or none that is a PRM.
    """

    def __init__(
        self,
        urls: Sequence[str],
        model: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = 120.0,
        tokenizer: str | None = None,
    ) -> None:
        if not urls:
            raise InputError("There is no server to ask: give its address with --base-url.")
        self._loop = _Loop()
        self._servers = [PrmServer(Api(url, api_key, timeout), model, tokenizer) for url in urls]
        try:
            self._pool = self._loop.run(self._connect()).result()
        except BaseException:
            self.close()
            raise
        connected = [server for server in self._servers if server.served is not None]
        self.prm = connected[0].prm
        self.limit = min(server.served.limit for server in connected)

    async def _connect(self) -> Pool[PrmServer]:
        outcomes = await asyncio.gather(
            *(server.connect() for server in self._servers), return_exceptions=True
        )
        errors = [outcome for outcome in outcomes if outcome is not None]
        for error in errors:
            if len(errors) == len(outcomes) or not isinstance(error, UnreachableError | BusyError):
                raise error
        connected = {each.prm.key: each for each in self._servers if each.served is not None}
        if len(connected) > 1:
            raise ServerError(
                "The servers serve different models ("
                + ", ".join(f"{each.api.url}: {key}" for key, each in connected.items())
                + "): name servers of one model with --base-url."
            )
        (first,) = connected.values()
        for server in self._servers:
            server.model = server.model or first.served.name
        return Pool([(each, each.served is not None) for each in self._servers])

    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        return [self._loop.run(self._score(solution)) for solution in solutions]

    async def _score(self, solution: Solution) -> ScoredSolution:
        started = time.perf_counter()
        checked(solution)
        answer = await self._pool.run(lambda server: server.score(solution))
        return ScoredSolution(
            model=self.prm.key,
            steps=answer.steps,
            rewards=answer.rewards,
            tokens=answer.tokens,
            computed=answer.tokens,
            seconds=time.perf_counter() - started,
        )

    def close(self) -> None:
        """Ends the connections; what is still asked for fails."""
        self._loop.close(*(server.api.close() for server in self._servers))


class PrmServer:
    """One server: which of its models is asked, and how it is asked."""

    def __init__(self, api: Api, model: str | None, tokenizer: str | None) -> None:
        self.api, self.model = api, model
        self.served: Served | None = None
        self._tokenizer = tokenizer
        self._way: _Way | None = None

    @property
    def prm(self) -> Prm:
        return replace(self.served.prm, format=self._way.format)

    async def connect(self) -> None:
        """Finds the model and how to ask for it; raises a PrmError that says what is wrong."""
        served = choose(await served_by(self.api), self.model, self.api.url)
        self._way = await _plugin_way(self.api, served) or await _token_way(
            self.api, served, self._tokenizer
        )
        self.served = served

    async def score(self, solution: Solution) -> Answer:
        return await self._way.score(solution)


class _Way(ABC):
    """How one server is asked for rewards."""

    format: type[PromptFormat]

    @abstractmethod
    async def score(self, solution: Solution) -> Answer: ...


class _PluginWay(_Way):
    """The request of the vllm-prm plugin: the server has the tokenizer."""

    def __init__(self, api: Api, served: Served, format: type[PromptFormat]) -> None:
        self._api, self._served, self.format = api, served, format

    async def score(self, solution: Solution) -> Answer:
        answer = await _ask_plugin(self._api, self._served, solution)
        if answer.steps != self.format.split(solution.steps):
            raise ServerError(f"The server at {self._api.url} scored other steps than were sent.")
        return answer


class _TokenWay(_Way):
    """Token ids to a stock server, which returns one row of outputs per token or per step end."""

    def __init__(self, api: Api, served: Served, prompts: PromptFormat) -> None:
        self._api, self._served, self._prompts = api, served, prompts
        self.format = type(prompts)

    async def check(self) -> None:
        """Raises NotAPrmError where raw and activated outputs do not fit together as a PRM's do.

        So no softmax or sigmoid is ever taken twice, or left out.
        """
        prompt = self._prompts.encode(SAMPLE.problem, SAMPLE.steps)
        try:
            raw = self._prompts.step_rows(prompt, await self._rows(prompt, False))
            activated = self._prompts.step_rows(prompt, await self._rows(prompt, True))
            fitting = np.allclose(activated[:, -1], self._prompts.rewards(raw), atol=1e-2)
        except FormatError as error:
            raise NotAPrmError(
                f"{self._served.name} at {self._api.url} cannot be read as a PRM in the "
                f"{self.format.name} format: {error}. If it is one, start the server with "
                "`prm-app serve`, or vLLM's own with "
                """--pooler-config '{"tok_pooling_type": "ALL"}'."""
            ) from error
        if not fitting:
            raise NotAPrmError(
                f"{self._served.name} at {self._api.url}, asked for raw outputs, does not return "
                "them: use vLLM 0.26 or newer there, or start the server with `prm-app serve`."
            )

    async def score(self, solution: Solution) -> Answer:
        prompt = self._prompts.encode(solution.problem, solution.steps)
        if len(prompt.token_ids) > self._served.limit:
            raise too_long(prompt, self._served.limit)
        try:
            rows = self._prompts.step_rows(prompt, await self._rows(prompt, activation=False))
            rewards = self._prompts.rewards(rows)
        except FormatError as error:
            raise ServerError(f"The server at {self._api.url} failed: {error}.") from error
        return Answer(prompt.steps, tuple(rewards), len(prompt.token_ids))

    async def _rows(self, prompt: Prompt, activation: bool) -> np.ndarray:
        body = {
            "model": self._served.name,
            "task": "token_classify",
            "input": prompt.token_ids,
            "use_activation": activation,
        }
        answer = await self._api.post("/pooling", body)
        try:
            (item,) = answer["data"]
            return np.asarray(item["data"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise ServerError(
                f"The server at {self._api.url} answered /pooling in a form that is not vLLM's."
            ) from error


class RemoteHost(Host):
    """The models that running servers offer, for the page; each is asked wherever it is served.

    The arguments are those of RemoteScorer; with `model` every server has to serve that one.
    Raises a PrmError where no server answers, or the first model is none that can be scored with.
    """

    def __init__(
        self,
        urls: Sequence[str],
        model: str | None = None,
        *,
        api_key: str | None = None,
        timeout: float = 120.0,
        tokenizer: str | None = None,
    ) -> None:
        self._options = {"api_key": api_key, "timeout": timeout, "tokenizer": tokenizer}
        self._changed = threading.Condition()
        self._scorers: dict[str, RemoteScorer] = {}
        self._offers: dict[str, _Offer] = {}
        if model is None:
            self._offers = _offers(urls, api_key)
            first = next(iter(self._offers))
        else:
            scorer = RemoteScorer(urls, model, **self._options)
            first = scorer.prm.key
            self._offers = {first: _Offer(scorer.prm, model, list(urls))}
            self._scorers[first] = scorer
        self._status = Status(serving=self._connected(first).prm, progress=1.0)

    def models(self) -> tuple[Prm, ...]:
        return tuple(offer.prm for offer in self._offers.values())

    def status(self) -> Status:
        return self._status

    def select(self, name: str) -> None:
        prm = find(name)
        with self._changed:
            if prm.key == (self._status.loading or self._status.serving).key:
                return
            self._set(loading=prm, stage="Connecting", progress=0.5, error=None)
        threading.Thread(target=self._switch, args=(prm,), name="connect", daemon=True).start()

    def scorer(self, name: str | None = None, timeout: float | None = None) -> Scorer:
        with self._changed:
            if name is not None:
                self.select(name)
            if not self._changed.wait_for(lambda: self._status.loading is None, timeout):
                raise EngineError("The server has not answered yet: try again in a moment.")
            if name is None:
                return self._scorers[self._status.serving.key]
            key = find(name).key
            if key not in self._scorers:
                raise self._status.error or EngineError(
                    f"{name} is not connected: choose it again to score with it."
                )
            return self._scorers[key]

    def close(self) -> None:
        for scorer in self._scorers.values():
            scorer.close()

    def _switch(self, prm: Prm) -> None:
        changes: dict[str, Any] = {}
        try:
            changes["serving"] = self._connected(prm.key).prm
        except PrmError as error:
            changes["error"] = error
        self._set(loading=None, stage="", progress=1.0, **changes)

    def _connected(self, key: str) -> RemoteScorer:
        if key not in self._offers:
            raise ServerError(
                f"No server here serves {key}: choose one of {', '.join(self._offers)}, or start "
                f"`prm-app serve {key}` and name it with --base-url too."
            )
        if key not in self._scorers:
            offer = self._offers[key]
            self._scorers[key] = RemoteScorer(offer.urls, offer.name, **self._options)
        return self._scorers[key]

    def _set(self, **changes: Any) -> None:
        with self._changed:
            self._status = replace(self._status, **changes)
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class _Offer:
    """A model, its name on the servers, and where it may be asked for."""

    prm: Prm
    name: str
    urls: list[str]


def _offers(urls: Sequence[str], api_key: str | None) -> dict[str, _Offer]:
    """The models by key; a server that does not answer now may turn out to serve any of them."""
    loop = _Loop()
    apis = [Api(url, api_key, timeout=10.0) for url in urls]

    async def ask() -> list[list[Served] | BaseException]:
        return await asyncio.gather(*map(served_by, apis), return_exceptions=True)

    try:
        outcomes = loop.run(ask()).result()
    finally:
        loop.close(*(api.close() for api in apis))
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for error in errors:
        if len(errors) == len(outcomes) or not isinstance(error, UnreachableError | BusyError):
            raise error
    offers: dict[str, _Offer] = {}
    for outcome in outcomes:
        for served in outcome if isinstance(outcome, list) else ():
            offers.setdefault(served.prm.key, _Offer(served.prm, served.name, []))
    for offer in offers.values():
        for url, outcome in zip(urls, outcomes, strict=True):
            if not isinstance(outcome, list) or any(each.is_called(offer.name) for each in outcome):
                offer.urls.append(url)
    return offers


async def served_by(api: Api) -> list[Served]:
    """The models that a server offers; raises a PrmError where it offers none."""
    answer = await api.get("/v1/models")
    try:
        served = [
            Served(each["id"], each.get("root") or each["id"], each["max_model_len"])
            for each in answer["data"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ServerError(
            f"{api.url}/v1/models does not answer as a vLLM server's: check --base-url."
        ) from error
    if not served:
        raise ServerError(f"The server at {api.url} serves no model.")
    return served


def choose(offered: Sequence[Served], model: str | None, url: str) -> Served:
    names = ", ".join(each.name for each in offered)
    if model is None:
        if len(offered) > 1:
            raise ServerError(f"The server at {url} serves {names}: choose one with --model.")
        return offered[0]
    for served in offered:
        if served.is_called(model):
            return served
    raise ServerError(
        f"The server at {url} serves {names}, not {model}: name one of these with --model, or the "
        f"address of a server of {model} with --base-url (`prm-app serve {model}` starts one)."
    )


async def _plugin_way(api: Api, served: Served) -> _PluginWay | None:
    """Asking by the plugin's request, or None where the server does not know it."""
    try:
        answer = await _ask_plugin(api, served, SAMPLE)
    except InputError:
        return None
    except ServerError as error:
        if error.status not in (404, 405):
            raise
        raise NotAPrmError(
            f"{served.name} at {api.url} is not served as a reward model (there is no /pooling): "
            "start the server with `prm-app serve`, or vLLM's own with --runner pooling."
        ) from error
    for format in FORMATS.values():
        if format.split(SAMPLE.steps) == answer.steps:
            return _PluginWay(api, served, format)
    raise ServerError(
        f"The server at {api.url} splits steps in no way known here: update vllm-prm on it."
    )


async def _ask_plugin(api: Api, served: Served, solution: Solution) -> Answer:
    data = {"problem": solution.problem, "steps": list(solution.steps)}
    body = {"model": served.name, "task": "plugin", "data": data}
    answer = await api.post("/pooling", body)
    try:
        found = answer["data"]
        steps, rewards = tuple(found["steps"]), tuple(map(float, found["rewards"]))
        tokens = int(found["tokens"])
    except (KeyError, TypeError, ValueError) as error:
        raise ServerError(
            f"The server at {api.url} has a plugin of its own, not vllm-prm: start it with "
            "--io-processor-plugin prm."
        ) from error
    if len(rewards) != len(steps) or not all(0 <= reward <= 1 for reward in rewards):
        raise ServerError(f"The server at {api.url} answered with something other than rewards.")
    return Answer(steps, rewards, tokens)


async def _token_way(api: Api, served: Served, tokenizer: str | None) -> _TokenWay:
    prm = served.prm if tokenizer is None else replace(served.prm, checkpoint=tokenizer)

    def prompts() -> PromptFormat:
        _, folder = describe(prm)
        return load_format(folder)

    try:
        way = _TokenWay(api, served, await asyncio.to_thread(prompts))
    except (ModelError, FormatError, OSError, ValueError) as error:
        if isinstance(error, NotAPrmError):
            raise
        raise ServerError(
            f"The server at {api.url} has no vllm-prm plugin, so prompts are built here, and the "
            f"tokenizer of {prm.checkpoint} cannot be read here: name its hub name or folder with "
            f"--remote-tokenizer, or start the server with `prm-app serve`. {error}"
        ) from error
    await way.check()
    return way


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="remote", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self, *last: Coroutine[Any, Any, None]) -> None:
        """Cancels what runs, runs the coroutines, and ends."""

        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, *last, return_exceptions=True)

        self.run(end()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
