"""The engine of Transformers: the rewards of the plain forward pass, however it is batched."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from checkpoints import LAYOUTS
from vllm_prm.families import FAMILIES, load_family
from vllm_prm.forward import ForwardModel

from prm_app import find_model, load
from prm_app.checkpoint import describe, open_family
from prm_app.errors import EngineError, InputError, ModelError, NoEngineError, NotAPrmError
from prm_app.local import forward_args
from prm_app.local.forward_engine import ForwardEngine
from prm_app.local.models import LocalModels
from prm_app.solutions.solution import Solution, solution

TOLERANCE = 1e-5
EASY = Solution("What is 1 + 1?", ("1 + 1 = 2",))


@pytest.fixture(scope="module")
def batch(real_solutions):
    """32 solutions of different problems and lengths."""
    texts = [(problem, text) for problem, texts in real_solutions for text in texts]
    return [solution(problem, text) for problem, text in texts[::2][:32]]


@pytest.fixture(scope="module")
def scorer():
    with load("demo-skywork", engine="transformers") as scorer:
        yield scorer


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_family_scores_as_alone(name, data, tmp_path, batch):
    """In batches of mixed lengths as one by one."""
    layout = LAYOUTS[name]
    layout.write(tmp_path, data)
    family = layout.family if layout.declared else None
    prm, folder = describe(find_model(str(tmp_path), family, dict(layout.options)))
    alone = ForwardModel(folder, open_family(prm, folder))
    with load(prm, {"dtype": "float32"}, engine="transformers") as scorer:
        scored = dict(scorer.score_many(batch))
    for i, each in enumerate(batch):
        prompt = alone.family.encode(each.problem, each.steps)
        assert scored[i].rewards == pytest.approx(alone.rewards([prompt])[0], abs=TOLERANCE)
    rewards = [reward for each in scored.values() for reward in each.rewards]
    assert max(rewards) - min(rewards) > 0.1  # so an agreement says something


def test_many_users_at_once(scorer, batch):
    with ThreadPoolExecutor(16) as users:
        together = list(users.map(scorer.score, batch))
    with load("demo-skywork", engine="transformers") as another:
        for each, scored in zip(batch, together, strict=True):
            assert scored.steps == each.scored_steps
            assert scored.rewards == pytest.approx(another.score(each).rewards, abs=TOLERANCE)


def test_of_what_is_cancelled_nothing_more_is_computed(scorer):
    unwanted = [Solution(f"{i}?", (f"{i} + 1 is {i + 1}, " * 12,)) for i in range(1000, 1200)]
    for future in scorer.submit(unwanted):
        future.cancel()
    others = [Solution(each.problem, ("a",)) for each in unwanted]
    assert all(future.result(300).rewards for future in scorer.submit(others))
    assert all(scorer.score(each).computed for each in unwanted[-5:])  # not known from before


def test_what_was_scored_before_is_not_computed_again(scorer):
    assert scorer.score(EASY).rewards == scorer.score(EASY).rewards
    assert scorer.score(EASY).computed == 0


def test_its_precision_says_that_it_is_not_vllm(scorer):
    assert scorer.precision.startswith("float32 on the ")
    assert scorer.precision.endswith("by Transformers without vLLM")


def test_a_closed_engine_ends_what_was_submitted_and_takes_no_more(batch):
    with load("demo-skywork", engine="transformers") as scorer:
        futures = scorer.submit(batch)
    assert all(0 <= reward <= 1 for future in futures for reward in future.result().rewards)
    assert not scorer.alive
    with pytest.raises(EngineError, match="load the model again"):
        scorer.score(Solution("What is 5 + 5?", ("5 + 5 = 10",)))


def test_a_failure_is_an_error_of_its_requests_alone(monkeypatch):
    with load("demo-skywork", engine="transformers") as scorer:
        with monkeypatch.context() as patched:
            patched.setattr(ForwardModel, "logits", lambda *_: 1 / 0)
            with pytest.raises(EngineError, match="The forward pass failed: division by zero"):
                scorer.score(EASY)
        assert len(scorer.score(EASY).rewards) == 1


def test_several_models_share_the_process():
    models = LocalModels(engine="transformers")
    try:
        for name in ("demo-skywork", "demo-qwen"):
            with models.scorer(name) as scorer:
                assert len(scorer.score(EASY).rewards) == 1
        assert all(models.status(name).ready for name in ("demo-skywork", "demo-qwen"))
        assert "Transformers" in models.status().precision
    finally:
        models.close()


@pytest.mark.parametrize(
    "options, kind, says",
    [
        ({"max_num_seqs": 4}, InputError, "no option max_num_seqs: it takes device, dtype, max_mo"),
        ({"dtype": "int8"}, InputError, "no dtype 'int8'"),
        ({"device": "cuda:77"}, InputError, "no device 'cuda:77' here"),
        ({"max_model_len": 10**6}, ModelError, "a context of 1,000,000"),
    ],
)
def test_options_that_it_cannot_have_are_refused(options, kind, says):
    with pytest.raises(kind, match=says):
        load("demo-skywork", options, engine="transformers")


def test_the_context_can_be_shorter():
    with load("demo-skywork", {"max_model_len": 64}, engine="transformers") as scorer:
        assert scorer.limit == 64


def test_without_pytorch_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(forward_args, "is_installed", lambda: False)
    with pytest.raises(NoEngineError, match=r"PyTorch is not installed.*\[transformers\]"):
        load("demo-skywork", engine="transformers")


def test_an_engine_of_another_name_is_refused():
    with pytest.raises(InputError, match="no engine 'onnx': there are vllm, transformers"):
        load("demo-skywork", engine="onnx")


def test_a_checkpoint_without_the_head_is_refused(data, tmp_path):
    folder = LAYOUTS["rlhflow"].write(tmp_path, data)
    family = load_family(folder, FAMILIES["skywork"])
    with pytest.raises(NotAPrmError, match=r"v_head\.summary"):
        ForwardEngine(folder, family, {}, lambda stage, done: None)
