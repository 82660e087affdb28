"""Scoring with running vLLM servers: the same numbers as the engine in this process gives."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from prm_app.asking import Answer, Way, find_way
from prm_app.catalog import Prm
from prm_app.errors import BusyError, InputError, ServerError, UnreachableError
from prm_app.http import Api
from prm_app.pool import Pool
from prm_app.scoring import ScoredSolution, Scorer, Solution, checked
from prm_app.served import Served, choose, served_by

T = TypeVar("T")


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
        timeout: float = 300.0,
        tokenizer: str | None = None,
    ) -> None:
        if not urls:
            raise InputError("There is no server to ask: give its address with --base-url.")
        self._loop = Loop()
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
        self._way: Way | None = None

    @property
    def prm(self) -> Prm:
        return replace(self.served.prm, format=self._way.format)

    async def connect(self) -> None:
        """Finds the model and how to ask for it; raises a PrmError that says what is wrong."""
        served = choose(await served_by(self.api), self.model, self.api.url)
        self._way = await find_way(self.api, served, self._tokenizer)
        self.served = served

    async def score(self, solution: Solution) -> Answer:
        return await self._way.score(solution)


class Loop:
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
