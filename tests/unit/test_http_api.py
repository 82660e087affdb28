"""The HTTP API of a real page, as curl and any language call it."""

import json
from collections.abc import Iterator

import httpx
import instant
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from prm_app.api.limits import MOST_BYTES, MOST_CHARACTERS
from prm_app.api.web_api import _fail
from prm_app.errors import (
    BusyError,
    EngineError,
    InputError,
    ModelNotFoundError,
    NotAPrmError,
    OutOfMemoryError,
    UnreachableError,
)

P, S = "1 + 1?", "so 2\nA: 2"
GOOD = {"problem": P, "solution": S}


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[httpx.Client]:
    with instant.page(tmp_path_factory.mktemp("api") / "log") as address:
        yield httpx.Client(base_url=f"{address}/api", timeout=60)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[httpx.Client]:
    """Of a page with a password, which offers one model."""
    options = ("--mcp", "--auth", "ada", "love:läce", "--offer", "demo-skywork")
    with instant.page(tmp_path_factory.mktemp("guarded") / "log", *options) as address:
        yield httpx.Client(base_url=f"{address}/api", timeout=60)


@pytest.fixture(scope="module")
def description(api) -> dict:
    return api.get("/openapi.json").json()


def schema_of(description: dict, path: str, method: str = "post") -> Draft202012Validator:
    """Of the answer of an operation."""
    answer = description["paths"][path][method]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": description["components"]})


def test_the_description_is_valid_openapi(description):
    validate(description)
    assert {*description["paths"]} == {"/score", "/rank", "/models"}
    assert description["servers"] == [{"url": "/api"}]


def test_score(api, description):
    answer = api.post("/score", json=GOOD)
    assert answer.status_code == 200
    answer_document = answer.json()
    schema_of(description, "/score").validate(answer_document)
    assert answer_document["steps"] == ["so 2", "A: 2"] and "compared_with" not in answer_document
    assert answer_document["rewards"] == [
        instant.reward(P, step) for step in answer_document["steps"]
    ]
    second = api.post("/score", json=GOOD | {"compare_with": "demo-qwen", "threshold": 1}).json()
    schema_of(description, "/score").validate(second)
    assert (
        second["compared_with"]["rewards"] == answer_document["rewards"]
        and second["first_error"] == 1
    )


def test_rank(api, description):
    asked = {"problem": P, "solutions": [S, "", "so 3\nA: 3"], "aggregation": "min"}
    answer_document = api.post("/rank", json=asked).json()
    schema_of(description, "/rank").validate(answer_document)
    assert [row["solution"] for row in answer_document["ranking"]][-1] == 2
    assert "empty" in answer_document["ranking"][-1]["error"]
    assert (
        answer_document["best"]
        == answer_document["best_by"]["min"]
        == answer_document["ranking"][0]["solution"]
    )


def test_rank_beside_a_second_model_and_against_the_right_answer(api, description):
    asked = {"problem": P, "solutions": ["A: 2", "A: 3"]}
    answer_document = api.post(
        "/rank", json=asked | {"compare_with": "demo-qwen", "reference_answer": "3"}
    )
    assert answer_document.status_code == 200, answer_document.text
    answer_document = answer_document.json()
    schema_of(description, "/rank").validate(answer_document)
    assert answer_document["right"] == [2] and answer_document["majority_vote"]["share"] == 0.5
    assert answer_document["compared_with"]["kendall_tau"] == 1
    assert (
        answer_document["ranking"][0]["compared_with"]["rewards"]
        == answer_document["ranking"][0]["rewards"]
    )


def test_what_is_too_long_is_refused_or_scored_as_far_as_it_fits(api, description):
    limit = instant.InstantScorer.limit
    steps = [f"{i}" for i in range(limit + 2)]
    long = GOOD | {"solution": "\n".join(steps)}
    refused = api.post("/score", json=long)
    assert refused.status_code == 422
    assert f"step {limit + 1:} is the first that does not fit" in refused.json()["error"]
    scored = api.post("/score", json=long | {"fit": True}).json()
    assert scored["steps"] == steps[:limit] and len(scored["rewards"]) == limit
    assert scored["unscored"] == steps[limit:]
    asked = {"problem": P, "solutions": ["\n".join(steps), "1 + 1 = 2"], "fit": True}
    ranked = api.post("/rank", json=asked).json()
    assert ranked["best"] == 2 and set(ranked["best_by"].values()) == {2}
    whole, part = ranked["ranking"]
    assert (whole["rank"], whole["solution"], whole["unscored"]) == (1, 2, [])
    assert (part["rank"], part["solution"], part["unscored"]) == (None, 1, steps[limit:])


