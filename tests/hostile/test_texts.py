"""Every regular expression and every reader of text takes linear time, whatever is typed."""

import ast
import importlib
import inspect
import itertools
import json
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import vllm_prm
from vllm_prm.text import split_at
from work import TooMuchWork, bounded, seconds

import prm_app
from prm_app.errors import PrmError
from prm_app.solutions import answers
from prm_app.solutions.steps import SPLITS, split_steps
from prm_app.solutions.voting import Answers, group_by_answer

TOWERS = Path(__file__).parents[1] / "data" / "cases" / "power_towers.jsonl"
LENGTHS = (32, 4_000)
LONGEST = 100_000
WORST = 4
"""How many of the texts that took longest are tried at full length."""
READERS = (
    "prm_app.solutions",
    "prm_app.ui.markdown",
    "prm_app.ui.rich_text",
    "prm_app.ui.views",
    "prm_app.ui.rank_views",
    "prm_app.api_client",
    "vllm_prm.text",
    "vllm_prm.auth",
)
"""Where functions of one text are found by themselves."""
BOUNDED_BY_TIME = ("prm_app.solutions.voting", "prm_app.solutions.answer_worker")
"""Final answers are read by a library, and a vote is bounded in seconds."""
ATOMS = [
    *"aZ09 \t\n\r!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    *"\u00a0\u200b\u0301\u2028é数步단²\x00\ud7ff\U0001f600",
    *("Step", "Step 1", "step one", "**", "---\n", "```", "$$", "\\[", "\\)", "\\\\", "\\begin{a}"),
    *("\\end{a}", "\\boxed{", "\\frac", "\\text{", "####", "<a", "&lt;", "\r\n", "2단계", "步骤2"),
    *("9^", "|a|\n", "1.", "1,", "%", "answer is", "{{", "}}", "[[", '"\\u'),
]


def modules() -> Iterator[str]:
    """The names of all modules of the product."""
    for package in (prm_app, vllm_prm):
        root = Path(package.__file__).parent
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root.parent).with_suffix("").parts
            yield ".".join(part for part in parts if part != "__init__")


def source(module: str) -> str:
    return Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")


def patterns() -> dict[str, re.Pattern[str]]:
    """Every expression of the product: kept in a module, or written where it is used."""
    found: dict[str, re.Pattern[str]] = {}
    for module in modules():
        tree = ast.parse(source(module))
        if not any(isinstance(n, ast.Import) and n.names[0].name == "re" for n in tree.body):
            continue
        for name, value in vars(importlib.import_module(module)).items():
            found |= {f"{module}.{name}": pattern for pattern in patterns_in(value)}
        known = {pattern.pattern for pattern in found.values()}
        for node in ast.walk(tree):
            text = text_of(node)
            if text is not None and text not in known:
                found[f"{module}, line {node.lineno}"] = re.compile(text)
    return found


def patterns_in(value: object) -> Iterator[re.Pattern[str]]:
    """The expressions in a module's variable."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (dict, tuple, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from patterns_in(each)


def text_of(node: ast.AST) -> str | None:
    """The expression in a call such as `re.sub("a+", …)`."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="re"), attr=name),
            args=[ast.Constant(value=str(text)), *_],
        ) if name != "escape":
            return text
    return None


def readers() -> dict[str, Callable[[str], object]]:
    """Every function of one text, and those of a text and a choice."""
    found: dict[str, Callable[[str], object]] = {
        f"split_steps, {how}": lambda text, how=how: split_steps(text, how, "\n\n")
        for how in SPLITS
    }
    for delimiter in ("\n", "\n\n", "a", "---"):
        found[f"split_at {delimiter!r}"] = lambda text, d=delimiter: split_at(text, d)
    for module in modules():
        if not module.startswith(READERS) or module.startswith(BOUNDED_BY_TIME):
            continue
        for name, function in vars(importlib.import_module(module)).items():
            if takes_a_text(function) and function.__module__ == module:
                found[f"{module}.{name}"] = function
    return found


def takes_a_text(function: object) -> bool:
    if not inspect.isfunction(function):
        return False
    match list(inspect.signature(function).parameters.values()):
        case [first, *others]:
            required = [each for each in others if each.default is each.empty]
            return first.annotation in (str, "str") and not required
    return False


def alphabet(pattern: re.Pattern[str]) -> list[str]:
    """A character of every class of the expression, and some of none."""
    found = set(re.findall(r"\w", pattern.pattern)) | set("a0 \t\n\\")
    found |= {c for c in pattern.pattern if not c.isalnum()}
    return sorted(found)


