"""A visitor stops what he has begun, and nothing more is computed for him."""

import re
from collections.abc import Iterator
from pathlib import Path

import instant
import pytest
from playwright.sync_api import Browser, Page, expect

SECONDS = 3.0
"""What a solution takes the model here."""


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("page") / "log"


@pytest.fixture(scope="module")
def slow(log: Path) -> Iterator[str]:
    with instant.page(log, "--seconds", str(SECONDS)) as address:
        yield address


@pytest.fixture
def page(chromium: Browser, slow: str) -> Iterator[Page]:
    visitor = chromium.new_context()
    page = visitor.new_page()
    page.goto(slow)
    page.locator("#steps .step").first.wait_for()
    expect(page.locator("#score-stop")).to_be_hidden()  # of the scoring that the page opens with
    yield page
    visitor.close()


def expect_free(log: Path, before: int, page: Page, count: int) -> None:
    """That the model need not compute so many more solutions."""
    for _ in range(100):
        if log.read_text().count("freed") - before == count:
            return
        page.wait_for_timeout(100)
    assert log.read_text().count("freed") - before == count


@pytest.mark.parametrize("how", ["button", "key"])
def test_a_scoring_is_stopped(page, log, how):
    before = log.read_text().count("freed")
    page.locator("#solution textarea").fill("1 + 1 = 2\n2 + 2 = 4")
    page.locator("#score").click()
    stop = page.locator("#score-stop")
    expect(stop).to_be_visible()
    if how == "button":
        stop.click()
    else:
        page.keyboard.press("Escape")
    expect(page.locator("#score-message")).to_have_text("Stopped: this was not scored.")
    expect(stop).to_be_hidden()
    expect_free(log, before, page, 1)
    expect(page.locator("#stale")).to_contain_text("Changed since this was scored")
    page.locator("#score").click()
    expect(page.locator("#steps .words")).to_have_text(["1 + 1 = 2", "2 + 2 = 4"])
    expect(page.locator("#score-message")).to_be_empty()


def test_a_ranking_is_stopped_and_keeps_what_is_known(page, log):
    page.get_by_role("tab", name="Best-of-N").click()
    expect(page.locator("#rank-stop")).to_be_visible()  # the tab opens with an example
    expect(page.locator("#rank-facts .hand-out")).to_be_visible()
    expect(page.locator("#rank-stop")).to_be_hidden()
    before = log.read_text().count("freed")
    page.locator("#rank").click()
    expect(page.locator("#rank-message")).to_contain_text("1 of 4 solutions scored")
    page.locator("#rank-stop").click()
    expect(page.locator("#rank-message")).to_contain_text("Stopped at 1 of 4 solutions")
    expect(page.locator("#rank-stop")).to_be_hidden()
    expect(page.locator("#winner")).to_contain_text("Solution 1 leads")
    expect(page.locator("#table tbody tr")).to_have_count(1)
    expect_free(log, before, page, 3)


def test_a_file_is_stopped(page, log):
    before = log.read_text().count("freed")
    page.get_by_role("tab", name="Browse").click()
    page.locator("#browse-sample").click()
    expect(page.locator("#browse-progress")).to_contain_text("Scored 1 of 215")
    page.locator("#browse-stop").click()
    expect(page.locator("#browse-progress")).to_contain_text(re.compile(r"Stopped at \d+ of 215"))
    expect(page.locator("#browse-score")).to_be_visible()
    page.wait_for_timeout(500)
    assert log.read_text().count("freed") > before + 100
