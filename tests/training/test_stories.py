"""Stories are right, can be read back, and can be told with other numbers."""

import hashlib
import random
import re
from pathlib import Path

import pytest
from demo_prm import drills, held_out_stories, stories
from demo_prm.parse import read_problem
from demo_prm.sources import story
from demo_prm.worked import close

SEEDS = range(60)
TABLE = (Path(stories.__file__).parent / "stories.txt").read_text(encoding="utf-8")


def many(theme):
    return [theme(random.Random(seed)) for seed in SEEDS]


@pytest.fixture(params=stories.TRAINING, ids=lambda theme: theme.__name__)
def theme(request):
    return request.param


def test_every_number_of_a_solution_is_understood_and_the_last_is_the_answer(theme):
    free = 0
    for question, lines, answer in many(theme):
        problem = read_problem(question, lines, f"{answer:.2f}", theme.__name__)
        results = [problem.values[entry] for entry in problem.result_entries()]
        assert len(results) == "\n".join(lines).count("="), lines
        assert close(results[-1], answer), lines
        assert all(result > 0 and round(result, 2) == result for result in results), lines
        free += problem.free
    assert free == len(SEEDS)


def test_what_is_counted_is_whole(theme):
    for _, lines, _ in many(theme):
        for line in lines:
            counted = re.search(r"= (\d+\.\d+) (?!dollars)[a-z]", line)
            assert counted is None, line


def test_the_text_is_written_out(theme):
    for question, lines, _ in many(theme):
        assert question.endswith("?")
        for text in (question, *lines):
            assert not re.search(r"[{}|]|  |//| \.|(?:^|[.?] )[a-z]", text), text
            assert not re.search(r"\b[Aa] [aeio]|\b(\w+) \1\b|(?:ch|sh|x|ss|[^aeiou]y)s\b", text), (
                text
            )


def test_a_theme_hardly_repeats_itself(theme):
    assert len({question for question, _, _ in many(theme)}) == len(SEEDS)


def test_every_rule_gets_told():
    told = set()
    rng = random.Random(1)
    for theme in stories.TRAINING:
        rules = {id(rule) for rule in (*theme.openings, *theme.rules, *theme.questions)}
        for _ in range(3000):
            plot = stories._Plot(theme, rng)
            plot.apply(rng.choice(theme.openings))
            for _ in range(8):
                plot.apply(rng.choice(theme.rules))
            question = plot.ask()
            told |= {id(event.rule) for event in plot.events} | {question and id(question.rule)}
            if rules <= told:
                break
        assert rules <= told, [r.told for r in theme.questions if id(r) not in told]


def test_words_that_must_differ_do_not_run_out():
    for theme in stories.TRAINING:
        rules = (*theme.openings, *theme.rules, *theme.questions)
        used = {name for rule in rules for name in rule.words}
        for name in used:
            if name.endswith("+"):
                assert len(set(theme.words[name[:-1]])) >= (7 if name == "day+" else 10), name


def test_the_table_holds_no_word_list_in_vain():
    for block in TABLE.split("\n== "):
        for name in re.findall(r"^([a-z]+)(?: \S+)*: ", block, flags=re.M):
            assert re.search(rf"\{{{name}[+2.}}]", TABLE), name


def test_a_drill_is_right():
    for seed in range(300):
        problem = story(drills.drill, random.Random(seed))
        assert all(len(step.equations) == 1 for step in problem.steps)


def test_held_out_stories_stay_as_the_shipped_sample_was_made():
    digest = hashlib.sha256()
    for generator in held_out_stories.VALIDATION + held_out_stories.TEST:
        for seed in range(100):
            digest.update(repr(generator(random.Random(seed))).encode())
    assert digest.hexdigest().startswith("5db2c89d6322ee99")