def combined(atoms: list[str], most: int) -> list[str]:
    """The atoms, and runs of two to four of them: all, or `most` at random."""
    runs = [*atoms]
    for length in (2, 3, 4):
        if len(atoms) ** length <= most:
            runs += map("".join, itertools.product(atoms, repeat=length))
        else:
            chance = random.Random(length)
            runs += ["".join(chance.choices(atoms, k=length)) for _ in range(most)]
    return runs


def all_matches(pattern: re.Pattern[str]) -> Callable[[str], object]:
    return lambda text: deque(pattern.finditer(text), maxlen=0)


def tried(call: Callable[[str], object], text: str) -> float:
    """The time of a call within its bound; what it refuses with a message is answered, too."""
    try:
        with bounded(len(text)):
            return seconds(call, text)
    except TooMuchWork as error:
        pytest.fail(f"{error}, which start with {text[:24]!r}")
    except (PrmError, ValueError):
        return 0.0


def assert_linear(call: Callable[[str], object], units: list[str]) -> None:
    def text(unit: str, length: int) -> str:
        return (unit * (length // len(unit) + 1))[:length] + "!x"

    with suppress(PrmError, ValueError):
        call("1 + 1")  # imports what it needs
    for length in LENGTHS:
        times = {unit: tried(call, text(unit, length)) for unit in units}
    for unit in sorted(times, key=times.__getitem__)[-WORST:]:
        tried(call, text(unit, LONGEST))


PATTERNS, READS = patterns(), readers()


@pytest.mark.parametrize("name", PATTERNS)
def test_every_expression_matches_in_linear_time(name):
    pattern = PATTERNS[name]
    assert_linear(all_matches(pattern), combined(alphabet(pattern), 700))


@pytest.mark.parametrize("name", READS)
def test_every_text_is_read_in_linear_time(name):
    assert_linear(READS[name], combined(ATOMS, 200))


def test_they_are_found():
    assert {"prm_app.ui.rich_text._MATHS", "vllm_prm.text._BREAK"} <= PATTERNS.keys()
    assert any(", line " in name for name in PATTERNS)
    assert {"prm_app.ui.rich_text.rich", "prm_app.solutions.candidates.from_text"} <= READS.keys()


def test_what_takes_quadratic_or_exponential_time_is_found_out():
    for slow in (r"(?:a+)+b", r"a+b", r"\s+$", r"(?:[*_]+ ?)*x"):
        pattern = re.compile(slow)
        with pytest.raises(pytest.fail.Exception):
            assert_linear(all_matches(pattern), combined(alphabet(pattern), 100))


HOSTILE = [
    *"_*#>-+~`$|\\[{(. \t\n\r\xa0\u200bas1一第步",
    *["$$", "\\[", "\\]", "$$\n", "```\n", "~~~ `\n", "\\begin{a}", "\\begin{a}\\end{b}\n"],
    *["Step 1: ", "Step ", "Step 1:\n", "step1 2", "第1", "| - |\n", "- ", "_ ", " \n", "--- \n"],
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_takes_longer_than_its_length_allows(piece):
    short, long = (_seconds(piece * (size // len(piece))) for size in (4_000, 32_000))
    assert long < 24 * max(short, 1e-3)  # eight times the text: quadratic work takes 64 times


def _seconds(text: str) -> float:
    """Processor time, the least of two runs, so that other programs do not matter."""
    times = []
    for _ in range(2):
        start = time.process_time()
        for how in SPLITS[:-1]:
            split_steps(text, how)
        times.append(time.process_time() - start)
    return min(times)


def test_a_vote_over_power_towers_ends_in_time_in_any_thread(monkeypatch):
    monkeypatch.setattr(answers, "SECONDS", 3.0)
    towers = json.loads(TOWERS.read_text())["solutions"]
    found: list[Answers] = []
    thread = threading.Thread(
        target=lambda: found.append(group_by_answer([*towers, "It is 5.", "It is 5.0."]))
    )
    thread.start()
    thread.join(3 + answers.STARTS * answers.START_SECONDS)
    vote = found[0].vote([1] * 8)
    assert (vote.answer, vote.solutions) == ("5", (6, 7))
    assert len(vote.unread) >= 4
    assert group_by_answer(["It is 5.", "It is 5.0."]).groups == [[0, 1]]
