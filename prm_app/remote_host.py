"""The models that running servers offer, behind the page."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from prm_app.catalog import Prm, find
from prm_app.errors import BusyError, EngineError, PrmError, ServerError, UnreachableError
from prm_app.host import Host, Status
from prm_app.http import Api
from prm_app.remote import Loop, RemoteScorer
from prm_app.scoring import Scorer
from prm_app.served import Served, served_by


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
        timeout: float = 300.0,
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
    loop = Loop()
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
