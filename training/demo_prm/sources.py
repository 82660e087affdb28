"""Where problems come from, and which of them may be trained on.

Three disjoint splits: training, validation (may be looked at to choose things) and test (only
reported). GSM8K's training file is cut by problem, the stories and the gsm_symbolic templates of
reasoning-gym (https://github.com/open-thought/reasoning-gym, Apache-2.0) by generator.
"""

import contextlib
import math
import random
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from types import ModuleType

from demo_prm import held_out_stories, stories
from demo_prm.parse import read_problem
from demo_prm.worked import Problem

_TEMPLATES_WITH_WRONG_ARITHMETIC = {2, 49, 60, 75}
TEST_TEMPLATES = (3, 7, 12, 20, 27, 31, 40, 44, 50, 58, 66, 71, 81, 83, 95)
VALIDATION_TEMPLATES = (5, 17, 23, 38, 47, 53, 69, 92)
TRAINING_TEMPLATES = tuple(
    sorted(
        set(range(100))
        - set(TEST_TEMPLATES)
        - set(VALIDATION_TEMPLATES)
        - _TEMPLATES_WITH_WRONG_ARITHMETIC
    )
)
GENERATORS = {
    "training": stories.TRAINING,
    "validation": held_out_stories.VALIDATION,
    "test": held_out_stories.TEST,
}


def split_gsm8k(problems: Sequence[Problem], held_out: int = 400) -> tuple[list, list]:
    """GSM8K's training file as (training, validation): every n-th problem is held out."""
    stride = max(2, len(problems) // max(1, held_out))
    validation = [p for i, p in enumerate(problems) if i % stride == stride - 1]
    training = [p for i, p in enumerate(problems) if i % stride != stride - 1]
    return training, validation


def story(generator: stories.Generator, rng: random.Random) -> Problem:
    question, lines, answer = generator(rng)
    text = "" if math.isnan(answer) else f"{answer:.4f}"
    return read_problem(question, lines, text, generator.__name__)


def template(number: int, rng: random.Random) -> Problem | None:
    """A problem of a gsm_symbolic template; None where its own solution does not hold."""
    with contextlib.suppress(ValueError, ZeroDivisionError, IndexError, KeyError):
        item = getattr(_templates(number), f"generate_{number}")(rng, 1.0)
        worked = item["metadata"]["answer_cot"].split("\n")
        lines = [line for line in worked if line.strip() and not line.startswith("####")]
        problem = read_problem(item["question"], lines, str(item["answer"]), f"template {number}")
        if problem.steps and problem.answer is not None and all(map(_holds, problem.steps)):
            return problem
    return None


def _holds(step) -> bool:
    """Whether every equation of the step was understood (one that is not may be wrong)."""
    text = "".join(part for part in step.line if isinstance(part, str))
    return text.count("=") <= len(step.equations)


@cache
def _templates(number: int) -> ModuleType:
    half = "00_49" if number < 50 else "50_99"
    return import_module(f"reasoning_gym.arithmetic.gsm_symbolic.generators_{half}")
