"""The base's tokens that the training texts use: `python -m demo_prm.tokens --help`.

Training predicts among these alone, a third of the vocabulary; the others keep their embedding.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from demo_prm.real import (
    MR_GSM8K,
    PRMBENCH,
    PROCESSBENCH,
    STRICT_GSM8K,
    STRICT_MATH,
    ZEROEVAL,
    rows,
)
from prm_app.base_model import Base

_FILES = (*PROCESSBENCH, STRICT_GSM8K, STRICT_MATH, ZEROEVAL, PRMBENCH, MR_GSM8K)
_ALWAYS = 600
_SOURCES = (
    *("stories.txt", "stories.py", "story_rules.py", "drills.py", "styles.py", "chat.py"),
    *("sample.jsonl", "written.json"),
)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name != "published_step_scores":
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.tokens", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--base", type=Path, required=True, help="the base model's GGUF file")
    parser.add_argument("--real", type=Path, required=True, help="folder of real solutions")
    parser.add_argument("--gsm8k", type=Path, required=True, help="folder of GSM8K's files")
    parser.add_argument("--out", type=Path, required=True, help="tokens.npy")
    args = parser.parse_args()
    tokenizer = Base(args.base).tokenizer()
    used = set(range(_ALWAYS))
    used |= {number for name, number in tokenizer.get_vocab().items() if len(name) <= 2}
    here = Path(__file__).parent
    plain = "\n".join((here / name).read_text(encoding="utf-8") for name in _SOURCES)
    words = plain.split() + [f" {word}" for word in plain.split()]
    files = [args.real / name for name in _FILES] + sorted(args.gsm8k.glob("*.jsonl"))
    for batch in (words, plain.split("\n"), *(list(texts(list(rows(file)))) for file in files)):
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            used.update(encoding.ids)
    np.save(args.out, np.array(sorted(used), np.int32))
    print(f"{len(used)} of {tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
