"""The choice of the model, as a user sees it."""

import json

import pytest
from playwright.sync_api import Page, expect


def choose(page: Page, title: str) -> None:
    page.locator("#model input").click()
    page.get_by_role("option", name=title).click()


def last_reward(page: Page) -> float:
    return float(page.locator("#steps .step").last.get_attribute("data-reward"))


def test_switches_model_and_survives_one_that_cannot_be_loaded(visit, tmp_path):
    page = visit()
    page.get_by_role("button", name="A wrong operation").click()
    expect(page.locator("#verdict")).to_contain_text("First error")
    before = last_reward(page)
    choose(page, "Demo PRM (Qwen format)")
    expect(page.locator("#about")).to_contain_text("Qwen2.5-Math-PRM prompt")
    expect(page.locator("#stale")).to_contain_text("Changed since this was scored")
    page.locator("#score").click()
    expect(page.locator("#facts")).to_contain_text("Demo PRM (Qwen format)")
    expect(page.locator("#status")).to_contain_text("Ready")
    assert last_reward(page) != pytest.approx(before, abs=1e-5)

    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    page.locator("#model input").fill(str(tmp_path))
    page.keyboard.press("Enter")
    alert = page.locator("#engine-message [role=alert]")
    expect(alert).to_contain_text("LlamaForCausalLM")
    expect(alert).to_contain_text("Demo PRM (Qwen format) goes on")
    expect(page.locator("#model input")).to_have_value("Demo PRM (Qwen format)")
    page.locator("#score").click()
    expect(page.locator("#facts")).to_contain_text("Demo PRM (Qwen format)")

    choose(page, "Demo PRM (Skywork format)")
    page.locator("#score").click()
    expect(page.locator("#facts")).to_contain_text("Demo PRM (Skywork format)")
    assert last_reward(page) == pytest.approx(before, abs=1e-5)
    expect(alert).to_have_count(0)


def test_one_visitors_choice_leaves_another_as_he_was(visit):
    mine, other = visit(), visit()
    mine.locator("#threshold input[type=number]").fill("0.3")
    choose(other, "Demo PRM (Qwen format)")
    expect(other.locator("#status")).to_contain_text("Qwen format")
    other.locator("#score").click()
    expect(other.locator("#facts")).to_contain_text("Demo PRM (Qwen format)")
    mine.locator("#score").click()
    expect(mine.locator("#facts")).to_contain_text("Demo PRM (Skywork format)")
    expect(mine.locator("#status")).to_contain_text("Skywork format")
    expect(mine.locator("#threshold input[type=number]")).to_have_value("0.3")


def test_two_models_side_by_side(visit):
    page = visit()
    page.get_by_role("button", name="A wrong operation").click()
    expect(page.locator("#verdict")).to_contain_text("First error")
    page.locator("#second input").click()
    page.get_by_role("option", name="Demo PRM (Qwen format)").click()
    page.locator("#score").click()
    expect(page.locator(".comparison")).to_contain_text("Beside Demo PRM (Qwen format).")
    steps = page.locator("#steps .step")
    expect(page.locator("#steps .second")).to_have_count(steps.count())
    expect(page.locator("#curve .scatterlayer .trace")).to_have_count(2)
    document = json.loads(page.locator("#facts .hand-out").get_attribute("data-json"))
    second = document["compared_with"]
    assert second["model"] == "demo-qwen" and len(second["rewards"]) == len(document["rewards"])
    differing = page.locator("#steps .step:has(.differs)")
    expect(differing).to_have_count(len(second["differs_at"]))
