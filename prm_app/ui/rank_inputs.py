"""The inputs of the tab "Best-of-N": a problem, and solutions as cards or from a file."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gradio as gr
from gradio.blocks import Block
from gradio.events import Dependency

from prm_app.api.limits import MOST_BYTES, MOST_IN_ALL, MOST_SHOWN, require_few, require_short
from prm_app.api.rankings import Question
from prm_app.errors import InputError
from prm_app.solutions.candidates import from_text
from prm_app.solutions.jsonl import PlaceError
from prm_app.solutions.rows import Problem
from prm_app.solutions.shapes import SHAPES, pooled, read_problems
from prm_app.ui.examples import EXAMPLES, chips
from prm_app.ui.gate import one_of
from prm_app.ui.label_views import origin
from prm_app.ui.listeners import QUIET, Values, ordered
from prm_app.ui.views import alert, notice

CARDS = """
<ol class="cards" aria-label="Solutions"></ol>
<button type="button" class="add" data-do="add">Add a solution</button>
"""


@dataclass(frozen=True)
class RankInputs:
    """The components that a ranking reads.

    `origins` is what a file says of its solutions beside their text, by text.
    """

    problem: gr.Textbox
    cards: gr.HTML
    origins: gr.State


def rank_inputs() -> RankInputs:
    """The fields with the first example in them; `rank_fields` puts them on the page."""
    first = EXAMPLES["best_of_n"][0]
    problem = gr.Textbox(
        first["problem"],
        label="Problem",
        lines=3,
        max_lines=10,
        elem_id="rank-problem",
        render=False,
    )
    cards = gr.HTML(
        first["solutions"],
        html_template=CARDS,
        js_on_load="prmCards(element, props, watch)",
        apply_default_css=False,
        elem_id="cards",
        render=False,
    )
    return RankInputs(problem, cards, gr.State({}))


def rank_fields(inputs: RankInputs) -> None:
    """Builds problem, cards, and the ways to bring many solutions at once."""
    inputs.problem.render()
    inputs.cards.render()
    many = _many_fields()
    fields: set[Block] = {inputs.problem, inputs.cards, inputs.origins, many.message}
    many.take.click(
        partial(_take_pasted, inputs, many), {many.paste}, [inputs.cards, many.message], **QUIET
    )
    many.file.change(
        partial(_read, inputs, many),
        {many.file},
        ordered(fields | {many.which, many.all_problems}),
        **QUIET,
    )
    many.which.input(
        partial(_choose, inputs, many), {many.all_problems, many.which}, ordered(fields), **QUIET
    )


@dataclass(frozen=True)
class _ManyFields:
    """Two ways to bring many solutions: a text to paste, and a file of which a problem is shown."""

    paste: gr.Textbox
    take: gr.Button
    file: gr.File
    which: gr.Dropdown
    message: gr.HTML
    all_problems: gr.State


def _many_fields() -> _ManyFields:
    with gr.Accordion("Paste many, or load a file", open=False, elem_id="many"):
        paste = gr.Textbox(
            label="Solutions with a line of --- between them (no blank lines around it)",
            lines=5,
            elem_id="pasted",
        )
        take = gr.Button("Replace the solutions by these", size="sm", elem_id="take")
        file = gr.File(
            label="JSON or JSONL file",
            file_types=[".json", ".jsonl", ".gz"],
            type="filepath",
            height=120,
            elem_id="file",
        )
        gr.HTML(f'<p class="preview-head">A file holds {SHAPES}.</p>', apply_default_css=False)
        which = gr.Dropdown(label="Problem in the file", visible=False, elem_id="which")
    message = gr.HTML(apply_default_css=False, elem_id="many-message")
    return _ManyFields(paste, take, file, which, message, gr.State([]))


def _take_pasted(inputs: RankInputs, many: _ManyFields, values: Values) -> Values:
    text = values[many.paste]
    try:
        require_short("text", text, MOST_IN_ALL)
        solutions = from_text(text)
        require_few(solutions, MOST_SHOWN)
    except InputError as error:
        return {many.message: alert(str(error))}
    if not solutions:
        return {many.message: alert("There is nothing to take: paste at least one solution.")}
    return {inputs.cards: solutions, many.message: notice(f"{_count(len(solutions))} taken over.")}


def _read(inputs: RankInputs, many: _ManyFields, values: Values) -> Values:
    path: str | None = values[many.file]
    none: Values = {many.which: gr.Dropdown(visible=False), many.all_problems: []}
    if path is None:
        return none | {many.message: ""}
    try:
        problems, errors = problems_of(path)
    except InputError as error:
        return none | {many.message: alert(str(error), "The file was not taken over.")}
    choices = [(_title(n, item), n) for n, item in enumerate(problems)]
    fields = _fill(inputs, many, problems, 0)
    return {
        many.all_problems: problems,
        many.which: gr.Dropdown(choices, value=0, visible=len(problems) > 1),
        **fields,
        many.message: fields[many.message] + _left_out(errors),
    }


def _choose(inputs: RankInputs, many: _ManyFields, values: Values) -> Values:
    problems: list[Problem] = values[many.all_problems]
    return _fill(inputs, many, problems, one_of(range(len(problems)), values[many.which]))


def _fill(inputs: RankInputs, many: _ManyFields, problems: list[Problem], number: int) -> Values:
    """The fields with one problem of a file."""
    problem = problems[number]
    texts = [row.text for row in problem.rows]
    try:
        require_few(texts, MOST_SHOWN)
        origins = {row.text: origin(row.generator, row.is_correct) for row in problem.rows}
    except InputError as error:
        return {many.message: alert(str(error))}
    remarks = [f"{_count(len(texts))} taken over."]
    if len(problems) > 1:
        remarks = [f"The file holds {len(problems):,} problems. Of the one chosen, {remarks[0]}"]
    if not problem.problem:
        remarks.append("The file does not say the problem: give it above.")
    if any(row.steps for row in problem.rows):
        remarks.append("Steps that the file divides have a blank line between them here.")
    errors = [each for each in problem.solutions if isinstance(each, PlaceError)]
    return {
        inputs.problem: problem.problem or gr.skip(),
        inputs.cards: texts,
        inputs.origins: origins,
        many.message: notice(*remarks) + _left_out(errors),
    }


def rank_examples(inputs: RankInputs) -> Dependency:
    """The examples' buttons, and the event that one of them has filled the fields."""
    return chips(
        EXAMPLES["best_of_n"],
        lambda e: [e["problem"], e["solutions"]],
        [inputs.problem, inputs.cards],
    )[0]