def test_models(api, description):
    answer_document = api.get("/models").json()
    schema_of(description, "/models", "get").validate(answer_document)
    models = {model["key"]: model for model in answer_document["models"]}
    assert models["demo-skywork"]["ready"] and models["demo-skywork"]["checkpoint"] is None
    assert models["Qwen2.5-Math-PRM-7B"]["family"] == "qwen"


@pytest.mark.parametrize(
    ("path", "asked", "status", "says", "field"),
    [
        ("score", {"problem": P}, 422, "“solution” is missing", "solution"),
        ("score", GOOD | {"solution": 7}, 422, "“solution” should be a valid string", "solution"),
        ("score", GOOD | {"threshold": "1"}, 422, "“threshold” should be a valid", "threshold"),
        ("score", GOOD | {"split": "words"}, 422, "“split” should be 'auto'", "split"),
        ("score", GOOD | {"temperature": 1}, 422, "no field of this request", "temperature"),
        ("score", GOOD | {"threshold": 7}, 422, "The threshold is 7", None),
        ("score", GOOD | {"problem": " "}, 422, "The problem is empty", None),
        (
            "score",
            GOOD | {"problem": "a" * (MOST_CHARACTERS + 1)},
            422,
            "The problem is 100,",
            None,
        ),
        ("rank", {"problem": P, "solutions": [S, 2]}, 422, "valid string", "solutions[1]"),
        ("rank", {"problem": P, "solutions": []}, 422, "There are no solutions", None),
        ("rank", {"problem": P, "solutions": [S] * 5000}, 422, "5,000 solutions are more", None),
        ("score", [], 422, "has to be a JSON object", None),
        ("nothing", {}, 404, "Not Found", None),
        ("models", {}, 405, "Method Not Allowed", None),
    ],
)
def test_what_is_wrong_is_told_by_its_field(api, path, asked, status, says, field):
    answer = api.post(f"/{path}", json=asked)
    assert answer.status_code == status
    assert says in answer.json()["error"] and answer.json()["field"] == field


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (b'{"problem": ', "application/json", 400, "no JSON"),
        (b"\xff", "application/json", 400, ""),
        (json.dumps(GOOD).encode(), "text/plain", 422, "has to be a JSON object"),
        (b" " * (MOST_BYTES + 1), "application/json", 413, "at most 20,000,000 bytes"),
        (b'{"problem": "\\ud800", "solution": "2"}', "application/json", 422, "surrogate"),
        (b'{"problem": "1", "solution": "2", "threshold": NaN}', "application/json", 422, "nan"),
    ],
)
def test_any_body_has_an_answer(api, body, kind, status, says):
    answer = api.post("/score", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status and says in answer.json()["error"]


def test_the_password_of_the_page_is_asked_for(guarded):
    for auth in (None, ("ada", "wrong")):
        for path in ("/models", "/openapi.json", "/../mcp"):
            answer = guarded.get(path, auth=auth)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    garbled = guarded.get("/models", headers={"Authorization": "Basic %%%"})
    assert garbled.status_code == 401
    right = ("ada", "love:läce")
    assert guarded.post("/score", json=GOOD, auth=right).status_code == 200
    description = guarded.get("/openapi.json", auth=right).json()
    validate(description)
    assert description["paths"]["/score"]["post"]["security"] == [{"password": []}]


def test_strangers_get_what_the_page_offers_them(guarded):
    right = ("ada", "love:läce")
    answer_document = guarded.get("/models", auth=right).json()
    assert [model["key"] for model in answer_document["models"]] == ["demo-skywork"]
    for name in ("demo-qwen", "/etc", "someone/model"):
        answer = guarded.post("/score", json=GOOD | {"model": name}, auth=right)
        assert answer.status_code == 422 and "does not offer that model" in answer.json()["error"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("x"), 422),
        (ModelNotFoundError("x"), 404),
        (NotAPrmError("x"), 422),
        (OutOfMemoryError("x"), 503),
        (EngineError("x"), 503),
        (BusyError("x"), 503),
        (UnreachableError("x"), 502),
    ],
)
def test_every_error_has_its_status(error, status):
    answer = _fail(None, error)
    assert answer.status_code == status and json.loads(answer.body) == {"error": "x", "field": None}
    assert ("Retry-After" in answer.headers) == (status == 503)
