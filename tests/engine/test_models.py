"""Several models in one process: each scores as if alone, whatever becomes of the others."""

import gc
import json
import random
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save
from torch.nn import Module

from prm_app.catalog import find_model
from prm_app.demo_weights import SMALL as CHECKPOINTS
from prm_app.errors import (
    EngineError,
    ModelError,
    ModelNotFoundError,
    NotAPrmError,
    OutOfMemoryError,
)
from prm_app.local.kinds import engine_kind
from prm_app.local.loading import prepare
from prm_app.local.models import LocalModels
from prm_app.scoring import Status
from prm_app.solutions.solution import Solution

EASY = Solution("What is 1 + 1?", ("1 + 1 = 2",))
KEYS = ("demo-skywork", "demo-qwen")
TOLERANCE = 1e-5


def solutions(count: int) -> list[Solution]:
    return [
        Solution(
            f"What is {i} + {i + 1}?" + " Think." * (i % 23),
            tuple(f"{i} + {j} = {i + j}" for j in range(1 + i % 7)),
        )
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def alone(models):
    """The rewards of each model when nothing else is asked of the process."""
    expected = {}
    for key in KEYS:
        with models.scorer(key) as scorer:
            expected[key] = [scorer.score(each).rewards for each in solutions(60)]
    return expected


def forget(models: LocalModels) -> None:
    """Lets every reward be computed again."""
    for resident in models._residents.values():
        resident.scorer.store._rewards.clear()


def test_models_side_by_side_score_as_each_does_alone(models, alone):
    forget(models)

    def visit(seed: int) -> list[bool]:
        chance, right = random.Random(seed), []
        for _ in range(25):
            key, i = chance.choice(KEYS), chance.randrange(60)
            with models.scorer(key) as scorer:
                scored = scorer.score(solutions(60)[i])
            right.append(scored.model == key)
            right.append(scored.rewards == pytest.approx(alone[key][i], abs=TOLERANCE))
        return right

    with ThreadPoolExecutor(8) as pool:
        assert all(all(each) for each in pool.map(visit, range(8)))
    assert all(models.status(key).ready for key in KEYS)


@pytest.mark.parametrize(
    ("name", "error"),
    [("/nowhere/at/all", ModelNotFoundError), ("someone/no-such-model", ModelNotFoundError)],
)
def test_a_model_that_is_not_there_leaves_the_others_serving(models, name, error):
    before = models.scorer("demo-skywork")
    with pytest.raises(error):
        models.scorer(name)
    assert isinstance(models.status(name).error, error)
    assert models.status("demo-skywork").ready and before.score(EASY).rewards


def test_a_checkpoint_that_is_no_prm(models, tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    with pytest.raises(NotAPrmError, match="LlamaForCausalLM"):
        models.scorer(str(tmp_path))
    assert models.scorer("demo-skywork").score(EASY).rewards


@pytest.fixture
def broken(tmp_path):
    """A copy of a checkpoint, for the test to break."""
    return shutil.copytree(CHECKPOINTS / "qwen", tmp_path / "broken")


def test_weights_that_do_not_load_leave_nothing_behind(models, alone, broken):
    weights = load_file(broken / "trunk.safetensors")
    weights["model.layers.0.mlp.down_proj.weight"] = torch.ones(5, 5)
    (broken / "trunk.safetensors").write_bytes(save(weights))
    scorers = [models.scorer(key) for key in KEYS]
    with pytest.raises(ModelError, match="could not load"):
        models.scorer(str(broken))
    forget(models)
    for scorer in scorers:
        assert scorer.score(solutions(1)[0]).rewards == pytest.approx(
            alone[scorer.prm.key][0], abs=TOLERANCE
        )
    assert _models_in_memory() == ["Qwen2ForPrmModel", "Qwen2ForProcessRewardModel"]


def _models_in_memory() -> list[str]:
    gc.unfreeze()  # vLLM froze what was there when it had loaded a model
    gc.collect()
    kinds = [type(each) for each in gc.get_objects()]
    names = [k.__name__ for k in kinds if Module in k.__mro__]
    return sorted(name for name in names if name.startswith("Qwen2For"))


@pytest.fixture
def cramped():
    """Room for one of the demo models."""
    memory = prepare(
        engine_kind(), find_model("demo-qwen"), {}, lambda stage, progress: None
    ).memory
    models = LocalModels(budget=memory * 3 // 2)
    yield models
    models.close()


def test_the_idle_model_goes_when_another_needs_its_memory(cramped):
    with cramped.scorer("demo-skywork") as first:
        assert first.score(EASY).rewards
    with cramped.scorer("demo-qwen") as second:
        assert second.score(EASY).model == "demo-qwen"
        assert not cramped.status("demo-skywork").ready and not first.alive
    assert cramped.scorer("demo-skywork").score(EASY).rewards


def test_a_model_in_use_is_never_taken_away(cramped):
    first = cramped.scorer("demo-skywork")
    second = cramped.open("demo-qwen")
    assert wait([second], timeout=8).not_done, "it waits for the user of the first"
    assert "not used" in cramped.status("demo-qwen").stage
    assert first.score(EASY).model == "demo-skywork"
    first.close()
    assert second.result(timeout=60).score(EASY).model == "demo-qwen"


def test_a_model_larger_than_the_budget_is_refused():
    with pytest.raises(OutOfMemoryError, match="are there for models"):
        LocalModels(budget=1000).scorer("demo-skywork")


def test_many_who_want_different_models_cause_few_loads(cramped, monkeypatch):
    from prm_app.local.loading import PreparedModel

    loads = []
    load = PreparedModel.load
    monkeypatch.setattr(
        PreparedModel, "load", lambda self, *args: loads.append(1) or load(self, *args)
    )

    def visit(seed: int) -> bool:
        key = random.Random(seed).choice(KEYS)
        with cramped.scorer(key) as scorer:
            return scorer.score(EASY).model == key

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(visit, range(50)))
    assert len(loads) <= 4


def test_the_progress_of_a_load_is_told_until_the_model_is_ready():
    models = LocalModels()
    assert models.status() == Status()
    stages, opening = [], models.open()
    while not opening.done():
        status = models.status()
        if status.stage and (not stages or stages[-1] != status):
            stages.append(status)
    assert models.status().ready
    assert [status.stage for status in stages][-1:] == ["Loading the weights"]
    assert [each.progress for each in stages] == sorted(each.progress for each in stages)
    models.close()
    with pytest.raises(EngineError, match="ending"):
        models.scorer()


def test_an_error_that_nobody_foresaw_ends_the_wait(monkeypatch):
    def fail(*args: object) -> None:
        raise KeyError("no such thing")

    monkeypatch.setattr("prm_app.local.models.prepare", fail)
    with pytest.raises(ModelError, match=r"Demo PRM.*KeyError.*no such thing"):
        LocalModels().scorer()


def test_an_engine_that_fails_is_loaded_again_and_the_others_never_notice(models, alone):
    failing, other = models.scorer("demo-skywork"), models.scorer("demo-qwen")
    engine = models._residents["demo-skywork"].scorer._engine

    def fail() -> None:
        raise RuntimeError("made to fail")

    engine._core.step = fail
    with pytest.raises(EngineError, match="made to fail"):
        failing.score(Solution("A problem never seen before?", ("A step.",)))
    assert other.score(EASY).rewards and not failing.alive
    with models.scorer("demo-skywork") as again:
        assert again.score(solutions(1)[0]).rewards == pytest.approx(
            alone["demo-skywork"][0], abs=TOLERANCE
        )


ACTIONS = st.lists(
    st.sampled_from(["score skywork", "score qwen", "fail", "drop skywork", "drop qwen"]),
    min_size=4,
    max_size=10,
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=ACTIONS, seed=st.integers(0, 999))
def test_whatever_is_loaded_freed_or_fails_in_between(models, alone, tmp_path, actions, seed):
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["NoPrm"]}))
    chance = random.Random(seed)

    def score(key: str) -> bool:
        i = chance.randrange(60)
        with models.scorer(key) as scorer:
            rewards = scorer.score(solutions(60)[i]).rewards
        return rewards == pytest.approx(alone[key][i], abs=TOLERANCE)

    for action in actions:
        verb, _, family = action.partition(" ")
        forget(models)
        if verb == "score":
            assert score(f"demo-{family}")
        elif verb == "fail":
            with pytest.raises(NotAPrmError):
                models.scorer(str(tmp_path))
        elif resident := models._residents.pop(f"demo-{family}", None):
            asking = threading.Thread(target=score, args=(KEYS[chance.randrange(2)],))
            asking.start()
            resident.scorer.close()
            asking.join()
    assert all(score(key) for key in KEYS)
