"""Who is answered when many ask at once: nobody is lost, and none takes all places."""

import asyncio

import pytest

from prm_app.api.door import Door
from prm_app.errors import BusyError


class Crowd:
    """Requests at a door, answered when `open` is set; `log` tells who came in, in order."""

    def __init__(self, door: Door) -> None:
        self.door, self.open, self.log = door, asyncio.Event(), []

    async def ask(self, visitor: str) -> str:
        async with self.door.turn(visitor):
            self.log.append(visitor)
            await self.open.wait()
            return "answered"

    def all_ask(self, visitors: str) -> list[asyncio.Task]:
        return [asyncio.create_task(self.ask(visitor)) for visitor in visitors]


def test_too_many_requests_are_turned_away():
    async def crowd() -> list:
        ours = Crowd(Door(inside=2, waiting=3, share=1))
        asked = ours.all_ask("aaaaaaa")
        await asyncio.sleep(0.01)
        assert ours.log == ["a", "a"]
        ours.open.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(crowd())
    assert answers.count("answered") == 5
    refused = [answer for answer in answers if isinstance(answer, BusyError)]
    assert len(refused) == 2 and "3 requests are waiting already" in str(refused[0])


def test_one_visitor_leaves_places_to_the_others_and_who_waits_comes_in_by_turns():
    async def crowd() -> list[str]:
        ours = Crowd(Door(inside=4, waiting=16, share=0.5))
        asked = ours.all_ask("aaaaab")
        await asyncio.sleep(0.01)
        assert ours.log == ["a", "a", "b"]
        asked += ours.all_ask("cab")
        await asyncio.sleep(0.01)
        assert ours.log == ["a", "a", "b", "c"]
        ours.open.set()
        await asyncio.gather(*asked)
        return ours.log

    assert sorted(asyncio.run(crowd())) == ["a"] * 6 + ["b"] * 2 + ["c"]


def test_one_visitor_who_waits_too_often_is_turned_away_and_no_other():
    async def crowd() -> list:
        ours = Crowd(Door(inside=4, waiting=8, share=0.25))
        asked = ours.all_ask("aaaaabb")
        await asyncio.sleep(0.01)
        ours.open.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(crowd())
    assert [isinstance(answer, BusyError) for answer in answers] == [False] * 3 + [True] * 2 + [
        False
    ] * 2


@pytest.mark.parametrize("inside", [False, True])
def test_who_gives_up_leaves_his_place(inside):
    async def crowd() -> str:
        ours = Crowd(Door(inside=1, waiting=2, share=1))
        first, second = ours.all_ask("ab")
        await asyncio.sleep(0.01)
        (first if inside else second).cancel()
        await asyncio.sleep(0.01)
        last = asyncio.create_task(ours.ask("c"))
        ours.open.set()
        return await asyncio.wait_for(last, 5)

    assert asyncio.run(crowd()) == "answered"
