"""Small random checkpoints of every PRM family in its published layout, and their tokenizers.

The Qwen vocabulary is the real one; those of Llama and Mistral are small, of the same kind, and
hold the tokens that the families need.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import small_tokenizers
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForTokenClassification,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2ForTokenClassification,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3ForTokenClassification,
)


def qwen_tokenizer(data: Path) -> Path:
    """The real one of Qwen2.5-Math-PRM, in which `<extra_0>` is a token."""
    return data / "tokenizers" / "qwen2.5-math-prm"


def skywork_tokenizer(data: Path) -> Path:
    """The real one of Skywork-o1-Open-PRM, which has a bos token."""
    return data / "tokenizers" / "skywork-o1-open-prm"


@dataclass(frozen=True)
class Layout:
    """How a published checkpoint is laid out.

    Attributes:
        family: The name of its family.
        model: A model of its architecture for this vocabulary size.
        tokenizer: Its tokenizer, or the folder of one, from the folder of the test data.
        architecture: The one that its config names, if it is another than the model's.
        head: Shapes of the layers that the model itself lacks.
        declared: Whether its family has to be said.
        options: Options of the family.
        binary: Whether its weights are in a `.bin`, not in safetensors.
        shards: Whether they are in several files.
    """

    family: str
    model: Callable[[int], PreTrainedModel]
    tokenizer: Callable[[Path], PreTrainedTokenizerFast | Path]
    architecture: str | None = None
    head: tuple[tuple[str, int], ...] = ()
    declared: bool = False
    options: tuple[tuple[str, str], ...] = ()
    binary: bool = False
    shards: bool = False

    def write(self, folder: Path, data: Path) -> Path:
        """Writes such a checkpoint with random weights, biases included."""
        torch.manual_seed(0)
        tokenizer = self.tokenizer(data)
        if isinstance(tokenizer, Path):
            shutil.copytree(tokenizer, folder, dirs_exist_ok=True)
            size = 151936
        else:
            tokenizer.save_pretrained(folder)
            size = len(tokenizer)
        model = self.model(size)
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.normal_(weight)
        model.save_pretrained(folder, max_shard_size="200KB" if self.shards else "1GB")
        if self.head or self.binary:
            self._with_head(folder, model.state_dict())
        config = folder / "config.json"
        if self.architecture is not None:
            content = json.loads(config.read_text()) | {"architectures": [self.architecture]}
            config.write_text(json.dumps(content))
        return folder

    def weights(self, folder: Path) -> dict[str, torch.Tensor]:
        """The weights of a written checkpoint that is in one file."""
        if self.binary:
            return torch.load(folder / "pytorch_model.bin")
        return load_file(folder / "model.safetensors")

    def _with_head(self, folder: Path, weights: dict[str, torch.Tensor]) -> None:
        """The weights again, with the head's."""
        for name, labels in self.head:
            weights[f"{name}.weight"] = torch.randn(labels, 64) / 4
            weights[f"{name}.bias"] = torch.randn(labels)
        for file in folder.glob("model*.safetensors*"):
            file.unlink()
        if self.binary:
            torch.save(weights, folder / "pytorch_model.bin")
        else:
            save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _model(kind: type[PreTrainedModel], config: Any, **more: Any) -> Callable[..., PreTrainedModel]:
    def build(vocabulary: int) -> PreTrainedModel:
        return kind(
            config(
                vocab_size=vocabulary,
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=1,
                head_dim=32,
                max_position_embeddings=2048,
                initializer_range=0.2,
                **more,
            )
        )

    return build


def llama_tokenizer(data: Path) -> PreTrainedTokenizerFast:
    return small_tokenizers.llama_tokenizer()


def mistral_tokenizer(data: Path) -> PreTrainedTokenizerFast:
    return small_tokenizers.mistral_tokenizer()


VALUE_HEAD = (("v_head.summary", 1),)
PROCESS_HEAD = (("score.0", 64), ("score.2", 2))
_TWO = {"num_labels": 2}
_ONE_WINDOW = {"sliding_window": None}

LAYOUTS = {
    "skywork": Layout(
        "skywork",
        _model(Qwen2ForCausalLM, Qwen2Config),
        skywork_tokenizer,
        architecture="Qwen2ForPrmModel",
        head=VALUE_HEAD,
        binary=True,
    ),
    "value-head-qwen3": Layout(
        "skywork", _model(Qwen3ForCausalLM, Qwen3Config), skywork_tokenizer, head=VALUE_HEAD
    ),
    "value-head-llama": Layout(
        "skywork",
        _model(LlamaForCausalLM, LlamaConfig),
        llama_tokenizer,
        architecture="LlamaForPrmModel",
        head=VALUE_HEAD,
    ),
    "qwen": Layout(
        "qwen",
        _model(Qwen2ForCausalLM, Qwen2Config),
        qwen_tokenizer,
        architecture="Qwen2ForProcessRewardModel",
        head=PROCESS_HEAD,
    ),
    "reasonflux": Layout(
        "qwen",
        _model(Qwen2ForCausalLM, Qwen2Config),
        qwen_tokenizer,
        architecture="Qwen2ForProcessRewardModel",
        head=PROCESS_HEAD,
        options=(("system_prompt", ""),),
    ),
    "trl-qwen2": Layout(
        "trl",
        _model(Qwen2ForTokenClassification, Qwen2Config, **_TWO),
        qwen_tokenizer,
        options=(("separator", "\n\n"),),
    ),
    "trl-qwen3": Layout(
        "trl", _model(Qwen3ForTokenClassification, Qwen3Config, **_TWO), qwen_tokenizer
    ),
    "trl-llama": Layout(
        "trl",
        _model(LlamaForTokenClassification, LlamaConfig, **_TWO),
        llama_tokenizer,
        shards=True,
    ),
    "math-shepherd": Layout(
        "math-shepherd",
        _model(MistralForCausalLM, MistralConfig, **_ONE_WINDOW),
        mistral_tokenizer,
        declared=True,
        binary=True,
    ),
    "rlhflow": Layout(
        "rlhflow",
        _model(LlamaForCausalLM, LlamaConfig),
        llama_tokenizer,
        declared=True,
        shards=True,
    ),
    "versaprm": Layout(
        "versaprm",
        _model(LlamaForCausalLM, LlamaConfig, tie_word_embeddings=True),
        llama_tokenizer,
        declared=True,
    ),
}
"""By name; those with the same family differ in trunk, options or tokenizer."""
