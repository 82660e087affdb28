"""The models that running servers offer: each is asked on the servers that have it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from itertools import chain

from prm_app.catalog import Prm
from prm_app.errors import PrmError, ServerError
from prm_app.remote.balancer import reached
from prm_app.remote.event_loop import Loop
from prm_app.remote.scorer import RemoteScorer
from prm_app.remote.served_models import served_by
from prm_app.remote.servers import Servers
from prm_app.scoring import Models, OpenedScorer, Scorer, Status


class RemoteModels(Models):
    """The models of all servers, or the one that `servers` names and each of them has to serve.

    Raises:
        PrmError: No server answers, or the first model is no PRM.
    """

    def __init__(self, servers: Servers) -> None:
        self._lock = threading.Lock()
        self._scorers: dict[str, RemoteScorer] = {}
        self._status: dict[str, Status] = {}
        if servers.model is None:
            self._offers = _offers(servers)
            self.default = next(iter(self._offers.values()))[0]
        else:
            scorer = RemoteScorer(servers)
            self.default = scorer.prm
            self._offers = {scorer.prm.key: (scorer.prm, servers)}
            self._scorers[scorer.prm.key] = scorer
        self.default = self._scorer_of(self.default.key).prm

    def models(self) -> tuple[Prm, ...]:
        return tuple(prm for prm, _ in self._offers.values())

    def status(self, name: str = "") -> Status:
        key = self.find(name).key
        return Status(ready=True) if key in self._scorers else self._status.get(key, Status())

    def open(self, name: str = "") -> Future[Scorer]:
        key, future = self.find(name).key, Future[Scorer]()
        if key in self._scorers:
            future.set_result(OpenedScorer(self._scorers[key]))
        else:
            self._status[key] = Status(stage="Connecting", progress=0.5)
            threading.Thread(target=self._connect, args=(key, future), daemon=True).start()
        return future

    def close(self) -> None:
        for scorer in self._scorers.values():
            scorer.close()

    def _connect(self, key: str, future: Future[Scorer]) -> None:
        try:
            with self._lock:
                future.set_result(OpenedScorer(self._scorer_of(key)))
        except BaseException as error:
            prm_error = error
            if not isinstance(prm_error, PrmError):
                prm_error = ServerError(
                    f"{key} could not be reached ({type(error).__name__}: {error})."
                )
                prm_error.__cause__ = error
            self._status[key] = Status(error=prm_error)
            future.set_exception(prm_error)

    def _scorer_of(self, key: str) -> RemoteScorer:
        if key not in self._offers:
            raise ServerError(
                f"No server here serves {key}: choose one of {', '.join(self._offers)}, or start "
                f"`prm-app serve {key}` and add its address.",
                settings=["url"],
            )
        if key not in self._scorers:
            self._scorers[key] = RemoteScorer(self._offers[key][1])
        return self._scorers[key]


def _offers(servers: Servers) -> dict[str, tuple[Prm, Servers]]:
    """The models by key, each with its servers and those that do not answer now."""
    loop = Loop()
    apis = replace(servers, timeout=10.0).apis()
    try:
        answers = loop.run(reached(map(served_by, apis))).result()
    finally:
        loop.close(*(api.close() for api in apis))
    offers: dict[str, tuple[Prm, Servers]] = {}
    for offer in chain.from_iterable(answer or () for answer in answers):
        if offer.prm.key not in offers:
            urls = [
                url
                for url, answer in zip(servers.urls, answers, strict=True)
                if answer is None or any(each.has_name(offer.name) for each in answer)
            ]
            offers[offer.prm.key] = (offer.prm, replace(servers, urls=urls, model=offer.name))
    return offers
