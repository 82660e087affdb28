"""Story problems kept out of training: what is measured on them is a kind of story never seen.

`VALIDATION` may be looked at to choose things, `TEST` is only reported. A sample made with these
generators ships with the package, so what they draw from a given `rng` must not change.
"""

import random

from demo_prm.stories import Generator, Story

_NAMES = """
    Ada Ben Chloe Dev Esra Finn Gita Hugo Ines Jonas Kira Liam Mona Nils Oya Pia Quinn Rosa Sami
    Tara Umar Vera Wim Yara Zeno Amara Boris Celia Dario Elif
    """


def _any(rng: random.Random, options: str) -> str:
    return rng.choice(options.split("|"))


def shares(rng: random.Random) -> Story:
    """A group divided by fractions and percentages."""
    parts = rng.choice((2, 3, 4, 5, 6, 8))
    total = parts * rng.randint(3, 40)
    group, kind = (
        _any(rng, "students|guests|members|dancers"),
        _any(rng, "play chess|wear glasses|walk home"),
    )
    top = rng.randint(1, parts - 1)
    first = total // parts * top
    rest = total - first
    question = f"There are {total} {group}. {top}/{parts} of them {kind}."
    lines = [
        _any(
            rng,
            f"{total} * {top}/{parts} = {first} {group} {kind}."
            f"|{top}/{parts} of {total} is {total} * {top} / {parts} = {first}.",
        ),
        f"The other {group} are {total} - {first} = {rest}.",
    ]
    divisors = [d for d in (2, 3, 4, 5) if rest % d == 0 and rest > d]
    if not divisors:
        return f"{question} How many {group} do not?", lines, rest
    d = rng.choice(divisors)
    word = {2: "Half", 3: "A third", 4: "A quarter", 5: "A fifth"}[d]
    lines.append(f"Of these, {rest} / {d} = {rest // d} come late.")
    return (
        f"{question} {word} of the others come late. How many of the others come late?",
        lines,
        rest // d,
    )


def journey(rng: random.Random) -> Story:
    """Stages at different speeds, total distance, time or fuel."""
    name = rng.choice(_NAMES.split())
    stages = [(rng.randint(2, 9), 5 * rng.randint(2, 16)) for _ in range(rng.randint(2, 3))]
    told, lines, legs = [], [], []
    for i, (hours, speed) in enumerate(stages):
        told.append(
            f"{'First' if i == 0 else 'then'} {name} drives {hours} hours at {speed} miles per hour"
        )
        legs.append(hours * speed)
        lines.append(
            f"In {hours} hours at {speed} miles per hour {name} covers"
            f" {hours} * {speed} = {legs[-1]} miles."
        )
    total = sum(legs)
    lines.append(f"The whole trip is {' + '.join(map(str, legs))} = {total} miles.")
    question = f"{', '.join(told)}."
    per = rng.choice([d for d in (5, 10, 15, 20, 25, 30) if total % d == 0])
    if rng.random() < 0.6:
        cost = rng.randint(2, 6)
        gallons = total // per
        lines += [
            f"{name} needs {total} / {per} = {gallons} gallons of fuel.",
            f"The fuel costs {gallons} * ${cost} = ${gallons * cost}.",
        ]
        question += f" The car goes {per} miles on a gallon, and a gallon costs ${cost}."
        question += " How much is the fuel?"
        return question, lines, gallons * cost
    return f"{question} How many miles is the trip?", lines, total


def ages(rng: random.Random) -> Story:
    """Ages compared, now and in some years."""
    a, b, c = rng.sample(_NAMES.split(), 3)
    young, times, gap, later = (
        rng.randint(3, 20),
        rng.randint(2, 4),
        rng.randint(1, 15),
        rng.randint(2, 20),
    )
    middle, old = young * times, young * times + gap
    question = (
        f"{a} is {young} years old. {b} is {times} times as old as {a}. {c} is {gap} years older"
        f" than {b}. How old will {c} be in {later} years?"
    )
    lines = [
        f"{b} is {young} * {times} = {middle} years old.",
        f"{c} is {middle} + {gap} = {old} years old.",
        f"In {later} years {c} will be {old} + {later} = {old + later} years old.",
    ]
    return question, lines, old + later


def recipe(rng: random.Random) -> Story:
    """A recipe scaled to more servings."""
    name, serves, factor, cups = (
        rng.choice(_NAMES.split()),
        rng.randint(2, 8),
        rng.randint(2, 9),
        rng.randint(2, 9),
    )
    eggs, people = rng.randint(1, 6), serves * factor
    price = rng.randint(2, 9)
    need, need_eggs = cups * factor, eggs * factor
    question = (
        f"A recipe for {serves} people needs {cups} cups of flour and {eggs} eggs. {name} cooks for"
        f" {people} people. A cup of flour costs ${price}. How much do the flour and the eggs cost"
        f" together if an egg costs $1?"
    )
    lines = [
        f"{name} makes the recipe {people} / {serves} = {factor} times.",
        f"That takes {cups} * {factor} = {need} cups of flour.",
        f"It takes {eggs} * {factor} = {need_eggs} eggs.",
        f"The flour costs {need} * ${price} = ${need * price}.",
        f"Together that is ${need * price} + ${need_eggs} = ${need * price + need_eggs}.",
    ]
    return question, lines, need * price + need_eggs


VALIDATION: tuple[Generator, ...] = (shares,)
TEST: tuple[Generator, ...] = (journey, ages, recipe)
