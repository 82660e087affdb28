"""The benchmark's own sums: which prompts, which differences it lets pass, what it prints."""

import json
import re
from io import StringIO

import pytest
from rich.console import Console

from prm_app.bench import prompts, report, run
from prm_app.bench.ceiling import above, set_shares
from prm_app.bench.checks import Checks
from prm_app.catalog import find_model
from prm_app.errors import InputError


def first(seed, **sizes):
    sizes = {"candidates": 2, "steps": 3, "sentences": 1} | sizes
    return prompts.take(prompts.made_up(**sizes, seed=seed), 1)[0]


def test_a_seed_gives_the_same_problems_again_and_another_one_others():
    assert first(1) == first(1) != first(2)


def test_candidates_share_the_problem_and_have_the_steps_asked_for():
    one, other = first(1, steps=7)
    assert one.problem == other.problem and one.steps != other.steps
    assert len(one.steps) == len(other.steps) == 7
    assert not any("\n" in step for step in one.steps)


def test_an_edit_changes_one_step():
    original = first(1)[0]
    changed = prompts.edited(original, 1)
    differ = [a != b for a, b in zip(original.steps, changed.steps, strict=True)]
    assert differ == [False, True, False]


def test_prompts_from_a_file(tmp_path):
    file = tmp_path / "problems.jsonl"
    row = {"problem": "1 + 1?", "candidates": [{"solution": "1 + 1 = 2\nA: 2"}, {"steps": ["3"]}]}
    file.write_text(json.dumps(row) + "\n")
    (problem,) = prompts.from_file(file)
    assert [each.steps for each in problem] == [("1 + 1 = 2", "A: 2"), ("3",)]
    with pytest.raises(InputError, match="end after 1 of 2"):
        prompts.take(prompts.from_file(file), 2)
    file.write_text('{"question": 1}\n')
    with pytest.raises(InputError, match="line 1"):
        list(prompts.from_file(file))


@pytest.mark.parametrize(
    ("peer", "difference", "equal"),
    [
        ("vllm", 9e-6, True),
        ("vllm", 2e-5, False),
        ("transformers", 9e-4, True),
        ("transformers", 2e-3, False),
    ],
)
def test_a_reward_that_differs_by_more_than_rounding_fails(peer, difference, equal):
    checks = Checks(float32=True, quantised=False)
    checks.compare({"ours": [(0.5, 0.25)], peer: [(0.5, 0.25 + difference)]})
    assert checks.record()["equal"] is equal


def test_a_missing_reward_fails_whatever_the_precision():
    checks = Checks(float32=True, quantised=False)
    checks.compare({"ours": [(0.5,)], "transformers": [(0.5, 0.5)]})
    assert checks.record()["equal"] is False


def test_the_report_says_where_rewards_are_not_equal():
    checks = Checks(float32=True, quantised=False)
    checks.compare({"ours": [(0.5,)], "vllm": [(0.7,)]})
    record = {
        "date": "2026-01-01T00:00:00+00:00",
        "model": "demo",
        "machine": {"gpus": [], "processor": "one", "cores": 2, "versions": {"vllm": "0.32.0"}},
        "settings": {"candidates": 8, "users": 4},
        "ceiling": {"flops": 1e11, "tokens_per_second": 5e3},
        "results": {"latency": {"ours": {"p50": 0.0501, "p95": 0.123}}},
        "memory": {"ours": {"resident_bytes": 5e8}},
        "checks": checks.record(),
    }
    console = Console(width=120, file=StringIO())
    console.print(report.table(record))
    text = console.file.getvalue()
    assert "NOT EQUAL: 1 rewards of prm-app and vLLM encode differ by at most 2.0e-01" in text
    assert re.search(r"One solution alone, p50; p95, ms +│ 50.1; 123", text)


def test_peers_are_loaded_one_after_the_other_and_closed(monkeypatch, tmp_path):
    """On a GPU vLLM takes for its own use what another peer allocates during its load."""
    events = []

    class Worker:
        def __init__(self, peer, *settings):
            self.peer = peer
            events.append(f"{peer} starts")

        def wait(self):
            events.append(f"{self.peer} is ready")
            return 1.5

        def close(self):
            events.append(f"{self.peer} is closed")

    monkeypatch.setattr(run, "require_engine", lambda: None)
    monkeypatch.setattr(run, "Worker", Worker)
    monkeypatch.setattr(run, "measure", lambda settings, workers, tell: {"results": {}})
    settings = run.Settings(find_model("demo-skywork"), tmp_path, peers=("vllm", "ours"))
    assert run.run(settings)["results"]["start"] == {
        "vllm": {"ready": 1.5},
        "ours": {"ready": 1.5},
    }
    assert events == [
        *("vllm starts", "vllm is ready", "ours starts", "ours is ready"),
        *("ours is closed", "vllm is closed"),
    ]


def test_a_record_keeps_the_settings_that_change_a_figure(tmp_path):
    prm = find_model("demo-skywork")
    settings = run.Settings(prm, tmp_path, {"dtype": "float32"}, prompts=tmp_path / "real.jsonl")
    numbers = {"problems": 8, "candidates": 8, "steps": 8, "sentences": 1, "repeats": 3}
    assert json.loads(json.dumps(settings.record())) == {
        **numbers,
        "users": 64,
        "engine": {"dtype": "float32"},
        "prompts": str(tmp_path / "real.jsonl"),
    }
    assert "prompts" not in run.Settings(prm, tmp_path).record()


def test_shares_of_the_ceiling_count_what_was_computed():
    results = {
        "distinct": {
            "ours": {"tokens_per_second": 90.0, "computed_share": 1.0},
            "transformers": {"tokens_per_second": 400.0, "computed_share": 1.0},
        },
        "best-of-n": {"ours": {"tokens_per_second": 250.0, "computed_share": 0.3}},
        "latency": {"ours": {"p50": 0.1}},
    }
    set_shares(results, 100.0)
    assert results["distinct"]["ours"]["ceiling_share"] == pytest.approx(0.9)
    assert results["best-of-n"]["ours"]["ceiling_share"] == pytest.approx(0.75)
    assert "ceiling_share" not in results["distinct"]["transformers"]
    assert above(results) == []
    set_shares(results, 50.0)
    assert above(results) == ["distinct, ours: 180%", "best-of-n, ours: 150%"]
