"""A text pasted into a card becomes the same solutions as one pasted into the field for many."""

from pathlib import Path

from playwright.sync_api import Page

from prm_app.solutions.candidates import from_text

RULE = Path(__file__).parents[1] / "data" / "cases" / "markdown_rule.txt"
TEXTS = [
    "a = 1\n---\nb = 2",
    "a = 1\r\n---\r\nb = 2\r\n  -----  \r\n\r\nc = 3\r\n",
    "a\r---\rb",
    "---\n---\na\n---\n\n---\nb\n---",
    "first\n\n---\n\nstill first\n---\nsecond\n\n\nof two paragraphs\n",
    "a\n--\n- - -\n—\n---\nb",
    " \n---\n\t\n---\nonly one\n---\n   ",
    "  indented\n---\n\\[ x \\]\n---\n<b>${x}</b> 日本 🎉\n",
    "a\n---\n***\n---\n\u200b\n---\n —— \n---\n⸺\n---\n=====\n\n___\n---\nb",
    "no line of dashes",
    f"{RULE.read_text(encoding='utf-8')}---\nanother",
]
PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const cards = () => [...document.querySelectorAll("#cards textarea")];
  const before = cards().length;
  cards()[0].value = "";
  const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  cards()[0].dispatchEvent(event);
  if (!event.defaultPrevented) return null;
  return cards().slice(0, cards().length - before + 1).map((area) => area.value);
}"""
"""The solutions that come in place of the first card; null if the browser pastes as usual."""


def paste(page: Page, text: str) -> list[str] | None:
    return page.evaluate(PASTE, text)


def test_a_pasted_text_is_divided_as_python_divides_it(visit):
    page = visit()
    page.get_by_role("tab", name="Best-of-N").click()
    page.locator("#cards textarea").first.wait_for()
    for text in TEXTS:
        solutions = from_text(text)
        assert paste(page, text) == (solutions if len(solutions) > 1 else None), repr(text)
