"""The commands with an engine of their own, as a user runs them."""

import json
import os
import subprocess
import sys
from itertools import combinations

import pytest

from prm_app.solutions.solution import solution


def test_score_with_an_engine_option_and_nothing_but_answers_on_stdout(scorer, model):
    problem, text = "What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14"
    lines = [{"problem": problem, "solution": each} for each in (text, "and " * 200)]
    command = [sys.executable, "-m", "prm_app.cli", "score", "-", "--json", "--model", model]
    done = subprocess.run(
        [*command, "--max-model-len", "128"],
        input="\n".join(map(json.dumps, lines)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    scored, failed = map(json.loads, done.stdout.splitlines())
    expected = scorer.score(solution(problem, text))
    assert scored["steps"] == list(expected.steps)
    assert scored["rewards"] == pytest.approx(expected.rewards, abs=1e-5)
    assert "the model reads at most 128" in failed["error"]
    assert "1 of 2 solutions could not be scored" in done.stderr
    lines[1]["solution"] = f"{text}\n{'and ' * 200}"
    done = subprocess.run(
        [*command, "--max-model-len", "128", "--fit"],
        input="\n".join(map(json.dumps, lines)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    whole, part = map(json.loads, done.stdout.splitlines())
    assert (whole["steps"], whole["unscored"]) == (part["steps"], [])
    assert part["rewards"] == pytest.approx(whole["rewards"], abs=1e-6)
    assert [each.strip() for each in part["unscored"]] == [("and " * 200).strip()]
    assert "of 1 of 2 solutions only the first steps fit" in done.stderr


def test_a_second_model_judges_beside_the_first():
    problem = "What is 2 + 3 * 4?"
    texts = ["3 * 4 = 12\n2 + 12 = 14", "2 + 3 = 5\n5 * 4 = 20", "3 * 4 = 12\n12 + 2 = 14"]
    lines = "\n".join(json.dumps({"problem": problem, "solution": text}) for text in texts)

    def answers(command: str, *models: str) -> list[dict]:
        options_of_models = [option for model in models for option in ("--model", model)]
        run = [sys.executable, "-m", "prm_app.cli", command, "-", "--json", *options_of_models]
        done = subprocess.run(run, input=lines, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    both, alone = answers("score", "demo-skywork", "demo-qwen"), answers("score", "demo-qwen")
    for row, expected in zip(both, alone, strict=True):
        assert row["model"] == "demo-skywork"
        assert row["compared_with"]["rewards"] == pytest.approx(expected["rewards"], abs=1e-5)
    [ranked] = answers("rank", "demo-skywork", "demo-qwen")
    first, second = ([row["mean"] for row in rows] for rows in (both, alone))
    order = sorted((1, 2, 3), key=lambda number: -second[number - 1])
    assert ranked["compared_with"]["order"] == order
    assert ranked["compared_with"]["best"] == order[0]
    pairs = list(combinations(range(3), 2))
    alike = sum((first[i] < first[j]) == (second[i] < second[j]) for i, j in pairs)
    assert ranked["compared_with"]["kendall_tau"] == pytest.approx(2 * alike / len(pairs) - 1)
    assert ranked["majority_vote"]["solutions"] == [1, 3]


def test_a_text_that_the_model_was_not_made_for_is_told_beside_its_rewards():
    texts = [
        {"problem": "What is 2 + 3 * 4?", "solution": "3 * 4 = 12\n2 + 12 = 14"},
        {"problem": "사과 12개 중 5개를 먹었다. 몇 개 남았는가?", "solution": "12 - 5 = 7이다."},
    ]
    for command, field in (("score", None), ("rank", "ranking")):
        run = [sys.executable, "-m", "prm_app.cli", command, "-", "--json"]
        lines = "\n".join(map(json.dumps, texts))
        done = subprocess.run(run, input=lines, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        rows = map(json.loads, done.stdout.splitlines())
        inside, outside = (row[field][0] if field else row for row in rows)
        assert inside["outside"] is None
        assert "grade-school mathematics in English" in outside["outside"]
        assert all(0 <= reward <= 1 for reward in outside["rewards"])
        assert "demo-skywork: 1 of 2 solutions are not what the model was made for" in done.stderr


def test_rewards_in_bf16_are_near_those_in_float32(scorer, model):
    problem, text = "What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14"
    command = [sys.executable, "-m", "prm_app.cli", "score", "--json", "--model", model]
    arguments = ["--dtype", "bfloat16", "--problem", problem, "--solution", text]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = scorer.score(solution(problem, text))
    # bf16 keeps 8 bits of each number in every layer: a reward moves by hundredths (0.017 seen).
    assert json.loads(done.stdout)["rewards"] == pytest.approx(expected.rewards, abs=0.05)


def test_bench_prints_its_table_on_stdout():
    command = [sys.executable, "-m", "prm_app.cli", "bench", "--peers", "ours"]
    small = ["--scenarios", "latency", "--problems", "1", "--repeats", "1"]
    done = subprocess.run([*command, *small], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "One solution alone, p50" in done.stdout
    assert "ceiling" not in done.stdout  # there is no plain vLLM to measure it in
    assert "│" not in done.stderr


def test_what_a_core_in_a_process_of_its_own_fails_of_is_said():
    command = [sys.executable, "-m", "prm_app.cli", "score", "--problem", "1 + 1?", "--solution"]
    done = subprocess.run(
        [*command, "1 + 1 = 2", "--kv-cache-memory-bytes", str(10**15)],
        env={**os.environ, "VLLM_ENABLE_V1_MULTIPROCESSING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3 and not done.stdout
    assert "prm-app: The model does not fit the memory of this machine" in done.stderr
    assert "931322.57 GiB" in done.stderr
