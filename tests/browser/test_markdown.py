"""Markdown in steps, in every place that shows them."""

import json

from playwright.sync_api import Locator, Page, expect

PROBLEM = "How many apples are left of **nine**?"
STEPS = (
    "**Given:** count `9 - 4` by kind\n\n| kind | left |\n|:--|--:|\n| red | $2$ |\n| green | 3 |",
    "1. Add $$\n2 + 3\n\n= 5\n$$\n2. so 2*3*4 is no answer",
    "```python\nprint(2 + 3)\n```",
    "לכן נשארו **5** תפוחים",
)
TEXT = "\n@@\n".join(STEPS)
HOSTILE = "**<img src=x onerror=alert(1)>** [x](javascript:alert(2)) ![x](//127.0.0.1:9/x.png)"


def expect_styled(words: Locator) -> None:
    """That the steps above are shown as they are meant."""
    expect(words).to_have_count(4)
    expect(words.nth(0).locator("strong")).to_have_text("Given:")
    expect(words.nth(0).locator("code")).to_have_text("9 - 4")
    expect(words.nth(0).locator("tbody td")).to_have_count(4)
    expect(words.nth(0).locator("td .katex")).to_have_count(1)
    expect(words.nth(1).locator("li")).to_have_count(2)
    expect(words.nth(1).locator("li .katex-display")).to_have_count(1)
    expect(words.nth(1)).to_contain_text("so 2*3*4 is no answer")
    expect(words.nth(2).locator("pre code")).to_have_text("print(2 + 3)")
    assert words.nth(3).evaluate("node => getComputedStyle(node).direction") == "rtl"
    weight = words.nth(0).locator("strong").evaluate("node => getComputedStyle(node).fontWeight")
    assert weight == "700"


def expect_inert(page: Page, place: str) -> None:
    assert page.locator(f"{place} :is(img, script, a, [onerror])").count() == 0


def test_score_and_its_report(visit, tmp_path):
    page = visit()
    page.get_by_label("Delimiter", exact=True).first.check()
    page.locator(".delimiter:visible input, .delimiter:visible textarea").first.fill("@@")
    page.locator("#problem textarea").fill(PROBLEM)
    page.locator("#solution textarea").fill(TEXT)
    expect(page.locator("#preview .preview > li")).to_have_count(4)
    page.locator("#score").click()
    expect_styled(page.locator("#steps .words"))
    with page.expect_download() as download:
        page.locator("#facts [data-do=report]").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    report = page.context.new_page()
    report.goto(path.as_uri())
    expect_styled(report.locator("#steps .words"))
    expect(report.locator(".problem strong")).to_have_text("nine")


def test_best_of_n(visit):
    page = visit()
    page.get_by_role("tab", name="Best-of-N").click()
    page.locator("#rank-problem textarea").fill(PROBLEM)
    cards = page.locator(".cards textarea")
    cards.nth(0).fill("**5** apples\n\n" + HOSTILE)
    cards.nth(1).fill("- 2 red\n- 3 green\n\n**5**")
    page.locator("#rank").click()
    page.locator("#table tr[data-index='1'] button").click()
    expect(page.locator("#candidate .words strong").first).to_have_text("5")
    expect(page.locator("#candidate .words").last).to_contain_text("[x](javascript:alert(2)) ![x]")
    expect_inert(page, "#candidate")


def test_browse_and_its_report(visit, tmp_path):
    row = {"problem": PROBLEM, "steps": [*STEPS], "model": "mine", "rewards": [0.9, 0.8, 0.7, 0.9]}
    hostile = row | {"problem": HOSTILE, "steps": [HOSTILE], "rewards": [0.5]}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps(hostile))
    page = visit()
    page.get_by_role("tab", name="Browse").click()
    with page.expect_file_chooser() as chooser:
        page.locator("#browse-upload").click()
    chooser.value.set_files(path)
    expect(page.locator("#browse-list .count")).to_have_text("2 of 2 shown")
    for number, check in ((0, expect_styled), (1, lambda _: expect_inert(page, "#browse-row"))):
        page.locator(f"#browse-list .row[data-number='{number}']").click()
        expect(page.locator(f"#browse-row article[data-number='{number}']")).to_be_visible()
        check(page.locator("#browse-row .words"))
    expect(page.locator("#browse-row .words strong")).to_have_text("<img src=x onerror=alert(1)>")
