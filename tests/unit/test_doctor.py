"""What `prm-app doctor` says of a model's rewards and of the cards, without an engine."""

import json
from types import SimpleNamespace

import pytest

from prm_app.catalog import CATALOG, find_model
from prm_app.cli import card_example, doctor
from prm_app.errors import ModelError

PUBLISHED = json.loads(card_example.FILE.read_text())["rewards"]


def scorer(key: str, rewards: list[float]) -> SimpleNamespace:
    """A model on a GPU that gives these rewards to everything."""
    scored = SimpleNamespace(rewards=tuple(rewards))
    return SimpleNamespace(
        prm=find_model(key), precision="bfloat16 on the GPU", score=lambda solution: scored
    )


def test_published_rewards_are_of_catalogued_models_and_of_every_step():
    assert {key.removesuffix("-large") for key in PUBLISHED} <= {prm.key for prm in CATALOG}
    assert all(
        len(each["values"]) == len(card_example.SOLUTION.steps) for each in PUBLISHED.values()
    )
    assert {prm.key for prm in CATALOG if prm.bundled} <= set(PUBLISHED)


@pytest.mark.parametrize("key", PUBLISHED)
def test_what_rounding_does_is_well(key):
    near = [reward - 0.06 for reward in PUBLISHED[key]["values"]]
    assert "differ by at most 0.06" in card_example.compare(scorer(key, near))


def test_flat_rewards_are_not_those_of_the_model_card():
    flat = [0.27, 0.25, 0.23, 0.22]  # what the model's own code gives with a later Transformers
    with pytest.raises(ModelError, match=r"1\.0000, 0\.1904, 0\.9766, 1\.0000 \(its model card"):
        card_example.compare(scorer("Qwen2.5-Math-PRM-7B", flat))


def test_a_model_of_which_none_are_published_is_only_shown():
    sentence = card_example.compare(scorer("someone/new-prm", [0.5, 0.25, 1.0, 0.0]))
    assert sentence.startswith("rewards of the model card's example: 0.5000, 0.2500")
    assert "none are published" in sentence


def test_cards_and_drivers_are_named(monkeypatch, tmp_path):
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 580.82.07, 81559 MiB'")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor._cards() == ["NVIDIA H100 80GB HBM3, driver 580.82.07, 81559 MiB"]
    smi.write_text("#!/bin/sh\necho 'no devices were found'; exit 6")
    assert doctor._cards() == []
    smi.unlink()
    assert doctor._cards() == []
