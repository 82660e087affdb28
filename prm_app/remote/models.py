"""The models that running servers offer, behind the page: each is asked wherever it is served."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import chain

from prm_app.catalog import Prm, find_model
from prm_app.errors import EngineError, PrmError, ServerError
from prm_app.remote.balancer import reached
from prm_app.remote.event_loop import Loop
from prm_app.remote.scorer import RemoteScorer
from prm_app.remote.served_models import served_by
from prm_app.remote.servers import Servers
from prm_app.scoring import Models, Scorer


class RemoteModels(Models):
    """The models of all servers, or the one named, which every server then has to serve.

    Raises a PrmError where no server answers, or the first model is none that can be scored with.
    """

    def __init__(self, servers: Servers) -> None:
        super().__init__()
        self._scorers: dict[str, RemoteScorer] = {}
        if servers.model is None:
            self._offers = _offers(servers)
            first = next(iter(self._offers))
        else:
            scorer = RemoteScorer(servers)
            first = scorer.prm.key
            self._offers = {first: (scorer.prm, servers)}
            self._scorers[first] = scorer
        self._set(serving=self._connected(first).prm, progress=1.0)

    def models(self) -> tuple[Prm, ...]:
        return tuple(prm for prm, _ in self._offers.values())

    def select(self, name: str) -> None:
        prm = find_model(name)
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
            key = find_model(name).key
            if key not in self._scorers:
                raise self._status.error or EngineError(
                    f"{name} is not connected: choose it again to score with it."
                )
            return self._scorers[key]

    def close(self) -> None:
        for scorer in self._scorers.values():
            scorer.close()

    def _switch(self, prm: Prm) -> None:
        try:
            changes = {"serving": self._connected(prm.key).prm}
        except PrmError as error:
            changes = {"error": error}
        self._set(loading=None, stage="", progress=1.0, **changes)

    def _connected(self, key: str) -> RemoteScorer:
        if key not in self._offers:
            raise ServerError(
                f"No server here serves {key}: choose one of {', '.join(self._offers)}, or start "
                f"`prm-app serve {key}` and name it with --base-url too."
            )
        if key not in self._scorers:
            self._scorers[key] = RemoteScorer(self._offers[key][1])
        return self._scorers[key]


def _offers(servers: Servers) -> dict[str, tuple[Prm, Servers]]:
    """The models by key; a server that does not answer now may turn out to serve any of them."""
    loop = Loop()
    apis = replace(servers, timeout=10.0).apis()
    try:
        answers = loop.run(reached(map(served_by, apis))).result()
    finally:
        loop.close(*(api.close() for api in apis))
    offers: dict[str, tuple[Prm, Servers]] = {}
    for served in chain.from_iterable(answer or () for answer in answers):
        if served.prm.key not in offers:
            urls = [
                url
                for url, answer in zip(servers.urls, answers, strict=True)
                if answer is None or any(each.is_called(served.name) for each in answer)
            ]
            offers[served.prm.key] = (served.prm, replace(servers, urls=urls, model=served.name))
    return offers
