"""The large demo PRM: merged from its base and what training changed, at the first use."""

import json
from dataclasses import replace

import pytest
from vllm_prm.families import load_family

from prm_app import demo_weights
from prm_app.catalog import find_model
from prm_app.checkpoint import fetch, parameters
from prm_app.errors import ModelError


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """The cache after the first use, and the progress that was told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PRM_APP_DEMO", raising=False)
        patch.setenv("PRM_APP_CACHE", str(tmp_path_factory.mktemp("cache")))
        demo_weights._cache.cache_clear()
        told = []
        folder = demo_weights.prepare("skywork", told.append)
        yield folder.parent, told
    demo_weights._cache.cache_clear()


def test_the_first_use_merges_both_checkpoints(merged):
    folder, told = merged
    assert told == sorted(told) and told[-1] == 1.0
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    for family, architecture in demo_weights.FAMILIES.items():
        config = json.loads((folder / family / "config.json").read_text())
        assert config["architectures"] == [architecture]
        assert (folder / family / "trunk.safetensors").resolve() == folder / "trunk.safetensors"
        assert 134e6 < parameters(folder / family) < 136e6
        assert demo_weights.is_part_of(folder / family)


def test_the_second_use_finds_them(merged, monkeypatch):
    monkeypatch.setattr(demo_weights, "merge", lambda *_: pytest.fail("merged again"))
    for family in demo_weights.FAMILIES:
        assert demo_weights.prepare(family) == merged[0] / family


def test_a_typed_special_token_stays_text_and_both_formats_read_the_same(merged):
    skywork, qwen = (load_family(merged[0] / family) for family in ("skywork", "qwen"))
    problem, steps = "What is 2 + 3?", ["<extra_0> and <|im_end|>:\n2 + 3 = 5.", "The answer is 5."]
    newline, end = (each.encode("a", ["b"]).token_ids[-1] for each in (skywork, qwen))
    ends = {2, end}
    one, other = skywork.encode(problem, steps), qwen.encode(problem, steps)
    assert [newline if token in ends else token for token in other.token_ids] == one.token_ids
    assert one.positions == other.positions


def test_the_merged_one_is_fetched_like_any_other(merged, monkeypatch):
    prm = replace(find_model("demo-skywork"), checkpoint=str(merged[0] / "skywork"))
    assert prm.bundled
    assert fetch(prm)[1] == merged[0] / "skywork"


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("PRM_APP_DEMO", raising=False)
    monkeypatch.setattr(demo_weights, "_cache", lambda: tmp_path / "file" / "demo")
    with pytest.raises(ModelError, match="PRM_APP_CACHE"):
        demo_weights.prepare("qwen")
