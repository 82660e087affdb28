"""Story problems written by small generators: endless structure where GSM8K is finite.

Each generator draws numbers and wording and returns a question, the lines of its solution and the
answer. `TRAINING`, `VALIDATION` and `TEST` hold different generators, so that what is measured on
the last two is a kind of story never seen in training.
"""

import random
from collections.abc import Callable

Story = tuple[str, list[str], float]

_NAMES = """
    Ada Ben Chloe Dev Esra Finn Gita Hugo Ines Jonas Kira Liam Mona Nils Oya Pia Quinn Rosa Sami
    Tara Umar Vera Wim Yara Zeno Amara Boris Celia Dario Elif
    """
_THINGS = """
    apples marbles stickers books pencils coins cards shells stamps cookies balloons beads tickets
    bottles muffins plants photos ribbons keys candles
    """


def _any(rng: random.Random, options: str) -> str:
    return rng.choice(options.split("|"))


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def possessions(rng: random.Random) -> Story:
    """A chain of who has how many, told by comparison and by exchange."""
    thing = rng.choice(_THINGS.split())
    names = rng.sample(_NAMES.split(), 5)
    amount = rng.randint(3, 80)
    start = _any(rng, "{0} has {1} {2}.|{0} starts with {1} {2}.|There are {1} {2} in {0}'s bag.")
    told, lines, owned = [start.format(names[0], amount, thing)], [], [amount]
    for other in names[1 : rng.randint(2, 5)]:
        at = rng.randrange(len(owned))
        base, who = owned[at], names[at]
        k = rng.randint(2, 40)
        how = rng.randrange(5)
        if how == 0:
            told.append(
                _any(
                    rng,
                    f"{other} has {k} more {thing} than {who}."
                    f"|{other} collected {k} more {thing} than {who} did.",
                )
            )
            new, sign = base + k, f"{base} + {k}"
        elif how == 1 and base > 3:
            k = rng.randint(1, base - 1)
            told.append(
                _any(
                    rng,
                    f"{other} has {k} fewer {thing} than {who}."
                    f"|{who} has {k} more {thing} than {other}.",
                )
            )
            new, sign = base - k, f"{base} - {k}"
        elif how == 2 and base % 2 == 0:
            told.append(f"{other} has half as many {thing} as {who}.")
            new, sign = base // 2, f"{base} / 2"
        elif how == 3 and base % 3 == 0:
            told.append(
                _any(
                    rng,
                    f"{who} has 3 times as many {thing} as {other}."
                    f"|{other} has a third as many {thing} as {who}.",
                )
            )
            new, sign = base // 3, f"{base} / 3"
        else:
            k = rng.randint(2, 9)
            word = {2: "twice", 3: "three times"}.get(k, f"{k} times")
            told.append(f"{other} has {word} as many {thing} as {who}.")
            new, sign = base * k, f"{base} * {k}"
        owned.append(new)
        lines.append(
            _any(
                rng,
                f"{other} has {sign} = {new} {thing}.|So {other} has {sign} = {new}."
                f"|The number of {thing} {other} has is {sign} = {new}.",
            )
        )
    if rng.random() < 0.6:
        total = sum(owned)
        question = _any(
            rng, f"How many {thing} do they have together?|What is the total number of {thing}?"
        )
        lines.append(f"Together they have {' + '.join(map(str, owned))} = {total} {thing}.")
        return " ".join([*told, question]), lines, total
    a, b = max(owned), min(owned)
    high, low = names[owned.index(a)], names[owned.index(b)]
    lines.append(f"{high} has {a} - {b} = {a - b} more {thing} than {low}.")
    return " ".join([*told, f"How many more {thing} does {high} have than {low}?"]), lines, a - b


