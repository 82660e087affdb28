"""The demo PRM's tokenizer: byte-level BPE with Qwen2's own rules for splitting text.

Digits are never merged, so that arithmetic is the same task for every number, and no token but the
newline itself holds a newline, because a Skywork-format reward is read there. The splitting rules
are Qwen2's to the letter: Transformers rebuilds them for every checkpoint of that model type,
whatever tokenizer.json says.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from vllm_prm.families.qwen import SYSTEM_PROMPT

from demo_prm.styles import draw_style, dress
from demo_prm.worked import Problem, render

VOCABULARY_SIZE = 4096
BOS, CHAT_START, CHAT_END, STEP_END = SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<extra_0>",
)

_QWEN2_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(texts: Iterable[str], size: int = VOCABULARY_SIZE) -> Tokenizer:
    """Learn `size` tokens from `texts`, line by line; the special tokens take the first ids."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_QWEN2_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    lines = (line for text in texts for line in text.splitlines())
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def corpus(problems: Sequence[Problem], seed: int = 0) -> Iterator[str]:
    """Every problem as it stands and in another layout, and the words of the chat template."""
    rng = random.Random(seed)
    for problem in problems:
        yield render(problem.question, problem.values)
        yield from (render(step.line, problem.values) for step in problem.steps)
        style = draw_style(rng, paragraphs=True)
        yield from dress(style, style.plan(problem, rng), problem.values, {})
        yield f"system\n{SYSTEM_PROMPT}\nuser\nassistant\n"


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer.json so that typed special tokens stay plain text."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    return tokenizer
