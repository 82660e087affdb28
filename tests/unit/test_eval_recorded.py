"""Rewards that a file holds: `eval` reads them as recorded, without an engine."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from prm_app.cli import main
from prm_app.evaluation import metrics
from prm_app.evaluation.verdicts import disagreement, surprise, surprise_of_answer, verdict
from prm_app.solutions.aggregation import AGGREGATIONS, aggregate

STRICT = Path(__file__).parents[1] / "data" / "strict_gsm8k_best_of_8.jsonl.gz"
ROWS = [json.loads(line) for line in gzip.decompress(STRICT.read_bytes()).splitlines()]
NAMES = list(ROWS[0]["candidates"][0]["published_step_scores"])
LABELLED_ROWS = [
    {"problem": "p", "steps": ["a", " ", "b"], "label": 2, "rewards": [0.9, 0.2], "model": "other"},
    {"problem": "q", "steps": ["a", "b"], "label": -1, "rewards": [0.9, 0.8], "model": "other"},
    {"problem": "r", "steps": ["a", "b"], "label": -1, "step_rewards": [0.4, 0.8]},
]


@pytest.fixture(scope="module")
def record() -> dict:
    """What `eval --json` says of the file, in a process of its own that must load no engine."""
    code = (
        "import sys; from prm_app.cli import main; code = main(sys.argv[1:]);"
        "assert 'vllm' not in sys.modules and 'torch' not in sys.modules; sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "eval", str(STRICT), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_recorded_model_is_shown_by_its_name_and_no_other(record):
    assert list(record["recorded"]) == NAMES
    assert record["model"] is None and record["results"] == {}


def test_best_of_n_is_what_choosing_by_hand_gives(record):
    for name in NAMES:
        accuracy = record["recorded"][name]["results"]["accuracy"]["8"]
        for how in AGGREGATIONS:
            right = []
            for row in ROWS:
                scores = [
                    aggregate(each["published_step_scores"][name], how)
                    for each in row["candidates"]
                ]
                best = [
                    each["is_correct"]
                    for each, score in zip(row["candidates"], scores, strict=True)
                    if score == max(scores)
                ]
                right.append(np.mean(best))
            assert accuracy[how] == pytest.approx(np.mean(right)), (name, how)
        assert accuracy["random"] < accuracy["majority_vote"] <= accuracy["oracle"]


def test_an_interval_holds_its_share(record):
    results = record["recorded"]["qwen_prm"]["results"]
    for size, rules in results["intervals"].items():
        for rule, (low, high) in rules.items():
            assert 0 <= low <= results["accuracy"][size][rule] <= high <= 1
    assert metrics.wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert metrics.wilson(1, 10) == pytest.approx((0.7225, 1), abs=1e-4)


def test_first_errors_by_recorded_rewards(tmp_path, capsys):
    path = tmp_path / "scored.jsonl"
    path.write_text("\n".join(map(json.dumps, LABELLED_ROWS)))
    assert main(["eval", str(path), "--json"]) == 0
    recorded = json.loads(capsys.readouterr().out)["recorded"]
    assert list(recorded) == ["other", "step_rewards"]
    other = recorded["other"]["results"]
    assert (other["wrong"], other["right"]) == (1, 1)
    assert {"label": 1, "found": 1, "solutions": 1} in other["found_by_label"]
    by_threshold = {row["threshold"]: row["f1"] for row in other["f1_by_threshold"]}
    assert by_threshold[0.5] == 1 and by_threshold[0.1] == 0
    assert recorded["step_rewards"]["results"]["right"] == 1
    assert main(["eval", str(path), "--threshold", "0.1"]) == 0
    printed = capsys.readouterr().out
    assert "other, as recorded in" in printed and "--threshold" in printed


def test_what_is_no_reward_is_told_and_the_rest_is_measured(tmp_path, capsys):
    path = tmp_path / "scored.jsonl"
    bad = LABELLED_ROWS[1] | {"rewards": [1.5, 0.8]}
    path.write_text("\n".join(map(json.dumps, [*LABELLED_ROWS, bad])))
    assert main(["eval", str(path)]) == 1
    said = capsys.readouterr()
    assert "scored.jsonl, line 4: “rewards” holds something that is no reward" in said.err
    assert "other, as recorded" in said.out


def test_shares_at_many_thresholds_are_those_of_each():
    errors, rewards = [1, 0, -1], [[0.9, 0.2], [0.4, 0.9], [0.7, 0.4]]
    at = np.array([0, 0.2, 0.3, 0.41, 0.9, 1])
    found = metrics.shares_at(errors, rewards, at)
    for i, threshold in enumerate(at):
        one = metrics.detection(errors, rewards, float(threshold))
        assert (found.exact[i], found.unflagged[i]) == (one.exact, one.unflagged)
        assert found.f1[i] == pytest.approx(one.f1)


def test_bins_hold_every_step():
    rewards, labels = np.array([0.0, 0.34, 0.35, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    bins = metrics.histogram(rewards, labels, 3)
    assert [(b.right, b.wrong) for b in bins] == [(0, 1), (1, 1), (1, 0)]
    assert [b.mean for b in bins] == pytest.approx([0, 0.345, 1])


@pytest.mark.parametrize(
    ("label", "found", "said"),
    [
        (1, 1, "found"), (1, None, "missed"), (1, 0, "too early"), (1, 2, "too late"),
        (-1, 0, "false alarm"), (-1, None, "rightly unflagged"),
    ],
)  # fmt: skip
def test_verdicts(label, found, said):
    assert verdict(label, found) == said


def test_surprise_and_disagreement():
    assert surprise([0.9, 0.8, 0.1], 1) == pytest.approx(0.8)  # a wrong step with 0.8
    assert surprise([0.9, 0.8, 0.1], -1) == pytest.approx(0.9)  # a right step with 0.1
    assert surprise_of_answer([0.9, 0.7], right=True) == pytest.approx(0.3)
    assert surprise_of_answer([0.9, 0.7], right=False) == pytest.approx(0.7)
    assert disagreement([0.9, 0.2], [0.8, 0.7]) == pytest.approx(0.5)