def stock(rng: random.Random) -> Story:
    """One store of things that grows and shrinks."""
    name, thing = rng.choice(_NAMES.split()), rng.choice(_THINGS.split())
    now = rng.randint(20, 300)
    told = [
        _any(
            rng,
            f"{name} has {now} {thing}.|A shop has {now} {thing} in stock."
            f"|There were {now} {thing} in a box that {name} owns.",
        )
    ]
    lines: list[str] = []
    for _ in range(rng.randint(2, 6)):
        k, how = rng.randint(2, 60), rng.randrange(6)
        before = now
        if how == 0:
            told.append(
                _any(
                    rng,
                    f"Then {k} more arrive.|{name} gets {k} more {thing}."
                    f"|{name} buys another {k} {thing}.",
                )
            )
            now += k
            lines.append(
                _any(
                    rng,
                    f"After that there are {before} + {k} = {now} {thing}."
                    f"|Now there are {before}+{k}={now}.",
                )
            )
        elif how == 1 and now > 3:
            k = rng.randint(1, now - 1)
            told.append(
                _any(
                    rng,
                    f"{name} gives away {k} of them.|{k} {thing} get lost."
                    f"|{name} sells {k} {thing}.",
                )
            )
            now -= k
            lines.append(f"That leaves {before} - {k} = {now} {thing}.")
        elif how == 2:
            packs, each = rng.randint(2, 12), rng.randint(3, 20)
            told.append(
                _any(
                    rng,
                    f"{packs} packs with {each} {thing} each are added."
                    f"|{name} buys {packs} boxes of {each} {thing}.",
                )
            )
            now += packs * each
            lines.append(f"The {packs} packs hold {packs} * {each} = {packs * each} {thing}.")
            lines.append(f"So there are {before} + {packs * each} = {now} {thing}.")
        elif how == 3 and now % 2 == 0 and now > 3:
            told.append(_any(rng, "Half of them are sold.|Half of them break."))
            now //= 2
            lines.append(f"{before} / 2 = {now} {thing} are left.")
        elif how == 4:
            percent = rng.choice((10, 20, 25, 30, 40, 50, 75))
            gone = now * percent / 100
            if gone != int(gone):
                continue
            told.append(f"Then {percent}% of the {thing} are given to a school.")
            now -= int(gone)
            lines.append(
                _any(
                    rng,
                    f"{percent}% of {before} is {before} * {percent} / 100 = {int(gone)}."
                    f"|The school gets {before} * {_n(percent / 100)} = {int(gone)} {thing}.",
                )
            )
            lines.append(f"There are {before} - {int(gone)} = {now} {thing} left.")
        else:
            days, each = rng.randint(2, 7), rng.randint(1, 8)
            if days * each >= now:
                continue
            told.append(f"Each day for {days} days, {each} {thing} are used.")
            now -= days * each
            lines.append(f"In {days} days {days} x {each} = {days * each} {thing} are used.")
            lines.append(f"{before} - {days * each} = {now} {thing} remain.")
    if not lines:
        return stock(rng)
    return " ".join([*told, f"How many {thing} are there in the end?"]), lines, now


