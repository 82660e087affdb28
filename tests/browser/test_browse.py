"""The tab "Browse", as a user sees it."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

STRICT = Path(__file__).parents[1] / "data" / "strict_gsm8k_best_of_8.jsonl.gz"
LABELLED_ROWS = [
    {"problem": f"What is {i} + 1?", "steps": [f"{i} + 1 = {i + 1}", "so that"],
     "generator": "ab"[i % 2], "label": i % 3 - 1,
     "model": "mine", "rewards": [0.9 - i % 7 / 10, 0.2 + i % 5 / 10]}
    for i in range(60)
]  # fmt: skip


def tab(page: Page) -> Page:
    page.get_by_role("tab", name="Browse").click()
    return page


def upload(page: Page, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("#browse-upload").click()
    chooser.value.set_files(path)


@pytest.fixture
def labelled_page(visit, tmp_path) -> Page:
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(map(json.dumps, LABELLED_ROWS)))
    page = tab(visit())
    upload(page, path)
    expect(count(page)).to_have_text("60 of 60 shown")
    expect(page.locator(".picture .js-plotly-plot")).to_have_count(4)
    return page


def count(page: Page):
    return page.locator("#browse-list .count")


def column(page: Page, name: str) -> list[str]:
    return page.locator(f"#browse-list .row .{name}").all_inner_texts()


def selected(page: Page) -> str | None:
    return page.locator("#browse-list .row[aria-selected=true]").get_attribute("data-number")


def test_the_sample_is_scored_while_it_is_shown(visit):
    page = tab(visit())
    page.locator("#browse-sample").click()
    expect(count(page)).to_have_text("215 of 215 shown")
    expect(page.locator("#browse-one input")).to_have_value(re.compile("scored here"))
    expect(page.locator(".picture .js-plotly-plot")).to_have_count(4)
    expect(page.locator("#browse-score")).to_be_visible(timeout=300_000)
    page.locator("#browse-list .row").first.click()
    expect(page.locator("#browse-row .step")).not_to_have_count(0)
    expect(page.locator("#browse-row")).to_contain_text("Label")


def test_recorded_rewards_are_shown_without_an_engine_and_by_their_names(labelled_page):
    page = labelled_page
    expect(page.locator("#browse-one input")).to_have_value("mine, recorded")
    expect(page.locator("#browse-progress")).to_be_empty()
    assert column(page, "least")[:2] == ["0.200", "0.300"]


def test_another_file_takes_the_place_of_one_that_is_being_scored(visit, tmp_path):
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(map(json.dumps, LABELLED_ROWS)))
    page = tab(visit())
    page.locator("#browse-sample").click()
    expect(page.locator("#browse-progress")).to_contain_text("of 215")
    upload(page, path)
    expect(page.locator("#browse-summary h2")).to_have_text("labelled.jsonl")
    page.wait_for_timeout(3000)  # the former scoring has ended by then
    expect(count(page)).to_have_text("60 of 60 shown")
    expect(page.locator("#browse-progress")).to_be_empty()
    expect(page.locator("#browse-score")).to_be_visible()
    expect(page.locator("#browse-stop")).to_be_hidden()
    page.locator("#browse-list .row").last.click()
    expect(page.locator("#browse-row .step")).to_have_count(2)


def test_live_rewards_stand_beside_recorded_ones(labelled_page):
    page = labelled_page
    page.locator("#browse-score").click()
    expect(page.locator("#browse-other input")).to_have_value(re.compile("scored here"))
    expect(page.locator("#browse-one input")).to_have_value("mine, recorded")
    expect(page.locator("#browse-score")).to_be_visible()  # again: all are scored
    page.get_by_role("button", name="differ", exact=True).click()
    differ = [float(each) for each in column(page, "differ")]
    assert differ == sorted(differ, reverse=True) and differ[0] > 0


def test_verdicts_filter_and_the_threshold_moves_them(labelled_page):
    page = labelled_page
    chip = page.locator("#browse-list .verdicts button").filter(has_text="missed")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    visible = int(count(page).inner_text().split()[0])
    missed = [row for row in LABELLED_ROWS if row["label"] >= 0 and min(row["rewards"]) >= 0.5]
    assert visible == len(missed) and set(column(page, "verdict")) == {"✗ missed"}
    page.locator("#threshold input[type=number]").fill("0")
    page.keyboard.press("Tab")
    expect(count(page)).to_have_text("40 of 60 shown")
    chip.click()
    expect(count(page)).to_have_text("60 of 60 shown")


def test_writers_steps_and_words_filter(labelled_page):
    page = labelled_page
    page.get_by_label("Written by").select_option("a")
    expect(count(page)).to_have_text("30 of 60 shown")
    page.get_by_label("Search problems and solutions").fill("58 + 1 = 59")
    expect(count(page)).to_have_text("1 of 60 shown")
    page.get_by_label("Search problems and solutions").fill("")
    page.get_by_label("Fewest steps").fill("3")
    expect(count(page)).to_have_text("0 of 60 shown")


def test_every_column_sorts_both_ways(labelled_page):
    page = labelled_page
    for name in ("least", "mean", "surprise"):
        button = page.locator("#browse-list .heads").get_by_role("button", name=name)
        button.click()
        once = [float(each) for each in column(page, name)]
        button.click()
        twice = [float(each) for each in column(page, name)]
        assert {tuple(once) == tuple(sorted(once)), tuple(twice) == tuple(sorted(twice))} == {
            True,
            False,
        }


def test_keys_move_open_and_focus(labelled_page):
    page = labelled_page
    page.locator("#browse-list .grid").focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert selected(page) == "1"
    page.keyboard.press("k")
    assert selected(page) == "0"
    page.keyboard.press("Enter")
    expect(page.locator("#browse-row h3")).to_have_text("Solution 1")
    page.keyboard.press("Escape")
    expect(page.locator("#browse-row article")).to_have_count(0)
    expect(page.locator("#browse-list .grid")).to_be_focused()
    page.keyboard.press("f")
    expect(page.locator("#browse-list .verdicts button").first).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Search problems and solutions")).to_be_focused()
    page.keyboard.type("j")
    assert selected(page) == "0"
    page.keyboard.press("Escape")
    expect(page.locator("#browse-list .grid")).to_be_focused()


def test_a_row_that_is_drawn_anew_under_the_mouse_opens_all_the_same(labelled_page):
    page = labelled_page
    page.locator("#browse-list .row[data-number='3'] .problem").hover()
    page.mouse.down()
    page.locator("#browse-list .grid").dispatch_event("scroll")
    page.mouse.up()
    expect(page.locator("#browse-row")).to_contain_text("What is 3 + 1?")


def test_a_point_of_a_picture_filters_and_a_row_lights_its_points(labelled_page):
    page = labelled_page
    cells = page.locator("#picture-3 .scatterlayer .point")
    cells.first.click(force=True)
    picked = page.locator("#browse-list .picked button")
    expect(picked).to_contain_text("labelled")
    visible = int(count(page).inner_text().split()[0])
    assert 0 < visible < 60
    picked.click()
    expect(count(page)).to_have_text("60 of 60 shown")
    page.locator("#browse-list .row").first.click()
    expect(page.locator("#picture-3 .point.lit")).to_have_count(1)
    expect(page.locator("#picture-0 .point.lit")).not_to_have_count(0)


def test_a_click_on_the_curve_sets_the_threshold(labelled_page):
    page = labelled_page
    box = page.locator("#picture-2 .nsewdrag").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.5)
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.08)
    value = page.locator("#threshold input[type=number]")
    expect(value).not_to_have_value("0.5")


def test_best_of_n_of_a_file_of_candidates(visit):
    page = tab(visit())
    upload(page, STRICT)
    expect(page.locator(".picture h3")).to_have_text(["Best-of-N", "Mean reward by answer"])
    expect(page.locator("#picture-0 .legendtext")).to_contain_text(["last", "mean"])
    expect(page.locator("#browse-other input")).to_have_value("skywork_prm, recorded")
    page.locator("#picture-0 .scatterlayer .point").last.click(force=True)
    expect(page.locator("#browse-list .picked button")).to_contain_text("problems that")


def test_ten_thousand_rows_draw_only_those_in_view(visit, tmp_path):
    path = tmp_path / "many.jsonl"
    rows = (row | {"problem": f"Problem {i}"} for i in range(167) for row in LABELLED_ROWS)
    path.write_text("\n".join(map(json.dumps, rows)))
    page = tab(visit())
    upload(page, path)
    expect(count(page)).to_have_text("10,020 of 10,020 shown")
    nodes = page.locator("#browse-list .row")
    assert nodes.count() < 60
    page.locator("#browse-list .grid").evaluate("e => e.scrollTo(0, e.scrollHeight)")
    expect(page.locator("#browse-list .row[data-number='10019']")).to_be_visible()
    assert nodes.count() < 60


def test_a_run_is_paused_goes_on_and_is_stopped(visit, tmp_path):
    path = tmp_path / "unscored.jsonl"
    steps = [f"{n} + {n} = {2 * n}" for n in range(20)]
    rows = ({"problem": f"Problem {i}?", "steps": steps} for i in range(10_000))
    path.write_text("\n".join(map(json.dumps, rows)))
    page = tab(visit())
    upload(page, path)
    progress = page.locator("#browse-progress")
    expect(progress).to_contain_text(re.compile(r"Scored [\d,]+ of 10,000.* left"))
    page.locator("#browse-pause").click()
    expect(progress).to_contain_text("Paused at")
    expect(page.locator("#browse-pause")).to_have_text("Go on")
    expect(page.locator("#browse-list .row").first).to_be_visible()
    page.locator("#browse-pause").click()
    expect(progress).to_contain_text(re.compile(r"Scored [\d,]+ of 10,000"))
    page.locator("#browse-stop").click()
    expect(progress).to_contain_text("Stopped at")
    expect(page.locator("#browse-score")).to_be_visible()


def test_a_file_that_cannot_be_read_says_why(visit, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text("no json")
    page = tab(visit())
    upload(page, path)
    expect(page.locator("#browse-message [role=alert]")).to_contain_text("bad.jsonl, line 1")


def test_nothing_is_wider_than_a_phone(visit, tmp_path):
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(map(json.dumps, LABELLED_ROWS)))
    page = tab(visit(width=390, height=844))
    upload(page, path)
    expect(page.locator(".picture .js-plotly-plot")).to_have_count(4)
    page.locator("#browse-list .row").first.click()
    expect(page.locator("#browse-row .step")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
