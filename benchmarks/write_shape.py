"""Checkpoints in the sizes of published PRMs and with random weights, for speed alone.

`python benchmarks/write_shape.py qwen-7b FOLDER`, then `prm-app bench --model FOLDER`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

_QWEN2 = {
    "model_type": "qwen2",
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "max_position_embeddings": 4096,
    "use_sliding_window": False,
    "attention_dropout": 0.0,
    "torch_dtype": "bfloat16",
    "bos_token_id": 151643,
    "eos_token_id": 151645,
}

SHAPES: dict[str, dict[str, Any]] = {
    "skywork-1.5b": _QWEN2
    | {
        "architectures": ["Qwen2ForPrmModel"],
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
    },
    "qwen-7b": _QWEN2
    | {
        "architectures": ["Qwen2ForProcessRewardModel"],
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152064,
        "tie_word_embeddings": False,
        "num_labels": 2,
    },
    "tiny": _QWEN2
    | {
        "architectures": ["Qwen2ForPrmModel"],
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
    },
}
"""Skywork-o1-Open-PRM-Qwen-2.5-1.5B, Qwen2.5-Math-PRM-7B, and one to try the benchmark with."""

TOKENIZERS = {
    "Qwen2ForPrmModel": "Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B",
    "Qwen2ForProcessRewardModel": "Qwen/Qwen2.5-Math-PRM-7B",
}


def write(shape: str, folder: Path, tokenizer: str | None = None) -> None:
    """Writes a checkpoint of this shape to a new folder: twice as many bytes as it has weights.

    The tokenizer is the published one, from the hub, unless a folder is named.
    """
    config = SHAPES[shape]
    folder.mkdir(parents=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    generator = torch.Generator(device).manual_seed(0)
    AutoTokenizer.from_pretrained(
        tokenizer or TOKENIZERS[config["architectures"][0]]
    ).save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    shards: list[dict[str, torch.Tensor]] = [{}]
    for name, size in _weights(config).items():
        if name.endswith("norm.weight"):
            weight = torch.ones(size)
        else:
            # The scale of an initialised layer keeps activations at 1 through any depth.
            scale = 1.0 if "embed" in name else size[-1] ** -0.5
            weight = torch.randn(size, generator=generator, device=device) * scale
        if sum(each.nbytes for each in shards[-1].values()) > 4e9:
            shards.append({})
        shards[-1][name] = weight.to("cpu", torch.bfloat16)
    index = {}
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        save_file(shard, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(shard, file)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": index})
    )


def _weights(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    keys = config["num_key_value_heads"] * hidden // config["num_attention_heads"]
    weights: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (config["vocab_size"], hidden)
    }
    for layer in range(config["num_hidden_layers"]):
        sizes = {
            "self_attn.q_proj.weight": (hidden, hidden),
            "self_attn.q_proj.bias": (hidden,),
            "self_attn.k_proj.weight": (keys, hidden),
            "self_attn.k_proj.bias": (keys,),
            "self_attn.v_proj.weight": (keys, hidden),
            "self_attn.v_proj.bias": (keys,),
            "self_attn.o_proj.weight": (hidden, hidden),
            "mlp.gate_proj.weight": (inner, hidden),
            "mlp.up_proj.weight": (inner, hidden),
            "mlp.down_proj.weight": (hidden, inner),
            "input_layernorm.weight": (hidden,),
            "post_attention_layernorm.weight": (hidden,),
        }
        weights |= {f"model.layers.{layer}.{name}": size for name, size in sizes.items()}
    weights["model.norm.weight"] = (hidden,)
    if config["architectures"] == ["Qwen2ForPrmModel"]:
        weights |= {"v_head.summary.weight": (1, hidden), "v_head.summary.bias": (1,)}
    else:
        weights |= {
            "score.0.weight": (hidden, hidden),
            "score.0.bias": (hidden,),
            "score.2.weight": (2, hidden),
            "score.2.bias": (2,),
        }
    return weights


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokenizer", metavar="FOLDER", help="in place of the hub's")
    arguments = parser.parse_args()
    write(arguments.shape, arguments.folder, arguments.tokenizer)
