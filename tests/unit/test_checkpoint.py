"""What is wrong with a checkpoint is said before anything is loaded."""

import json
import shutil
from pathlib import Path

import pytest

from prm_app.catalog import family_options, find_model
from prm_app.checkpoint import fetch, parameters, require_memory
from prm_app.errors import (
    InputError,
    ModelError,
    ModelNotFoundError,
    NotAPrmError,
    OutOfMemoryError,
)


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


def folder_with(tmp_path, name="it", file="config.json", **content):
    folder = tmp_path / name
    folder.mkdir()
    (folder / file).write_text(json.dumps(content))
    return str(folder)


@pytest.mark.parametrize(
    "name, says",
    [
        ("PRIME-RL_EurusPRM-Stage2", "implicit PRM: .* two causal models"),
        ("GenPRM-7B", "generative verifier: it writes"),
        ("ThinkPRM-1.5B", "generative verifier: it writes"),
        ("ReasonFlux-PRM-1.5B", "model class of its own"),
        ("PathFinder-PRM-7B", "two passes a step"),
    ],
)
def test_models_that_judge_steps_otherwise_are_told_why_they_are_not_read(tmp_path, name, says):
    with pytest.raises(NotAPrmError, match=rf"{name} is an? .*{says}"):
        fetch(find_model(folder_with(tmp_path, name, architectures=["Qwen2ForCausalLM"])))


def test_an_adapter_is_told_to_be_merged(tmp_path):
    base = "UW-Madison-Lee-Lab/Llama-PRM800K"
    path = folder_with(tmp_path, file="adapter_config.json", base_model_name_or_path=base)
    with pytest.raises(NotAPrmError, match=f"LoRA adapter .*: merge it into {base}"):
        fetch(find_model(path))


def test_any_llama_is_no_prm_until_it_is_said_to_be_one(tmp_path):
    path = folder_with(tmp_path, architectures=["LlamaForCausalLM"])
    with pytest.raises(NotAPrmError, match=r"say which family it is of, .*rlhflow, versaprm"):
        fetch(find_model(path))
    assert fetch(find_model(path, "rlhflow"))[0].family.name == "rlhflow"


def test_the_family_of_the_catalogue_is_not_questioned(tmp_path):
    path = folder_with(tmp_path, architectures=["LlamaForCausalLM"], prm={"family": "versaprm"})
    assert fetch(find_model(path))[0].family.name == "versaprm"
    assert fetch(find_model(path, "rlhflow"))[0].family.name == "rlhflow"


def test_a_family_that_cannot_be_the_checkpoints_is_refused(tmp_path):
    path = folder_with(tmp_path, architectures=["Qwen2ForPrmModel"])
    with pytest.raises(
        NotAPrmError, match=r"cannot be read as a TRL .*Qwen2ForPrmModel, and those"
    ):
        fetch(find_model(path, "trl"))


def test_a_value_head_among_the_weights_shows_its_family(tmp_path):
    path = folder_with(tmp_path, architectures=["LlamaForCausalLM"])
    index = {"weight_map": {"v_head.summary.weight": "a.safetensors"}}
    Path(path, "model.safetensors.index.json").write_text(json.dumps(index))
    assert fetch(find_model(path))[0].family.name == "skywork"


def test_a_classifier_of_other_than_two_labels_is_no_prm(tmp_path):
    labels = {str(i): f"LABEL_{i}" for i in range(9)}
    path = folder_with(tmp_path, architectures=["Qwen2ForTokenClassification"], id2label=labels)
    with pytest.raises(NotAPrmError, match="not a process reward model known here"):
        fetch(find_model(path))


def test_an_unknown_family_is_refused_with_those_there_are():
    with pytest.raises(NotAPrmError, match="no PRM family 'x'; there are skywork, qwen, trl"):
        find_model("a/b", "x")


def test_options_of_a_family_are_read_from_texts():
    assert family_options([r"separator=\n\n", "good=a=b"]) == {"separator": "\n\n", "good": "a=b"}
    with pytest.raises(InputError, match="'separator' is no option of a PRM family"):
        family_options(["separator"])


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
