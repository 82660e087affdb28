"""What a visitor takes away: reports and plain data, handed to the browser as a file to save."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from prm_app.evaluation.solution_file import SolutionFile, Source, facts
from prm_app.ui import browse_views
from prm_app.ui.report import file_report

Export = Callable[[SolutionFile, Source | None, Source | None, float], str]
SAVE = """
const begin = () => window.prmSave
  ? watch("value", () => prmSave(props.value))
  : setTimeout(begin, 20);
begin();
"""
REPORT = """
element.addEventListener("click", (event) => {
  if (event.target.closest("[data-do=report]")) trigger("select", {});
});
"""
"""What makes a `gr.HTML` answer a click on a button for a report."""
TYPES = {
    "html": "text/html",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
}


def download_link() -> gr.HTML:
    """What hands a file to the browser: give it what `save` returns."""
    return gr.HTML("", html_template=" ", js_on_load=SAVE, apply_default_css=False)


def save(name: str, kind: str, text: str) -> str:
    """A file for `download_link`; `kind` is one of `TYPES`."""
    document = {"name": f"{name}.{kind}", "type": TYPES[kind], "text": text}
    return json.dumps(document, ensure_ascii=False).replace("<", "\\u003c")


def stem(name: str) -> str:
    """A file's name without what says its kind."""
    for end in (".gz", ".jsonl", ".json"):
        name = name.removesuffix(end)
    return f"prm-app-{name}"


def _documents(
    file: SolutionFile, one: Source | None, other: Source | None, threshold: float
) -> list[dict[str, Any]]:
    """All that is known of each solution; rewards of all sources stand under their names."""
    rows = []
    for item in file.items:
        row = facts(file, item, one, other, threshold) | {"threshold": threshold}
        rewards = {
            (browse_views.title(each) if each.live else each.name): list(values[item.row.place])
            for each, values in file.rewards.items()
            if item.row.place in values
        }
        texts = list(item.steps())
        file_facts = {"label": item.label, "steps": texts, "published_step_scores": rewards}
        rows.append(row | {"number_of_steps": len(texts)} | file_facts)
    return rows


def as_json(file: SolutionFile, one: Source | None, other: Source | None, threshold: float) -> str:
    """A file as one JSON list."""
    return json.dumps(_documents(file, one, other, threshold), ensure_ascii=False, indent=1)


def as_jsonl(file: SolutionFile, one: Source | None, other: Source | None, threshold: float) -> str:
    """A file as JSONL, which can be opened again."""
    documents = _documents(file, one, other, threshold)
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in documents)


def as_csv(file: SolutionFile, one: Source | None, other: Source | None, threshold: float) -> str:
    """A table of what the list shows, one line a solution."""
    rows = [facts(file, item, one, other, threshold) for item in file.items]
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = csv.DictWriter(out, names, lineterminator="\n")
    table.writeheader()
    table.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _inert(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value


EXPORTS: dict[str, Export] = {
    "html": file_report,
    "json": as_json,
    "jsonl": as_jsonl,
    "csv": as_csv,
}
"""How a file is exported, by the end of the name it gets."""
