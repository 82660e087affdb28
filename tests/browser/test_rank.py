"""The tab "Best-of-N", as a user sees it."""

import json
import re

from playwright.sync_api import Page, expect

from prm_app.ui.examples import EXAMPLES

EXAMPLE = EXAMPLES["best_of_n"][0]
COUNT = len(EXAMPLE["solutions"])


def rank_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Best-of-N").click()
    expect(page.locator("#winner .votes").first).to_be_visible()
    return page


def rank(page: Page) -> None:
    """Ranks, and waits until the ranking that was there before is replaced."""
    page.locator("#rank").click()
    page.wait_for_timeout(1500)


def rows(page: Page, count: int):
    cells = page.locator("#table tbody tr")
    expect(cells).to_have_count(count)
    return cells


def order(page: Page) -> list[int]:
    return page.locator("#table tbody tr").evaluate_all("all => all.map(r => +r.dataset.index)")


def values(page: Page, how: str) -> list[float]:
    cells = page.locator(f"#table td[data-how={how}]")
    return cells.evaluate_all("all => all.map(c => +c.dataset.value)")


def test_ranks_marks_the_winner_and_draws_every_curve(visit):
    page = rank_tab(visit())
    rank(page)
    rows(page, COUNT)
    means = values(page, "mean")
    assert means == sorted(means, reverse=True)
    best = order(page)[0]
    expect(page.locator("#winner h2")).to_have_text(f"Solution {best} is best")
    expect(page.locator("#table tr.best")).to_have_attribute("data-index", str(best))
    expect(page.locator("#curves .scatterlayer .trace")).to_have_count(COUNT)
    expect(page.locator("#winner")).to_contain_text(re.compile("aggregations? (agree|disagree)"))


def test_the_chart_stays_when_a_ranking_is_done_again_at_once(visit):
    page = rank_tab(visit())
    for _ in range(4):
        rank(page)
        expect(page.locator("#winner table.votes")).to_be_visible()
        page.wait_for_timeout(1000)
        expect(page.locator("#curves .scatterlayer .trace")).to_have_count(COUNT)


def test_one_click_on_an_example_ranks_it(visit):
    page = rank_tab(visit())
    example = EXAMPLES["best_of_n"][2]
    page.get_by_role("button", name=example["title"]).click()
    expect(page.locator("#winner h2")).to_have_text(f"Solution {example['picks'] + 1} is best")
    rows(page, len(example["solutions"]))


def test_another_aggregation_ranks_again(visit):
    page = rank_tab(visit())
    rank(page)
    rows(page, COUNT)
    for how in ("min", "product", "last"):
        page.locator("#how").get_by_label(how, exact=True).check()
        expect(page.locator("#table th.chosen")).to_have_text(how)
        cells = values(page, how)
        assert cells == sorted(cells, reverse=True)
        expect(page.locator("#winner h2")).to_have_text(f"Solution {order(page)[0]} is best")


def test_steps_of_any_candidate_are_one_click_away(visit):
    page = rank_tab(visit())
    rank(page)
    rows(page, COUNT)
    last = order(page)[-1]
    page.get_by_role("button", name=f"Solution {last}", exact=True).click()
    expect(page.locator("#candidate h3")).to_have_text(f"Steps of solution {last}")
    steps = [line for line in EXAMPLE["solutions"][last - 1].split("\n") if line.strip()]
    expect(page.locator("#candidate .words")).to_have_text(steps)
    expect(page.locator("#table tr.selected")).to_have_attribute("data-index", str(last))


def test_cards_are_added_and_removed(visit):
    page = rank_tab(visit())
    cards = page.locator("#cards li")
    expect(cards).to_have_count(COUNT)
    page.get_by_role("button", name="Add a solution").click()
    expect(cards.last.locator("textarea")).to_be_focused()
    page.keyboard.type("4 + 3 = 7\nA: 7")
    for _ in range(COUNT - 1):
        page.get_by_role("button", name="Remove solution 1", exact=True).click()
    expect(cards).to_have_count(2)
    expect(cards.first.locator("textarea")).to_have_value(EXAMPLE["solutions"][-1])
    rank(page)
    rows(page, 2)
    expect(page.locator("#table .who span").filter(has_text="A: 7")).to_have_count(1)
    cards.first.locator("textarea").fill("Something else")
    expect(page.locator("#rank-stale")).to_contain_text("Changed since this was scored")


def test_solutions_are_pasted_many_at_once(visit):
    page = rank_tab(visit())
    page.get_by_role("button", name="Paste many, or load a file").click()
    page.locator("#pasted textarea").fill("a = 1\n---\nb = 2\n\n ---- \nc = 3 <b>${x}</b>\n---\n")
    page.locator("#take").click()
    cards = page.locator("#cards textarea")
    expect(cards).to_have_count(3)
    assert [card.input_value() for card in cards.all()] == ["a = 1", "b = 2", "c = 3 <b>${x}</b>"]


