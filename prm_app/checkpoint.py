"""A PRM's files: from a catalogue entry to a local folder with a checkpoint known to be a PRM.

Knows the hub and this machine's memory, no engine. What can go wrong with a model before a byte of
it is loaded shows here, while the former one still serves.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from safetensors import SafetensorError, safe_open
from tqdm.auto import tqdm
from vllm_prm.families import FamilyError, family_of

from prm_app.catalog import Prm
from prm_app.errors import ModelError, ModelNotFoundError, NotAPrmError, OutOfMemoryError

_CONFIG = ["*.json", "*.jinja", "merges.txt"]


def fetch(prm: Prm, on_progress: Callable[[float], None] = lambda done: None) -> tuple[Prm, Path]:
    """The entry with its family, and the folder of its checkpoint, downloaded where needed.

    `on_progress` is called with the part of the files that is there, in [0, 1].
    Raises ModelNotFoundError where there is no such checkpoint or no right to read it, NotAPrmError
    if it is of no family known here, and ModelError where a file is damaged.
    """
    prm, folder = describe(prm)
    if folder != Path(prm.checkpoint).expanduser() and not _cached(prm.checkpoint):
        _download(prm.checkpoint, [*_CONFIG, _weights(prm.checkpoint)], on_progress)
    for file in folder.glob("*.safetensors"):
        _require_whole(file)
    return prm, folder


def describe(prm: Prm) -> tuple[Prm, Path]:
    """As `fetch`, but without the weights: the folder may hold config and tokenizer alone."""
    folder = Path(prm.checkpoint).expanduser()
    if not folder.is_dir():
        if prm.checkpoint.startswith(("/", ".", "~")):
            raise ModelNotFoundError(f"There is no folder {prm.checkpoint}: check the path.")
        folder = _download(prm.checkpoint, _CONFIG, lambda done: None)
    return _with_family(prm, folder), folder


def require_memory(prm: Prm, folder: Path, available: int, itemsize: int) -> None:
    """Raises OutOfMemoryError where the weights alone, at `itemsize` bytes each, do not fit.

    `available` is the memory in bytes of the devices they are to be loaded on.
    """
    needed = parameters(folder) * itemsize
    if needed > available:
        raise OutOfMemoryError(
            f"{prm.title} needs about {needed / 1e9:.1f} GB for its weights alone, and "
            f"{available / 1e9:.1f} GB are there: choose a smaller model, free memory that other "
            "programs hold, or spread it over several GPUs.",
            settings=["tensor_parallel_size"],
        )


def parameters(folder: Path) -> int:
    """The number of weights in a checkpoint, from the sizes of its files.

    The dtype is the config's; 0 where there are no weights.
    """
    config = json.loads((folder / "config.json").read_text())
    dtype = config.get("dtype") or config.get("torch_dtype") or "float32"
    files = list(folder.glob("*.safetensors")) or list(folder.glob("*.bin"))
    return sum(file.stat().st_size for file in files) // (4 if dtype == "float32" else 2)


def _require_whole(file: Path) -> None:
    """Compares a safetensors file with its own header."""
    try:
        with safe_open(file, "np"):
            pass
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{file} is not whole, or only stands for a file that git-lfs was to fetch: download "
            f"it again ({error})."
        ) from error


def _with_family(prm: Prm, folder: Path) -> Prm:
    config = folder / "config.json"
    if not config.is_file():
        raise ModelNotFoundError(
            f"{prm.checkpoint} holds no config.json: a checkpoint is a folder with config.json, "
            "tokenizer files and weights."
        )
    try:
        content = json.loads(config.read_text())
        if not isinstance(content, dict):
            raise ValueError("it holds no object")
    except ValueError as error:
        raise ModelError(f"{config} is not readable as JSON: {error}.") from error
    try:
        return replace(prm, family=family_of(content, prm.checkpoint))
    except FamilyError as error:
        raise NotAPrmError(f"{error}.") from error


def _weights(repo: str) -> str:
    files = HfApi().list_repo_files(repo)
    return "*.safetensors" if any(file.endswith(".safetensors") for file in files) else "*.bin"


def _cached(repo: str) -> bool:
    try:
        folder = Path(snapshot_download(repo, local_files_only=True))
    except LocalEntryNotFoundError:
        return False
    for index in folder.glob("*.index.json"):
        shards = set(json.loads(index.read_text())["weight_map"].values())
        if all((folder / shard).exists() for shard in shards):
            return True
    return (folder / "model.safetensors").exists() or (folder / "pytorch_model.bin").exists()


def _download(repo: str, patterns: list[str], on_progress: Callable[[float], None]) -> Path:
    class Progress(tqdm):
        def update(self, n: float | None = 1) -> bool | None:
            done = super().update(n)
            if self.total and self.unit == "B":
                on_progress(min(1.0, self.n / self.total))
            return done

    try:
        return Path(snapshot_download(repo, allow_patterns=patterns, tqdm_class=Progress))
    except GatedRepoError as error:
        raise ModelNotFoundError(
            f"The download of {repo} was refused: accept its licence on "
            f"https://huggingface.co/{repo} and set HF_TOKEN to a token of that account."
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelNotFoundError(
            f"There is no model {repo} on the Hugging Face Hub, or it is private: check the name "
            "(owner/model, or a local folder), or set HF_TOKEN to a token that may read it."
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise ModelNotFoundError(
            f"{repo} could not be downloaded: the Hugging Face Hub was not reached. Check the "
            "network (or HF_ENDPOINT, HF_HUB_OFFLINE), or name a local folder."
        ) from error
