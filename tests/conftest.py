"""What the tests share: where the data lies, and real model solutions."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # slow is no fault of a test
settings.load_profile("any machine")

DATA = Path(os.environ.get("PRM_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with GSM8K and the real tokenizers, or a skip that says what is missing."""
    if not DATA.is_dir():
        pytest.skip(f"needs the test data: set PRM_TEST_DATA to its folder (looked in {DATA})")
    return DATA


@pytest.fixture(scope="session")
def real_solutions(data: Path) -> list[tuple[str, list[str]]]:
    """20 GSM8K test problems, each with 4 solutions by real models."""
    with open(data / "gsm8k" / "best_of_4_dev.jsonl", encoding="utf-8") as lines:
        rows = [json.loads(next(lines)) for _ in range(20)]
    return [(row["problem"], [each["solution"] for each in row["candidates"]]) for row in rows]
