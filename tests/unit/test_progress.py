"""Solutions of one request: as many as wanted in linear work, and few on their way at a time."""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from instant import InstantScorer, reward

from prm_app.api.limits import MOST_IN_ALL, MOST_RANKED, require_few, solution_within
from prm_app.api.progress import CHUNK, IN_FLIGHT, Outcomes, scored_one_by_one
from prm_app.errors import InputError
from prm_app.scoring import Scorer
from prm_app.solutions.aggregation import AGGREGATIONS
from prm_app.solutions.documents import rank_document
from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import Solution
from prm_app.ui import rank_views
from prm_app.ui.stopping import until

PROBLEM = "1 + 1?"


def solutions(count: int) -> dict[int, Solution]:
    return {i: Solution(PROBLEM, (f"step {i}",)) for i in range(1, count + 1)}


async def all_scored(scorer: Scorer, given: dict[int, Solution]) -> Outcomes:
    return [update async for update in scored_one_by_one(scorer, given)][-1]


def ranking(count: int) -> Ranking:
    return Ranking(PROBLEM, count, asyncio.run(all_scored(InstantScorer(), solutions(count))))


def draw(count: int) -> None:
    result = ranking(count)
    rank_document(result, "min", 0.5)
    rank_views.table(result, "mean", 0.5, 1, {})
    rank_views.failures(result)
    rank_views.winner(result, "product")


def calls(run: Callable[[], object]) -> int:
    """How many functions are called in this thread, those written in C included."""
    count = 0

    def trace(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(trace)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def test_a_ranking_takes_work_in_proportion_to_its_solutions():
    draw(10)
    few, many = calls(lambda: draw(200)), calls(lambda: draw(3200))
    assert many < 16 * 1.3 * few  # sorting adds a little


def test_every_outcome_is_its_own_solutions():
    for number, scored in ranking(1000).scored.items():
        assert scored.rewards == (reward(PROBLEM, f"step {number}"),)


class Slow(InstantScorer):
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future, Solution]] = []
        self.most = 0

    def submit(self, given):
        new = [(Future(), each) for each in given]
        self.waiting += new
        self.most = max(self.most, len(self.waiting))
        return [future for future, _ in new]

    def answer(self, count: int) -> None:
        for future, each in self.waiting[:count]:
            future.set_result(InstantScorer().submit([each])[0].result())
        del self.waiting[:count]


def test_others_wait_behind_few_solutions_of_a_large_request():
    scorer = Slow()

    async def run() -> dict:
        scoring = asyncio.create_task(all_scored(scorer, solutions(1000)))
        while not scoring.done():
            await asyncio.sleep(0.01)
            scorer.answer(CHUNK)
        return await scoring

    assert len(asyncio.run(run())) == 1000
    assert scorer.most <= IN_FLIGHT


def test_what_is_known_is_shown_while_others_are_on_their_way():
    scorer = Slow()

    async def run() -> list[int]:
        updates = []
        async for update in scored_one_by_one(scorer, solutions(3)):
            updates.append(len(update))
            scorer.answer(1)
        return updates

    assert asyncio.run(run()) == [0, 1, 2, 3]


@pytest.mark.parametrize("problem, text", [("a" * 100_001, "b"), ("a", "b" * 100_001)])
def test_a_text_that_is_too_long_is_told_its_bound_before_it_is_read(problem, text):
    with pytest.raises(InputError, match="100,001 characters long, and this page reads at most"):
        solution_within(problem, text, "auto", "")


def test_more_than_is_ranked_at_once_is_told_its_bound():
    require_few(["a"] * MOST_RANKED, MOST_RANKED)
    with pytest.raises(InputError, match=r"4,097 solutions are more than the 4,096"):
        require_few(["a"] * (MOST_RANKED + 1), MOST_RANKED)
    with pytest.raises(InputError, match=r"at most 4,000,000"):
        require_few(["a" * (MOST_IN_ALL // 10)] * 11, MOST_RANKED)


def test_every_aggregation_has_a_winner_without_a_solution_that_failed():
    outcomes = {1: InputError("no"), **{i + 1: s for i, s in ranking(2).outcomes.items()}}
    result = Ranking(PROBLEM, 3, outcomes)
    assert list(result.failures) == [1]
    assert set(result.winners()) == set(AGGREGATIONS)


def test_who_stops_a_ranking_frees_what_is_on_its_way():
    scorer, wish = Slow(), asyncio.Event()

    async def run() -> list[int]:
        updates = []
        async for update in until(wish, scored_one_by_one(scorer, solutions(1000))):
            updates.append(len(update))
            scorer.answer(2)
            asyncio.get_running_loop().call_later(0.6, wish.set)
        return updates

    updates = asyncio.run(asyncio.wait_for(run(), timeout=10))
    assert updates[0] == 0 and 0 < updates[-1] < 1000
    assert scorer.waiting and all(future.cancelled() for future, _ in scorer.waiting)


def test_who_is_stopped_while_solutions_are_submitted_frees_them():
    begun, go_on = threading.Event(), threading.Event()

    class Tokenising(Slow):
        def submit(self, given):
            begun.set()
            go_on.wait(10)
            return super().submit(given)

    scorer, wish = Tokenising(), asyncio.Event()

    async def run() -> None:
        async def stop() -> None:
            await asyncio.to_thread(begun.wait, 10)
            wish.set()

        stopping = asyncio.create_task(stop())
        async for _ in until(wish, scored_one_by_one(scorer, solutions(3))):
            pass
        await stopping
        go_on.set()
        while not scorer.waiting or not all(future.cancelled() for future, _ in scorer.waiting):
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), timeout=10))
