"""What is tried with hostile inputs; each attempt ends well or says what went wrong."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from time import perf_counter

import httpx
from hostile.inputs import BROKEN, DELIMITER, as_json, case, chance, file, text, value
from work import TooMuchWork, bounded

from prm_app.catalog import find_model
from prm_app.checkpoint import fetch, open_family
from prm_app.errors import InputError
from prm_app.solutions.documents import Result, rank_document
from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import ScoredSolution, solution
from prm_app.solutions.steps import SPLITS
from prm_app.solutions.voting import Answers
from prm_app.ui import answer_views, rank_views, rich_text, views

PATIENCE_SECONDS = 300
"""What takes longer hangs: a context filled to its end takes a busy CPU minutes."""


TOO_LONG = "the model reads at most"
"""Said of what is right but does not fit the model's context."""


class WrongCount(AssertionError):
    """A text has other steps than those it was made of."""


class Script(AssertionError):
    """Something typed became a tag, or an attribute that runs."""


class Hang(AssertionError):
    """No answer in time."""


class Unanswered(AssertionError):
    """An answer that names no fault, or none at all."""


def split(seed: int) -> None:
    """The steps of a text are those it was made of, and no other way to split loses a letter."""
    rng = chance(seed)
    sample = case(rng)
    _require_count(
        sample.scored,
        solution(sample.problem, sample.solution, "delimiter", DELIMITER).scored_steps,
    )
    whole = text(rng, 30) + "a"
    how = rng.choice([how for how in SPLITS if how != "delimiter"])
    with bounded(len(whole)):
        result = solution("1 + 1?", whole, how)
    if _letters("".join(result.steps)) != _letters(whole):
        raise WrongCount(f"split as {how}, a part of the text is lost: {whole!r}")


def _letters(sample: str) -> str:
    return "".join(filter(str.isalnum, sample))


FAMILIES = [open_family(*fetch(find_model(name))) for name in ("demo-skywork", "demo-qwen")]


def encode(seed: int) -> None:
    """Each step has one position, and typed control tokens stay text."""
    sample = case(chance(seed))
    characters = len(sample.problem) + sum(map(len, sample.steps))
    for family in FAMILIES:
        with bounded(characters, passes=1000):
            prompt = family.encode(sample.problem, sample.steps)
        _require_count(sample.scored, [step.strip("\n") for step in prompt.steps])
        if not len(prompt.positions) == len(set(prompt.positions)) == len(sample.scored):
            raise WrongCount(f"{len(prompt.positions)} positions for {len(sample.scored)} steps")
        ends = prompt.token_ids.count(prompt.token_ids[prompt.positions[0]])
        if family.name == "qwen" and ends != len(sample.scored):
            raise WrongCount("a typed <extra_0> became a token")


def draw(seed: int) -> None:
    """Whatever the page shows of a text holds no tag and no attribute of the text's own."""
    rng = chance(seed)
    sample = case(rng)
    steps = tuple(sample.scored)
    rewards = tuple(rng.random() for _ in steps)
    scored = ScoredSolution("demo-skywork", steps, rewards, 9, 9, 0.1)
    ranking = Ranking(sample.problem, 3, {1: scored, 2: InputError(text(rng)), 3: scored})
    answers = Answers([[1], [3]], [text(rng), sample.problem], (3,))
    for html in (
        views.steps(scored, 0.5),
        views.preview(steps),
        views.facts(Result(sample.problem, scored), 0.5),
        views.alert(sample.problem, text(rng)),
        rank_views.table(ranking, "mean", 0.5, 1, {}),
        rank_views.failures(ranking),
        answer_views.answers(replace(ranking, answers=answers), "min"),
        rank_views.candidate(ranking, 1, 0.5),
        views.hand_out(rank_document(ranking, "min", 0.5), sample.problem),
        *(rich_text.wrapped(step) for step in steps),
    ):
        _Inert().feed(html)


class _Inert(HTMLParser):
    """Raises Script for tags and attributes that the views do not write."""

    TAGS = frozenset(
        ("ol", "ul", "li", "div", "span", "p", "strong", "b", "em", "i", "small", "h2", "h3", "dl",
         "dt", "dd", "button", "br", "table", "caption", "thead", "tbody", "tr", "th", "td",
         "code", "pre")
    )  # fmt: skip
    ATTRIBUTES = frozenset(
        ("class", "role", "tabindex", "style", "title", "type", "scope", "dir", "translate")
    )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs if not name.startswith(("aria-", "data-"))}
        if tag not in self.TAGS or not names <= self.ATTRIBUTES:
            raise Script(f"<{tag} {attrs}>")


