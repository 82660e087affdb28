"""Strangers do what the host offers them, and learn nothing about anything else."""

import asyncio
from concurrent.futures import Future

import pytest

from prm_app.catalog import CATALOG, Prm, find_model
from prm_app.errors import InputError
from prm_app.generator import Generator
from prm_app.scoring import Models, Status
from prm_app.ui.policy import OfferedModels, Policy, password_check, policy_for


class Anything(Models):
    """Opens whatever is named, and notes what that was."""

    def __init__(self) -> None:
        self.default, self.names = CATALOG[0], []

    def models(self) -> tuple[Prm, ...]:
        return CATALOG

    def status(self, name: str = "") -> Status:
        return Status()

    def open(self, name: str = "") -> Future:
        self.names.append(name)
        return Future()

    def close(self) -> None: ...


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_the_owner_may_do_everything_at_home(address, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert policy_for(address) == Policy(offer=None, any_address=True)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.7", "example.org"])
def test_strangers_choose_among_what_is_loaded_and_bundled(address):
    policy = policy_for(address, model="someone/prm", bundled=["demo-skywork"])
    assert policy == Policy(("someone/prm", "demo-skywork"), None, any_address=False)
    assert policy_for(address, offer=["demo-qwen"]).offer == ("demo-qwen",)
    assert policy_for(address, trust_visitors=True) == Policy()


def test_a_space_is_never_at_home(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/space")
    policy = policy_for("127.0.0.1", bundled=["demo-skywork"])
    assert policy.offer == ("demo-skywork",) and not policy.any_address


def test_the_hosts_generator_is_there_for_strangers():
    generator = Generator("http://127.0.0.1:1", "writer", "secret")
    policy = policy_for("0.0.0.0", bundled=["demo-skywork"], generator=generator)
    assert policy.generator is generator and not policy.any_address


@pytest.mark.parametrize("name", ["/etc", "/nowhere/at/all", "..", "owner/model", CATALOG[3].key])
def test_what_is_not_on_offer_is_refused_alike_whether_it_exists_or_not(name):
    behind = Anything()
    models = OfferedModels(behind, ["demo-skywork", "demo-qwen"])
    messages = set()
    for ask in (models.find, models.status, models.open):
        with pytest.raises(InputError) as caught:
            ask(name)
        messages.add(str(caught.value))
    assert messages == {
        "This page does not offer that model: choose one of demo-skywork, demo-qwen."
    }
    assert behind.names == []


def test_what_is_on_offer_is_opened_by_key_and_by_checkpoint():
    behind = Anything()
    models = OfferedModels(behind, ["demo-qwen"])
    models.open()
    models.open(find_model("demo-qwen").checkpoint)
    assert behind.names == ["demo-qwen"] * 2
    assert [prm.key for prm in models.models()] == ["demo-qwen"]


def test_a_wrong_password_is_answered_late(monkeypatch):
    waits = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    check = password_check("ada", "lovelace")
    assert asyncio.run(check("ada", "lovelace")) and waits == []
    assert not asyncio.run(check("ada", "l")) and not asyncio.run(check("é", "lovelace"))
    assert len(waits) == 2 and min(waits) >= 1
