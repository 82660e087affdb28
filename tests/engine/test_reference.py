"""vLLM's rewards are those of a plain Transformers forward pass, in float32."""

import pytest
from vllm_prm.families import load_family
from vllm_prm.forward import ForwardModel

from prm_app.catalog import find_model
from prm_app.checkpoint import fetch
from prm_app.solutions.solution import solution

TOLERANCE = 1e-4
"""In float32, on every CPU: what summing in another order comes to."""


@pytest.fixture(scope="module")
def reference(model):
    _, folder = fetch(find_model(model))
    return ForwardModel(folder, load_family(folder))


@pytest.fixture(scope="module")
def batch(real_solutions, model):
    """32 solutions of different problems and lengths."""
    texts = [(problem, text) for problem, texts in real_solutions for text in texts]
    return [solution(problem, text) for problem, text in texts[::2][:32]]


def agrees(scored, reference, solution):
    prompt = reference.family.encode(solution.problem, solution.steps)
    return scored.rewards == pytest.approx(reference.rewards([prompt])[0], abs=TOLERANCE)


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
