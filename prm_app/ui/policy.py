"""Who may do what on a page: decided once, where it is opened.

The owner of the machine may do everything on it. Strangers get the models that the host offers, and
the generator that he has configured: no other name, no folder, no address for the host to call.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from prm_app.catalog import Prm
from prm_app.errors import InputError
from prm_app.generator import Generator
from prm_app.scoring import Models, Scorer, Status

WRONG_PASSWORD_SECONDS = 2.0
"""How long a wrong password is answered after: guessing takes its time."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the visitors of a page may do.

    Attributes:
        offer: The models they may choose among; None for any that they name.
        generator: The host's own generator, whose address and key are never shown.
        any_address: Whether they may name a server for the host to call.
    """

    offer: tuple[str, ...] | None = None
    generator: Generator | None = None
    any_address: bool = True


def policy_for(
    server_name: str,
    *,
    trust_visitors: bool = False,
    offer: Sequence[str] = (),
    model: str = "",
    bundled: Sequence[str] = (),
    generator: Generator | None = None,
) -> Policy:
    """The policy of a page that listens on `server_name`.

    Args:
        server_name: The address it listens on; on loopback its visitor is the owner.
        trust_visitors: Whether strangers may do all that the owner may.
        offer: The models for strangers; by default `model` and what is bundled.
        model: The model that the page starts with.
        bundled: The models that come with this program.
        generator: The host's generator, if there is one.
    """
    at_home = _is_loopback(server_name) and "SPACE_ID" not in os.environ
    if trust_visitors or (at_home and not offer):
        return Policy(generator=generator)
    keys = tuple(filter(None, offer or dict.fromkeys([model, *bundled])))
    return Policy(keys or None, generator, any_address=at_home)


def _is_loopback(server_name: str) -> bool:
    if server_name == "localhost":
        return True
    try:
        return ip_address(server_name.strip("[]")).is_loopback
    except ValueError:
        return False


class OfferedModels(Models):
    """Of some models those on offer: every other name is refused, whether it exists or not."""

    def __init__(self, models: Models, names: Sequence[str]) -> None:
        self._models = models
        self._offer = tuple(models.find(name) for name in names)
        default = models.find()
        self.default = default if default in self._offer else self._offer[0]

    def models(self) -> tuple[Prm, ...]:
        return tuple(self._models.find(prm.key) for prm in self._offer)

    def status(self, name: str = "") -> Status:
        return self._models.status(self.find(name).key)

    def open(self, name: str = "") -> Future[Scorer]:
        return self._models.open(self.find(name).key)

    def close(self) -> None:
        self._models.close()

    def find(self, name: str = "") -> Prm:
        """The model of this name; raises InputError for one that is not on offer."""
        if not name.strip():
            return self.default
        for prm in self.models():
            if prm.has_name(name):
                return prm
        names = ", ".join(prm.key for prm in self._offer)
        raise InputError(f"This page does not offer that model: choose one of {names}.")


def password_check(name: str, password: str) -> Callable[[str, str], Any]:
    """What the page asks when somebody logs in; a wrong answer is slowed down."""

    async def check(visitor: str, secret: str) -> bool:
        pairs = ((visitor, name), (secret, password))
        right = all([hmac.compare_digest(a.encode(), b.encode()) for a, b in pairs])
        if not right:
            await asyncio.sleep(WRONG_PASSWORD_SECONDS)
        return right

    return check
