"""What a stranger sends over the wire, to a real page with a model that answers at once."""

import json
import time
from collections.abc import Iterator

import httpx
import instant
import pytest

from prm_app.api.limits import MOST_BYTES

P, S = "1 + 1?", "so 2\nA: 2"
REST = ["", "auto", "", None]


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Iterator[httpx.Client]:
    """A client of the page; afterwards fails if the page's log holds a traceback."""
    with instant.page(tmp_path_factory.mktemp("page") / "log") as address:
        headers = {"Content-Type": "application/json"}
        yield httpx.Client(base_url=address, headers=headers, timeout=60)


def called(page: httpx.Client, name: str, data: list) -> tuple[str, object]:
    """The last event of an endpoint's answer, and what it tells."""
    response = page.post(f"/gradio_api/call/{name}", content=json.dumps({"data": data}))
    stream = page.get(f"/gradio_api/call/{name}/{response.json()['event_id']}").text
    event, data_text = stream.rstrip().split("\n")[-2:]
    return event.removeprefix("event: "), json.loads(data_text.removeprefix("data: "))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("score", [], "“problem” is missing"),
        ("score", [P], "“solution” is missing"),
        ("score", [None, S], "“problem” should be a valid string"),
        ("score", [7, S], "“problem” should be a valid string"),
        ("score", [P, ["so 2"]], "“solution” should be a valid string"),
        ("score", [P, S, None], "“model” should be a valid string"),
        ("score", [P, S, "", "words"], "“split” should be 'auto', 'paragraphs'"),
        ("score", [P, S, "", "delimiter", 3], "“delimiter” should be a valid string"),
        ("score", [P, S, "", "auto", "", "0.5"], "“threshold” should be a valid number"),
        ("score", [P, S, "", "auto", "", True], "“threshold” should be a valid number"),
        ("score", [P, S, "", "auto", "", float("nan")], "The threshold is nan"),
        ("score", [P, S, *REST, "", False, 1], "9 values are given, and 8 are taken"),
        ("score", ["\ud800", S], "half of a surrogate pair"),
        ("score", [P, "a" * 100_001], "100,001 characters long, and this page reads at most"),
        ("score", ["a" * 100_001, S], "100,001 characters long, and this page reads at most"),
        ("rank", [P], "“solutions” is missing"),
        ("rank", [P, None], "“solutions” should be a valid list"),
        ("rank", [P, "so 2"], "“solutions” should be a valid list"),
        ("rank", [P, {"0": S}], "“solutions” should be a valid list"),
        ("rank", [P, [S, None]], "“solutions[1]” should be a valid string"),
        ("rank", [P, [S], "best"], "“aggregation” should be 'mean', 'min'"),
        ("rank", [P, []], "There are no solutions"),
        ("rank", [P, ["a"] * 4097], "4,097 solutions are more than the 4,096"),
        ("rank", [P, ["a" * 99_000] * 50], "at most 4,000,000 are ranked here at once"),
        ("models", [1], "1 values are given, and 0 are taken"),
    ],
)
def test_what_is_wrong_is_named(page, name, data, says):
    event, data_text = called(page, name, data)
    assert event == "error"
    assert says in data_text["error"]


def test_what_is_left_out_has_its_default(page):
    event, data_text = called(page, "score", [P, S])
    assert event == "complete"
    assert data_text[0]["steps"] == ["so 2", "A: 2"]
    assert data_text[0]["rewards"] == [instant.reward(P, step) for step in data_text[0]["steps"]]


def test_the_most_that_is_ranked_at_once_is_ranked(page):
    event, data_text = called(page, "rank", [P, [f"so {i}" for i in range(4096)]])
    assert event == "complete"
    assert len(data_text[0]["ranking"]) == 4096
    for row in data_text[0]["ranking"]:
        assert row["rewards"] == [instant.reward(P, f"so {row['solution'] - 1}")]


def test_a_solution_that_is_too_long_fails_alone(page):
    event, data_text = called(page, "rank", [P, [S, "a" * 100_001]])
    assert event == "complete"
    assert data_text[0]["best"] == 1
    assert "100,001 characters" in data_text[0]["ranking"][1]["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"\\ud800"', b"\xff\xfe", b'{"data": 1}',
        b'{"data": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"data": [' + b"9" * 5000 + b"]}",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(page, body):
    answer = page.post("/gradio_api/call/score", content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


def test_an_endpoint_or_a_name_that_is_not_there_is_told(page):
    assert page.post("/gradio_api/call/nothing", json={"data": []}).status_code == 400
    answer = page.post("/gradio_api/call/v2/score", json={"problem": P, "answer": S})
    assert answer.status_code == 400
    assert "answer" in answer.json()["detail"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_bound_is_not_read(page, announced):
    body = b" " * (MOST_BYTES + 1)
    content = body if announced else (body[i : i + 10**6] for i in range(0, len(body), 10**6))
    answer = page.post("/gradio_api/call/score", content=content)
    assert answer.status_code == 413
    assert "at most 20,000,000 bytes" in answer.text


JUNK = [None, 7, "x", [], {}, [None], {"index": {}}, [[["x"]]], "9" * 50, -1, True, float("nan")]


def test_the_pages_own_handlers_take_no_junk(page):
    """Whoever knows a handler's number can call it with anything."""
    handlers = page.get("/config").json()["dependencies"]
    for handler in handlers:
        for junk in JUNK:
            body = {"data": [junk] * len(handler["inputs"]), "fn_index": handler["id"]}
            body |= {"event_data": junk, "session_hash": "stranger"}
            answer = page.post("/gradio_api/run/any", content=json.dumps(body))
            data_text = answer.json()
            assert answer.is_success or data_text.get("error") or data_text.get("detail"), (
                handler,
                junk,
            )


def test_a_long_rule_in_one_visitors_text_does_not_hold_up_another(page):
    start = time.perf_counter()
    for rule in ("_", "*", "# ", "> ", "\\\\[", "\t", "$$a$$", "\n", "Step 1 "):
        event, _ = called(page, "score", [P, (rule * 100_000)[:99_990] + "a"])
        assert event == "complete"
    assert time.perf_counter() - start < 60
