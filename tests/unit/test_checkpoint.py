"""What is wrong with a checkpoint is said before anything is loaded."""

import json
import shutil

import pytest

from prm_app.catalog import find_model
from prm_app.checkpoint import fetch, parameters, require_memory
from prm_app.errors import ModelError, ModelNotFoundError, NotAPrmError, OutOfMemoryError


@pytest.mark.parametrize("key", ["demo-skywork", "demo-qwen"])
def test_the_bundled_checkpoints_are_there(key):
    prm, folder = fetch(find_model(key))
    assert prm.family is not None
    assert 5e6 < parameters(folder) < 15e6


@pytest.mark.parametrize(
    ("config", "error", "says"),
    [
        (None, ModelNotFoundError, "holds no config.json"),
        ("not json", ModelError, "not readable as JSON"),
        (json.dumps({"architectures": ["LlamaForCausalLM"]}), NotAPrmError, "LlamaForCausalLM"),
        (json.dumps({}), NotAPrmError, "not named"),
    ],
)
def test_folders_that_are_no_prm(tmp_path, config, error, says):
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(error, match=says):
        fetch(find_model(str(tmp_path)))


@pytest.mark.parametrize("end", [b"", b"version https://git-lfs.github.com/spec/v1\n", 10**6])
def test_weights_that_are_not_whole_are_named(tmp_path, end):
    broken = tmp_path / "broken"
    shutil.copytree(fetch(find_model("demo-qwen"))[1], broken)
    file = broken / "trunk.safetensors"
    file.write_bytes(file.read_bytes()[:end] if isinstance(end, int) else end)
    with pytest.raises(ModelError, match=r"trunk\.safetensors is not whole"):
        fetch(find_model(str(broken)))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ModelNotFoundError, match="no folder"):
        fetch(find_model(str(tmp_path / "nowhere")))


def test_a_hub_that_cannot_be_reached(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelNotFoundError, match="could not be downloaded"):
        fetch(find_model("someone/their-prm-that-is-not-cached"))


def test_a_model_that_does_not_fit_is_refused_with_the_sizes():
    prm, folder = fetch(find_model("demo-skywork"))
    require_memory(prm, folder, available=10**9, itemsize=4)
    with pytest.raises(OutOfMemoryError, match=r"needs about 0\.0 GB .* several GPUs"):
        require_memory(prm, folder, available=10**6, itemsize=4)
