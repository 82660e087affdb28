"""What a visitor relies on: drafts outlive a reload, what was asked for is where one looks."""

from playwright.sync_api import expect

NUMBER = "#threshold input[type=number]"


def test_a_draft_a_threshold_and_the_tab_are_there_on_coming_back(visit, url):
    page = visit()
    expect(page.locator("#steps .step")).not_to_have_count(0)
    page.locator("#problem textarea").fill("What is 2 + 3?")
    page.locator("#solution textarea").fill("2 + 3 = 6\n\nSo the answer is 6.")
    page.locator(NUMBER).fill("0.4")
    page.keyboard.press("Tab")
    page.get_by_role("tab", name="Best-of-N").click()
    expect(page.locator("#table tr.best")).to_be_visible()
    page.wait_for_function("localStorage['prm-app-draft']?.includes('2 + 3 = 6')")
    page, left = page.context.new_page(), page
    left.close()
    page.goto(url)
    expect(page.get_by_role("tab", name="Best-of-N")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Score").click()
    expect(page.locator("#problem textarea")).to_have_value("What is 2 + 3?")
    expect(page.locator(NUMBER)).to_have_value("0.4")
    expect(page.locator("#steps .words")).to_have_text(["2 + 3 = 6", "So the answer is 6."])


def test_a_slow_script_delays_the_first_result_and_no_more(chromium, url):
    page = chromium.new_page()
    page.route("**/prm/visit.js", lambda route: (page.wait_for_timeout(3000), route.continue_()))
    page.goto(url)
    expect(page.locator("#steps .step")).not_to_have_count(0)
    page.close()


def test_what_an_example_took_the_place_of_comes_back(visit):
    page = visit()
    back = page.get_by_role("button", name="Bring back my text").first
    problem, text = (page.locator(f"#{field} textarea") for field in ("problem", "solution"))
    page.locator(".chips button").nth(1).click()
    expect(text).not_to_have_value("")
    expect(back).to_be_hidden()  # an example took the place of another
    problem.fill("What is 2 + 3?")
    text.fill("2 + 3 = 6")
    for number in (2, 0):
        page.locator(".chips button").nth(number).click()
        expect(text).not_to_have_value("2 + 3 = 6")
        expect(back).to_be_visible()
    back.click()
    expect(text).to_have_value("2 + 3 = 6")
    expect(problem).to_have_value("What is 2 + 3?")
    expect(back).to_be_hidden()


def test_best_of_n_opens_ranked(visit):
    page = visit()
    page.get_by_role("tab", name="Best-of-N").click()
    expect(page.locator("#winner")).to_contain_text("is best")
    expect(page.locator("#curves .scatterlayer .trace")).not_to_have_count(0)


def test_an_emptied_threshold_keeps_its_value(visit):
    page = visit()
    page.get_by_role("button", name="A wrong operation").click()
    expect(page.locator("#verdict")).to_contain_text("First error")
    page.locator(NUMBER).fill("")
    expect(page.locator("#verdict")).to_contain_text("First error")
    page.keyboard.press("Tab")
    expect(page.locator(NUMBER)).to_have_value("0.5")


def test_the_verdict_leads_to_the_first_error(visit):
    page = visit()
    page.get_by_role("button", name="A wrong operation").click()
    expect(page.locator("#verdict h2 button")).to_be_visible()
    page.locator("#verdict h2 button").click()
    expect(page.locator("#steps .first-error")).to_be_focused()


def test_an_error_comes_into_view(visit):
    page = visit()
    page.set_viewport_size({"width": 1440, "height": 500})
    expect(page.locator("#steps .step")).not_to_have_count(0)
    page.locator("#solution textarea").fill("")
    page.locator("#score").scroll_into_view_if_needed()
    page.mouse.wheel(0, 4000)
    page.locator("#score").click()
    expect(page.locator("#score-message [role=alert]")).to_be_in_viewport()


def test_a_server_that_is_gone_is_told(visit):
    page = visit()
    expect(page.locator("#status")).to_contain_text("Ready")
    page.evaluate(
        """() => {
            window.answered = fetch;  // Gradio's own requests go on
            window.fetch = (address, options) =>
                options?.method === "HEAD" ? Promise.reject() : answered(address, options);
        }"""
    )
    expect(page.locator("#away")).to_contain_text("What you typed is kept")
    page.evaluate("() => { window.fetch = answered }")
    expect(page.locator("#away")).to_have_count(0)
