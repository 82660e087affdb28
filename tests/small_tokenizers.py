"""Small tokenizers of the kinds of Llama 3 and Mistral, with the tokens that PRM families need."""

import json

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
from transformers import PreTrainedTokenizerFast

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
