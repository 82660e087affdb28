"""Story problems composed from a table of small rules: endless variety where GSM8K is finite.

A theme of `stories.txt` is a handful of rules. Each makes a quantity from fresh numbers and from
quantities made before, and knows some ways to tell this in a problem and some to work it out in a
solution. A story applies rules that fit one another, asks for a quantity, and keeps the solution of
what the answer depends on; now and then it also tells what the answer does not depend on.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import CodeType

from demo_prm.worked import NUMBER, write_number

Story = tuple[str, list[str], float]
Generator = Callable[[random.Random], Story]

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


@dataclass(frozen=True, eq=False)
class Event:
    """A rule applied: the events whose quantities it took, its numbers and its words."""

    rule: Rule
    taken: Sequence["Event"]
    numbers: dict
    words: dict[str, Word]

    @property
    def handed_on(self) -> dict[str, Word]:
        """The words for those who take its quantity: what was new here is theirs."""
        new = {name[:-1]: word for name, word in self.words.items() if name.endswith("+")}
        return self.words | new

    def needed(self) -> set["Event"]:
        """The event and all it depends on."""
        return {self}.union(*(event.needed() for event in self.taken))


class Theme:
    """A generator of stories from one theme of the table."""

    def __init__(self, title: str, rules: Sequence[Rule], words: Mapping[str, Sequence[Word]]):
        self.__name__, _, order = title.partition(", ")
        self.any_order = bool(order)
        self.words = words
        self.openings = [rule for rule in rules if rule.makes and not rule.takes]
        self.rules = [rule for rule in rules if rule.makes and (rule.takes or rule.renews)]
        self.questions = [rule for rule in rules if not rule.makes and rule.takes]
        self.asides = [rule for rule in rules if not rule.makes and not rule.takes]

    def __call__(self, rng: random.Random) -> Story:
        while True:
            plot = _Plot(self, rng)
            plot.apply(rng.choice(self.openings))
            for _ in range(min(rng.randint(1, 6), rng.randint(1, 6))):
                plot.apply(rng.choice(self.rules))
            question = plot.ask()
            if question is not None:
                return plot.write(question)


class _Plot:
    """A story in the making."""

    def __init__(self, theme: Theme, rng: random.Random):
        self.theme, self.rng = theme, rng
        self.events: list[Event] = []
        self.alive: list[Event] = []
        self.words: dict[str, Word] = {}
        self.numbers: set[float] = set()
        self.constants: set[float] = set()
        self.used: set[Word] = set()

    def apply(self, rule: Rule) -> Event | None:
        """Apply a rule to quantities that fit; None, and nothing changed, where that fails."""
        taken = self._take(rule) if self._has_room(rule) else None
        if taken is None:
            return None
        for _ in range(5):
            numbers = self._compute(rule, taken)
            if numbers is not None:
                break
        else:
            return None
        event = Event(rule, taken, numbers, self._choose_words(rule, taken))
        if rule.makes:
            self.events.append(event)
            self.alive.append(event)
        if rule.replaces:
            self.alive.remove(taken[0])
        return event

    def _has_room(self, rule: Rule) -> bool:
        """A rule is used once, a kind made once, save where it is about something new."""
        if rule.renews:
            return sum(event.rule is rule for event in self.events) < 3
        return all(
            event.rule is not rule and (rule.replaces or event.rule.makes != rule.makes)
            for event in self.events
        )

    def _take(self, rule: Rule) -> Sequence[Event] | None:
        """Quantities of the kinds the rule takes, none of them twice, mostly the latest."""
        taken: list[Event] = []
        for kind in rule.takes:
            fit = [e for e in self.alive if e.rule.makes == kind and e not in taken]
            if rule.collects:
                return fit if len(fit) > 1 else None
            if not fit:
                return None
            taken.append(fit[-1] if self.rng.random() < 0.6 else self.rng.choice(fit))
        return taken

    def _compute(self, rule: Rule, taken: Sequence[Event]) -> dict[str, Amount] | None:
        """The numbers of a rule; None where one is not sensible or could be mistaken for another.

        Results are at least 2, whole or in cents; no two numbers of a story are equal, so that each
        number in a solution can be traced to where it is from.
        """
        results = [event.numbers["r"] for event in taken]
        numbers: dict = dict(zip("abc", results, strict=False))
        if rule.collects:
            numbers = {"all": Terms(results), "total": Amount(sum(results))}
        for name, choices in rule.draws.items():
            numbers[name] = Amount(self.rng.choice(choices))
        for name, formula in rule.formulas.items():
            value = round(eval(formula, {}, numbers), 6)
            if not 2 <= value < 200_000 or value * (100 if rule.cents else 1) % 1:
                return None
            numbers[name] = Amount(value)
        new = {numbers[name] for name in rule.shown}
        if len(new) < len(rule.shown) or new & (self.numbers | self.constants):
            return None
        if rule.constants & (self.numbers | new):
            return None
        self.numbers |= new
        self.constants |= rule.constants
        return {"r": results[0], **numbers} if results else numbers

    def _choose_words(self, rule: Rule, taken: Sequence[Event]) -> dict[str, Word]:
        words = taken[0].handed_on if taken else {}
        words = {name: word for name, word in words.items() if name.isalpha()}
        words |= {f"{name}2": word for e in taken[1:2] for name, word in e.handed_on.items()}
        for name in rule.words:
            if name.endswith("+"):
                words[name] = self._new_word(name[:-1])
            elif name not in words:
                if name not in self.words:
                    self.words[name] = self._new_word(name)
                words[name] = self.words[name]
        return words

    def _new_word(self, name: str) -> Word:
        """A word no other part of the story uses (its list must not run out)."""
        word = self.rng.choice(self.theme.words[name])
        while word in self.used:
            word = self.rng.choice(self.theme.words[name])
        self.used.add(word)
        return word

    def ask(self) -> Event | None:
        """A question whose answer takes two lines or more, None where none fits."""
        for rule in self.rng.sample(self.theme.questions, len(self.theme.questions)):
            event = self.apply(rule)
            if event is not None and sum(bool(e.rule.solved) for e in event.needed()) > 1:
                return event
        return None

    def write(self, question: Event) -> Story:
        """The story told up to this question, its solution and the answer."""
        rng = self.rng
        needed = question.needed()
        people = [word for word in self.used if hasattr(word, "he")]
        number = Spoken if rng.random() < 0.3 else Amount
        told = [self._say(e, e.rule.told, number) for e in [*self._facts(needed), question]]
        told = _joined(_with_pronouns(told, people, rng), people, rng)
        solving = [e for e in [*self.events, question] if e in needed and e.rule.solved]
        solved = [self._say(e, e.rule.solved, Amount) for e in solving]
        lines = [line[0].upper() + line[1:] for text in solved for line in text.split(" // ")]
        if len(people) == 1:
            lines = _with_pronouns(lines, people, rng)
        return " ".join(told), _write_signs(lines, rng), float(question.numbers["r"])

    def _facts(self, needed: set[Event]) -> list[Event]:
        """What the problem tells, in order: what is needed, and a little beside the point."""
        rng = self.rng
        facts: list[Event] = []
        for event in self.events:
            harmless = not event.rule.replaces and set(event.taken) <= set(facts)
            if event in needed or (harmless and rng.random() < 0.2):
                facts.append(event)
        lasting = not any(event.rule.replaces for event in facts)
        if self.theme.any_order and lasting and rng.random() < 0.3:
            rng.shuffle(facts)
        if self.theme.asides and rng.random() < 0.2:
            aside = self.apply(rng.choice(self.theme.asides))
            if aside is not None:
                facts.insert(rng.randint(1, len(facts)), aside)
        return facts

    def _say(self, event: Event, ways: Sequence[str], number: type[Amount]) -> str:
        numbers = {
            name: value if isinstance(value, Terms) else number(value)
            for name, value in event.numbers.items()
        }
        text = self.rng.choice(ways).format_map(event.words | numbers)
        return text[0].upper() + text[1:]


def _with_pronouns(sentences: Sequence[str], people: Sequence[Word], rng: random.Random):
    """The sentences with "she" for a name where the sentence before was about her alone."""
    written: list[str] = []
    before: list[Word] = []
    for sentence in sentences:
        named = [person for person in people if person in sentence]
        if len(before) == 1 and rng.random() < 0.6:
            (who,) = before
            for name, pronoun in ((f"{who}'s ", who.his), (f"{who} ", who.he)):
                if sentence.startswith(name):
                    sentence = f"{pronoun.capitalize()} {sentence[len(name) :]}"
            sentence = re.sub(rf"\b(does|did|will|can) {who}\b(?!')", rf"\1 {who.he}", sentence)
        written.append(sentence)
        before = named or before
    return written


def _joined(told: Sequence[str], people: Sequence[Word], rng: random.Random) -> list[str]:
    """Some of the short facts of a problem (all but the question) joined by "and"."""
    joined = [told[0]]
    for text in told[1:]:
        before = joined[-1]
        if "?" not in text and ", " not in before + text and rng.random() < 0.2:
            named = any(text.startswith(person) for person in people)
            joined[-1] = f"{before[:-1]}, and {text if named else text[0].lower() + text[1:]}"
        else:
            joined.append(text)
    return joined


def _write_signs(lines: Sequence[str], rng: random.Random) -> list[str]:
    """Signs as one writer writes them: spaced or not, an asterisk or an x."""
    space, times = rng.choice((" ", " ", "")), rng.choice("**x")
    text = "\n".join(lines)
    for sign in "+-/=":
        text = text.replace(f" {sign} ", space + sign + space)
    return text.replace(" * ", space + times + space).split("\n")


def read_table(text: str) -> list[Theme]:
    """The themes of a table; what stands before the first one is shared by all."""
    shared, *themes = re.split(r"^== ", re.sub(r"^#.*\n", "", text, flags=re.M), flags=re.M)
    common = _read_words(shared.splitlines())
    made = []
    for theme in themes:
        title, body = theme.split("\n", 1)
        blocks = re.split(r"\n+(?=[*?~] )", f"\n{body.strip()}")
        own = _read_words(blocks[0].splitlines())
        made.append(Theme(title, [Rule.read(block) for block in blocks[1:]], common | own))
    return made


def _read_words(lines: Sequence[str]) -> dict[str, tuple[Word, ...]]:
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


TRAINING: tuple[Generator, ...] = tuple(
    read_table(files(__package__).joinpath("stories.txt").read_text(encoding="utf-8"))
)


TASKS = (
    "Check the arithmetic.",
    "Compute each line.",
    "Work out these sums.",
    "Calculate.",
    "Find the results.",
)
_SAID = {
    "+": "Together that is {}.|That makes {} in total.|{who} now has {}.|The total is {}.|So {}.",
    "-": "That leaves {}.|{who} has {} left.|The difference is {}.|So {} remain.|Now there are {}.",
    "*": "{who} pays {} dollars.|That is {} in all.|{who} needs {} of them.|This makes {}.|So {}.",
    "/": "Each of them gets {}.|It takes {} days.|{who} fills {} boxes.|So {} each.|That is {}.",
}
_SIZES = (9, 9, 12, 20, 50, 100, 100, 1000, 10_000)


def drill(rng: random.Random) -> Story:
    """Arithmetic without a story: practice in telling right results from wrong ones."""
    task, who = rng.choice(TASKS), rng.choice(["Maria", "Tom", "She", "He", "Emma"])
    prose = rng.random() < 0.5
    lines = []
    for _ in range(rng.randint(3, 9)):
        sign = rng.choice("+-*/")
        text, value = _sum(sign, rng)
        equation = f"{text} = {write_number(value)}"
        if rng.random() < 0.4:
            equation = equation.replace(" ", "")
        said = rng.choice(_SAID[sign].split("|")) if prose else "{}"
        lines.append(said.format(equation, who=who))
    return task, lines, float("nan")


def _sum(sign: str, rng: random.Random) -> tuple[str, float]:
    """A sum, difference, product or quotient as text, and its value; small ones most often."""
    size = rng.choice(_SIZES)
    if sign in "*/":
        unit = rng.choice((1, 1, 1, 0.5, 0.25, 0.01)) if size > 12 else 1
        a, b = rng.randint(2, min(size, 999)) * unit, rng.randint(2, min(size, 99))
        product = round(a * b, 2)
        if sign == "*":
            a, b = rng.sample((a, b), 2)
            return f"{write_number(a)} {rng.choice('**x')} {write_number(b)}", product
        return f"{write_number(product)} / {b}", a
    unit = rng.choice((1, 1, 1, 0.5, 0.01)) if size > 20 else 1
    terms = [round(rng.randint(1, size) * unit, 2) for _ in range(rng.choice((2, 2, 2, 3, 4)))]
    if sign == "-":
        terms = [round(sum(terms[:2]), 2), terms[0]]
    value = terms[0] - terms[1] if sign == "-" else sum(terms)
    return f" {sign} ".join(map(write_number, terms)), round(value, 2)
