"""The page's endpoints, through gradio_client."""

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

PROBLEM = "Tom has 3 apples and buys 4 more. How many apples does he have?"
RIGHT, WRONG = "3 + 4 = 7\nA: 7", "3 + 4 = 8\nA: 8"


@pytest.fixture(scope="module")
def client(url) -> Client:
    return Client(url, verbose=False)


def test_publishes_three_endpoints_and_nothing_else(client):
    api = client.view_api(return_format="dict")
    assert set(api["named_endpoints"]) == {"/score", "/rank", "/models"}
    assert not api["unnamed_endpoints"]


def test_score(client):
    answer = client.predict(PROBLEM, RIGHT, api_name="/score")
    rewards = answer["rewards"]
    assert answer["steps"] == ["3 + 4 = 7", "A: 7"]
    assert len(rewards) == 2 and all(0 <= reward <= 1 for reward in rewards)
    assert answer["mean"] == pytest.approx(sum(rewards) / 2)
    assert answer["model"] == "demo-skywork"
    strict = client.predict(PROBLEM, RIGHT, threshold=1.0, api_name="/score")
    assert strict["first_error"] == 1
    assert strict["rewards"] == pytest.approx(rewards, abs=1e-5)
    whole = client.predict(PROBLEM, "a;b", split="delimiter", delimiter=";", api_name="/score")
    assert whole["steps"] == ["a", "b"]


def test_rank(client):
    answer = client.predict(PROBLEM, [WRONG, "", RIGHT], "min", api_name="/rank")
    scored, failed = answer["ranking"][:2], answer["ranking"][2]
    assert answer["best"] == scored[0]["solution"] == answer["best_by"]["min"]
    assert scored[0]["min"] >= scored[1]["min"]
    assert failed["solution"] == 2 and "empty" in failed["error"]
    alone = client.predict(PROBLEM, RIGHT, api_name="/score")
    [ranked] = [row for row in scored if row["solution"] == 3]
    assert ranked["rewards"] == pytest.approx(alone["rewards"], abs=1e-5)


def test_models(client):
    models = {model["key"]: model for model in client.predict(api_name="/models")}
    assert models["demo-skywork"]["ready"]
    assert models["Qwen2.5-Math-PRM-7B"]["family"] == "qwen"
    assert models["Qwen2.5-Math-PRM-7B"]["published"]["GSM8K"] == 0.824


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"problem": " ", "solution": RIGHT}, "The problem is empty"),
        ({"problem": PROBLEM, "solution": ""}, "The solution is empty"),
        ({"problem": PROBLEM, "solution": "1 2 3 4 5\n" * 3000}, "reads at most"),
        ({"problem": PROBLEM, "solution": RIGHT, "threshold": 7}, "rewards lie in"),
    ],
)
def test_errors_say_what_is_wrong(client, arguments, message):
    with pytest.raises(AppError, match=message):
        client.predict(**arguments, api_name="/score")
