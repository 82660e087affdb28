"""Read worked problems from text into programs: find the equations, and where each number is from.

Works on GSM8K (https://github.com/openai/grade-school-math, MIT licence) and on every other source
of the training data: they all come as a question, lines of solution and a final answer.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from demo_prm.worked import (
    NUMBER,
    NUMBER_WORDS,
    Equation,
    Line,
    Number,
    Operator,
    Problem,
    Step,
    close,
    evaluate,
    read_number,
)

_WORD = r"[^\W\d_]+(?:'[a-z]+)?"
_UNIT = rf"(?:[ -](?!x\b|of\b){_WORD}){{0,3}}(?:/{_WORD})?"
_OPERAND = rf"\(*[$€£]?(?:{NUMBER})%?{_UNIT}\)*"
_OPERATOR = r"\s*(?:[-+*×÷/−]|\bx\b|(?<=\d)x|\bof\b)\s*"
_EQUATION = re.compile(
    rf"(?<![\d.,/*+×÷(-])({_OPERAND}(?:{_OPERATOR}{_OPERAND})+)\s*=\s*[$€£]?({NUMBER})"
    rf"(?!\d|\s*[*+×÷=]|\s*[-/]\s*\d|\s+x\s+\d)"
)
_TERM = re.compile(rf"({NUMBER})(%?)|([()])|([-+*×÷/−]|(?<![^\W\d_])x(?![^\W\d_])|\bof\b)")
_SYMBOL = {"×": "*", "x": "*", "of": "*", "÷": "/", "−": "-"}
_NUMBER_OR_WORD = re.compile(rf"{NUMBER}|\b(?:{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
_PIECE = re.compile(r"[^\W\d_]+|[^\w]+|.", re.DOTALL)
_FIXED_BEFORE = re.compile(r"[/:.#]\s?$|[A-Za-z]$")
_FIXED_AFTER = re.compile(r"^(?:[/:]\s?\d|[A-Za-z]|(?:st|nd|rd|th)\b)")
_CONSTANTS = {*range(1, 13), 16, 20, 24, 28, 29, 30, 31, 36, 48, 50, 52, 60, 90, 100, 180, 360, 365}
_CONSTANTS |= {1000, 3600, 5280, 0.5, 0.25, 0.75, 0.1, 0.01, 0.2, 1.5}
_PLAIN = str.maketrans("‘’“”–—−\u00a0", "''\"\"--- ")


def read_gsm8k(path: Path) -> list[Problem]:
    """The problems of a GSM8K file (`question` and `answer` a line of JSON), in its order."""
    problems = []
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        *lines, final = re.sub(r"<<.*?>>", "", row["answer"]).strip().split("\n")
        problems.append(read_problem(row["question"], lines, final.removeprefix("####"), "gsm8k"))
    return problems


def plain(text: str) -> str:
    """One line of text with plain quotes, dashes and spaces."""
    return re.sub(r"\s+", " ", text.translate(_PLAIN)).strip()


def read_problem(question: str, lines: Iterable[str], answer: str, source: str) -> Problem:
    """Link a worked problem: each number of the solution to the value it stands for."""
    reader = _Reader()
    question_line = reader.read_question(plain(question))
    givens = len(reader.values)
    steps = [reader.read_step(text) for text in map(plain, lines) if text]
    problem = Problem(question_line, steps, reader.values, givens, source)
    problem.fixed = frozenset(reader.fixed)
    problem.answer = _answer_entry(problem, answer)
    problem.free = (
        reader.accounted
        and problem.answer is not None
        and bool(problem.result_entries())
        and problem.answer == problem.result_entries()[-1]
    )
    return problem


def _answer_entry(problem: Problem, answer: str) -> int | None:
    match = re.search(NUMBER, answer)
    if match is None:
        return None
    value = read_number(match.group())
    entries = [*range(problem.givens), *problem.result_entries()]
    return next((e for e in reversed(entries) if close(problem.values[e], value)), None)


class _Reader:
    def __init__(self) -> None:
        self.values: list[float] = []
        self.fixed: set[int] = set()
        self.results: list[int] = []
        self.givens = 0
        self.accounted = True

    def read_question(self, text: str) -> Line:
        line: Line = []
        end = 0
        entries: dict[float, int] = {}
        for match in _NUMBER_OR_WORD.finditer(text):
            line += _PIECE.findall(text[end : match.start()])
            value = read_number(match.group())
            entry = entries.setdefault(value, len(self.values))
            if entry == len(self.values):
                self.values.append(value)
            if (
                _FIXED_BEFORE.search(text[: match.start()])
                or _FIXED_AFTER.search(text[match.end() :])
                or value <= 1
                or (1900 <= value < 2100 and value == int(value))
            ):
                self.fixed.add(entry)
            line.append(Number(entry, match.group()))
            end = match.end()
        self.givens = len(self.values)
        return line + _PIECE.findall(text[end:])

    def read_step(self, text: str) -> Step:
        line: Line = []
        equations: list[Equation] = []
        end = 0
        for match in _EQUATION.finditer(text):
            terms = list(_TERM.finditer(match.group(1)))
            percent = _percent_terms(terms, read_number(match.group(2)))
            if percent is None:
                continue
            self._read_prose(line, text[end : match.start()])
            places: list[int | str] = []
            percent_places = set()
            at = match.start(1)
            for index, term in enumerate(terms):
                number, _, parenthesis, operator = term.groups()
                start = match.start(1) + term.start()
                line += _PIECE.findall(text[at:start])
                at = start + len(number or parenthesis or operator)
                if parenthesis:
                    line.append(parenthesis)
                    places.append(parenthesis)
                    continue
                if index in percent:
                    percent_places.add(len(line))
                places.append(len(line))
                if number:
                    line.append(self._link(number))
                else:
                    line.append(Operator(_SYMBOL.get(operator, operator), operator))
            line += _PIECE.findall(text[at : match.start(2)])
            equations.append(Equation(tuple(places), len(line), frozenset(percent_places)))
            line.append(self._result(match.group(2)))
            end = match.end()
        self._read_prose(line, text[end:])
        labelled = re.match(r"[^\d=]*=", text) is not None
        if text.count("=") != len(equations) + labelled:
            self.accounted = False
        return Step(line, equations)

    def _read_prose(self, line: Line, text: str) -> None:
        end = 0
        for match in _NUMBER_OR_WORD.finditer(text):
            line += _PIECE.findall(text[end : match.start()])
            line.append(self._link(match.group()))
            end = match.end()
        line += _PIECE.findall(text[end:])

    def _link(self, text: str) -> Number:
        value = read_number(text)
        computed = [e for e in self.results if close(self.values[e], value)]
        given = [e for e in range(self.givens) if close(self.values[e], value)]
        if (computed and given) or len({self.values[e] for e in computed}) < len(computed):
            self.accounted = False
        if computed or given:
            return Number((computed or given)[-1], text)
        for entry in range(self.givens):
            if value < 1 and close(self.values[entry] / 100, value):
                return Number(entry, text, 0.01)
        if value not in _CONSTANTS:
            self.accounted = False
        self.values.append(value)
        return Number(len(self.values) - 1, text)

    def _result(self, text: str) -> Number:
        self.values.append(read_number(text))
        self.results.append(len(self.values) - 1)
        return Number(self.results[-1], text)


def _percent_terms(terms: Sequence[re.Match], result: float) -> set[int] | None:
    """Which terms count as hundredths so that the equation holds; None where it does not hold."""
    marked = {index for index, term in enumerate(terms) if term.group(2)}
    for percent in [set(), marked] if marked else [set()]:
        tokens: list[float | str] = []
        for index, term in enumerate(terms):
            number, _, parenthesis, operator = term.groups()
            if number:
                tokens.append(read_number(number) / (100 if index in percent else 1))
            else:
                tokens.append(parenthesis or _SYMBOL.get(operator, operator))
        value = evaluate(tokens)
        if value is not None and close(value, result):
            return percent
    return None
