"""Other names and things for those of a problem: which words may stand for which."""

import random
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from demo_prm.worked import Problem

_KEPT_WORDS = """
    half third quarter double triple dozen percent average total altogether combined
    remaining left equal equally split share divided discount increase decrease profit
    interest commission cent cents dime dimes nickel nickels penny pennies inch inches foot
    feet yard yards mile miles meter meters kilometer kilometers centimeter pound pounds
    ounce ounces gram grams kilogram gallon gallons quart quarts pint pints liter liters cup
    cups tablespoon teaspoon square area perimeter width height length second seconds minute
    minutes hour hours daily weekly monthly yearly annual weekday weekend fortnight decade
    century once thrice hundred thousand million older younger taller shorter faster slower
    heavier lighter fewer less more twice each every per give gives gave given giving sell
    sells sold selling buys bought buying lose loses lost spends spent eats eaten uses used
    loses adds added takes took taken keeps kept pays paid returns borrow answer therefore
    thus hence because since find calculate first next then finally solution
"""
_NOT_NAMES = """
    The If How What When After Before Then There They She He It In On At For And But So His
    Her Their This That These Each Every Monday Tuesday Wednesday Thursday Friday Saturday
    Sunday January February March April May June July August September October November
    December Christmas Easter American English Spanish French Mr Mrs Ms Dr A An One Two
"""


@dataclass(frozen=True)
class Lexicon:
    """What may stand for what: names for names, things for things (in the singular)."""

    names: tuple[str, ...]
    things: tuple[str, ...]
    name_set: frozenset[str]
    thing_set: frozenset[str]

    @classmethod
    def learn(cls, problems: Sequence[Problem], common: int = 350) -> "Lexicon":
        """Names and things of the problems; the `common` most frequent words are left alone."""
        words: Counter[str] = Counter()
        capital: Counter[str] = Counter()
        for problem in problems:
            parts = [part for part in problem.question if isinstance(part, str)]
            words.update({part for part in parts if re.fullmatch("[a-z]{4,}", part)})
            inner = {b for a, b in pairwise(parts) if a == " "}
            capital.update({w for w in inner if re.fullmatch("[A-Z][a-z]{2,}", w)})
        names = sorted(w for w, n in capital.items() if n >= 3 and w not in set(_NOT_NAMES.split()))
        kept = set(_KEPT_WORDS.split()) | {word for word, _ in words.most_common(common)}
        things = sorted(
            {
                _singular(word)
                for word, count in words.items()
                if count >= 3 and not {word, _singular(word)} & kept and not word.endswith("ly")
            }
        )
        return cls(tuple(names), tuple(things), frozenset(names), frozenset(things))

    def substitution(self, problem: Problem, rng: random.Random) -> dict[str, str]:
        """New words for a share of the problem's names and things, the same all through it."""
        lines = (problem.question, *(step.line for step in problem.steps))
        return self.exchange({p for line in lines for p in line if isinstance(p, str)}, rng)

    def exchange(
        self,
        words: Collection[str],
        rng: random.Random,
        shares: Sequence[float] = (0.0, 0.3, 0.6, 0.9),
    ) -> dict[str, str]:
        """New words for names and a share of things; those with the same stem get the same one."""
        share = rng.choice(shares)
        new: dict[str, str] = {}
        stems: dict[str, str] = {}
        for word in sorted(words):
            if word in self.name_set:
                if rng.random() < 0.9:
                    new[word] = rng.choice(self.names)
            elif (stem := _singular(word)) in self.thing_set:
                if stem not in stems:
                    stems[stem] = rng.choice(self.things) if rng.random() < share else stem
                new[word] = stems[stem] + "s" * word.endswith("s")
        return new


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") else word
