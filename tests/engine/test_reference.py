"""vLLM's rewards are those of a plain Transformers forward pass, in float32."""

import json
import os

import pytest
import torch
from engine.reference import Reference
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2Model

from prm_app.catalog import find_model
from prm_app.checkpoint import fetch
from prm_app.solutions.solution import solution

TOLERANCE = 1e-4
"""In float32, on every CPU: what summing in another order comes to."""


@pytest.fixture(scope="module")
def reference(model):
    return Reference(fetch(find_model(model))[1])


@pytest.fixture(scope="module")
def batch(real_solutions, model):
    """32 solutions of different problems and lengths."""
    texts = [(problem, text) for problem, texts in real_solutions for text in texts]
    return [solution(problem, text) for problem, text in texts[::2][:32]]


def agrees(scored, reference, solution):
    return scored.rewards == pytest.approx(
        reference.rewards(solution.problem, solution.steps), abs=TOLERANCE
    )


def test_single_requests(scorer, reference, batch):
    for each in batch[:4]:
        assert agrees(scorer.score(each), reference, each)


def test_a_mixed_batch_of_32(scorer, reference, batch):
    results = dict(scorer.score_many(batch))
    assert sorted(results) == list(range(32))
    for i, each in enumerate(batch):
        assert agrees(results[i], reference, each)


def test_the_same_prompt_twice(scorer, reference, batch):
    first, second = scorer.score(batch[7]), scorer.score(batch[7])
    assert agrees(first, reference, batch[7])
    assert second.rewards == first.rewards


REAL_CONFIGS = {
    "skywork-o1-open-prm": {"architectures": ["Qwen2ForPrmModel"]},
    "qwen2.5-math-prm": {
        "architectures": ["Qwen2ForProcessRewardModel"],
        "auto_map": {
            "AutoConfig": "configuration_qwen2_rm.Qwen2RMConfig",
            "AutoModel": "modeling_qwen2_rm.Qwen2ForProcessRewardModel",
        },
    },
}


@pytest.fixture(params=["skywork-o1-open-prm", "qwen2.5-math-prm"])
def real_layout(request, data, tmp_path):
    """A small random checkpoint in the layout of the published ones, with the real vocabulary."""
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=151936,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
    )
    weights = {f"model.{name}": tensor for name, tensor in Qwen2Model(config).state_dict().items()}
    weights["lm_head.weight"] = torch.zeros(151936, 64)
    if request.param == "skywork-o1-open-prm":
        weights["v_head.summary.weight"] = torch.randn(1, 64)
        weights["v_head.summary.bias"] = torch.randn(1)
        torch.save(weights, tmp_path / "pytorch_model.bin")
    else:
        for layer, labels in (("score.0", 64), ("score.2", 2)):
            weights[f"{layer}.weight"] = torch.randn(labels, 64) / 8
            weights[f"{layer}.bias"] = torch.randn(labels)
        save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    settings = config.to_dict() | REAL_CONFIGS[request.param]
    (tmp_path / "config.json").write_text(json.dumps(settings))
    for file in (data / "tokenizers" / request.param).iterdir():
        os.symlink(file, tmp_path / file.name)
    return tmp_path


def test_checkpoints_in_the_published_layouts_load_without_remote_code(
    models, real_layout, real_solutions
):
    scorer = models.scorer(str(real_layout))
    reference = Reference(real_layout)
    problem, texts = real_solutions[0]
    each = solution(problem, texts[0])
    assert agrees(scorer.score(each), reference, each)
