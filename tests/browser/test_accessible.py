"""The page for everyone: axe has no findings, targets are large enough, nothing sticks out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

OF_GRADIO = {"image-redundant-alt": "img[alt=Settings], img[alt=logo]"}
"""What axe finds in parts that Gradio draws by itself, and where: the icon in its footer says again
what the word beside it says."""
ROWS = [
    {"problem": f"What is {i} + 1?", "steps": [f"{i} + 1 = {i + 1}", "**so** $$x = 1$$"],
     "generator": "ab"[i % 2], "label": i % 3 - 1,
     "model": "mine", "rewards": [0.9 - i % 7 / 10, 0.2 + i % 5 / 10]}
    for i in range(60)
]  # fmt: skip
COLUMNS = (
    "#", "problem", "steps", "labelled", "found", "least", "mean", "verdict", "surprise",
)  # fmt: skip
"""Heads of the list, which sort it: on paper they are its heads."""
SMALL = """() => [...document.querySelectorAll("button, input, select, textarea, [role=tab]")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: false }))
  .filter((node) => !node.closest("[aria-hidden=true], .tab-container.visually-hidden"))
  .map((node) => [node, (node.closest("label") ?? node).getBoundingClientRect()])
  .filter(([node, box]) => node.tabIndex >= 0 && box.width && (box.width < 24 || box.height < 24))
  .map(([node, box]) => `${box.width} x ${box.height}: ${node.outerHTML.slice(0, 200)}`)"""
"""What is smaller than 24 by 24 pixels, its label taken with it; links in a line of text may be."""
OUTSIDE = """() => [...document.querySelectorAll("body *")].filter((node) => {
  const { left, right, width } = node.getBoundingClientRect();
  if (!node.checkVisibility() || !width || (left >= -1 && right <= innerWidth + 1)) return false;
  let part = node.parentElement;
  while (part !== document.body && !part.matches(".gradio-container")) {
    if (!["visible", "clip"].includes(getComputedStyle(part).overflowX)) return false;
    part = part.parentElement;
  }
  return part !== document.body;
}).map((node) => node.outerHTML.slice(0, 200))"""
"""What stands outside the window and within nothing that scrolls."""


def tabs(page: Page, folder: Path) -> Iterator[str]:
    """Goes through the tabs, each with a result."""
    page.get_by_role("button", name="Judge these steps yourself").click()
    expect(page.locator("#steps .own").first).to_be_visible()
    yield "Score"
    page.get_by_role("tab", name="Best-of-N").click()
    expect(page.locator("#rank-facts .hand-out")).to_be_visible()
    yield "Best-of-N"
    page.get_by_label("Compare with the winner").check()
    expect(page.locator("#candidate .pair")).to_be_visible()
    yield "Best-of-N, two solutions"
    page.get_by_role("tab", name="Browse").click()
    expect(page.locator("#browse-empty")).to_be_visible()
    yield "Browse, no file"
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)))
    with page.expect_file_chooser() as chooser:
        page.locator("#browse-upload").click()
    chooser.value.set_files(path)
    expect(page.locator(".picture .js-plotly-plot")).to_have_count(4)
    page.locator("#browse-list .row").nth(1).click()
    expect(page.locator("#browse-row .step")).to_have_count(2)
    yield "Browse"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_and_targets_are_large_enough(visit, tmp_path, width, theme):
    page = visit(width, theme=theme)
    for tab in tabs(page, tmp_path):
        page.wait_for_timeout(600)  # colours and sizes move for a moment
        assert findings(page) == [], tab
        assert page.evaluate(SMALL) == [], tab


def findings(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['html'][:200]}"
        for each in violations
        for node in each["nodes"]
        if not is_of_gradio(page, each["id"], node["target"][0])
    ]


def is_of_gradio(page: Page, rule: str, target: str) -> bool:
    return rule in OF_GRADIO and page.locator(target).first.evaluate(
        "(node, places) => node.matches(places)", OF_GRADIO[rule]
    )


def test_nothing_sticks_out_at_any_width(visit, tmp_path):
    page = visit()
    for tab in tabs(page, tmp_path):
        for width in (1440, 1024, 794, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(400)
            assert page.evaluate(OUTSIDE) == [], f"{tab} at {width}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.set_viewport_size({"width": 1440, "height": 900})


def test_print_shows_results_and_no_controls(visit, tmp_path):
    page = visit()
    results = {
        "Score": ["#verdict .verdict", "#steps .step", "#curve .main-svg"],
        "Best-of-N": ["#winner .verdict", "#table .ranking", "#candidate .step"],
        "Browse": [".picture .main-svg", "#browse-list .row", "#browse-row .step"],
    }
    for tab in tabs(page, tmp_path):
        page.emulate_media(media="print")
        for place in results.get(tab, []):
            expect(page.locator(place).first).to_be_visible()
        controls = page.locator("button, input, select, textarea").filter(visible=True)
        names = controls.evaluate_all("all => all.map((node) => node.textContent.trim())")
        named = ("step ", "Solution ", *COLUMNS)
        assert [name for name in names if not name.startswith(named)] == [], tab
        page.emulate_media(media="screen")
