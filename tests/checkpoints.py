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

import torch
from safetensors.torch import load_file, save_file
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
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

# What the small vocabularies are trained on: English, numbers, the markers of the families.
TEXT = [
    "Tom has 3 boxes of 4 apples and eats 2. How many apples are left? The answer is 10.",
    "Step 1: 3 * 4 = 12. + Step 2: 12 - 2 = 10. - So there are 10 apples left.",
    "A pen costs 3 dollars. How much do 4 pens cost? 4 pens cost 4 * 3 = 12 dollars.",
    "ки ки ки ки + - + - + - + -",
    "user\n\nassistant\n\n+ - end \n\n\n\nend \n\n\n\nend \n\nend \n\n",
] * 20

LLAMA_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3 splits a text before its byte pairs are merged."""

LLAMA_CHAT = (
    "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
    "{{ content }}{% endfor %}"
)
"""Llama 3's chat template."""


def llama_tokenizer() -> PreTrainedTokenizerFast:
    """As Llama 3 has it: byte pairs of words, whole words of the vocabulary unmerged."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        TEXT, trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False)
    )
    special = ("begin_of_text", "start_header_id", "end_header_id", "eot_id")
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in special])
    bos = "<|begin_of_text|>"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=bos,
        eos_token="<|eot_id|>",
        chat_template=LLAMA_CHAT,
    )


def mistral_tokenizer() -> PreTrainedTokenizerFast:
    """As Llama 2 and Mistral have it: pieces of a text without words, bytes for what is unknown."""
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    learned = Tokenizer(models.BPE(unk_token="<unk>"))
    learned.pre_tokenizer = pre_tokenizers.Metaspace()
    learned.train_from_iterator(
        [line for text in TEXT for line in text.split("\n")],
        trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False),
    )
    model = json.loads(learned.to_str())["model"]
    tokenizer = Tokenizer(
        models.BPE(
            model["vocab"],
            [tuple(pair) for pair in model["merges"]],
            unk_token="<unk>",
            byte_fallback=True,
            fuse_unk=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in special[:3]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
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
            named = json.loads(config.read_text()) | {"architectures": [self.architecture]}
            config.write_text(json.dumps(named))
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


def _llama(data: Path) -> PreTrainedTokenizerFast:
    return llama_tokenizer()


def _mistral(data: Path) -> PreTrainedTokenizerFast:
    return mistral_tokenizer()


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
        _llama,
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
        "trl", _model(LlamaForTokenClassification, LlamaConfig, **_TWO), _llama, shards=True
    ),
    "math-shepherd": Layout(
        "math-shepherd",
        _model(MistralForCausalLM, MistralConfig, **_ONE_WINDOW),
        _mistral,
        declared=True,
        binary=True,
    ),
    "rlhflow": Layout(
        "rlhflow", _model(LlamaForCausalLM, LlamaConfig), _llama, declared=True, shards=True
    ),
    "versaprm": Layout(
        "versaprm",
        _model(LlamaForCausalLM, LlamaConfig, tie_word_embeddings=True),
        _llama,
        declared=True,
    ),
}
"""By name; those with the same family differ in trunk, options or tokenizer."""
