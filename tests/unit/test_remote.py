"""What the client does where servers refuse, fail, hang up, come back, or are something else."""

import threading

import pytest
from http_server import Scripted

from prm_app.api_client import base_url
from prm_app.errors import BusyError, InputError, NotAPrmError, ServerError
from prm_app.remote import RemoteScorer, Servers
from prm_app.remote.dialects import SAMPLE
from prm_app.solutions.solution import Solution

MODELS = {"data": [{"id": "demo-skywork", "root": "/models/skywork", "max_model_len": 4096}]}
GOOD = Solution("2 + 2?", ("4",))


def plugin_server(answer, port: int = 0) -> Scripted:
    """A server with our plugin that serves the Skywork format; `answer` scores all but samples."""

    def reply(path: str, body: dict | None):
        if path == "/v1/models":
            return 200, MODELS
        if body["data"][0]["problem"] == SAMPLE.problem:
            return scored(SAMPLE.steps[0].split("\n"))
        return answer(body)

    return Scripted(reply, port)


def scored(*solutions: list[str], reward: float = 0.75):
    data = [
        {"steps": steps, "rewards": [reward] * len(steps), "tokens": 9, "family": "qwen"}
        for steps in solutions
    ]
    return 200, {"data": data}


@pytest.fixture
def serve():
    servers = []

    def start(answer, port: int = 0) -> Scripted:
        servers.append(plugin_server(answer, port))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect():
    scorers = []

    def open_scorer(*servers: Scripted, **options) -> RemoteScorer:
        scorers.append(RemoteScorer(Servers([server.url for server in servers], **options)))
        return scorers[-1]

    yield open_scorer
    for scorer in scorers:
        scorer.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_asked_again(serve, connect, status):
    answers = [(status, {"error": "not now"}), scored(["4"])]
    server = serve(lambda body: answers.pop(0))
    assert connect(server).score(GOOD).rewards == (0.75,)
    assert not answers


@pytest.mark.parametrize("status, error", [(400, InputError), (401, ServerError)])
def test_a_refusal_is_not_asked_again(serve, connect, status, error):
    server = serve(lambda body: (status, {"error": {"message": "data.steps is wrong"}}))
    scorer = connect(server)
    before = len(server.asked)
    with pytest.raises(error):
        scorer.score(GOOD)
    assert len(server.asked) == before + 1


def test_a_dead_server_is_left_out_and_comes_back(serve, connect):
    first, second = (serve(lambda body: scored(["4"])) for _ in range(2))
    scorer = connect(first, second)
    first.close()
    for _ in range(20):
        assert scorer.score(GOOD).rewards == (0.75,)
    back = serve(lambda body: scored(["4"], reward=0.5), port=first.port)
    came = threading.Event()
    for _ in range(200):
        if any(each.result().rewards == (0.5,) for each in scorer.submit([GOOD] * 4)):
            came.set()
            break
        came.wait(0.1)
    assert came.is_set()
    assert len(back.asked) > 2, "it was checked before it got its share"


def test_servers_share_the_load(serve, connect):
    lock, running = threading.Barrier(2, timeout=30), []

    def answer(name):
        def reply(body):
            running.append(name)
            lock.wait()  # both are busy at once, or neither ends
            return scored(["4"])

        return reply

    scorer = connect(serve(answer("a")), serve(answer("b")))
    for future in scorer.submit([GOOD] * 2):
        future.result()
    assert sorted(running) == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        [{"steps": ["5"], "rewards": [0.5], "tokens": 9, "family": "qwen"}],
        [{"steps": ["4"], "rewards": [1.5], "tokens": 9, "family": "qwen"}],
        [{"steps": ["4"], "rewards": [], "tokens": 9, "family": "qwen"}],
        [{"steps": ["4"], "rewards": [None], "tokens": 9, "family": "qwen"}],
        [],
        {"steps": ["4"], "rewards": [0.5], "tokens": 9, "family": "qwen"},
        None,
    ],
)
def test_what_is_no_reward_is_an_error_and_never_a_score(serve, connect, data):
    scorer = connect(serve(lambda body: (200, {"data": data})))
    with pytest.raises(ServerError):
        scorer.score(GOOD)


