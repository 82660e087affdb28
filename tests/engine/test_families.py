"""A checkpoint of every family, in its published layout, scores alike in vLLM and Transformers."""

import subprocess
import sys
from dataclasses import replace

import pytest
from checkpoints import LAYOUTS
from vllm_prm.forward import ForwardModel

from prm_app import find_model, load
from prm_app.checkpoint import describe, open_family
from prm_app.solutions.solution import solution

TOLERANCE = 1e-3

TRAIN = """
import sys
from datasets import Dataset
from transformers import AutoTokenizer, Qwen2Config, Qwen2ForTokenClassification
from trl.experimental.prm import PRMConfig, PRMTrainer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
config = Qwen2Config(
    vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
    num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=2048,
    initializer_range=0.2,
)
rows = [
    {"prompt": f"What is {a} + 3?", "completions": [f"{a} + 3 = {a + 3}", f"So it is {a}."],
     "labels": [True, False]} for a in range(8)
]
trainer = PRMTrainer(
    Qwen2ForTokenClassification(config),
    PRMConfig(
        sys.argv[2], max_steps=3, per_device_train_batch_size=4, learning_rate=0.01,
        step_separator="\\n\\n", report_to="none", use_cpu=True, save_strategy="no",
        disable_tqdm=True,
    ),
    processing_class=tokenizer,
    train_dataset=Dataset.from_list(rows),
)
trainer.train()
trainer.save_model(sys.argv[2])
"""


@pytest.fixture(scope="module")
def batch(real_solutions):
    """32 solutions of different problems and lengths."""
    texts = [(problem, text) for problem, texts in real_solutions for text in texts]
    return [solution(problem, text) for problem, text in texts[::2][:32]]


def agree(scored, expected) -> bool:
    return all(
        each.rewards == pytest.approx(rewards, abs=TOLERANCE)
        for each, rewards in zip(scored, expected, strict=True)
    )


def check(prm, batch):
    """Alone, in a mixed batch, and with prefix reuse after edits; float32 throughout."""
    prm, folder = describe(prm)
    family = open_family(prm, folder)
    model = ForwardModel(folder, family)

    def expected(solutions):
        prompts = family.encode_batch((each.problem, each.steps) for each in solutions)
        return [model.rewards([prompt])[0] for prompt in prompts]

    edited = [
        replace(each, steps=(*each.steps[:-1], each.steps[-1] + " Or is it?")) for each in batch[:4]
    ]
    with load(prm, {"dtype": "float32"}) as scorer:
        assert scorer.prm.family is prm.family
        assert agree([scorer.score(each) for each in batch[:2]], expected(batch[:2]))
        results = dict(scorer.score_many(batch))
        assert agree([results[i] for i in range(32)], expected(batch))
        again = [scorer.score(each) for each in edited]
        assert agree(again, expected(edited))
        assert all(each.computed < each.tokens for each in again)
    with load(prm, {"dtype": "float32"}, engine="transformers") as scorer:
        plain = dict(scorer.score_many(batch))
    assert agree([plain[i] for i in range(32)], [results[i].rewards for i in range(32)])
    rewards = [reward for each in results.values() for reward in each.rewards]
    assert max(rewards) - min(rewards) > 0.1  # so an agreement says something


# Qwen2's classifier is the one that TRL's trainer writes; ReasonFlux is a Qwen with another prompt.
@pytest.mark.parametrize("name", sorted(LAYOUTS.keys() - {"trl-qwen2", "reasonflux"}))
def test_a_published_layout_scores_as_a_plain_forward_pass(name, data, tmp_path, batch):
    layout = LAYOUTS[name]
    layout.write(tmp_path, data)
    family = layout.family if layout.declared else None
    check(find_model(str(tmp_path), family, dict(layout.options)), batch)


def test_a_checkpoint_of_trls_own_trainer_scores(data, tmp_path, batch):
    program = [sys.executable, "-c", TRAIN, data / "tokenizers/qwen2.5-math-prm", tmp_path]
    subprocess.run(program, check=True, capture_output=True, timeout=300)
    check(find_model(str(tmp_path), family_options={"separator": "\n\n"}), batch)
