"""The plain forward pass gives the rewards of Transformers' own models, of every family's head."""

import pytest
import torch
from checkpoints import LAYOUTS, PROCESS_HEAD, VALUE_HEAD
from transformers import AutoModel
from vllm_prm.families import FAMILIES, FamilyError, load_family
from vllm_prm.forward import ForwardModel

ITEMS = [
    ("What is 2 + 3 * 4?", ["3 * 4 = 12", "2 + 12 = 14", "So it is 14."]),
    ("Tom has 3 boxes.", ["He has\n3 boxes."]),
]


def own_rewards(layout, folder, family, prompt):
    """Of a checkpoint in float32, by the formula of its family's own code."""
    if layout.head == VALUE_HEAD:
        states, weights = states_and_weights(layout, folder, prompt)
        value = states @ weights["v_head.summary.weight"].T + weights["v_head.summary.bias"]
        return torch.sigmoid(value[:, 0])
    if layout.head == PROCESS_HEAD:
        states, weights = states_and_weights(layout, folder, prompt)
        inner = torch.relu(states @ weights["score.0.weight"].T + weights["score.0.bias"])
        logits = inner @ weights["score.2.weight"].T + weights["score.2.bias"]
        return logits.softmax(-1)[:, 1]
    model = type(layout.model(8)).from_pretrained(folder, dtype=torch.float32).eval()
    logits = model(torch.tensor([prompt.token_ids])).logits[0, prompt.positions]
    if layout.family != "trl":
        good, bad = (family.tokenizer.encode(sign, add_special_tokens=False) for sign in "+-")
        logits = logits[:, bad + good]
    return logits.softmax(-1)[:, 1]


def states_and_weights(layout, folder, prompt):
    trunk = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    states = trunk(torch.tensor([prompt.token_ids])).last_hidden_state[0, prompt.positions]
    return states, layout.weights(folder)


@pytest.mark.parametrize("name", LAYOUTS)
def test_rewards_are_those_of_transformers_itself(name, data, tmp_path):
    layout = LAYOUTS[name]
    folder = layout.write(tmp_path, data)
    family = load_family(folder, FAMILIES[layout.family], dict(layout.options))
    prompts = family.encode_batch(ITEMS)
    computed = ForwardModel(folder, family).rewards(prompts)
    for prompt, rewards in zip(prompts, computed, strict=True):
        with torch.inference_mode():
            expected = own_rewards(layout, folder, family, prompt).tolist()
        assert rewards == pytest.approx(expected, abs=1e-5)
    assert len(set(computed[0])) == 3  # so an agreement says something


def test_a_checkpoint_without_the_head_is_refused(data, tmp_path):
    layout = LAYOUTS["rlhflow"]
    folder = layout.write(tmp_path, data)
    family = load_family(folder, FAMILIES["skywork"])
    with pytest.raises(FamilyError, match=r"holds no weights v_head\.summary\.weight"):
        ForwardModel(folder, family)