def shopping(rng: random.Random) -> Story:
    """A bill of several items, perhaps with a discount, and the change."""
    name = rng.choice(_NAMES.split())
    items = rng.sample(_THINGS.split(), rng.randint(2, 4))
    told, lines, sums = [], [], []
    for item in items:
        count, price = rng.randint(2, 15), rng.choice((rng.randint(1, 30), rng.randint(2, 40) / 2))
        told.append(
            _any(rng, f"{count} {item} at ${_n(price)} each|{count} {item} for ${_n(price)} apiece")
        )
        sums.append(count * price)
        lines.append(
            _any(
                rng,
                f"The {item} cost {count} * ${_n(price)} = ${_n(sums[-1])}."
                f"|{name} pays ${_n(price)} x {count} = ${_n(sums[-1])} for the {item}.",
            )
        )
    total = sum(sums)
    lines.append(f"The total is {' + '.join('$' + _n(s) for s in sums)} = ${_n(total)}.")
    question = f"{name} buys {', '.join(told[:-1])} and {told[-1]}."
    if rng.random() < 0.4:
        percent = rng.choice((10, 20, 25, 50))
        off = round(total * percent / 100, 2)
        question += _any(
            rng, f" There is a {percent}% discount.| A coupon takes {percent}% off the bill."
        )
        lines.append(f"The discount is ${_n(total)} * {percent} / 100 = ${_n(off)}.")
        lines.append(f"So {name} pays ${_n(total)} - ${_n(off)} = ${_n(total - off)}.")
        total -= off
    if rng.random() < 0.4:
        paid = (int(total) // 50 + 1) * 50
        lines.append(f"The change is ${paid} - ${_n(total)} = ${_n(paid - total)}.")
        return (
            f"{question} {name} pays with ${paid}. How much change does {name} get?",
            lines,
            paid - total,
        )
    return f"{question} How much does {name} pay in total?", lines, total


def wages(rng: random.Random) -> Story:
    """Hours, pay, overtime and expenses."""
    name = rng.choice(_NAMES.split())
    rate, hours, days = rng.randint(8, 40), rng.randint(3, 9), rng.randint(2, 6)
    daily, weekly = rate * hours, rate * hours * days
    question = _any(
        rng,
        f"{name} earns ${rate} an hour and works {hours} hours a day, {days} days a week."
        f"|{name} works {days} days a week for {hours} hours each day at ${rate} per hour.",
    )
    lines = [
        _any(
            rng,
            f"{name} earns ${rate} * {hours} = ${daily} a day."
            f"|Each day {name} makes {hours} x {rate} = ${daily}.",
        ),
        f"In a week {name} earns ${daily} * {days} = ${weekly}.",
    ]
    earned = weekly
    if rng.random() < 0.5:
        extra, bonus = rng.randint(2, 10), rng.choice((2, 1.5, 3))
        paid = rate * bonus
        word = {2: "double", 1.5: "1.5 times", 3: "three times"}[bonus]
        question += f" For {extra} more hours of overtime {name} gets {word} the usual pay."
        lines.append(f"Overtime is paid at ${rate} * {_n(bonus)} = ${_n(paid)} an hour.")
        lines.append(f"The overtime brings {extra} * ${_n(paid)} = ${_n(extra * paid)}.")
        earned = weekly + extra * paid
        lines.append(f"That makes ${weekly} + ${_n(extra * paid)} = ${_n(earned)}.")
    if rng.random() < 0.6:
        spent = rng.randint(10, max(11, int(earned) - 10))
        question += f" {name} spends ${spent} of it. How much is left?"
        lines.append(f"{name} has ${_n(earned)} - ${spent} = ${_n(earned - spent)} left.")
        return question, lines, earned - spent
    return f"{question} How much does {name} earn in a week?", lines, earned


def saving(rng: random.Random) -> Story:
    """Saving for something that costs more than one has."""
    name = rng.choice(_NAMES.split())
    weekly, weeks, have = rng.randint(4, 40), rng.randint(3, 20), rng.randint(5, 90)
    saved = weekly * weeks
    price = have + saved
    question = _any(
        rng,
        f"{name} wants a bicycle that costs ${price} and already has ${have}."
        f"|A tablet costs ${price}. {name} has saved ${have} so far.",
    )
    lines = [
        _any(
            rng,
            f"{name} still needs ${price} - ${have} = ${saved}."
            f"|The missing amount is {price} - {have} = {saved} dollars.",
        )
    ]
    if rng.random() < 0.5:
        jobs, pay = rng.randint(2, 5), 0
        pay = weekly
        question += f" Each week {name} does {jobs} jobs for ${pay} each."
        if saved % (jobs * pay):
            return saving(rng)
        lines.append(f"{name} makes {jobs} * ${pay} = ${jobs * pay} a week.")
        weekly, weeks = jobs * pay, saved // (jobs * pay)
    else:
        question += _any(
            rng, f" {name} saves ${weekly} a week.| Every week {name} puts aside ${weekly}."
        )
    lines.append(f"It takes {saved} / {weekly} = {weeks} weeks.")
    return f"{question} How many weeks does it take to have enough?", lines, weeks


def production(rng: random.Random) -> Story:
    """Machines or people who make things at a rate."""
    thing = rng.choice(_THINGS.split())
    machines, rate, hours = rng.randint(2, 12), rng.randint(3, 40), rng.randint(2, 12)
    who = _any(rng, "machine|worker|baker|printer")
    each, total = rate * hours, rate * hours * machines
    lines = [
        f"One {who} makes {rate} * {hours} = {each} {thing}.",
        f"All of them make {each} * {machines} = {total} {thing}.",
    ]
    question = f"A {who} makes {rate} {thing} an hour. There are {machines} {who}s"
    question += f" working for {hours} hours."
    if rng.random() < 0.5:
        bad = rng.choice((5, 10, 20, 25))
        if total * bad % 100 == 0:
            lost = total * bad // 100
            question += f" {bad}% of the {thing} are faulty and thrown away."
            lines.append(f"Faulty are {total} * {_n(bad / 100)} = {lost} {thing}.")
            lines.append(f"Good are {total} - {lost} = {total - lost} {thing}.")
            total -= lost
    size = rng.choice([d for d in (2, 3, 4, 5, 6, 8, 10, 12) if total % d == 0] or [1])
    if size > 1 and rng.random() < 0.6:
        lines.append(f"They fill {total} / {size} = {total // size} boxes.")
        return (
            f"{question} They are packed {size} to a box. How many boxes are filled?",
            lines,
            total // size,
        )
    return f"{question} How many {thing} are there to sell?", lines, total


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


def garden(rng: random.Random) -> Story:
    """A rectangle: its fence, its area, what they cost."""
    name, length, width = rng.choice(_NAMES.split()), rng.randint(5, 40), rng.randint(3, 30)
    price = rng.randint(2, 15)
    if rng.random() < 0.5:
        half, around = length + width, 2 * (length + width)
        lines = [
            f"Length and width together are {length} + {width} = {half} meters.",
            f"The fence is 2 * {half} = {around} meters long.",
            f"It costs {around} * ${price} = ${around * price}.",
        ]
        ask = f"A meter of fence costs ${price}. How much is a fence around it?"
        answer = around * price
    else:
        area = length * width
        beds = rng.randint(2, area - 1)
        lines = [
            f"The area is {length} * {width} = {area} square meters.",
            f"Without the beds {area} - {beds} = {area - beds} square meters are left.",
            f"The grass costs {area - beds} * ${price} = ${(area - beds) * price}.",
        ]
        ask = f"Beds take {beds} square meters, the rest is grass at ${price} a square meter."
        ask += " How much is the grass?"
        answer = (area - beds) * price
    return f"{name} has a garden {length} meters long and {width} meters wide. {ask}", lines, answer


TRAINING: tuple[Callable[[random.Random], Story], ...] = (
    possessions,
    stock,
    shopping,
    wages,
    saving,
    production,
    garden,
)
VALIDATION: tuple[Callable[[random.Random], Story], ...] = (shares,)
TEST: tuple[Callable[[random.Random], Story], ...] = (journey, ages, recipe)


def drill(rng: random.Random) -> Story:
    """Bare arithmetic, a line each: practice in telling right results from wrong ones."""
    lines = []
    for _ in range(rng.randint(3, 9)):
        sign = rng.choice("++--**/")
        size = rng.choice((12, 30, 100, 300, 1000, 5000))
        a, b = rng.randint(2, size), rng.randint(2, size)
        unit = rng.choice((1, 1, 1, 0.1, 0.01, 0.5))
        if sign in "*/":
            b = rng.randint(2, rng.choice((9, 12, 30, 60, 99)))
        x = a * unit
        if sign == "+" and rng.random() < 0.4:
            more = [rng.randint(1, size) for _ in range(rng.randint(1, 3))]
            text, value = " + ".join(map(str, [_n(x), b, *more])), x + b + sum(more)
        elif sign == "-":
            x, b = max(x, b) + 1, min(x, b)
            text, value = f"{_n(x)} - {_n(b)}", x - b
        elif sign == "/":
            text, value, x = f"{_n(x * b)} / {b}", x, x * b
        else:
            text, value = f"{_n(x)} {sign} {_n(b)}", x + b if sign == "+" else x * b
        if abs(value - float(_n(value))) > 1e-9 or abs(x - float(_n(x))) > 1e-9:
            continue
        lines.append(f"{text.replace(' ', '') if rng.random() < 0.5 else text} = {_n(value)}")
    if not lines:
        return drill(rng)
    question = _any(rng, "Check the arithmetic.|Compute each line.|Work out these sums.|Calculate.")
    return question, lines, float("nan")
