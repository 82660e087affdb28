"""The ways in which language models lay a solution out, and other splitters cut it into steps."""

import random
import re
from collections.abc import Sequence

_FORMULA = re.compile(r"\$?\d[\d,.]*(?:\s*[-+*/×]\s*\$?\d[\d,.]*)+\s*=\s*\$?\d[\d,]*(?:\.\d+)?")
_NUMBERED = re.compile(r"^(?:\d+\.|\*{0,2}Step \d+[:.]\*{0,2}|[-*])\s+")
_SENTENCE = re.compile(r"(?<=[a-z0-9)\]%$][.!])\s+(?=[A-Z])|\n+(?=\s*(?:\d+\.|[-*]|Step))")
_NUMBERINGS = ("{}. ", "{}. ", "Step {}: ", "**Step {}:** ", "### Step {}: ", "{}) ")
_ENDS = (
    "Therefore, the answer is \\(\\boxed{{{}}}\\).",
    "So, the final answer is \\(\\boxed{{{}}}\\).",
    "\\boxed{{{}}}",
    "The answer is \\(\\boxed{{{}}}\\).",
    "Thus, the answer is $\\boxed{{{}}}$.",
    "Therefore, the final answer is {}.",
    "The answer is {}.",
    "**Answer:** {}",
    "Answer: {}",
)
_PLAIN_ENDS = ("The answer is {}.", "Answer: {}", "So the answer is {}.", "**Answer: {}**")


def final_line(answer: str, rng: random.Random, plain: bool = False) -> str:
    return rng.choice(_PLAIN_ENDS if plain else _ENDS).format(answer)


def cut(solution: str, rng: random.Random) -> list[str]:
    """The solution in steps, the way one of many splitters would cut it."""
    text, choice = solution.strip(), rng.random()
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    lines = [part.strip() for part in text.split("\n") if part.strip()]
    if len(paragraphs) >= 3 and choice < 0.75:
        pieces = paragraphs
    elif len(lines) >= 3 and "\\[" not in text and choice < 0.9:
        pieces = lines
    elif len(paragraphs) >= 3:
        pieces = paragraphs
    else:
        pieces = [
            sentence.strip()
            for paragraph in paragraphs or [text]
            for sentence in _SENTENCE.split(paragraph)
            if sentence.strip()
        ]
    return _glued(pieces, rng)


def _glued(pieces: Sequence[str], rng: random.Random) -> list[str]:
    """Pieces without a digit and halves of a formula go to the next; now and then any piece."""
    steps: list[str] = []
    held = ""
    join = rng.choice((" ", "\n"))
    glue, merge = rng.random() < 0.5, rng.choice((0, 0, 0.15, 0.4))
    for i, piece in enumerate(pieces):
        if held:
            piece = held + join + piece
        torn = piece.count("\\[") != piece.count("\\]")
        bare = glue and not re.search(r"\d", piece)
        if i < len(pieces) - 1 and (torn or bare or rng.random() < merge):
            held = piece
            continue
        steps.append(piece)
        held = ""
    return steps


def redressed(steps: Sequence[str], rng: random.Random) -> list[str]:
    """The same steps with bold, numbering or LaTeX taken away or put on."""
    steps = list(steps)
    if rng.random() < 0.25:
        steps = [step.replace("**", "") for step in steps]
    if rng.random() < 0.2:
        steps = [_NUMBERED.sub("", step) for step in steps]
    elif rng.random() < 0.25 and not any(_NUMBERED.match(step) for step in steps):
        form, last = rng.choice(_NUMBERINGS), rng.random() < 0.5
        steps = [
            form.format(i) + step if last or i < len(steps) else step
            for i, step in enumerate(steps, 1)
        ]
    if rng.random() < 0.3:
        inline, divide = rng.random() < 0.6, rng.random() < 0.15
        steps = [latex(step, inline, divide) for step in steps]
    return steps


def latex(step: str, inline: bool, divide: bool) -> str:
    """Plain formulas in LaTeX, unless the step holds LaTeX already."""
    if "\\" in step:
        return step

    def write(match: re.Match[str]) -> str:
        body = re.sub(r"\s*[*×]\s*", r" \\times ", match.group()).replace("$", "\\$").strip()
        if divide:
            body = body.replace("/", "\\div ")
        return f"\\( {body} \\)" if inline else f"\n\\[\n{body}\n\\]\n"

    return _FORMULA.sub(write, step).strip()


def displayed(step: str) -> str:
    """Display formulas on lines of their own, as models write them."""
    return re.sub(r"\s*\\\[\s*(.*?)\s*\\\]\s*", r"\n\\[\n\1\n\\]\n", step, flags=re.S).strip()
