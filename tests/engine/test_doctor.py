"""`prm-app doctor` as a user runs it: a few lines, and rewards compared with known ones."""

import json
import subprocess
import sys

import pytest

from prm_app.cli import card_example
from prm_app.errors import ModelError

EXAMPLE = json.loads(card_example.FILE.read_text())


def doctor(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "prm_app.cli", "doctor", *options]
    return subprocess.run(command, capture_output=True, text=True)


def test_all_is_well_in_a_few_quiet_lines(model):
    done = doctor("--model", model)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(line.startswith("ok ") for line in lines) and 8 < len(lines) < 16
    assert done.stderr.strip() == ""
    assert any("bf16 arithmetic is" in line for line in lines)
    assert any("computes in float32 on the CPU" in line for line in lines)
    assert "of the model card's example" in lines[-1] and "at most" in lines[-1]


def test_the_demos_rewards_of_the_example_are_those_kept(scorer):
    """If the weights have changed on purpose, `python -m demo_prm.card_example` keeps the new."""
    values = EXAMPLE["rewards"][scorer.prm.key]["values"]
    assert scorer.precision == "float32 on the CPU"
    assert scorer.score(card_example.SOLUTION).rewards == pytest.approx(values, abs=1e-4)
    assert "differ by at most" in card_example.compare(scorer)


def test_rewards_that_are_not_the_published_ones_fail(scorer, monkeypatch):
    moved = [reward + 2e-4 for reward in EXAMPLE["rewards"][scorer.prm.key]["values"]]
    monkeypatch.setitem(
        card_example._EXAMPLE["rewards"], scorer.prm.key, {"values": moved, "source": "a test"}
    )
    with pytest.raises(ModelError, match="Do not trust"):
        card_example.compare(scorer)


def test_rewards_in_bf16_may_differ_by_more():
    done = doctor("--dtype", "bfloat16")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "computes in bfloat16 on the CPU" in done.stdout
