"""The same right solution in other clothes: numbered, in LaTeX, chatty, terse, with a boxed answer.

A verifier must judge the reasoning, not the layout. A `Style` is drawn once per solution and then
writes every step of it, right or wrong, so that a wrong step differs from its right twin in the
mistake alone. Styles marked held out are never drawn in training; they test the judgement.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from demo_prm.augment import bare, commute, decimal, merge, nest, reorder, respell
from demo_prm.worked import Line, Number, Problem, Step, render

_NUMBERINGS = ("{}. ", "{}) ", "({}) ", "Step {}: ", "**Step {}:** ", "Step {}. ", "- ", "* ")
_HELD_OUT_NUMBERINGS = ("Step {} - ", "[{}] ", "• ")
_OPENERS = (
    "First, |To begin, |First of all, |Let's start: |We start with this: ",
    "Next, |Then, |After that, |Now, |So, |Therefore, |Thus, |Also, |This means |Hence, "
    "|We know that |Since we need it, |From this, |That gives us: |We then have: ",
    "Finally, |Lastly, |In the end, |So, |Therefore, |Putting it together, ",
)
_HELD_OUT_OPENERS = (
    "Firstly, |At the start, ",
    "Secondly, |Subsequently, |Following this, |It follows that ",
    "In conclusion, |As a last step, ",
)
_PREAMBLES = (
    "Let's solve this step by step.",
    "Let's think step by step.",
    "To solve this problem, we need to work through it step by step.",
    "To find the answer, we follow these steps:",
    "We can solve this problem by breaking it down into steps.",
    "Sure! Here is the solution.",
    "Let's break it down.",
    "Here's how to work it out:",
    "We are given the following information.",
    "Let's denote what we know and go through the problem.",
    "To determine the answer, we need to calculate several quantities.",
    "## Solution",
    "**Solution:**",
)
_HELD_OUT_PREAMBLES = (
    "Let me work this out carefully.",
    "We proceed one step at a time:",
    "In order to answer the question, we will do a few calculations.",
)
_TITLES = (
    "**Calculate the {}:**|Find the {}:|Calculate the {}.|**Determine the {}:**|Compute the {}:"
    "|Now we find the {}."
)
_TITLE_WORDS = "next amount|total|number we need|value|quantity|result|next quantity"
_FINALS = (
    "The answer is {}.|The answer is {}|The answer is: {}|So the answer is {}.|Answer: {}|A: {}"
    "|#### {}|\\boxed{{{}}}|The final answer is {}.|The final answer is \\boxed{{{}}}."
    "|Therefore, the answer is \\(\\boxed{{{}}}\\).|Thus, the answer is $\\boxed{{{}}}$."
    "|Therefore, the final answer is $\\boxed{{{}}}$.|**Answer: {}**"
    "|So, the answer is \\boxed{{{}}}."
    "|Therefore, the answer is {}.|The final answer is \\( \\boxed{{{}}} \\).|A: {}"
    "|The answer is {}."
)
_HELD_OUT_FINALS = (
    "Hence the result is {}.|Final answer: {}|The solution is \\[\\boxed{{{}}}\\]|So we get {}."
)
_UNITS = ("", "", "", "", "", "$", " in total", " altogether")
_TIMES = ("*", "x", "×", "*")
_LATEX_TIMES = ("\\times", "\\cdot")
_FORMULA = re.compile(
    r"[$€£]?\(*\d[\d.,]*%?\)*(?:\s*[-+*×x/÷]\s*[$€£]?\(*\d[\d.,]*%?\)*)+\s*=\s*[$€£]?\d[\d,]*(?:\.\d+)?"
)


@dataclass(frozen=True)
class Style:
    """How one solution is written. Drawn by `draw_style`; `write` dresses a step's text."""

    numbering: str = ""
    openers: tuple[str, ...] = ()
    maths: str = ""
    times: str = ""
    spacing: str = ""
    stop: str = ""
    preamble: str = ""
    titles: tuple[str, ...] = ()
    final: str = ""
    unit: str = ""
    facts: int = 0
    group: float = 0.0
    joint: str = " "
    bare: float = 0.0
    nest: float = 0.0
    move: bool = False
    decimals: bool = False
    glyphs: dict[str, str] = field(default_factory=dict)

    def plan(self, problem: Problem, rng: random.Random) -> list[Step]:
        """The steps in the order and grouping of this style, with facts and a final line."""
        steps = [commute(step, rng) for step in problem.steps] if self.move else problem.steps
        steps = reorder(steps, rng) if self.move else list(steps)
        if self.nest:
            steps = nest(steps, rng, self.nest)
        if self.glyphs:
            steps = [respell(step, self.glyphs) for step in steps]
        if self.decimals:
            steps = [decimal(step) for step in steps]
        if self.bare:
            steps = [(rng.random() < self.bare and bare(step)) or step for step in steps]
        grouped: list[Step] = []
        for step in steps:
            if grouped and rng.random() < self.group:
                grouped[-1] = merge(grouped[-1], step, self.joint)
            else:
                grouped.append(step)
        facts = _facts(problem)
        chosen = sorted(rng.sample(range(len(facts)), min(self.facts, len(facts))))
        steps = [facts[i] for i in chosen] + grouped
        if self.preamble:
            steps.insert(0, Step([self.preamble]))
        if self.final and problem.answer is not None:
            before, after = self.final.split("{}")
            money = "$" if self.unit == "$" and _in_dollars(problem) else ""
            tail = self.unit if self.unit != "$" and "boxed" not in before else ""
            answer = Number(problem.answer, "1.0" if self.decimals else "")
            line: Line = [
                before.replace("{{", "{") + money,
                answer,
                tail + after.replace("}}", "}"),
            ]
            steps.append(Step(line, final=True))
        return steps

    def write(self, text: str, index: int, count: int, plain: bool) -> str:
        """The text of step `index` of `count`; `plain` steps (final, preamble) stay as they are."""
        if self.maths:
            text = _FORMULA.sub(lambda match: self._formula(match.group()), text)
            if self.maths.startswith("\\") or self.maths == "$$":
                text = re.sub(r"(?<![\\\w$])\$(?=\d)", r"\\$", text)
        elif self.spacing:
            text = _FORMULA.sub(lambda match: self._spaced(match.group()), text)
        if plain:
            return text
        if self.openers:
            place = 0 if index == 0 else 2 if index == count - 1 else 1
            options = self.openers[place].split("|")
            opener = options[index % len(options)]
            text = opener + (_lower_first(text) if opener else text)
        if self.titles:
            title = self.titles[index % len(self.titles)]
            text = f"{title}{self.joint}{text}"
        if self.stop and text[-1:].isalnum():
            text += self.stop
        return self.numbering.format(index + 1) + text

    def _spaced(self, formula: str) -> str:
        tight = re.sub(r"\s*([-+*×/÷=])\s*", r"\1", formula)
        return tight if self.spacing == "tight" else re.sub(r"([-+*×/÷=])", r" \1 ", tight)

    def _formula(self, formula: str) -> str:
        body = re.sub(r"\s*[*×x]\s*", lambda _: f" {self.times} ", formula)
        if self.times == "\\times" and "(" not in body:
            body = re.sub(r"\$?([\d.,]+)\s*[/÷]\s*\$?([\d.,]+)", r"\\frac{\1}{\2}", body)
        body = re.sub(r"\s*([-+=])\s*", r" \1 ", body).replace("%", "\\%")
        body = body.replace("$", "\\$")
        if self.maths == "$":
            return f"${body}$"
        if self.maths == "$$":
            return f"$${body}$$"
        if self.maths == "\\[":
            return f"\\[ {body} \\]"
        return f"\\( {body} \\)"