def test_file_is_read_or_refused_with_its_line(visit, tmp_path):
    page = rank_tab(visit())
    page.get_by_role("button", name="Paste many, or load a file").click()
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"problem": "p", "solution": "s"}\n{"problem": "p"}\n')
    page.locator("#file input[type=file]").set_input_files(bad)
    expect(page.locator("#many-message [role=alert]")).to_contain_text("bad.jsonl, line 2")
    page.get_by_label("Remove this file").or_(page.get_by_label("Clear")).first.click()
    good = tmp_path / "good.jsonl"
    lines = [
        {"problem": "First?", "candidates": [{"solution": "1"}, {"solution": "2"}]},
        {"problem": "Second?", "candidates": [{"solution": "3"}]},
    ]
    good.write_text("\n".join(map(json.dumps, lines)))
    page.locator("#file input[type=file]").set_input_files(good)
    expect(page.locator("#rank-problem textarea")).to_have_value("First?")
    expect(page.locator("#cards textarea")).to_have_count(2)
    page.locator("#which input").click()
    page.get_by_role("option", name=re.compile("Second")).click()
    expect(page.locator("#rank-problem textarea")).to_have_value("Second?")
    expect(page.locator("#cards textarea")).to_have_count(1)


def test_a_file_says_who_wrote_a_solution_and_whether_it_is_right(visit, tmp_path):
    page = visit()
    page.get_by_role("tab", name="Best-of-N").click()
    path = tmp_path / "judged.jsonl"
    rows = [
        {"problem": "What is 2 + 3?", "solution": "2 + 3 = 5", "generator": "Ada", "is_correct": 1},
        {"problem": "What is 2 + 3?", "solution": "2 + 3 = 6", "generator": "Bob", "is_correct": 0},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    page.locator("#many button").first.click()
    page.locator("#file input[type=file]").set_input_files(path)
    expect(page.locator("#cards textarea")).to_have_count(2)
    page.locator("#rank").click()
    of_second = page.locator("#table tr[data-index='2'] .who small")
    expect(of_second).to_have_text(["written by Bob", "final answer wrong"])
    page.locator("#cards textarea").nth(1).fill("2 + 3 = 7")
    page.locator("#rank").click()
    expect(page.locator("#table tr[data-index='2'] .who > span")).to_have_text("2 + 3 = 7")
    expect(of_second).to_have_count(0)


def test_a_solution_opens_in_score_and_ones_own_text_comes_back(visit):
    page = visit()
    page.locator("#problem textarea").fill("My own problem")
    page.get_by_role("tab", name="Best-of-N").click()
    page.locator("#table tr[data-index='3']").click()
    expect(page.locator("#candidate h3")).to_have_text("Steps of solution 3")
    steps = page.locator("#candidate .words").all_inner_texts()
    page.get_by_role("button", name="Open in Score").click()
    expect(page.locator("#steps .words")).to_have_text(steps)
    expect(page.get_by_role("tab", name="Score")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Bring back my text").click()
    expect(page.locator("#problem textarea")).to_have_value("My own problem")


def test_one_that_cannot_be_scored_does_not_sink_the_others(visit):
    page = rank_tab(visit())
    page.locator("#cards textarea").first.fill("1 2 3 4 5 6 7 8 9 " * 2000)
    rank(page)
    rows(page, COUNT - 1)
    alert = page.locator("#failures [role=alert]")
    expect(alert).to_contain_text("Solution 1 is not ranked.")
    expect(alert).to_contain_text("tokens long")


def test_what_cannot_be_ranked_says_why(visit):
    page = rank_tab(visit())
    alert = page.locator("#rank-message [role=alert]")
    page.locator("#rank-problem textarea").fill("")
    rank(page)
    expect(alert).to_contain_text("The problem is empty")
    page.locator("#rank-problem textarea").fill("What is 1 + 1?")
    for card in page.locator("#cards textarea").all():
        card.fill(" ")
    rank(page)
    expect(alert).to_contain_text("There are no solutions")


def test_answers_are_held_against_the_reference_and_a_second_model(visit):
    page = rank_tab(visit())
    rows(page, COUNT)
    expect(page.locator("#winner table.votes tbody tr")).not_to_have_count(0)
    page.locator("#reference :is(input, textarea)").fill("110")
    page.locator("#rank-second input").click()
    page.get_by_role("option", name="Demo PRM (Qwen format)").click()
    rank(page)
    expect(page.locator("#winner .comparison")).to_contain_text("Kendall's tau")
    expect(page.locator("#table .who b.right")).to_have_count(sum(EXAMPLE["right"]))
    expect(page.locator("#table .who b.wrong")).to_have_count(COUNT - sum(EXAMPLE["right"]))
    expect(page.locator("#candidate .second")).not_to_have_count(0)


def test_a_solution_stands_beside_the_winner_on_a_narrow_page_too(visit):
    page = rank_tab(visit(width=390, height=844))
    rows(page, COUNT)
    best, *_, last = order(page)
    page.locator(f"#table tr[data-index='{last}'] button").click()
    expect(page.locator("#candidate .candidate")).to_have_attribute("data-solution", str(last))
    page.get_by_label("Compare with the winner").check()
    pair = page.locator("#candidate .pair")
    expect(pair).to_have_attribute("data-solutions", f"{best} {last}")
    expect(pair.locator(".flag")).to_have_text("first difference")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#table tr.best button").click()
    expect(pair).to_have_attribute("data-solutions", f"{best} {order(page)[1]}")
    page.get_by_label("Compare with the winner").uncheck()
    expect(page.locator("#candidate .candidate")).to_have_attribute("data-solution", str(best))
