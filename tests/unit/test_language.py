"""The dictionaries of the page: each entry is of something that the page says, and fits it."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import gradio
import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "prm_app" / "ui" / "static"
DICTIONARIES = sorted(STATIC.glob("*.json"))
PLACE = re.compile(r"\{[a-zA-Z]+\}")
CHANGES = re.compile(rf"{PLACE.pattern}|\b(?:1|is|are|\w+s)\b|[.,:;]\s|[.()]")
"""Where a sentence of the sources is put together: at values, where one is not as many, and at a
stop or bracket."""


def entries(file: Path) -> dict[str, str]:
    """The entries of a dictionary; none is there twice."""
    pairs = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@cache
def texts_of_the_page() -> str:
    """All strings of the page's sources."""
    texts = [file.read_text(encoding="utf-8") for file in STATIC.glob("*.js")]
    texts.append(json.dumps(json.loads((ROOT / "prm_app/demo/examples.json").read_text())))
    for folder in ("prm_app", "plugin/vllm_prm"):
        for file in (ROOT / folder).rglob("*.py"):
            nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            texts += [
                n.value for n in nodes if isinstance(n, ast.Constant) and type(n.value) is str
            ]
    return " ".join(" ".join(texts).replace("_", " ").split())


@cache
def texts_of_gradio() -> str:
    """What the part of Gradio that runs in the browser says."""
    files = (Path(gradio.__file__).parent / "templates" / "frontend" / "assets").glob("*.js")
    return " ".join(file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize("file", DICTIONARIES, ids=lambda file: file.name)
def test_both_sides_of_an_entry_have_the_same_places(file):
    for english, own in entries(file).items():
        places = PLACE.findall(english)
        assert len(set(places)) == len(places), english
        assert sorted(PLACE.findall(own)) == sorted(places), english
        assert own.strip() and "}{" not in english, english


@pytest.mark.parametrize("file", DICTIONARIES, ids=lambda file: file.name)
def test_every_entry_is_of_something_that_the_page_says(file):
    """The longest part of it that no value and no number changes stands in the sources."""
    stale = []
    for english in entries(file):
        parts = [part.strip() for part in CHANGES.split(english.replace("_", " "))]
        part = max(parts, key=len) or PLACE.sub("", english).strip(" :().").removesuffix("s")
        if part not in texts_of_the_page() and part not in texts_of_gradio():
            stale.append(english)
    assert not stale, "\n".join(stale)
