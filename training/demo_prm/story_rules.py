"""One rule of a story, read from its lines in `stories.txt`, and the numbers and words it writes.

A rule makes a quantity from fresh numbers and from quantities made before, and knows some ways to
tell this in a problem and some to work it out in a solution.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CodeType

from demo_prm.worked import NUMBER, write_number

_PLACEHOLDER = re.compile(r"\{(\w+\+?)")
_TIMES = {2: "twice", 3: "three times", 4: "four times"}
_FOLD = {2: "double", 3: "triple", 4: "quadruple"}
_PART = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth"}


class Amount(float):
    """A number that knows how stories write it: plain, or as a format code of the table says."""

    def __format__(self, how: str) -> str:
        return _FORMATS[how](float(self))


class Spoken(Amount):
    """An amount whose plain form is a word where there is a short one."""

    def __format__(self, how: str) -> str:
        word = not how and self <= 12
        return write_number(float(self), "two") if word else super().__format__(how)


_FORMATS: dict[str, Callable[[float], str]] = {
    "": write_number,
    "n": write_number,
    "%": lambda value: write_number(value) + "%",
    "$": lambda value: "$" + write_number(value, "1.00" if value % 1 else ""),
    "times": lambda value: _TIMES.get(value, f"{write_number(value)} times"),
    "fold": _FOLD.__getitem__,
    "part": _PART.__getitem__,
    "hundredths": lambda value: write_number(value / 100),
}


class Terms(tuple):
    """Several amounts that are added up."""

    def __format__(self, how: str) -> str:
        return " + ".join([format(term, how) for term in self])


class Word(str):
    """A word with other forms of it as attributes: `who.his`, `did.do`."""


@dataclass(frozen=True)
class Rule:
    """How one quantity is made, told and worked out.

    It takes quantities of the kinds `takes` (all there are where it `collects`) and makes one of
    the kind `makes`, nothing where it is a question. Where it `replaces`, the first one it takes is
    no more; where it `renews`, it speaks of someone or something new, and a story may use it again.
    It draws fresh numbers and computes others by its `formulas`; those in `shown` are in its text.
    """

    takes: tuple[str, ...]
    makes: str
    replaces: bool
    renews: bool
    collects: bool
    draws: dict[str, Sequence[float]]
    formulas: dict[str, CodeType]
    cents: bool
    told: tuple[str, ...]
    solved: tuple[str, ...]
    shown: tuple[str, ...]
    words: tuple[str, ...]
    constants: frozenset[float]

    @classmethod
    def read(cls, block: str) -> "Rule":
        """A rule from its lines in the table (described there)."""
        head, *lines = block.splitlines()
        kinds, _, recipe = head[2:].partition(":")
        takes, arrow, makes = re.split(r"\s*([-=]>|$)", kinds.strip(), maxsplit=1)
        texts = {"-": [], "=": []}
        for line in lines:
            texts[line[0]] += line[2:].split(" | ")
        parts = [part.strip() for part in recipe.split(";") if part.strip()]
        draws = dict(_read_draw(part) for part in parts if " " in part and "=" not in part)
        formulas = dict(part.split(" = ") for part in parts if "=" in part)
        names = sorted(set(_PLACEHOLDER.findall(" ".join(texts["-"] + texts["="]))))
        solution = re.sub(r"\{.*?\}", "", " ".join(texts["="]))
        return cls(
            tuple(takes.removesuffix("...").split()),
            makes.strip(),
            arrow == "=>",
            any(name.endswith("+") for name in names),
            takes.endswith("..."),
            draws,
            {name: compile(text, "stories.txt", "eval") for name, text in formulas.items()},
            "cents" in parts,
            tuple(texts["-"]),
            tuple(texts["="]),
            tuple(name for name in names if name in draws or name in formulas),
            tuple(name for name in names if len(name) > 1 and name != "all"),
            frozenset(map(float, re.findall(NUMBER, solution))),
        )


def _read_draw(text: str) -> tuple[str, Sequence[float]]:
    name, *choices = text.split()
    values: list[float] = []
    for choice in choices:
        low, high, step = re.fullmatch(r"([\d.]+?)(?:\.\.([\d.]+)(?:/([\d.]+))?)?", choice).groups()
        unit = float(step or 1)
        first, last = round(float(low) / unit, 6), round(float(high or low) / unit, 6)
        values += [round((first + i) * unit, 2) for i in range(int(last - first) + 1)]
    return name, tuple(values)


def read_words(lines: Sequence[str]) -> dict[str, tuple[Word, ...]]:
    """The lists of words that lines of the table hold."""
    lists: dict[str, tuple[Word, ...]] = {}
    for line in filter(None, lines):
        heading, options = line.split(": ")
        name, *forms = heading.split()
        fixed = dict(form.split("=") for form in forms if "=" in form)
        varying = [form for form in forms if "=" not in form]
        for option in options.split(", "):
            text, *others = option.split("/")
            word = Word(text)
            vars(word).update(fixed, **dict(zip(varying, others, strict=True)))
            lists[name] = (*lists.get(name, ()), word)
    return lists
