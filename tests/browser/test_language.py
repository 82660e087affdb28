"""The page in a browser that speaks Korean: all its own words are Korean, nobody else's change."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

NAMES = re.compile(
    r"prm-app|Best-of-N|PRM(800K)?|Gradio|ProcessBench|GSM8K|Math-Shepherd|TRL|stepwise supervision"
    r"|search-and-learn|JSONL?|CSV|API|OpenAI|F1|CPU|float32|Transformers|Apache-2\.0"
    r"|Demo PRM \((Skywork|Qwen) format\)|Skywork-o1-Open-PRM|`[^`]*`|\"\w+\":|http://\S+"
    r"|\w+\.jsonl|[\w.-]+-Instruct|All connection attempts failed|Expecting value|rewards"
)
"""What has no Korean name: products, formats, models, fields, and words of other programs."""
ENGLISH = """() => {
  const alone = "[translate=no], [dir=auto], .tex, code, kbd, pre, script, style, .file-preview, "
    + ".linked .hovertext .line:not(:first-child)";
  const isSeen = (node) => node.checkVisibility() && !node.closest(alone);
  const texts = [...document.querySelectorAll("[role=combobox]")].map((node) => node.value);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (isSeen(walk.currentNode.parentElement)) texts.push(walk.currentNode.data);
  }
  for (const name of ["aria-label", "aria-description", "title", "placeholder", "alt"]) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      const text = node.getAttribute(name);
      if (isSeen(node)) texts.push(node.matches(".step") ? text.split(". ")[0] : text);
    }
  }
  return texts;
}"""
"""What is to be seen or heard of the page's own; a step's label ends with the step's words."""
TEXT = "Threshold\nmean\nScore\n3 * 4 = 12, likely right\nStep 1: 0.500"
"""Steps of words that the page has too."""


@pytest.fixture
def locale(request) -> str:
    return getattr(request, "param", "ko-KR")


def english(page: Page) -> list[str]:
    """Texts of the page's own with English words in them."""
    page.wait_for_timeout(300)
    texts = {" ".join(text.split()) for text in page.evaluate(ENGLISH)}
    return sorted(text for text in texts if re.search("[A-Za-z]{2}", NAMES.sub("", text)))


def point_at(page: Page, chart: str) -> None:
    """Moves the mouse to the first point of a chart, and waits for its label."""
    point = page.locator(f"{chart} .point").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y)
    expect(page.locator(f"{chart} .hovertext")).to_be_visible()


def open_file(page: Page, path: object) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("#browse-upload").click()
    chooser.value.set_files(path)


def test_a_scored_solution(visit):
    page = visit()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_role("tab", name="채점")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#second input")).to_have_value("없음")
    page.get_by_role("button", name="잘못된 연산").click()
    expect(page.locator("#verdict h2")).to_have_text("첫 오류: 4단계")
    page.get_by_role("button", name="단계를 직접 판정하기").click()
    page.locator("#steps .own .wrong").first.click()
    expect(page.locator("#agreement")).to_contain_text("1단계: 틀림. 표시한 1개 단계 중 0개에서")
    point_at(page, "#curve")
    expect(page.locator("#curve .hovertext")).to_contain_text("1단계: 0.99")
    assert not english(page)
    page.locator("#second input").click()
    page.get_by_role("option", name="Demo PRM (Qwen format)").click()
    page.get_by_role("button", name="채점", exact=True).click()
    expect(page.locator("#steps .second")).not_to_have_count(0)
    expect(page.locator("#verdict .comparison")).to_contain_text("비교 모델: Demo PRM (Qwen")
    assert not english(page)


def test_a_ranking(visit):
    page = visit()
    page.get_by_role("tab", name="Best-of-N").click()
    expect(page.locator("#winner h2")).to_have_text("가장 좋은 풀이: 1번")
    expect(page.locator("#rank-facts .hand-out")).to_be_visible()
    assert not english(page)
    page.locator("#how").get_by_label("최소", exact=True).check()
    expect(page.locator("#winner p").first).to_contain_text("최소 보상은 0.")
    page.get_by_label("1위와 비교").check()
    expect(page.locator("#candidate .pair")).to_be_visible()
    for accordion in ("#many", "#generate"):
        page.locator(f"{accordion} button").first.click()
    page.locator("#gen-url input, #gen-url textarea").fill("127.0.0.1:1")
    page.locator("#gen-model input, #gen-model textarea").fill("any")
    page.locator("#gen").click()
    expect(page.locator("#gen-message [role=alert]")).to_contain_text("응답하는 서버가 없습니다")
    assert not english(page)


def test_a_file(visit):
    page = visit()
    page.get_by_role("tab", name="파일 보기").click()
    assert not english(page)
    page.get_by_role("button", name="샘플 열기").click()
    expect(page.locator(".picture h3")).to_have_text(
        ["라벨별 보상", "신뢰도", "임계값에 따른 F1", "첫 오류: 검출과 라벨"]
    )
    page.locator("#browse-list .row").nth(2).click()
    expect(page.locator("#browse-row .step")).to_have_count(3)
    assert not english(page)


