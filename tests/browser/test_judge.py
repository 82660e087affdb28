"""One's own marks of steps: by key and by button, kept in the browser, exported as rows."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from prm_app.solutions.rows import Row
from prm_app.solutions.shapes import read_problems

SOLUTION = "2 + 3 = 5\n\nSo 5 * 2 = 11\n\nThe answer is 11."
STEPS = ("2 + 3 = 5", "So 5 * 2 = 11", "The answer is 11.")
PROBLEM = "What is (2 + 3) * 2? <b>${x}</b>"
TURN = "Judge these steps yourself"


def opened(visit, **how) -> Page:
    page = visit(**how)
    page.locator("#problem textarea").fill(PROBLEM)
    page.locator("#solution textarea").fill(SOLUTION)
    page.locator("#score").click()
    expect(page.locator("#steps .words")).to_have_text(list(STEPS))
    page.get_by_role("button", name=TURN).click()
    return page


def press(page: Page, keys: dict[int, str]) -> None:
    for step, key in keys.items():
        page.locator("#steps .step").nth(step).press(key)


def marks(page: Page) -> list[str | None]:
    return page.locator("#steps .step").evaluate_all(
        "all => all.map(s => s.querySelector('.own [aria-pressed=true]')?.className ?? null)"
    )


def exported(page: Page, button: str, tmp_path: Path) -> Row:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    name = download.value.suggested_filename
    download.value.save_as(tmp_path / name)
    [problem] = read_problems((tmp_path / name).read_bytes(), name)
    [row] = problem.rows
    return row


def test_marks_are_made_by_keys_and_taken_back_and_outlive_a_visit(visit, url):
    page = opened(visit)
    press(page, {0: "1", 1: "2", 2: "-"})
    assert marks(page) == ["right", "neutral", "wrong"]
    press(page, {1: "2", 2: "+"})
    assert marks(page) == ["right", None, "right"]
    expect(page.locator("#steps .step").nth(2)).to_have_attribute(
        "aria-description", "Your mark: right"
    )
    page = page.context.new_page()  # A reload aborts what the page still asks, and tells of it.
    page.goto(url)
    expect(page.locator("#steps .words")).to_have_text(list(STEPS))
    expect(page.locator("#steps .own [aria-pressed=true]")).to_have_count(2)
    assert marks(page) == ["right", None, "right"]


def test_no_key_marks_before_one_wants_to_judge(visit):
    page = visit()
    page.locator("#steps .step").first.press("3")
    expect(page.locator("#steps .own")).to_have_count(0)
    assert page.evaluate("localStorage['prm-app-marks']") is None


def test_agreement_follows_marks_and_threshold(visit):
    page = opened(visit)
    said = page.locator("#agreement")
    expect(said).to_contain_text("No step is marked yet")
    page.locator("#threshold input[type=number]").fill("0")
    page.keyboard.press("Tab")
    expect(page.locator("#facts")).to_contain_text("0.00")
    press(page, {1: "3"})
    expect(said).to_be_in_viewport()
    expect(said).to_contain_text("agree on 0 of 1 marked step. Your first error is known once step")
    press(page, {0: "1"})
    expect(said).to_contain_text(
        "agree on 1 of 2 marked steps. The first error differs: step 2 by you, none by the model."
    )
    page.locator("#threshold input[type=number]").fill("1")
    page.keyboard.press("Tab")
    expect(said).to_contain_text(
        "1 of 2 marked steps. The first error differs: step 2 by you, step 1"
    )


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_in_a_long_solution_the_agreement_stays_in_view_and_covers_no_step_in_focus(visit, size):
    page = visit(*size)
    page.locator("#solution textarea").fill("\n".join(f"{i} + 1 = {i + 1}" for i in range(40)))
    page.locator("#score").click()
    steps = page.locator("#steps .step")
    expect(steps).to_have_count(40)
    page.get_by_role("button", name=TURN).click()
    steps.first.focus()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("3")
    said = page.locator("#agreement")
    expect(said).to_contain_text("Step 21: wrong")
    expect(said).to_be_in_viewport(ratio=1)
    step, bar = steps.nth(20).bounding_box(), said.bounding_box()
    assert step["y"] >= 0
    assert step["y"] + step["height"] <= bar["y"]
    if size[0] > 1180:
        expect(page.locator("#curve")).to_be_in_viewport(ratio=1)


def test_exported_rows_are_read_back_and_say_what_the_marks_say(visit, tmp_path):
    page = opened(visit)
    sent = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.get_by_role("group", name="Your mark of step 1").get_by_role(
        "button", name="right"
    ).click()
    press(page, {1: "3"})
    row = exported(page, "Export as ProcessBench", tmp_path)
    assert (row.problem, row.steps, row.label) == (PROBLEM, STEPS, 1)
    assert row.extra["ratings"] == [1, -1, None]
    stepwise = exported(page, "Export for TRL", tmp_path)
    assert (stepwise.problem, stepwise.steps, stepwise.label) == (PROBLEM, STEPS[:2], 1)
    text = (tmp_path / "prm-app-judged-trl.jsonl").read_text(encoding="utf-8")
    assert json.loads(text)["labels"] == [True, False]
    assert not any("ratings" in body or "completions" in body for body in sent)


def test_marks_that_leave_the_first_error_open_are_not_exported(visit, tmp_path):
    page = opened(visit)
    press(page, {1: "3"})
    page.get_by_role("button", name="Export for TRL").click()
    said = page.locator("#agreement")
    expect(said).to_contain_text("0 solutions exported. 1 solution left out")
    press(page, {0: "0", 1: "0", 2: "1"})
    row = exported(page, "Export as ProcessBench", tmp_path)
    assert row.label == -1


def test_marks_are_deleted_by_a_second_press(visit):
    page = opened(visit)
    press(page, {0: "1"})
    page.get_by_role("button", name="Delete these marks").click()
    assert marks(page)[0] == "right"
    page.get_by_role("button", name="Press again to delete").click()
    assert marks(page) == [None, None, None]
    assert page.evaluate("localStorage['prm-app-marks']") == "{}"
    expect(page.get_by_role("button", name=re.compile("Delete|Export"))).to_have_count(0)


def test_judging_fits_a_phone_with_targets_that_a_finger_meets(visit):
    page = opened(visit, width=390, height=800, theme="dark")
    boxes = page.locator("#steps .own button, .judging button:visible").evaluate_all(
        "all => all.map(b => b.getBoundingClientRect()).map(r => [r.width, r.height, r.right])"
    )
    assert boxes and all(w >= 24 and h >= 24 and right <= 390 for w, h, right in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_marks_stand_beside_the_label_of_a_file(visit, tmp_path):
    page = opened(visit)
    press(page, {0: "1", 1: "2"})
    row = {"problem": PROBLEM, "steps": STEPS, "label": 1, "model": "m", "rewards": [0.9, 0.2, 0.1]}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"problem": "Another?"}))
    page.get_by_role("tab", name="Browse").click()
    with page.expect_file_chooser() as chooser:
        page.locator("#browse-upload").click()
    chooser.value.set_files(path)
    expect(page.locator(".picture .js-plotly-plot").first).to_be_visible()
    page.locator("#browse-list .row").first.click()
    steps = page.locator("#browse-row .step")
    expect(steps.nth(0).locator(".second")).to_have_text(["Label ✓ right", "Your mark ✓ right"])
    expect(steps.nth(1).locator(".second")).to_have_text(
        ["Label ✗ first wrong step", "Your mark ○ neutral"]
    )
    expect(steps.nth(2).locator(".yours")).to_have_count(0)
    page.get_by_role("tab", name="Score").click()
    press(page, {1: "3"})
    page.get_by_role("tab", name="Browse").click()
    expect(steps.nth(1).locator(".yours")).to_have_text("Your mark ✗ wrong")
    page.locator("#browse-list .row").nth(1).click()
    expect(page.locator("#browse-row .problem")).to_have_text("Another?")
    expect(page.locator("#browse-row .yours")).to_have_count(0)
