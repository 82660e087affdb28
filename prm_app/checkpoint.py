"""A PRM's files: from a catalogue entry to a local folder with a checkpoint known to be a PRM.

Knows the hub and this machine's memory, no engine. What can go wrong with a model before a byte of
it is loaded shows here, while the former one still serves.
"""

from __future__ import annotations

import atexit
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from tqdm.auto import tqdm
from vllm_prm.families import (
    FamilyError,
    PrmFamily,
    UndeclaredFamilyError,
    family_of,
    load_family,
)
from vllm_prm.families.base import architectures_of
from vllm_prm.families.unsupported import adapter_advice
from vllm_prm.weights import safetensors_shapes

from prm_app import demo_weights
from prm_app.catalog import Prm
from prm_app.errors import ModelError, ModelNotFoundError, NotAPrmError, OutOfMemoryError
from prm_app.proxies import proxy_for
from prm_app.weights import require_no_pointers, require_weights

if TYPE_CHECKING:
    _Bar = tqdm[Any]
else:
    _Bar = tqdm  # generic in its stubs alone
_CONFIG = ["*.json", "*.jinja", "merges.txt"]


def fetch(prm: Prm, on_progress: Callable[[float], None] = lambda done: None) -> tuple[Prm, Path]:
    """The entry with its family, and the folder of its checkpoint, downloaded if needed.

    Args:
        prm: The model.
        on_progress: Called with the part of the files that is there, in [0, 1].

    Raises:
        ModelNotFoundError: There is no such checkpoint, or no right to read it.
        NotAPrmError: It is of no family known here, or lacks its head.
        ModelError: A file is missing, damaged or quantised.
    """
    if prm.bundled:
        demo_weights.prepare(Path(prm.checkpoint).name, on_progress)
    prm, folder = describe(prm)
    if not Path(prm.checkpoint).expanduser().is_dir() and not _cached(prm.checkpoint):
        _download(prm.checkpoint, [*_CONFIG, _weights(prm.checkpoint)], on_progress)
    require_no_pointers(folder)
    assert prm.family is not None, "a described model has its family"
    require_weights(folder, prm.family, _object(folder / "config.json"))
    return prm, folder


def describe(prm: Prm) -> tuple[Prm, Path]:
    """As `fetch`, but without the weights: the folder may hold config and tokenizer alone."""
    folder = Path(prm.checkpoint).expanduser()
    if prm.bundled:
        demo_weights.prepare(folder.name)
    if not folder.is_dir():
        if prm.checkpoint.startswith(("/", ".", "~")):
            raise ModelNotFoundError(f"There is no folder {prm.checkpoint}: check the path.")
        folder = _download(prm.checkpoint, _CONFIG, lambda done: None)
    return _with_family(prm, folder), whole(folder) if prm.bundled else folder


@cache
def whole(folder: Path) -> Path:
    """A folder with all weights of a bundled checkpoint.

    Weights that several share lie in the folder above, and links to them in theirs. An installed
    wheel has no links: what is missing is linked, with the rest, into a folder of this process.
    """
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    missing = [each for each in set(index["weight_map"].values()) if not (folder / each).exists()]
    if not missing:
        return folder
    links = Path(mkdtemp(prefix="prm-app-"))
    atexit.register(shutil.rmtree, links, ignore_errors=True)
    for file in (*folder.iterdir(), *(folder.parent / each for each in missing)):
        (links / file.name).symlink_to(file)
    return links


def open_family(prm: Prm, folder: Path, tokenizer: str | None = None) -> PrmFamily:
    """The family of a described checkpoint, with its tokenizer: ready to build prompts.

    Args:
        prm: The model.
        folder: Its checkpoint.
        tokenizer: Where its tokenizer is, if not with the checkpoint.

    Raises:
        ModelError: The tokenizer lacks what the family needs, cannot be read, or an option of the
            family is unknown.
    """
    try:
        return load_family(folder, prm.family, prm.family_options, tokenizer=tokenizer)
    except (FamilyError, OSError, ValueError) as error:
        raise ModelError(f"{prm.checkpoint} cannot be read as a PRM: {error}") from error


