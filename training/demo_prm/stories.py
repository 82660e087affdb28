"""Story problems composed from a table of small rules: endless variety where GSM8K is finite.

A theme of `stories.txt` is a handful of the rules that `story_rules` reads. A story applies rules
that fit one another, asks for a quantity, and keeps the solution of what the answer depends on; now
and then it also tells what the answer does not depend on.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from demo_prm.story_rules import Amount, Rule, Spoken, Terms, Word, read_words

Story = tuple[str, list[str], float]
Generator = Callable[[random.Random], Story]


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
    common = read_words(shared.splitlines())
    made = []
    for theme in themes:
        title, body = theme.split("\n", 1)
        blocks = re.split(r"\n+(?=[*?~] )", f"\n{body.strip()}")
        own = read_words(blocks[0].splitlines())
        made.append(Theme(title, [Rule.read(block) for block in blocks[1:]], common | own))
    return made


TRAINING: tuple[Generator, ...] = tuple(
    read_table(files(__package__).joinpath("stories.txt").read_text(encoding="utf-8"))
)
