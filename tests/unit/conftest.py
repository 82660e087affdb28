"""The tokenizers of the families, each loaded once: the real vocabulary takes a second."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import checkpoints
import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerFast

Load = Callable[[Callable[[Path], PreTrainedTokenizerFast | Path]], PreTrainedTokenizerFast]


@pytest.fixture(scope="session")
def loaded(data, tmp_path_factory) -> Load:
    """A layout's tokenizer as it is loaded from its files; layouts may share one."""

    @cache
    def load(tokenizer):
        made = tokenizer(data)
        if not isinstance(made, Path):
            made, unsaved = tmp_path_factory.mktemp("tokenizer"), made
            unsaved.save_pretrained(made)
        return AutoTokenizer.from_pretrained(made)

    return load


@pytest.fixture(scope="session")
def skywork_tokenizer(loaded):
    return loaded(checkpoints.skywork_tokenizer)


@pytest.fixture(scope="session")
def qwen_tokenizer(loaded):
    return loaded(checkpoints.qwen_tokenizer)


@pytest.fixture(scope="session")
def llama_tokenizer(loaded):
    return loaded(checkpoints.llama_tokenizer)


@pytest.fixture(scope="session")
def mistral_tokenizer(loaded):
    return loaded(checkpoints.mistral_tokenizer)
