"""What is wrong with a checkpoint is said before anything is loaded."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from checkpoints import LAYOUTS
from safetensors.torch import load_file, save_file

from prm_app.catalog import family_options, find_model
from prm_app.checkpoint import describe, fetch, parameters, require_memory
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
    assert describe(find_model(path, "rlhflow"))[0].family.name == "rlhflow"


def test_the_family_of_the_catalogue_is_not_questioned(tmp_path):
    path = folder_with(tmp_path, architectures=["LlamaForCausalLM"], prm={"family": "versaprm"})
    assert describe(find_model(path))[0].family.name == "versaprm"
    assert describe(find_model(path, "rlhflow"))[0].family.name == "rlhflow"


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
    assert describe(find_model(path))[0].family.name == "skywork"


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


@pytest.fixture(params=["demo-skywork", "demo-qwen"])
def copy(request, tmp_path) -> Path:
    """A copy of a bundled checkpoint, to be broken."""
    copied = tmp_path / "copy"
    shutil.copytree(fetch(find_model(request.param))[1], copied)
    return copied


def expect_refusal(folder: Path, error: type[ModelError], says: str) -> None:
    with pytest.raises(error, match=says):
        fetch(find_model(str(folder)))


def configure(folder: Path, **changes) -> None:
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("end", [0, 10**6])
def test_weights_that_are_not_whole_are_named(copy, end):
    file = copy / "trunk.safetensors"
    file.write_bytes(file.read_bytes()[:end])
    expect_refusal(copy, ModelError, r"trunk\.safetensors is not whole")


@pytest.mark.parametrize("name", ["trunk.safetensors", "tokenizer.json", "config.json"])
def test_a_pointer_of_git_lfs_is_said_to_be_one(copy, name):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (copy / name).write_text(pointer)
    expect_refusal(copy, ModelError, rf"{name} is a pointer of Git LFS .*`git lfs pull`")


def test_a_missing_shard_is_named(copy):
    (copy / "trunk.safetensors").unlink()
    expect_refusal(copy, ModelError, r"lacks 1 of the 2 files of its weights, trunk\.safetensors")
    (copy / "head.safetensors").unlink()
    expect_refusal(copy, ModelError, "holds no weights")


def test_a_quantised_checkpoint_is_said_to_be_one(copy):
    configure(copy, quantization_config={"quant_method": "awq", "bits": 4})
    expect_refusal(copy, ModelError, r"is quantised \(awq\).*made from")


def test_architectures_as_a_text_are_said_to_be_no_list(copy):
    name = json.loads((copy / "config.json").read_text())["architectures"][0]
    configure(copy, architectures=name)
    expect_refusal(copy, ModelError, rf'“architectures” in .*config\.json is a text.*\["{name}"\]')


def rewrite_head(folder: Path, change) -> None:
    """Writes the head with other weights; those that `change` makes None are left out."""
    head = {
        name: change(name, weight)
        for name, weight in load_file(folder / "head.safetensors").items()
    }
    weights = {name: weight for name, weight in head.items() if weight is not None}
    save_file(weights, folder / "head.safetensors")
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    for name in head.keys() - weights:
        del index["weight_map"][name]
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize("lost", ["weight", "bias"])
def test_a_checkpoint_without_its_head_is_refused(copy, lost):
    rewrite_head(copy, lambda name, weight: None if name.endswith(lost) else weight)
    expect_refusal(
        copy, NotAPrmError, rf"holds no [a-z_.0-9]+\.{lost}, which every .* read its rewards"
    )


@pytest.mark.parametrize("shape", [(3, 320), (640, 320), (320,)])
def test_a_head_of_another_shape_is_refused(copy, shape):
    rewrite_head(copy, lambda name, weight: torch.zeros(shape) if weight.ndim == 2 else weight)
    sizes = " x ".join(map(str, shape))
    expect_refusal(copy, NotAPrmError, rf"holds a [a-z_.0-9]+\.weight of shape {sizes}, and a")


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_published_layout_has_the_head_of_its_family(layout, tmp_path, data):
    folder = layout.write(tmp_path, data)
    name = layout.family if layout.declared else None
    prm, _ = fetch(find_model(str(folder), name))
    assert prm.family.name == layout.family


def test_pytorch_weights_without_a_head_or_not_whole_are_refused(tmp_path, data):
    folder = LAYOUTS["skywork"].write(tmp_path, data)
    file = folder / "pytorch_model.bin"
    weights = torch.load(file)
    torch.save({name: weights[name] for name in weights if "v_head" not in name}, file)
    expect_refusal(folder, NotAPrmError, r"holds no v_head\.summary\.weight")
    file.write_bytes(file.read_bytes()[:-1000])
    expect_refusal(folder, ModelError, r"pytorch_model\.bin is not whole")


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