def draw_style(rng: random.Random, paragraphs: bool, held_out: bool = False) -> Style:
    """A random style; `paragraphs` allows steps of several lines (Qwen format only)."""
    plain_share = 0.0 if held_out else 0.45
    kind = rng.random()
    final = (
        rng.choice((_HELD_OUT_FINALS if held_out else _FINALS).split("|"))
        if rng.random() < 0.8
        else ""
    )
    common = {
        "final": final,
        "unit": rng.choice(_UNITS),
        "move": rng.random() < 0.3,
        "decimals": rng.random() < 0.08,
        "nest": 0.0 if held_out else rng.choice((0, 0, 0, 0.5)),
        "spacing": rng.choice(("", "", "", "tight", "wide")),
        "glyphs": {"*": rng.choice(_TIMES)} if rng.random() < 0.4 else {},
    }
    if kind < plain_share:
        return Style(**common)
    latex = rng.random() < 0.45
    maths = rng.choice(("$$",) if held_out else ("\\(", "\\[", "$", "$")) if latex else ""
    if held_out and not latex:
        common["glyphs"] = {"/": "÷"}
    lines = paragraphs and rng.random() < 0.5
    numberings, openers, preambles = (
        (_HELD_OUT_NUMBERINGS, _HELD_OUT_OPENERS, _HELD_OUT_PREAMBLES)
        if held_out
        else (_NUMBERINGS, _OPENERS, _PREAMBLES)
    )
    lead = rng.random()
    return Style(
        **common,
        maths=maths,
        times=rng.choice(_LATEX_TIMES),
        numbering=rng.choice(numberings) if lead < 0.35 else "",
        openers=_shuffled(openers, rng) if lead > 0.6 else (),
        stop=rng.choice(("", ".", ".")),
        preamble=rng.choice(preambles) if rng.random() < 0.25 else "",
        titles=_draw_titles(rng) if rng.random() < 0.2 else (),
        facts=rng.choice((0, 0, 0, 1, 2)),
        group=0.6 if lines and rng.random() < 0.3 else rng.choice((0, 0, 0.3)),
        joint="\n" if lines else " ",
        bare=rng.choice((0, 0, 0, 0.5, 1)),
    )


