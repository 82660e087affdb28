"""`prm-app eval` for real: the demo PRM on a ProcessBench file and on candidates, with failures."""

import json
import re
import subprocess
import sys

import pytest
from demo_prm.evaluate import read_sample

from prm_app.evaluation.metrics import detection
from prm_app.solutions.solution import Solution, solution

LONG = "and " * 600


def evaluate(path, *options):
    command = [sys.executable, "-m", "prm_app.cli", "eval", str(path), "--max-model-len", "512"]
    return subprocess.run([*command, *options], capture_output=True, text=True)


def test_first_errors_are_found_as_the_rewards_say(scorer, model, tmp_path):
    cases = read_sample()["GSM8K test, 30 problems"][:12]
    data = [{"problem": c.problem, "steps": c.steps, "label": c.error, "id": 1} for c in cases]
    # Two lines of one step, which has one reward; and a blank step, which has none.
    steps = cases[0].steps
    data[0]["steps"] = ["\n".join(steps[:2]), *steps[2:]]
    data[0]["label"] = max(cases[0].error - 1, min(cases[0].error, 0))
    data[1]["steps"] = [" \n ", *data[1]["steps"]]
    data[1]["label"] += cases[1].error >= 0
    path = tmp_path / "bench.json"
    path.write_text(json.dumps([*data, {"problem": "p", "steps": [LONG], "label": 0}]))
    done = evaluate(path, "--json", "--model", model)
    assert done.returncode == 1, done.stderr
    assert "entry 13, line 1: The problem and solution are" in done.stderr
    record = json.loads(done.stdout)
    assert (record["model"], record["rows"], len(record["failures"])) == (model, 13, 1)
    assert record["settings"]["engine"]["max_model_len"] == 512
    scored = [scorer.score(Solution(p["problem"], tuple(p["steps"]))).rewards for p in data]
    first = data[0]["label"], *(c.error for c in cases[1:])
    expected = detection(first, scored, 0.5)
    results = record["results"]
    by_choice = {row["chosen"].split(",")[0]: row for row in results["detection"] if row["chosen"]}
    own = by_choice["the model's own"]
    assert (results["wrong"], results["right"]) == (expected.wrong, expected.right)
    assert (own["exact"], own["unflagged"]) == pytest.approx(expected[:2])
    assert max(row["f1"] for row in results["detection"]) >= own["f1"]
    assert 0.5 < results["roc_auc"] <= 1


def test_best_of_n_leaves_out_a_problem_that_cannot_be_scored(models, tmp_path):
    scorer = models.scorer("demo-qwen")
    texts = [case.steps for case in read_sample()["GSM8K test, 30 problems"][:2]]
    problem = read_sample()["GSM8K test, 30 problems"][0].problem
    right, wrong = ("\n".join(steps) for steps in texts)
    row = {
        "problem": problem,
        "candidates": [
            {"solution": wrong, "is_correct": False},
            {"solution": right, "is_correct": True},
        ],
    }
    long = {"problem": problem, "candidates": [{"solution": LONG, "is_correct": True}]}
    path = tmp_path / "best.jsonl"
    path.write_text("\n".join(map(json.dumps, (row, row, long))))
    done = evaluate(path, "--model", "demo-qwen")
    assert done.returncode == 1, done.stderr
    assert "line 3, solution 1: The problem and solution are" in done.stderr
    means = [scorer.score(solution(problem, text)).aggregate() for text in (right, wrong)]
    lines = {
        line.split("  ")[1].strip(): re.findall(r"\S+%", line)[:2]
        for line in done.stdout.split("\n")
        if "%" in line
    }
    assert lines["mean"] == ["50.0%", "100.0%" if means[0] > means[1] else "0.0%"]
    assert lines["oracle"] == ["50.0%", "100.0%"]
    assert "of 2 problems" in done.stdout


def test_all_is_well_ends_with_0(tmp_path):
    path = tmp_path / "one.jsonl"
    path.write_text('{"problem": "2 + 2?", "steps": ["2 + 2 = 4"], "label": -1}\n[]')
    done = evaluate(path, "--limit", "1")
    assert done.returncode == 0, done.stderr
    assert "none flagged in 1 right" in done.stdout
    assert "best on this data" not in done.stdout
