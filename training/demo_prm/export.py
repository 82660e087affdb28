"""Write the checkpoints: one trunk file, and per format a folder that stock loaders read.

    checkpoints/trunk.safetensors             the trunk in bfloat16
    checkpoints/{skywork,qwen}/               config, tokenizer, head.safetensors, an index, and a
                                              link to the trunk

The names and configuration are those of Skywork-o1-Open-PRM (`Qwen2ForPrmModel`,
`v_head.summary`) and Qwen2.5-Math-PRM (`Qwen2ForProcessRewardModel`, `score.0`, `score.2`).
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from demo_prm.model import DemoPrm, Shape
from demo_prm.tokenizer import BOS, CHAT_END, CHAT_START, STEP_END, load_tokenizer
from prm_app.demo_weights import SMALL as CHECKPOINTS

FORMATS = ("skywork", "qwen")
_TRUNK, _HEAD = "trunk.safetensors", "head.safetensors"
_ARCHITECTURES = {"skywork": "Qwen2ForPrmModel", "qwen": "Qwen2ForProcessRewardModel"}
_HEAD_NAMES = {
    "skywork": {"value_head": "v_head.summary"},
    "qwen": {"score_head.0": "score.0", "score_head.2": "score.2"},
}
_CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def export(model: DemoPrm, tokenizer: Tokenizer, folder: Path = CHECKPOINTS) -> None:
    """Write both checkpoints under `folder`."""
    weights = {name: p.detach().to("cpu", torch.bfloat16) for name, p in model.state_dict().items()}
    trunk = {name: p.contiguous() for name, p in weights.items() if name.startswith("model.")}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(trunk, folder / _TRUNK, metadata={"format": "pt"})
    for fmt in FORMATS:
        head = {
            f"{name}.{part}": weights[f"{source}.{part}"].contiguous()
            for source, name in _HEAD_NAMES[fmt].items()
            for part in ("weight", "bias")
        }
        target = folder / fmt
        target.mkdir(exist_ok=True)
        link = target / _TRUNK
        link.unlink(missing_ok=True)
        link.symlink_to(Path("..") / _TRUNK)
        save_file(head, target / _HEAD, metadata={"format": "pt"})
        size = sum(p.numel() * p.element_size() for p in (*trunk.values(), *head.values()))
        places = {name: _TRUNK for name in trunk} | {name: _HEAD for name in head}
        index = {"metadata": {"total_size": size}, "weight_map": places}
        _write_json(target / "model.safetensors.index.json", index)
        _write_json(target / "config.json", _config(model.shape, fmt, tokenizer))
        _write_json(target / "tokenizer_config.json", _tokenizer_config(model.shape, fmt))
        tokenizer.save(str(target / "tokenizer.json"))


def load(folder: Path = CHECKPOINTS) -> tuple[DemoPrm, Tokenizer]:
    """Read both checkpoints back into one float32 model, on the GPU where there is one.

    Its token head is left untrained.
    """
    config = json.loads((folder / "qwen" / "config.json").read_text())
    shape = Shape(
        vocabulary=config["vocab_size"],
        hidden=config["hidden_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        intermediate=config["intermediate_size"],
        context=config["max_position_embeddings"],
    )
    weights = _read(folder / _TRUNK)
    for fmt in FORMATS:
        stored = _read(folder / fmt / _HEAD)
        for ours, theirs in _HEAD_NAMES[fmt].items():
            weights |= {f"{ours}.{p}": stored[f"{theirs}.{p}"] for p in ("weight", "bias")}
    model = DemoPrm(shape)
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or any(not name.startswith("token_head.") for name in missing):
        raise ValueError(f"{folder}: missing weights {missing}, unknown weights {unexpected}")
    if torch.cuda.is_available():
        model.cuda()
    return model.eval(), load_tokenizer(folder / "qwen" / "tokenizer.json")


def _read(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118


def _config(shape: Shape, fmt: str, tokenizer: Tokenizer) -> dict:
    config = {
        "architectures": [_ARCHITECTURES[fmt]],
        "model_type": "qwen2",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "hidden_act": "silu",
        "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.norm_epsilon,
        "rope_theta": shape.rope_theta,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "attention_dropout": 0.0,
        "torch_dtype": "bfloat16",
        "bos_token_id": tokenizer.token_to_id(BOS),
        "eos_token_id": tokenizer.token_to_id(BOS),
        "pad_token_id": tokenizer.token_to_id(BOS),
    }
    return config | ({"num_labels": 2} if fmt == "qwen" else {})


def _tokenizer_config(shape: Shape, fmt: str) -> dict:
    return {
        "tokenizer_class": "Qwen2Tokenizer",
        "bos_token": BOS if fmt == "skywork" else None,
        "eos_token": BOS,
        "pad_token": BOS,
        "unk_token": None,
        "additional_special_tokens": [CHAT_START, CHAT_END, STEP_END],
        "chat_template": _CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "model_max_length": shape.context,
    }


def _write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