@pytest.mark.parametrize("count", [4, 200])
@pytest.mark.parametrize("status, error", [(400, InputError), (500, BusyError)])
def test_a_failure_stays_with_its_item(serve, connect, count, status, error):
    def answer(body):
        steps = [each["steps"] for each in body["data"]]
        return (status, {"error": {"message": "no"}}) if ["bad"] in steps else scored(*steps)

    scorer = connect(serve(answer), patience=0.1)
    items = [Solution("2?", (str(i),)) for i in range(count)]
    items[1:3] = Solution("2?", ("bad",)), Solution("2?", ("\ud800",))
    outcomes = dict(scorer.score_many(items))
    assert isinstance(outcomes.pop(1), error)
    assert isinstance(outcomes.pop(2), InputError)
    assert all(outcomes[i].steps == items[i].steps for i in outcomes)
    assert len(outcomes) == count - 2


def test_many_solutions_share_requests_and_each_keeps_its_rewards(serve, connect):
    def answer(body):
        data = [
            {"steps": each["steps"], "rewards": [int(each["steps"][0]) / 1000], "tokens": 9}
            for each in body["data"]
        ]
        return 200, {"data": data}

    servers = serve(answer), serve(answer)
    scorer = connect(*servers)
    before = sum(len(server.asked) for server in servers)
    futures = scorer.submit([Solution("2?", (str(i),)) for i in range(1000)])
    assert [future.result().rewards for future in futures] == [(i / 1000,) for i in range(1000)]
    # 125 requests, unless one fails on a busy machine: then each of its eight is asked for alone.
    assert sum(len(server.asked) for server in servers) - before < 1000 / 2


def test_what_nobody_wants_any_more_is_not_asked_for(serve, connect):
    ended = threading.Event()

    def answer(body):
        if body["data"][0]["steps"] == list(GOOD.steps):
            ended.wait(30)
        return scored(*(each["steps"] for each in body["data"]))

    server = serve(answer)
    scorer = connect(server)
    for future in scorer.submit([GOOD] * 500):
        assert future.cancel()
    assert scorer.score(Solution("2 + 2?", ("5",))).rewards == (0.75,)
    ended.set()
    assert len(server.asked) < 30


def test_closing_fails_what_is_under_way_and_what_waits(serve):
    ended = threading.Event()

    def answer(body):
        ended.wait(30)
        return scored(["4"])

    scorer = RemoteScorer(Servers([serve(answer).url]))
    futures = scorer.submit([GOOD] * 500)
    scorer.close()
    ended.set()
    for future in futures:
        with pytest.raises(ServerError, match="was closed before they answered"):
            future.result(timeout=30)


def test_a_server_without_pooling_is_not_a_prm():
    def reply(path, body):
        return (200, MODELS) if path == "/v1/models" else (404, {"detail": "Not Found"})

    server = Scripted(reply)
    with pytest.raises(NotAPrmError, match="start the server with `prm-app serve`"):
        RemoteScorer(Servers([server.url]))
    server.close()


def test_something_else_than_a_model_server():
    server = Scripted(lambda path, body: (200, {"hello": "world"}))
    with pytest.raises(ServerError, match="does not answer as vLLM's servers do"):
        RemoteScorer(Servers([server.url]))
    server.close()


def test_a_server_that_stays_busy_is_an_error(serve, connect):
    scorer = connect(serve(lambda body: (503, {"error": "full"})), patience=0.3)
    with pytest.raises(BusyError, match="answered 503"):
        scorer.score(GOOD)


@pytest.mark.parametrize(
    "given, url",
    [
        ("http://gpu:8000/v1/", "http://gpu:8000"),
        ("gpu:8000", "http://gpu:8000"),
        ("https://x.org/prm/v1", "https://x.org/prm"),
        (" HTTP://GPU:8000/v1/pooling ", "http://GPU:8000"),
        ("Https://x.org//", "https://x.org"),
        ("gpu:8000/pooling/", "http://gpu:8000"),
        ("http://gpu/v1/chat/completions", "http://gpu"),
        ("http://gpu/models", "http://gpu/models"),
        ("[::1]:8000/v1", "http://[::1]:8000"),
    ],
)
def test_addresses_may_be_written_in_any_case_and_end_in_a_route(given, url):
    assert base_url(given) == url


@pytest.mark.parametrize("given", ["", "  ", "http://", "/v1", "ftp://gpu:21", "://gpu"])
def test_what_is_no_address_is_refused(given):
    with pytest.raises(InputError, match="is no address of a server"):
        Servers([given])