def require_memory(prm: Prm, folder: Path, available: int, itemsize: int) -> None:
    """Refuses a model whose weights alone do not fit.

    Args:
        prm: The model.
        folder: Its checkpoint.
        available: The memory of the devices that it is to be loaded on, in bytes.
        itemsize: Bytes of one weight there.

    Raises:
        OutOfMemoryError: They do not fit.
    """
    least = parameters(folder) * itemsize
    if least > available:
        raise OutOfMemoryError(
            f"{prm.title} needs about {least / 1e9:.1f} GB for its weights alone, and "
            f"{available / 1e9:.1f} GB are there: choose a smaller model, free memory that other "
            "programs hold, or spread it over several GPUs.",
            settings=["tensor_parallel_size"],
        )


def parameters(folder: Path) -> int:
    """The number of weights of a checkpoint in a local folder; see `count_parameters`."""
    return count_parameters(json.loads((folder / "config.json").read_text()))


def count_parameters(config: Mapping[str, Any]) -> int:
    """The weights of a decoder with this `config.json`: its embedding, attention and MLPs.

    That is all but a thousandth of them; 0 if the config does not give the sizes.
    """
    config = config.get("text_config") or config
    try:
        hidden, heads = config["hidden_size"], config["num_attention_heads"]
        size = config.get("head_dim") or hidden // heads
        attention = 2 * hidden * size * (heads + (config.get("num_key_value_heads") or heads))
        layer = attention + 3 * hidden * config["intermediate_size"]
        return int(config["vocab_size"] * hidden + config["num_hidden_layers"] * layer)
    except KeyError:
        return 0


def _with_family(prm: Prm, folder: Path) -> Prm:
    require_no_pointers(folder)
    config, adapter = folder / "config.json", folder / "adapter_config.json"
    if adapter.is_file() and not config.is_file():
        raise NotAPrmError(f"{prm.checkpoint} is {adapter_advice(_object(adapter))}.")
    if not config.is_file():
        raise ModelNotFoundError(
            f"{prm.checkpoint} holds no config.json: a checkpoint is a folder with config.json, "
            "tokenizer files and weights."
        )
    content = _object(config)
    if isinstance(content.get("architectures"), str):
        raise ModelError(
            f"“architectures” in {config} is a text, and vLLM reads it as a list: write "
            f"[{json.dumps(content['architectures'])}]."
        )
    try:
        return replace(prm, family=_family(prm, content, folder))
    except UndeclaredFamilyError as error:
        raise NotAPrmError(f"{error}.", settings=["family"]) from error
    except FamilyError as error:
        raise NotAPrmError(f"{error}.") from error


def _object(file: Path) -> dict[str, Any]:
    """The object in a JSON file; raises ModelError if it holds none."""
    try:
        content = json.loads(file.read_text())
        if not isinstance(content, dict):
            raise ValueError("it holds no object")
        return content
    except ValueError as error:
        raise ModelError(f"{file} is not readable as JSON: {error}.") from error


def _family(prm: Prm, config: dict[str, Any], folder: Path) -> type[PrmFamily]:
    """The family that the entry declares, else the one that the checkpoint shows."""
    if prm.family is None:
        return family_of(config, prm.checkpoint, weight_names(folder))
    if not prm.family.fits(config):
        raise FamilyError(
            f"{prm.checkpoint} cannot be read as a {prm.family.title}: its architecture is "
            f"{', '.join(architectures_of(config)) or 'not named'}, and those are "
            f"{' or '.join(prm.family.architectures)}"
        )
    return prm.family


def weight_names(folder: Path) -> set[str]:
    """The names of a checkpoint's weights, as far as its index and safetensors files tell them."""
    names: set[str] = set()
    for index in folder.glob("*.index.json"):
        names.update(json.loads(index.read_text())["weight_map"])
    try:
        return names | safetensors_shapes(folder).keys()
    except OSError as error:
        raise ModelError(f"{error}: download it again.") from error


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
    class Progress(_Bar):
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
    except (
        *(LocalEntryNotFoundError, OfflineModeIsEnabled, OSError),
        *(ImportError, ValueError),  # of a proxy that cannot be used
    ) as error:
        proxy = proxy_for(constants.ENDPOINT)
        way = f"through the proxy of {proxy.variable} " if proxy else ""
        raise ModelNotFoundError(
            f"{repo} could not be downloaded: the Hugging Face Hub was not reached {way}"
            f"({type(error.__cause__ or error).__name__}). Check the network (or HF_ENDPOINT, "
            "HF_HUB_OFFLINE), or name a local folder."
        ) from error
