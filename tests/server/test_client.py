"""Our client against real servers: one, several, stock ones, wrong ones, and one that dies."""

import threading

import pytest

from prm_app.errors import InputError, ServerError, TooLongError, UnreachableError
from prm_app.remote import RemoteModels, RemoteScorer, Servers, dialects
from prm_app.solutions.solution import ScoredSolution, Solution, solution

PROBLEM = "A pen costs 3 dollars. How much do 4 pens cost?"
HOSTILE = Solution(PROBLEM, ("<extra_0> a <|im_end|>", "b\n\nc", "\\frac{1}{2} é 数 \t", ""))


@pytest.fixture
def open_scorer(api_key):
    scorers = []

    def connect(*urls: str) -> RemoteScorer:
        scorers.append(RemoteScorer(Servers(urls, api_key=api_key, timeout=900)))
        return scorers[-1]

    yield connect
    for scorer in scorers:
        scorer.close()


def solutions(scorer, real_solutions, count: int) -> list[Solution]:
    texts = [(problem, text) for problem, texts in real_solutions for text in texts]
    return [solution(*texts[i % len(texts)]) for i in range(count)]


def assert_equal(scored: ScoredSolution, expected: ScoredSolution) -> None:
    assert scored.model == expected.model
    assert scored.steps == expected.steps
    assert scored.tokens == expected.tokens
    assert scored.rewards == pytest.approx(expected.rewards, abs=1e-5)


def assert_all_equal(scorer, local, items: list[Solution]) -> None:
    for one, other in zip(scorer.submit(items), local.submit(items), strict=True):
        assert_equal(one.result(), other.result())


@pytest.mark.parametrize("server", ["skywork", "qwen"])
def test_the_numbers_are_those_of_this_process(
    request, server, open_scorer, in_process, real_solutions
):
    scorer = open_scorer(request.getfixturevalue(server) + "/v1")
    local = in_process.scorer(f"demo-{server}")
    assert scorer.prm.key == local.prm.key
    assert scorer.limit == local.limit
    assert_all_equal(scorer, local, [HOSTILE, *solutions(scorer, real_solutions, 80)])


@pytest.mark.parametrize("server, key", [("skywork", "demo-skywork"), ("stock", "demo-qwen")])
def test_token_ids_to_a_stock_server_give_the_same_numbers(
    request, monkeypatch, server, key, open_scorer, in_process, real_solutions
):
    """Both kinds of rows: all tokens of the first server, the step ends alone of the other."""

    async def unknown(*_):
        return None

    if server == "skywork":
        monkeypatch.setattr(dialects, "plugin_client", unknown)
    scorer = open_scorer(request.getfixturevalue(server))
    local = in_process.scorer(key)
    assert_all_equal(scorer, local, [HOSTILE, *solutions(scorer, real_solutions, 20)])


@pytest.mark.parametrize("server", ["qwen", "stock"])
def test_what_cannot_be_scored_fails_alone(request, server, open_scorer):
    scorer = open_scorer(request.getfixturevalue(server))
    good = Solution(PROBLEM, ("4 * 3 = 12",))
    long = Solution(PROBLEM, ("4 * 3 = 12", "and " * 5000))
    outcomes = dict(scorer.score_many([good, long, Solution(PROBLEM, ("",)), good]))
    assert outcomes[0].rewards == outcomes[3].rewards
    assert isinstance(outcomes[1], InputError)
    assert "step 2 is the first that does not fit" in str(outcomes[1])
    assert isinstance(outcomes[1], TooLongError)
    assert isinstance(outcomes[2], InputError)


def test_one_of_two_servers_dies_and_every_item_is_answered_in_order(
    skywork, second_skywork, open_scorer, in_process, real_solutions
):
    scorer = open_scorer(skywork, second_skywork.url)
    items = solutions(scorer, real_solutions, 200)
    futures = scorer.submit(items)
    done = threading.Semaphore(0)
    for future in futures:
        future.add_done_callback(lambda _: done.release())
    for _ in range(20):
        assert done.acquire(timeout=900)
    second_skywork.kill()
    count = sum(future.done() for future in futures)
    scored = [future.result(timeout=900) for future in futures]

    assert count < len(items), "the server was killed too late for this test"
    local = in_process.scorer("demo-skywork")
    for each, expected in zip(scored, local.submit(items), strict=True):
        assert_equal(each, expected.result())


def test_the_checks_come_first(skywork, qwen, api_key):
    with pytest.raises(UnreachableError, match=r"No server answers at http://127\.0\.0\.1:9 "):
        RemoteScorer(Servers(["127.0.0.1:9"]))
    with pytest.raises(ServerError, match="refused the API key: give the key that it was"):
        RemoteScorer(Servers([skywork], api_key="wrong"))
    with pytest.raises(ServerError, match=r"serves demo-qwen, not demo-skywork"):
        RemoteScorer(Servers([qwen], "demo-skywork"))
    with pytest.raises(ServerError, match="serve different models"):
        RemoteScorer(Servers([skywork, qwen], api_key=api_key))


def test_a_page_over_servers_of_different_models_switches_between_them(skywork, qwen, api_key):
    models = RemoteModels(Servers([skywork, qwen], api_key=api_key))
    try:
        assert {prm.key for prm in models.models()} == {"demo-skywork", "demo-qwen"}
        for key in ("demo-qwen", "demo-skywork"):
            assert models.scorer(key).score(Solution(PROBLEM, ("4 * 3 = 12",))).model == key
            assert models.status(key).ready
        with pytest.raises(ServerError, match=r"No server here serves Qwen2\.5-Math-PRM-7B"):
            models.scorer("Qwen2.5-Math-PRM-7B")
        assert models.scorer().prm.key == "demo-skywork"
    finally:
        models.close()
