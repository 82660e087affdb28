"""What a visitor takes away: reports that open with the network cut, data, and links."""

import base64
import csv
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from prm_app.cli import main
from prm_app.ui.examples import EXAMPLES

STRICT = Path(__file__).parents[1] / "data" / "strict_gsm8k_best_of_8.jsonl.gz"


@pytest.fixture
def read(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a report from its file without a network; fails on errors and on any request."""
    reader = chromium.new_context(offline=True)
    complaints: list[str] = []

    def open_file(path: Path, width: int = 1440, scheme: str = "light") -> Page:
        page = reader.new_page()
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        local = ("file:", "data:", "blob:")
        page.on("request", lambda r: r.url.startswith(local) or complaints.append(r.url))
        page.goto(path.as_uri())
        return page

    yield open_file
    reader.close()
    assert not complaints


def save(page: Page, button, folder: Path) -> Path:
    with page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_file_is_read_without_server_or_network(read, tmp_path):
    path = tmp_path / "report.html"
    whose = ["--rewards", "qwen_prm", "--beside", "skywork_prm"]
    assert main(["report", str(STRICT), *whose, "-o", str(path)]) == 0
    page = read(path)
    expect(page.locator(".picture h3")).to_have_text(["Best-of-N", "Mean reward by answer"])
    expect(page.locator(".picture .main-svg").first).to_be_visible()
    expect(page.locator("#browse-list .count")).to_have_text("192 of 192 shown")
    page.locator("#browse-list .verdicts button").last.click()
    page.get_by_role("button", name="surprise").click()
    page.locator("#browse-list .row").first.click()
    expect(page.locator("#browse-row .step").first).to_contain_text("skywork_prm, recorded")
    expect(page.locator(".katex").first).to_be_visible()
    page.get_by_label("Search problems and solutions").fill("flipping a house")
    expect(page.locator("#browse-list .count")).not_to_have_text("192 of 192 shown")


def test_a_report_is_light_or_dark_and_fits_a_phone(read, tmp_path):
    path = tmp_path / "report.html"
    main(["report", str(STRICT), "-o", str(path)])
    page = read(path, width=390, scheme="dark")
    expect(page.locator("html")).to_have_class("dark")
    page.locator("#browse-list .row").first.click()
    expect(page.locator("#browse-row .step").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).not_to_have_class("dark")


def test_the_page_exports_a_file_in_four_ways(visit, read, tmp_path):
    page = visit()
    page.get_by_role("tab", name="Browse").click()
    with page.expect_file_chooser() as chooser:
        page.locator("#browse-upload").click()
    chooser.value.set_files(STRICT)
    expect(page.locator("#browse-list .count")).to_have_text("192 of 192 shown")
    expect(page.locator(".picture .js-plotly-plot")).to_have_count(2)
    figures = {
        name: save(page, page.locator("#browse-exports").get_by_role("button", name=name), tmp_path)
        for name in ("Report", "JSONL", "CSV")
    }
    assert figures["Report"].name == "prm-app-strict_gsm8k_best_of_8.html"
    rows = [json.loads(line) for line in figures["JSONL"].read_text().splitlines()]
    with figures["CSV"].open() as file:
        table = list(csv.DictReader(file))
    assert len(rows) == len(table) == 192
    assert float(table[5]["least"]) == min(rows[5]["published_step_scores"]["skywork_prm_1_5b"])
    expect(read(figures["Report"]).locator(".picture .main-svg").first).to_be_visible()


def test_a_solution_and_a_ranking_have_reports(visit, read, tmp_path):
    page = visit()
    words = page.locator("#steps .words").all_inner_texts()
    path = save(page, page.locator("#facts [data-do=report]"), tmp_path)
    report = read(path)
    expect(report.locator("#steps .step")).to_have_count(len(words))
    expect(report.locator(".chart .scatterlayer")).to_have_count(1)
    page.get_by_role("tab", name="Best-of-N").click()
    expect(page.locator("#winner")).to_contain_text("is best")
    path = save(page, page.locator("#rank-facts [data-do=report]"), tmp_path)
    report = read(path)
    expect(report.locator(".candidate")).to_have_count(len(EXAMPLES["best_of_n"][0]["solutions"]))


def test_a_link_brings_back_solution_models_and_threshold(visit, chromium, url):
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#problem textarea").fill("What is 2 + 3 = ? <b>é</b> 数")
    page.locator("#solution textarea").fill("2 + 3 = 6\n\nSo 6.")
    page.locator("#model input").click()
    page.get_by_role("option", name="Demo PRM (Qwen format)").click()
    expect(page.locator("#status")).to_contain_text("Ready")
    expect(page.locator("#status")).to_contain_text("Qwen")
    page.locator("#threshold input[type=number]").fill("0.35")
    page.locator("#score").click()
    expect(page.locator("#facts")).to_contain_text("0.35")
    page.locator("#second input").click()
    page.get_by_role("option", name="Demo PRM (Skywork format)").click()
    page.wait_for_function("JSON.parse(localStorage['prm-app-draft'])[6] === 'demo-skywork'")
    page.locator("#facts [data-do=link]").click()
    expect(page.locator("#facts [data-do=link]")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{url}/#score=") and "2 + 3" not in link
    other = chromium.new_context()
    requests: list[str] = []
    elsewhere = other.new_page()
    elsewhere.on("request", lambda r: requests.append(r.url))
    elsewhere.goto(link)
    expect(elsewhere.locator("#problem textarea")).to_have_value("What is 2 + 3 = ? <b>é</b> 数")
    expect(elsewhere.locator("#steps .words")).to_have_text(["2 + 3 = 6", "So 6."])
    expect(elsewhere.locator("#facts")).to_contain_text("Demo PRM (Qwen format)")
    expect(elsewhere.locator("#threshold input[type=number]")).to_have_value("0.35")
    expect(elsewhere.locator("#second input")).to_have_value("Demo PRM (Skywork format)")
    expect(elsewhere.locator(".comparison")).to_contain_text("Beside Demo PRM (Skywork format)")
    assert not [each for each in requests if link.partition("#")[2] in each]
    other.close()


def fragment(values: list[object]) -> str:
    deflate = zlib.compressobj(wbits=-15)
    content = deflate.compress(json.dumps(values).encode()) + deflate.flush()
    return "#score=" + base64.urlsafe_b64encode(content).decode().rstrip("=")


def test_an_older_link_holds_no_second_model_and_compares_with_none(chromium, url):
    page = chromium.new_page()
    page.goto(url + "/" + fragment(["1 + 1?", "1 + 1 = 3", "auto", "", "demo-skywork", 0.2]))
    expect(page.locator("#steps .words")).to_have_text(["1 + 1 = 3"])
    expect(page.locator("#second input")).to_have_value("No other model")
    expect(page.locator(".comparison")).to_have_count(0)
    page.close()


def test_a_link_with_a_second_model_that_is_not_offered_compares_with_none(chromium, url):
    page = chromium.new_page()
    values = ["1 + 1?", "1 + 1 = 3", "auto", "", "demo-skywork", 0.2, "gone/model"]
    page.goto(url + "/" + fragment(values))
    expect(page.locator("#steps .words")).to_have_text(["1 + 1 = 3"])
    expect(page.locator("#second input")).to_have_value("No other model")
    page.close()


def test_a_broken_link_shows_the_page_as_it_is(chromium, url):
    page = chromium.new_page()
    page.goto(f"{url}/#score=AAAA____")
    expect(page.locator("#steps .step")).not_to_have_count(0)
    page.close()
