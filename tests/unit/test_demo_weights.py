"""The demo PRM's files: how the base is read, and which checkpoint is used without it."""

import struct

import numpy as np
import pytest

from prm_app import demo_weights
from prm_app.gguf import Gguf


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
    monkeypatch.setattr(demo_weights, "weights_file", lambda: None)
    assert demo_weights.prepare(family) == demo_weights.SMALL / family
    assert demo_weights.is_part_of(demo_weights.SMALL / family)


def test_what_is_shipped_is_small():
    files = [path for path in demo_weights.DEMO.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files if not path.is_symlink()) < 36e6