def problems_of(path: str) -> tuple[list[Problem], list[PlaceError]]:
    """The problems of an uploaded file, and what in it cannot be read.

    Raises:
        InputError: Nothing in it can be read.
    """
    name = Path(path).name
    outcomes = pooled(read_problems(Path(path).read_bytes(), name, MOST_BYTES))
    problems = [each for each in outcomes if isinstance(each, Problem)]
    errors = [each for each in outcomes if isinstance(each, PlaceError)]
    if not problems:
        raise errors[0]
    return problems, errors


def _left_out(errors: list[PlaceError]) -> str:
    """What could not be read, the first in words; nothing if there is none."""
    if not errors:
        return ""
    others = [f"And {len(errors) - 1:,} more."] * (len(errors) > 1)
    return alert(str(errors[0]), "Not taken over:", *others)


def _title(number: int, item: Problem) -> str:
    start = " ".join(item.problem.split())[:70] or "no problem given"
    return f"{number + 1}: {start} ({_count(len(item.solutions))})"


def _count(solutions: int) -> str:
    return f"{solutions:,} solution{'s' * (solutions != 1)}"


def texts_of(question: Question) -> dict[int, str]:
    """The solutions by the number of their card; empty cards are none."""
    texts = {i: text for i, text in enumerate(question.texts, 1) if text.strip()}
    if not question.problem.strip():
        raise InputError("The problem is empty: every solution is judged against it, so give one.")
    if not texts:
        raise InputError("There are no solutions: give at least one, best two or more.")
    require_few(texts.values(), MOST_SHOWN)
    return texts
