"""The tab "Score", as a user sees it."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from prm_app.ui.examples import EXAMPLES

PROBLEM = "Tom has 3 apples and buys 4 more. How many apples does he have?"
HOSTILE = r"""<img src=x onerror="alert(1)"> costs $5 then $2.50
${alert(2)} and {{7*7}} and \frac{1}{2}
</script><script>alert(3)</script>
[x](javascript:alert(4)) \(\href{javascript:alert(5)}{y}\) \(\bad{\)
`tick` \u0041 ' " & &amp;"""


def score(page: Page, problem: str, solution: str) -> None:
    page.locator("#problem textarea").fill(problem)
    page.locator("#solution textarea").fill(solution)
    page.locator("#score").click()


def rewards(page: Page) -> list[float]:
    return page.locator("#steps .step").evaluate_all("all => all.map(s => +s.dataset.reward)")


def set_threshold(page: Page, value: float) -> None:
    field = page.locator("#threshold input[type=number]")
    field.fill(str(value))
    field.press("Tab")


def test_opens_with_a_scored_example(visit):
    page = visit()
    example = EXAMPLES["score"][0]
    steps = [line for line in example["solution"].split("\n") if line.strip()]
    expect(page.locator("#problem textarea")).to_have_value(example["problem"])
    expect(page.locator("#steps .words")).to_have_text(steps)
    assert all(0 <= reward <= 1 for reward in rewards(page))


def test_steps_show_number_mark_reward_and_colour(visit):
    page = visit()
    page.get_by_role("button", name="A wrong operation").click()
    expect(page.locator("#verdict")).to_contain_text("First error")
    set_threshold(page, round(sorted(rewards(page))[1] - 0.005, 2))
    threshold = float(page.locator("#threshold input[type=number]").input_value())
    expect(page.locator("#facts")).to_contain_text(f"{threshold:.2f}")
    words = {"right": "likely right", "unsure": "unsure", "wrong": "likely wrong"}
    colours = {}
    for i, step in enumerate(page.locator("#steps .step").all()):
        reward = float(step.get_attribute("data-reward"))
        key = (
            "wrong" if reward < threshold else "unsure" if reward < (1 + threshold) / 2 else "right"
        )
        expect(step).to_have_class(re.compile(rf"\b{key}\b"))
        expect(step.locator(".number")).to_have_text(str(i + 1))
        expect(step.locator(".mark")).to_contain_text(words[key])
        assert abs(float(step.locator(".reward").inner_text()) - reward) < 1e-3
        bar = "s => getComputedStyle(s, '::before').backgroundColor"
        colours.setdefault(key, set()).add(step.evaluate(bar))
        assert words[key] in step.get_attribute("aria-label")
    assert len(colours) == 3
    assert not set.intersection(*colours.values())


def test_tiles_agree_with_the_steps(visit):
    page = visit()
    values = rewards(page)
    tiles = dict(
        page.locator("#verdict .tile").evaluate_all(
            "all => all.map(t => [t.dataset.how, +t.querySelector('dd').dataset.value])"
        )
    )
    assert tiles["mean"] == pytest.approx(sum(values) / len(values))
    assert tiles["min"] == min(values)
    assert tiles["last"] == values[-1]


def test_threshold_moves_the_first_error_without_scoring_again(visit):
    page = visit()
    values = rewards(page)
    seconds = page.locator("#facts").get_by_text(re.compile(r"^\d+ ms$|^\d+\.\d s$")).inner_text()
    set_threshold(page, 0)
    expect(page.locator("#verdict h2")).to_have_text("No step under the threshold")
    expect(page.locator(".step.first-error")).to_have_count(0)
    set_threshold(page, 1)
    expect(page.locator("#verdict h2")).to_have_text("First error: step 1")
    expect(page.locator(".step.first-error .flag")).to_have_text("first error")
    expect(page.locator(".step.muted")).to_have_count(len(values) - 1)
    expect(page.locator("#facts")).to_contain_text(seconds)
    assert rewards(page) == values


def test_chart_and_steps_light_up_together(visit):
    page = visit()
    points = page.locator("#curve .points path")
    expect(points).to_have_count(len(rewards(page)))
    page.locator("#steps .step").nth(1).hover()
    expect(points.nth(1)).to_have_class(re.compile("lit"))
    points.nth(2).hover(force=True)
    expect(page.locator("#steps .step").nth(2)).to_have_class(re.compile("lit"))
    expect(page.locator("#curve .hoverlayer")).to_contain_text("Step 3")


def test_keys_move_through_the_steps_and_score(visit):
    page = visit()
    steps = page.locator("#steps .step")
    steps.first.focus()
    page.keyboard.press("ArrowDown")
    expect(steps.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(steps.last).to_be_focused()
    page.keyboard.press("Home")
    expect(steps.first).to_be_focused()
    page.locator("#solution textarea").fill("3 + 4 = 7\nA: 7")
    page.locator("#solution textarea").press("Control+Enter")
    expect(page.locator("#steps .words")).to_have_text(["3 + 4 = 7", "A: 7"])


def test_preview_shows_the_steps_that_are_scored(visit):
    page = visit()
    text = "First line\nsecond line\n\nNext paragraph"
    page.locator("#solution textarea").fill(text)
    steps = ["First line\nsecond line", "Next paragraph"]
    expect(page.locator("#preview li")).to_have_text(steps)
    expect(page.locator("#stale")).to_contain_text("Changed since this was scored")
    page.locator("#score").click()
    expect(page.locator("#steps .words")).to_have_text(steps)
    expect(page.locator("#stale")).to_be_empty()


def test_delimiter_splits_where_the_user_says(visit):
    page = visit()
    page.get_by_label("Delimiter", exact=True).first.check()
    page.locator("#solution textarea").fill("one ## two ## three")
    expect(page.locator("#preview [role=alert]")).to_contain_text("needs the delimiter")
    page.locator(".delimiter:visible input, .delimiter:visible textarea").first.fill("##")
    expect(page.locator("#preview li")).to_have_count(3)


def test_mathematics_is_typeset_and_money_is_not(visit):
    page = visit()
    score(page, PROBLEM, r"Pay $5 then $2.50, so \(\frac{3}{4}\) is left" + "\n" + r"\boxed{7}")
    words = page.locator("#steps .words")
    expect(words.first.locator(".katex")).to_have_count(1)
    expect(words.first).to_contain_text("Pay $5 then $2.50, so")
    expect(words.nth(1).locator(".katex .boxed, .katex .fbox").first).to_be_visible()


def test_hostile_text_is_inert_everywhere(visit):
    page = visit()
    score(page, "<img src=x onerror=alert(9)> ${alert(8)}", HOSTILE)
    words = page.locator("#steps .words")
    expect(words.first).to_contain_text("<img src=x")
    expect(words).to_have_count(5)
    assert words.first.inner_text() == HOSTILE.splitlines()[0]
    assert words.nth(1).inner_text() == HOSTILE.splitlines()[1]
    assert words.nth(2).inner_text() == HOSTILE.splitlines()[2]
    assert words.nth(4).inner_text() == HOSTILE.splitlines()[4].replace("`", "")
    for place in ("#steps", "#preview", "#curve", "#facts"):
        assert (
            page.locator(f"{place} :is(img, script, [onerror], a[href^=javascript])").count() == 0
        )
    page.locator("#curve .points path").nth(1).hover(force=True)
    expect(page.locator("#curve .hoverlayer")).to_contain_text("${alert(2)} and {{7*7}}")


@pytest.mark.parametrize(
    ("problem", "solution", "message"),
    [
        ("", "3 + 4 = 7", "The problem is empty"),
        (PROBLEM, " \n ", "The solution is empty"),
        (PROBLEM, "Tom counts 1 2 3.\n" * 2000, "tokens long, and the model reads at most"),
    ],
)
def test_what_cannot_be_scored_says_why(visit, problem, solution, message):
    page = visit()
    score(page, problem, solution)
    alert = page.locator("#score-message [role=alert]")
    expect(alert).to_contain_text(message)
    score(page, PROBLEM, "3 + 4 = 7")
    expect(page.locator("#steps .words")).to_have_text(["3 + 4 = 7"])
    expect(alert).to_have_count(0)


def test_a_text_that_the_model_was_not_made_for_is_told_above_the_result(visit):
    page = visit()
    remark = page.locator("#result .outside")
    expect(remark).to_have_count(0)
    before = rewards(page)
    score(page, "사과 12개 중 5개를 먹었다. 몇 개 남았는가?", "12 - 5 = 7이다.\n답은 7개이다.")
    expect(remark).to_contain_text("unlike what the model was made for, grade-school mathematics")
    assert len(before) != 2
    expect(page.locator("#steps .step")).to_have_count(2)
    assert remark.evaluate(
        "(one) => one.compareDocumentPosition(document.querySelector('#verdict .verdict'))"
        " & Node.DOCUMENT_POSITION_FOLLOWING"
    )
    score(page, PROBLEM, "3 + 4 = 7 apples.")
    expect(remark).to_have_count(0)


def test_what_is_too_long_is_scored_as_far_as_it_fits_if_one_asks(visit):
    page = visit()
    steps = [f"Line {i}: " + "1 2 3 " * 600 for i in range(1, 6)]
    score(page, PROBLEM, "\n".join(steps))
    fit = page.get_by_role("button", name="Score the steps that fit")
    expect(page.locator("#score-message [role=alert]")).to_contain_text("does not fit")
    fit.click()
    left = page.locator("#steps .unscored")
    expect(left.first).to_contain_text("no reward", timeout=120_000)
    assert len(rewards(page)) + left.count() == 5
    expect(page.locator("#verdict")).to_contain_text(
        f"Only the first {len(rewards(page))} of 5 steps fit the model's context."
    )
    expect(fit).to_be_hidden()
    expect(page.locator("#score-message [role=alert]")).to_have_count(0)


def test_result_is_handed_out_as_json(visit):
    page = visit()
    with page.expect_download() as download:
        page.locator("#facts").get_by_role("button", name="Download").click()
    document = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert document["rewards"] == rewards(page)
    assert document["model"] == "demo-skywork"


def test_one_click_on_an_example_shows_what_its_title_says(visit):
    page = visit()
    example = EXAMPLES["score"][1]
    page.get_by_role("button", name=example["title"]).click()
    expect(page.locator("#solution textarea")).to_have_value(example["solution"])
    expect(page.locator("#verdict")).to_contain_text(f"First error: step {example['flagged'] + 1}")
    expect(page.locator("#stale p")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tab", ["Score", "Best-of-N"])
def test_fits_a_phone(visit, theme, tab):
    page = visit(390, 844, theme)
    page.get_by_role("tab", name=tab).click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_dark_mode_keeps_text_readable(visit):
    page = visit(theme="dark")
    contrast = """node => {
      const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
      const rgb = (color, under) => {
        canvas.fillStyle = under; canvas.fillRect(0, 0, 1, 1);
        canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
      };
      const luminance = (values) => values.map((v) => v / 255)
        .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
      const page = getComputedStyle(document.body).backgroundColor;
      const back = getComputedStyle(node.closest('.step')).backgroundColor;
      const values = [getComputedStyle(node).color, back].map((c) => luminance(rgb(c, page)));
      return (Math.max(...values) + .05) / (Math.min(...values) + .05);
    }"""
    for threshold in (0, 0.5, 1):
        set_threshold(page, threshold)
        expect(page.locator("#facts")).to_contain_text(f"{threshold:.2f}")
        for node in page.locator("#steps :is(.words, .reward, .mark)").all():
            assert node.evaluate(contrast) >= 4.5