def dress(
    style: Style,
    steps: Sequence[Step],
    values: Sequence[float],
    words: Mapping[str, str],
    start: int = 0,
    end: int | None = None,
) -> list[str]:
    """The texts of steps `start` to `end` of a solution, written in the style."""
    first = 1 if style.preamble and steps and steps[0].line[0] == style.preamble else 0
    count = len(steps) - first - (steps[-1].final if steps else 0)
    return [
        style.write(render(step.line, values, words), i - first, count, step.final or i < first)
        for i, step in enumerate(steps[start:end], start)
    ]


def _shuffled(openers: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    shuffled = []
    for group in openers:
        options = [*group.split("|"), ""]
        rng.shuffle(options)
        shuffled.append("|".join(options))
    return tuple(shuffled)


def _draw_titles(rng: random.Random) -> tuple[str, ...]:
    title = rng.choice(_TITLES.split("|"))
    return tuple(title.format(rng.choice(_TITLE_WORDS.split("|"))) for _ in range(4))


def _in_dollars(problem: Problem) -> bool:
    return any(isinstance(part, str) and part.endswith("$") for part in problem.question)


def _facts(problem: Problem) -> list[Step]:
    """The sentences of the problem that state numbers, as steps that restate them."""
    facts: list[Step] = []
    line: Line = []
    for part in problem.question:
        line.append(part)
        if isinstance(part, str) and part.startswith((". ", "? ", "! ")):
            if part.startswith(".") and any(isinstance(p, Number) for p in line):
                facts.append(Step([*line[:-1], "."]))
            line = []
    return facts


def _lower_first(text: str) -> str:
    """Lower the first letter where the first word is an ordinary one, not a name."""
    return text[0].lower() + text[1:] if _ORDINARY.match(text) else text


_ORDINARY = re.compile(
    r"(?:The|In|He|She|They|It|So|There|This|That|Each|Then|His|Her|Their|If|After|On|At|To|For|We|A"
    r"|All|Since|When|From|Now|By|Together|Altogether|You|One|Half|Every|Both|Therefore|Thus)\b"
)
