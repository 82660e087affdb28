"""Solutions written by a model on another server: shown as they come, then ranked."""

import re

import pytest
from http_server import Scripted
from playwright.sync_api import Page, expect


@pytest.fixture
def generator():
    def answer(path: str, body: dict):
        if body["seed"] == 2:
            return 500, {"error": {"message": "out of luck"}}
        text = f"3 * 4 = 12\n2 + 12 = {14 + body['seed']}"
        return 200, {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}

    server = Scripted(answer)
    yield server
    server.close()


def ask(page: Page, url: str, count: int) -> None:
    page.get_by_role("tab", name="Best-of-N").click()
    page.get_by_role("button", name="Let a model write solutions").click()
    for field, value in (("url", url), ("model", "any"), ("count", count), ("seed", 0)):
        page.locator(f"#gen-{field}").locator("input, textarea").fill(str(value))
    page.locator("#gen").click()


def test_what_comes_is_shown_and_ranked_and_what_fails_is_told(visit, generator):
    page = visit()
    ask(page, generator.url, 4)
    expect(page.locator("#table tbody tr")).to_have_count(3)
    texts = page.locator("#cards textarea").evaluate_all("all => all.map(t => t.value)")
    assert sorted(texts) == [f"3 * 4 = 12\n2 + 12 = {n}" for n in (14, 15, 17)]
    expect(page.locator("#gen-message")).to_contain_text("1 of 4 solutions were not written")
    expect(page.locator("#gen-message")).to_contain_text("The generator failed.")
    expect(page.locator("#gen-message")).to_contain_text("out of luck")


def test_a_generator_that_is_away_is_named(visit):
    page = visit()
    ask(page, "http://127.0.0.1:9", 2)
    failure = re.compile("The generator failed. No server answers at http://127.0.0.1:9")
    expect(page.locator("#gen-message")).to_contain_text(failure)
