"""The server's own request, as a user with curl and no tokenizer sends it."""

import asyncio
import json
import subprocess

import httpx
import openai
import pytest

from prm_app.solutions.solution import Solution, solution

PROBLEM = "A pen costs 3 dollars. How much do 4 pens cost?"
STEPS = ["4 pens cost 4 * 3 = 12 dollars.", "The answer is 12."]
KEY = {"Authorization": "Bearer open-sesame"}


@pytest.fixture(params=["skywork", "qwen"])
def server(request) -> tuple[str, str]:
    return request.getfixturevalue(request.param), f"demo-{request.param}"


def post(url: str, model: str, data: object) -> httpx.Response:
    body = {"model": model, "task": "plugin", "data": data}
    return httpx.post(f"{url}/pooling", json=body, headers=KEY, timeout=900)


def test_curl_gets_the_numbers_of_the_engine_in_this_process(server, in_process):
    url, model = server
    body = {"model": model, "task": "plugin", "data": {"problem": PROBLEM, "steps": STEPS}}
    command = ["curl", "-s", f"{url}/pooling", "-H", "Content-Type: application/json"]
    command += ["-H", f"Authorization: {KEY['Authorization']}", "-d", json.dumps(body)]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["data"]

    expected = in_process.scorer(model).score(Solution(PROBLEM, tuple(STEPS)))
    assert answer["steps"] == STEPS
    assert answer["tokens"] == expected.tokens
    assert answer["rewards"] == pytest.approx(expected.rewards, abs=1e-5)


def test_a_list_is_answered_in_its_order_and_as_its_items_alone(server, real_solutions):
    url, model = server
    data = [
        {"problem": problem, "solution": text, "delimiter": "\n"}
        for problem, texts in real_solutions[:4]
        for text in texts
    ]
    answers = post(url, model, data).json()["data"]
    assert len(answers) == len(data)
    for item, answer in zip(data[::5], answers[::5], strict=True):
        alone = post(url, model, item).json()["data"]
        assert alone["steps"] == answer["steps"]
        assert alone["rewards"] == pytest.approx(answer["rewards"], abs=1e-5)


@pytest.mark.parametrize("delimiter", ["\n", "\n\n", " ки ", "Step"])
def test_a_solution_is_split_as_the_app_splits_it(server, in_process, delimiter):
    url, model = server
    text = "\r\nStep 1: a ки  \n\n\n ки Step 2: b\n c  \n\nStep 3: <extra_0> d\t\n \n"
    data = {"problem": PROBLEM, "solution": text, "delimiter": delimiter}
    answer = post(url, model, data).json()["data"]
    scorer = in_process.scorer(model)
    split = solution(PROBLEM, text, "delimiter", delimiter)
    assert answer["steps"] == list(scorer.score(split).steps)
    assert answer["rewards"] == pytest.approx(scorer.score(split).rewards, abs=1e-5)


@pytest.mark.parametrize(
    "data, field",
    [
        ({"steps": STEPS}, "data.problem is missing"),
        ({"problem": 7, "steps": STEPS}, "data.problem must be a string"),
        ({"problem": "  ", "steps": STEPS}, "data.problem is empty"),
        ({"problem": PROBLEM}, "data.steps must be a list"),
        ({"problem": PROBLEM, "steps": "one"}, "data.steps must be a list"),
        ({"problem": PROBLEM, "steps": ["one", None]}, "data.steps[1] is missing"),
        ({"problem": PROBLEM, "steps": [" ", ""]}, "data.steps holds no step"),
        ({"problem": PROBLEM, "solution": "one"}, "data.delimiter is missing"),
        ({"problem": PROBLEM, "steps": STEPS, "step": 1}, "data.step is not a field"),
        ("text", "data must be an object"),
        ([], "data is an empty list"),
        ([{"problem": PROBLEM, "steps": STEPS}, {"problem": PROBLEM}], "data[1].steps must be"),
    ],
)
def test_bad_input_is_refused_with_its_field(server, data, field):
    answer = post(*server, data)
    assert answer.status_code == 400
    assert field in answer.json()["error"]["message"]


def test_what_does_not_fit_is_refused_with_the_first_step_that_does_not(server):
    long = "and " * 3000
    data = [
        {"problem": PROBLEM, "steps": STEPS},
        {"problem": PROBLEM, "steps": ["fine", long, long, "fine"]},
    ]
    answer = post(*server, data)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert "data[1] is " in message
    assert "step 3 is the first that does not fit" in message


def test_a_text_that_no_context_holds_is_refused_before_it_is_read(server):
    url, model = server
    answer = post(url, model, {"problem": PROBLEM, "steps": ["a b " * 2_000_000]})
    assert answer.status_code == 400
    assert "characters that 4096 tokens hold at most" in answer.json()["error"]["message"]


def test_half_a_surrogate_pair_is_refused(server):
    url, model = server
    body = json.dumps(
        {"model": model, "task": "plugin", "data": {"problem": "\ud800", "steps": []}}
    )
    headers = KEY | {"Content-Type": "application/json"}
    answer = httpx.post(f"{url}/pooling", content=body, headers=headers)
    assert answer.status_code == 400


def test_the_api_key_guards_the_request(skywork):
    assert httpx.get(f"{skywork}/health").status_code == 200
    for path in ("/pooling", "/tokenize", "/v1/models", "/openapi.json"):
        assert httpx.post(f"{skywork}{path}", json={}).status_code == 401
    assert post(skywork, "demo-skywork", {}).status_code == 400


def test_the_openai_client_works(qwen):
    client = openai.OpenAI(base_url=f"{qwen}/v1", api_key="any")
    assert [model.id for model in client.models.list()] == ["demo-qwen"]
    answer = client.post(
        f"{qwen}/pooling",
        body={
            "model": "demo-qwen",
            "task": "plugin",
            "data": {"problem": PROBLEM, "steps": STEPS},
        },
        cast_to=object,
    )
    assert len(answer["data"]["rewards"]) == 2


def test_two_requests_may_share_their_id(server):
    """A client chooses the id: whatever vLLM makes of it, no text gets another one's rewards."""
    url, model = server
    alone = [
        post(url, model, {"problem": PROBLEM, "steps": [step]}).json()["data"] for step in STEPS
    ]

    async def together() -> list[httpx.Response]:
        async with httpx.AsyncClient(headers=KEY | {"X-Request-Id": "same"}, timeout=900) as client:
            bodies = [
                {"model": model, "task": "plugin", "data": {"problem": PROBLEM, "steps": [step]}}
                for step in STEPS * 4
            ]
            posts = (client.post(f"{url}/pooling", json=body) for body in bodies)
            return await asyncio.gather(*posts)

    answers = asyncio.run(together())
    assert any(answer.is_success for answer in answers)
    for expected, answer in zip(alone * 4, answers, strict=True):
        if answer.is_success:
            assert answer.json()["data"]["steps"] == expected["steps"]
            assert answer.json()["data"]["rewards"] == pytest.approx(expected["rewards"], abs=1e-5)
