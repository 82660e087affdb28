"""The shipped weights give the card's figures, show what the examples say, and load as laid out."""

import json

import numpy as np
import pytest
import torch
from demo_prm import export
from demo_prm.calibrate import apply, fit, fit_platt
from demo_prm.eval_sets import Case, step_logits, step_rewards
from demo_prm.evaluate import SAMPLE, measure, read_sample
from demo_prm.model import DemoPrm, Shape
from safetensors import safe_open
from vllm_prm.families import load_family

from prm_app.evaluation.metrics import calibration_error, judged_steps
from prm_app.solutions.aggregation import first_error

FIGURES = json.loads(SAMPLE.with_name("sample_figures.json").read_text())
EXAMPLES = json.loads((export.CHECKPOINTS.parent / "examples.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model():
    return export.load()[0]


@pytest.fixture(params=export.FORMATS)
def fmt(request):
    return load_family(export.CHECKPOINTS / request.param)


def rewards(model, fmt, problem, solutions):
    cases = [Case(problem, solution.split("\n"), -1, "") for solution in solutions]
    return [1 / (1 + np.exp(-np.array(row))) for row in step_logits(model, fmt, cases)]


def test_the_sample_gives_the_figures_of_the_model_card(model, fmt):
    names = ("right, written by hand", "GSM8K test, 30 problems")
    sets = {name: read_sample()[name] for name in names}
    measures = measure(sets, fmt, lambda fmt, cases: step_logits(model, fmt, cases))
    for name in names:
        assert measures[name] == pytest.approx(FIGURES[fmt.name]["sets"][name], abs=0.005)


@pytest.mark.parametrize("example", EXAMPLES["score"], ids=lambda example: example["title"])
def test_an_example_shows_what_its_title_says(model, fmt, example):
    (row,) = rewards(model, fmt, example["problem"], [example["solution"]])
    first = first_error(row, 0.5)
    assert (-1 if first is None else first) == example["flagged"]


@pytest.mark.parametrize("example", EXAMPLES["best_of_n"], ids=lambda example: example["title"])
def test_a_best_of_n_example_picks_what_its_title_says(model, fmt, example):
    rows = rewards(model, fmt, example["problem"], example["solutions"])
    assert int(np.argmax([row.mean() for row in rows])) == example["picks"]


@pytest.mark.parametrize("name", export.FORMATS)
def test_the_index_names_every_weight_once(name):
    folder = export.CHECKPOINTS / name
    index = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    shards = {}
    for shard in set(index.values()):
        with safe_open(folder / shard, framework="pt") as file:
            shards |= dict.fromkeys(file.keys(), shard)
    assert shards == index


def test_the_trunk_is_one_file_that_both_formats_share():
    links = {(export.CHECKPOINTS / name / "trunk.safetensors").resolve() for name in export.FORMATS}
    assert links == {(export.CHECKPOINTS / "trunk.safetensors").resolve()}
    assert (export.CHECKPOINTS / "trunk.safetensors").stat().st_size < 24.5e6


def test_calibration_is_fair_to_each_source():
    rng = np.random.default_rng(0)
    sources = []
    for sureness in (2.0, 3.0):
        true = rng.normal(2, 2, size=(400, 4))
        wrong = rng.random(true.shape) > 1 / (1 + np.exp(-true))
        errors = np.where(wrong.any(1), wrong.argmax(1), -1)
        sources.append((errors.tolist(), (sureness * true - 3).tolist()))
    scale, shift = fit(sources)
    for errors, rows in sources:
        moved = step_rewards([scale * np.array(row) + shift for row in rows])
        before = calibration_error(*judged_steps(errors, step_rewards(rows)))
        after = calibration_error(*judged_steps(errors, moved))
        assert after < 0.05 < before


def test_an_exported_model_loads_again(tmp_path):
    torch.manual_seed(0)
    _, tokenizer = export.load()
    model = DemoPrm(Shape(hidden=64, layers=2, heads=2, intermediate=128))
    export.export(model, tokenizer, tmp_path)
    again, _ = export.load(tmp_path)
    for name, weight in again.state_dict().items():
        if not name.startswith("token_head"):
            assert torch.equal(weight, model.state_dict()[name].bfloat16().float())


def test_calibration_moves_both_heads_as_it_says():
    torch.manual_seed(0)
    model = DemoPrm(Shape(hidden=64, layers=1, heads=2, intermediate=64))
    hidden = torch.randn(5, 64)
    before = [logits.detach().clone() for logits in model.step_logits(hidden)]
    apply(model, 1, 0.5, 1.0)
    apply(model, 2, 2.0, -1.0)
    value, score = model.step_logits(hidden)
    torch.testing.assert_close(value, 0.5 * before[0] + 1.0)
    torch.testing.assert_close(score, 2.0 * before[1] - 1.0)


def test_platt_finds_the_scale_and_shift_that_made_the_labels():
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(20_000, generator=generator)
    labels = (torch.rand(20_000, generator=generator) < torch.sigmoid(0.5 * logits + 1)).float()
    scale, shift = fit_platt(logits.numpy(), labels.numpy())
    assert scale == pytest.approx(0.5, abs=0.05)
    assert shift == pytest.approx(1.0, abs=0.1)
