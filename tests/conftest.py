"""What the tests share: the data of `tests/data`, and that a skipped test is a failed one."""

import json
import lzma
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("PRM_APP_DEMO", "small")  # the large one takes a tenth of a second a step
settings.register_profile("any machine", deadline=None)  # slow is no fault of a test
settings.load_profile("any machine")

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """A copy of `tests/data` with the tokenizers unpacked, one folder a family."""
    folder = shutil.copytree(DATA, tmp_path_factory.mktemp("data") / "data")
    vocabulary = json.loads(lzma.decompress((folder / "tokenizers/qwen2.5.json.xz").read_bytes()))
    for config in folder.glob("tokenizers/*/tokenizer_config.json"):
        own = json.loads(config.read_text())["added_tokens_decoder"]
        for token in vocabulary["added_tokens"]:
            token["content"] = own[str(token["id"])]["content"]
        config.with_name("tokenizer.json").write_text(json.dumps(vocabulary))
    return folder


@pytest.fixture(scope="session")
def real_solutions() -> list[tuple[str, list[str]]]:
    """20 GSM8K test problems, each with 4 solutions by real models."""
    return [
        (row["problem"], [each["solution"] for each in row["candidates"]])
        for row in _rows("gsm8k_best_of_4.jsonl")
    ]


@pytest.fixture(scope="session")
def real_steps() -> list[tuple[str, list[str]]]:
    """24 GSM8K problems, each with the steps of one real solution; many hold line breaks."""
    return [(row["problem"], row["steps"]) for row in _rows("processbench_gsm8k.jsonl")]


def _rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    return _not_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    return _not_skipped((yield))


def _not_skipped(report):
    """Turns a skip into a failure: what is not tested here is not known to work here."""
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"A test may not be skipped: {report.longrepr}"
    return report
