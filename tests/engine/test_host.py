"""Switching models: the former one goes on whenever the new one cannot be loaded."""

import gc
import shutil

import pytest
import torch
from safetensors.torch import load_file, save
from torch.nn import Module

from prm_app.catalog import CHECKPOINTS
from prm_app.errors import ModelError, ModelNotFoundError, NotAPrmError
from prm_app.local.models import LocalModels
from prm_app.solutions.solution import Solution

EASY = Solution("What is 1 + 1?", ("1 + 1 = 2",))


@pytest.mark.parametrize(
    ("name", "error"),
    [("/nowhere/at/all", ModelNotFoundError), ("someone/no-such-model", ModelNotFoundError)],
)
def test_a_model_that_is_not_there(host, name, error):
    before = host.scorer("demo-skywork")
    with pytest.raises(error):
        host.scorer(name)
    assert host.status().serving.key == "demo-skywork"
    assert isinstance(host.status().error, error)
    assert before.score(EASY).rewards


def test_a_checkpoint_that_is_no_prm(host, tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    before = host.scorer("demo-skywork")
    with pytest.raises(NotAPrmError, match="LlamaForCausalLM"):
        host.scorer(str(tmp_path))
    assert before.score(EASY).rewards


@pytest.fixture
def broken(tmp_path):
    """A copy of a checkpoint, for the test to break."""
    return shutil.copytree(CHECKPOINTS / "qwen", tmp_path / "broken")


def test_damaged_weights_leave_the_former_model_in_place(host, broken):
    (broken / "trunk.safetensors").write_bytes(b"damaged")
    before = host.scorer("demo-skywork")
    with pytest.raises(ModelError, match=r"trunk\.safetensors is not whole"):
        host.scorer(str(broken))
    assert host.scorer() is before and before.score(EASY).rewards


def test_weights_of_another_shape_bring_the_former_model_back(host, broken):
    weights = load_file(broken / "trunk.safetensors")
    weights["model.layers.0.mlp.down_proj.weight"] = torch.ones(5, 5)
    (broken / "trunk.safetensors").write_bytes(save(weights))
    expected = host.scorer("demo-skywork").score(EASY).rewards
    with pytest.raises(ModelError, match="could not load"):
        host.scorer(str(broken))
    assert host.scorer().prm.key == "demo-skywork"
    assert host.scorer().score(EASY).rewards == pytest.approx(expected, abs=1e-6)
    assert _models_in_memory() == {"Qwen2ForPrmModel"}


def _models_in_memory():
    gc.unfreeze()  # vLLM froze what was there when it had loaded a model
    gc.collect()
    kinds = {type(each) for each in gc.get_objects()}
    return {k.__name__ for k in kinds if Module in k.__mro__ and k.__name__.startswith("Qwen2For")}


def test_switching_frees_the_former_model(host):
    first = host.scorer("demo-skywork")
    second = host.scorer("demo-qwen")
    assert not first.alive and second.alive
    assert host.status().serving.key == "demo-qwen"
    assert second.score(EASY).model == "demo-qwen"
    assert _models_in_memory() == {"Qwen2ForProcessRewardModel"}


def test_progress_is_shown_while_a_model_loads():
    host = LocalModels()
    assert host.status().serving is None
    with pytest.raises(ModelNotFoundError):
        host.scorer("/nowhere/at/all")
    status = host.status()
    assert status.serving is None and status.loading is None
    assert "no folder" in str(status.error)
    host.close()
