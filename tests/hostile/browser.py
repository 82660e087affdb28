"""Hostile texts in a real Chromium on the real page: nothing that was typed runs."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from hostile.attacks import PATIENCE_SECONDS, Hang, Script
from hostile.inputs import DELIMITER, SCRIPTS, chance, text
from playwright.sync_api import Page, TimeoutError, expect, sync_playwright

OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TEXTS = 24
"""Typed into one solution, a step each."""
PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const area = document.querySelector("#cards textarea");
  area.value = "";
  const given = {clipboardData: data, bubbles: true, cancelable: true};
  area.dispatchEvent(new ClipboardEvent("paste", given));
}"""
NEVER = "#steps, #preview, #facts, #curve, #table, #candidate, #cards"


@contextmanager
def visitor(url: str) -> Iterator["Visitor"]:
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield Visitor(browser.new_page(), url)
        browser.close()


class Visitor:
    """Types, scores, pastes and ranks; `typed` counts the texts."""

    def __init__(self, page: Page, url: str) -> None:
        self.typed = 0
        self._page, self._ran = page, []
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        page.on("dialog", lambda dialog: (self._ran.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: self._local(r.url, url) or self._ran.append(r.url))
        page.goto(url)
        page.locator("#steps .step").first.wait_for()

    def score(self, seed: int) -> None:
        """A solution of hostile steps: all are shown, none runs."""
        page, steps = self._page, self._texts(seed)
        page.get_by_role("tab", name="Score").click()
        page.locator("#problem textarea").fill(steps[0])
        page.locator("#solution textarea").fill(DELIMITER.join(steps))
        page.get_by_label("Delimiter", exact=True).first.check()
        page.locator(".delimiter:visible :is(textarea, input)").first.fill(DELIMITER)
        page.locator("#score").click()
        self._expect("#steps .words", len(steps))
        self._require_inert()

    def paste(self, seed: int) -> None:
        """Solutions with lines of --- between them, one of 100,000 line breaks among them."""
        page, texts = self._page, self._texts(seed)
        page.get_by_role("tab", name="Best-of-N").click()
        many = [*(f"{each.replace('---', '')}\n" for each in texts), f"a{chr(10) * 100_000}a\n"]
        page.evaluate(PASTE, "---\n".join(many))
        page.locator("#rank-problem textarea").fill(texts[0])
        page.locator("#rank").click()
        self._expect("#table tbody tr", 2, at_least=True)
        self._require_inert()

    def _texts(self, seed: int) -> list[str]:
        rng = chance(seed)
        self.typed += TEXTS
        return [
            "a" + text(rng, 4)[:300].replace("\x00", "") + rng.choice(SCRIPTS) for _ in range(TEXTS)
        ]

    def _expect(self, selector: str, count: int, at_least: bool = False) -> None:
        elements = self._page.locator(selector)
        try:
            if at_least:
                elements.nth(count - 1).wait_for()
            else:
                expect(elements).to_have_count(count, timeout=1000 * PATIENCE_SECONDS)
        except (AssertionError, TimeoutError) as error:
            alerts = self._page.locator("[role=alert]").all_inner_texts()
            raise Hang(f"{selector} is not shown, but {alerts}") from error

    def _require_inert(self) -> None:
        page = self._page
        page.locator(".step:visible, tr[data-index]:visible").first.hover(force=True)
        made = page.locator(f":is({NEVER}) :is(script, iframe, object, base, [onerror], [onload])")
        links = page.locator(f":is({NEVER}) :is([href^=javascript], img[src^=http])")
        if page.evaluate("window.hit") or self._ran or made.count() or links.count():
            raise Script(f"{self._ran or made.all_inner_texts() or links.all_inner_texts()}")

    @staticmethod
    def _local(address: str, url: str) -> bool:
        return address.startswith((url + "/", "data:", "blob:"))
