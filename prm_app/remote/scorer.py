"""The scorer of one model on one or several servers, which share the load."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future

from prm_app.api_client import Api
from prm_app.errors import PrmError, ServerError
from prm_app.remote.balancer import Pool, reached
from prm_app.remote.batches import Batches
from prm_app.remote.dialects import Client, find_client
from prm_app.remote.event_loop import Loop
from prm_app.remote.served_models import choose
from prm_app.remote.servers import Servers
from prm_app.scoring import Scorer
from prm_app.solutions.solution import ScoredSolution, Solution

REQUESTS = 16
"""Under way at once to each server: with several solutions each, enough to fill its batches."""


class RemoteScorer(Scorer):
    """Scores with one or several servers of the same PRM.

    Args:
        servers: Their addresses, and how they are asked.

    Raises:
        PrmError: No server answers, a server serves another model, or the model is no PRM.
    """

    def __init__(self, servers: Servers) -> None:
        self._loop = Loop()
        self._servers = [_Server(api, servers) for api in servers.apis()]
        self._batches = Batches(self._score, REQUESTS * len(self._servers))
        try:
            self._pool = self._loop.run(self._connect(servers.patience)).result()
        except BaseException:
            self.close()
            raise
        clients = [server.client for server in self._servers if server.connected]
        self.prm = clients[0].prm
        self.limit = min(client.model.limit for client in clients)

    async def _connect(self, patience: float) -> Pool[_Server]:
        await reached(server.connect() for server in self._servers)
        by_model = {each.client.prm.key: each for each in self._servers if each.connected}
        if len(by_model) > 1:
            raise ServerError(
                "The servers serve different models ("
                + ", ".join(f"{each.api.url}: {key}" for key, each in by_model.items())
                + "): name servers of one model.",
                settings=["url", "model"],
            )
        (first,) = by_model.values()
        for server in self._servers:
            server.model = server.model or first.client.model.name
        return Pool([(each, each.connected) for each in self._servers], patience)

    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        start = time.perf_counter()
        futures: list[Future[ScoredSolution]] = [Future() for _ in solutions]
        questions = []
        for solution, future in zip(solutions, futures, strict=True):
            try:
                questions.append(((solution.validated(), start), future))
            except PrmError as error:
                future.set_exception(error)
        self._loop.call(self._batches.add, questions)
        return futures

    async def _score(self, questions: Sequence[tuple[Solution, float]]) -> list[ScoredSolution]:
        solutions = [solution for solution, _ in questions]
        ask = self._pool.run if len(questions) == 1 else self._pool.once
        answers = await ask(lambda server: server.client.score(solutions))
        now = time.perf_counter()
        return [
            ScoredSolution(
                model=self.prm.key,
                steps=answer.steps,
                rewards=answer.rewards,
                tokens=answer.tokens,
                computed=answer.tokens,
                seconds=now - start,
                outside=self.outside(solution, answer.tokens),
            )
            for (solution, start), answer in zip(questions, answers, strict=True)
        ]

    @property
    def alive(self) -> bool:
        return not self._loop.closed

    def close(self) -> None:
        """Closes the connections; requests under way fail."""
        self._loop.close(self._batches.close(), *(each.api.close() for each in self._servers))


class _Server:
    """One server, and its client once it has answered."""

    def __init__(self, api: Api, servers: Servers) -> None:
        self.api, self.model, self._servers = api, servers.model, servers
        self._client: Client | None = None

    @property
    def connected(self) -> bool:
        return self._client is not None

    @property
    def client(self) -> Client:
        assert self._client is not None, "the pool connects a server before its first request"
        return self._client

    async def connect(self) -> None:
        """Finds the model and the server's dialect; raises a PrmError."""
        model = await choose(self.api, self.model)
        self._client = await find_client(self.api, model, self._servers)
