"""Weights and vocabulary from a GGUF file, dequantised to float32.

Knows the file format alone (version 3, little-endian) and the three tensor types that the demo's
base model is stored in: float32, Q8_0 and Q4_1.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_BLOCK = 32
_F32, _Q4_1, _Q8_0 = 0, 3, 8
_BLOCK_BYTES = {_F32: 4 * _BLOCK, _Q4_1: 20, _Q8_0: 34}


class Gguf:
    """A GGUF file: `fields` is its metadata, `read` gives a tensor by name."""

    def __init__(self, path: Path):
        self._bytes = np.memmap(path, np.uint8, "r")
        self._at = 0
        if bytes(self._take(4)) != b"GGUF" or self._scalar("I") != 3:
            raise ValueError(f"{path} is not a GGUF file of version 3")
        tensors, fields = self._scalar("Q"), self._scalar("Q")
        self.fields: dict[str, Any] = {}
        for _ in range(fields):
            name = self._string()
            self.fields[name] = self._value(self._scalar("I"))
        self._tensors: dict[str, tuple[tuple[int, ...], int, int]] = {}
        for _ in range(tensors):
            name, dimensions = self._string(), self._scalar("I")
            shape = tuple(self._scalar("Q") for _ in range(dimensions))[::-1]
            self._tensors[name] = (shape, self._scalar("I"), self._scalar("Q"))
        alignment = self.fields.get("general.alignment", 32)
        self._start = -(-self._at // alignment) * alignment

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def read(self, name: str) -> NDArray[np.float32]:
        """The tensor in float32, its last dimension the contiguous one."""
        shape, kind, _ = self._tensors[name]
        raw = self.raw_bytes(name)
        if kind == _F32:
            return raw.view(np.float32).reshape(shape).copy()
        blocks = raw.reshape(-1, _BLOCK_BYTES[kind])
        scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        if kind == _Q8_0:
            return (scale * blocks[:, 2:].view(np.int8)).reshape(shape)
        least = blocks[:, 2:4].copy().view(np.float16).astype(np.float32)
        nibbles = blocks[:, 4:]
        values = np.concatenate((nibbles & 15, nibbles >> 4), axis=1)
        read: NDArray[np.float32] = scale * values + least
        return read.reshape(shape)

    def raw_bytes(self, name: str) -> NDArray[np.uint8]:
        """The bytes of a tensor as they stand in the file."""
        shape, kind, offset = self._tensors[name]
        if kind not in _BLOCK_BYTES:
            raise ValueError(f"{name} is stored in a way that is not read here (type {kind})")
        size = math.prod(shape) * _BLOCK_BYTES[kind] // _BLOCK
        return np.asarray(self._bytes[self._start + offset :][:size])

    def _take(self, size: int) -> NDArray[np.uint8]:
        self._at += size
        return self._bytes[self._at - size : self._at]

    def _scalar(self, code: str) -> Any:
        return struct.unpack("<" + code, bytes(self._take(struct.calcsize("<" + code))))[0]

    def _string(self) -> str:
        return bytes(self._take(self._scalar("Q"))).decode("utf-8", "replace")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            inner, count = self._scalar("I"), self._scalar("Q")
            return [self._value(inner) for _ in range(count)]
        return self._scalar(_SCALARS[kind])