def test_the_pictures_of_a_file(visit, tmp_path):
    page = visit()
    page.get_by_role("tab", name="파일 보기").click()
    rows = [
        {"problem": f"{i} + 1", "steps": ["2", "3"], "label": i % 3 - 1, "rewards": [i / 30, 0.4]}
        for i in range(30)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\nno JSON")
    open_file(page, path)
    expect(page.locator("#browse-summary [role=alert]")).to_contain_text("rows.jsonl 31번째 줄: ")
    for number in range(4):
        point_at(page, f"#picture-{number}")
        assert not english(page)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#browse-list .picked button")).to_contain_text("라벨")
    assert not english(page)


def test_errors_are_told(visit, tmp_path):
    page = visit()
    message = page.locator("#score-message [role=alert]")
    page.locator("#problem textarea").fill("")
    page.locator("#score").click()
    expect(message).to_contain_text("문제가 비어 있습니다.")
    page.locator("#problem textarea").fill("What is 2 + 3?")
    page.locator("#solution textarea").fill("word " * 9000)
    page.locator("#score").click()
    expect(message).to_contain_text("처음으로 들어가지 않는 것은 1단계입니다.")
    page.locator("#solution textarea").fill("word " * 30_000)
    expect(page.locator("#preview [role=alert]")).to_contain_text("100,000자를 넘습니다")
    assert not english(page)
    page.get_by_role("tab", name="파일 보기").click()
    path = tmp_path / "mean.jsonl"
    path.write_text("")
    open_file(page, path)
    expect(page.locator("#browse-message")).to_contain_text("파일을 열지 못했습니다.")
    assert not english(page)


def test_words_of_visitors_stay(visit, tmp_path):
    page = visit()
    steps = TEXT.splitlines()
    page.locator("#problem textarea").fill("Problem")
    page.locator("#solution textarea").fill(TEXT)
    page.locator("#score").click()
    for place in ("#preview li", "#steps .words"):
        expect(page.locator(place)).to_have_text(steps)
    label = page.locator("#steps .step").first.get_attribute("aria-label")
    assert label.startswith("1단계, ") and label.endswith(". Threshold")
    point_at(page, "#curve")
    expect(page.locator("#curve .hovertext .line").nth(1)).to_have_text("Threshold")
    expect(page.locator("#solution textarea")).to_have_value(TEXT)

    page.get_by_role("tab", name="Best-of-N").click()
    expect(page.locator("#table tr.best")).to_be_visible()
    page.locator("#cards textarea").first.fill("Score\nAnswer: mean")
    page.locator("#cards textarea").nth(1).fill("Score\nAnswer: mean")
    page.locator("#rank").click()
    expect(page.locator("#table .who > span").filter(has_text="Answer: mean")).to_have_count(2)

    page.get_by_role("tab", name="파일 보기").click()
    row = {"problem": "Solution 1", "steps": steps, "generator": "found", "label": -1}
    rows = [row, row | {"generator": "last"}]
    path = tmp_path / "mean.json"
    path.write_text("\n".join(json.dumps(r | {"model": "min", "rewards": [0.9] * 5}) for r in rows))
    open_file(page, path)
    expect(page.locator(".picture .js-plotly-plot")).to_have_count(4)
    page.locator("#browse-list .row").first.click()
    expect(page.locator("#browse-row .words")).to_have_text(steps)
    expect(page.locator("#browse-row .problem")).to_have_text("Solution 1")
    expect(page.locator("#browse-summary h2")).to_have_text("mean.json")
    expect(page.locator("#browse-one input")).to_have_value("min, 기록된 값")
    expect(page.locator("#browse-list .row .problem span")).to_have_text(["Solution 1"] * 2)
    expect(page.locator("#browse-list .row small")).to_have_text(["found", "last"])
    options = page.locator("#browse-list option")
    expect(options).to_have_text(["모든 작성자", "found", "last"])


def test_the_tab_that_was_open_is_open_again(visit, url):
    page = visit()
    page.get_by_role("tab", name="파일 보기").click()
    page, left = page.context.new_page(), page
    left.close()
    page.goto(url)
    expect(page.get_by_role("tab", name="파일 보기")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(visit, theme):
    page = visit(390, theme=theme)
    for number in range(3):
        page.get_by_role("tab").nth(number).click()
        page.wait_for_timeout(600)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("locale", ["en-US", "fr-FR"], indirect=True)
def test_all_others_read_english_and_fetch_no_dictionary(visit, url):
    page = visit().context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url)
    expect(page.locator("#steps .step")).not_to_have_count(0)
    expect(page.get_by_role("tab", name="Score")).to_be_visible()
    expect(page.get_by_role("button", name="Judge these steps yourself")).to_be_visible()
    assert any(each.endswith("/prm/language.js") for each in requests)
    assert not any(each.endswith("/prm/ko.json") for each in requests)