class Page:
    """Attacks on a running page: its API, its private handlers, and uploads."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS)
        config = self._http.get("/config").json()
        self._handlers = [each["id"] for each in config["dependencies"]]
        files = {each["id"] for each in config["components"] if each["type"] == "file"}
        [self._read] = [
            each["id"] for each in config["dependencies"] if files & {t[0] for t in each["targets"]}
        ]

    def api(self, seed: int) -> None:
        """What is right is answered with its own steps; all else with a fault that has a name."""
        rng = chance(seed)
        attempt = rng.choice((self._right, self._right, self._wrong, self._broken, self._private))
        attempt(rng)

    def _right(self, rng: random.Random) -> None:
        sample = case(rng)
        data = [sample.problem, sample.solution, "", "delimiter", DELIMITER, None]
        answer = self._called("score", as_json({"data": data}))
        if TOO_LONG not in answer:
            _require_count(sample.scored, answer["steps"] if isinstance(answer, dict) else answer)

    def _wrong(self, rng: random.Random) -> None:
        name = rng.choice(("score", "rank", "models", "v2/score", "v2/rank", "nothing"))
        request = {"problem": "1 + 1?", "solution": "2", "solutions": ["2", "3"], "model": ""}
        if name.startswith("v2"):
            body: object = request | {rng.choice([*request, "split", "x"]): value(rng)}
        else:
            data = ["1 + 1?", "2" if name == "score" else ["2"], *[value(rng)] * rng.randint(0, 7)]
            rng.shuffle(data)
            body = {"data": data}
        self._called(name, as_json(body))

    def _broken(self, rng: random.Random) -> None:
        self._called(rng.choice(("score", "rank", "models", "")), rng.choice(BROKEN))

    def _private(self, rng: random.Random) -> None:
        body = {
            "data": [value(rng) for _ in range(rng.randint(0, 9))],
            "fn_index": rng.choice([*self._handlers, -1, 10**6]),
            "event_data": rng.choice((None, {"index": value(rng)}, value(rng))),
            "session_hash": rng.choice((None, "abc", f"s{rng.randrange(9)}")),
        }
        self._require_answer(self._post("/gradio_api/run/any", as_json(body)))

    def upload(self, seed: int) -> None:
        """A file is taken over whole, or what is wrong in it is told with its line."""
        content = file(chance(seed))
        sent = self._http.post("/gradio_api/upload", files={"files": ("a.jsonl", content)})
        data = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}
        body = {"data": [data], "fn_index": self._read, "session_hash": f"u{seed}"}
        answer = self._post("/gradio_api/run/any", as_json(body))
        text = answer.text
        if not answer.is_success or not ("taken over" in text or "line " in text):
            raise Unanswered(f"{answer.status_code} {text[:300]} to {content[:200]!r}")

    def _called(self, name: str, body: bytes) -> object:
        """The answer of an endpoint, or the fault that it names."""
        answer = self._post(f"/gradio_api/call/{name}", body)
        self._require_answer(answer)
        if not answer.is_success:
            return answer.text
        event = answer.json()["event_id"]
        stream = self._http.get(f"/gradio_api/call/{name.removeprefix('v2/')}/{event}").text
        kind, data = stream.rstrip().split("\n")[-2:]
        detail = json.loads(data.removeprefix("data: "))
        if kind == "event: complete":
            return detail[0]
        if not isinstance(detail, dict) or not detail.get("error"):
            raise Unanswered(f"{stream!r} to {body[:200]!r}")
        return detail["error"]

    def _post(self, path: str, body: bytes) -> httpx.Response:
        return self._http.post(path, content=body, headers={"Content-Type": "application/json"})

    @staticmethod
    def _require_answer(answer: httpx.Response) -> None:
        detail = answer.json()
        if answer.status_code >= 500 and not detail.get("error"):
            raise Unanswered(f"{answer.status_code} {answer.text[:200]}")


class Server:
    """Attacks on the request of a running server."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS)

    def pooling(self, seed: int) -> None:
        """One reward for each step sent; all else is refused as the client's fault."""
        rng = chance(seed)
        if rng.random() < 0.5:
            sample = case(rng)
            data: object = {"problem": sample.problem, "steps": sample.steps}
            answer = self._sent(data)
            if answer.is_success:
                result = answer.json()["data"]
                _require_count(sample.scored, [step.strip("\n") for step in result["steps"]])
                _require_count(sample.scored, result["rewards"])
                return
        else:
            fields = {
                "problem": "1 + 1?",
                "steps": ["2"],
                rng.choice(("problem", "steps", "x")): value(rng),
            }
            answer = self._sent(rng.choice((fields, [fields], value(rng))))
        if answer.status_code >= 500:
            raise Unanswered(f"{answer.status_code} {answer.text[:300]}")

    def _sent(self, data: object) -> httpx.Response:
        body = as_json({"model": "demo-skywork", "task": "plugin", "data": data})
        headers = {"Content-Type": "application/json"}
        return self._http.post("/pooling", content=body, headers=headers)


def outcome(attack: Callable[[int], None], seed: int) -> tuple[str, str, float]:
    """How one attempt went: the kind of its failure, what happened, and its seconds."""
    start = perf_counter()
    kind = detail = ""
    try:
        attack(seed)
    except (TooMuchWork, Hang, httpx.TimeoutException) as error:
        kind, detail = "hangs", repr(error)
    except WrongCount as error:
        kind, detail = "wrong step counts", str(error)
    except Script as error:
        kind, detail = "scripts", str(error)
    except Unanswered as error:
        kind, detail = "faults without a name", str(error)
    except Exception as error:
        kind, detail = "tracebacks", repr(error)
    return kind, detail, perf_counter() - start


def _require_count(made: list[str], result: object) -> None:
    if not isinstance(result, (list, tuple)):
        raise Unanswered(f"steps that are right are refused: {result}")
    if len(made) != len(result) or (result and isinstance(result[0], str) and list(result) != made):
        raise WrongCount(f"{made!r} became {result!r}")
