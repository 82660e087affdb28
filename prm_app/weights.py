"""A checkpoint's files before they are loaded: all there, whole, and with the head of the family.

Knows files and their headers; nothing of hubs and engines.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vllm_prm.families import FamilyError, PrmFamily
from vllm_prm.weights import require_head, weight_shapes

from prm_app.errors import ModelError, NotAPrmError

_POINTER = b"version https://git-lfs.github.com/spec/"
_KINDS = (
    ("model.safetensors.index.json", "*.safetensors"),
    ("pytorch_model.bin.index.json", "pytorch_model*.bin"),
)
"""The index of a checkpoint's weights and their files, in the order in which vLLM prefers them."""


def require_no_pointers(folder: Path) -> None:
    """Raises ModelError if a file only stands for one that Git LFS was to fetch."""
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.stat().st_size < 1024 and _starts(file, _POINTER):
            raise ModelError(
                f"{file} is a pointer of Git LFS and not the file itself: run `git lfs pull` in "
                f"{folder}, or download it again."
            )


def require_weights(folder: Path, family: type[PrmFamily], config: Mapping[str, Any]) -> None:
    """Raises what is wrong with the weights of a checkpoint.

    Args:
        folder: The checkpoint.
        family: The family that it is read as.
        config: Its `config.json`.

    Raises:
        ModelError: Weights are missing, not whole, or quantised.
        NotAPrmError: They are whole, and not those of such a PRM.
    """
    files = _files(folder)
    for file in files:
        if file.suffix == ".bin" and not zipfile.is_zipfile(file) and not _starts(file, b"\x80"):
            raise ModelError(f"{file} is not whole: download it again.")
    quantization = config.get("quantization_config") or config.get("compression_config")
    if quantization:
        method = quantization.get("quant_method", "of some kind")
        raise ModelError(
            f"{folder} is quantised ({method}), and rewards are read from whole weights: name the "
            "checkpoint that it was made from. vLLM can quantise that while it loads it.",
            settings=["quantization"],
        )
    try:
        require_head(family, config, weight_shapes(folder), str(folder))
    except FamilyError as error:
        raise NotAPrmError(f"{error}.") from error
    except KeyError as error:
        raise ModelError(f"{folder / 'config.json'} does not give {error}.") from error
    except OSError as error:
        raise ModelError(f"{error}: download it again.") from error


def _files(folder: Path) -> list[Path]:
    """The files of its weights; raises ModelError if one is missing."""
    for index, pattern in _KINDS:
        if files := sorted(folder.glob(pattern)):
            if not (folder / index).is_file():
                return files
            weights = json.loads((folder / index).read_text())["weight_map"]
            shards = {folder / shard for shard in weights.values()}
            if missing := sorted(shard.name for shard in shards if not shard.is_file()):
                raise ModelError(
                    f"{folder} lacks {len(missing)} of the {len(shards)} files of its weights, "
                    f"{missing[0]} among them: download it again."
                )
            return sorted(shards)
    raise ModelError(f"{folder} holds no weights (*.safetensors or pytorch_model*.bin).")


def _starts(file: Path, with_: bytes) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(with_)) == with_
