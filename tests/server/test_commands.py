"""The commands and the page with --base-url, as a user runs them."""

import json
import subprocess
import sys

import pytest
from demo_prm.evaluate import read_sample
from gradio_client import Client

from prm_app.evaluation.metrics import detection
from prm_app.solutions.solution import Solution, solution

PROBLEM = "A pen costs 3 dollars. How much do 4 pens cost?"
TEXT = "4 pens cost 4 * 3 = 12 dollars.\nThe answer is 12."


def prm_app(*args: str, stdin: str = "") -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "prm_app.cli", *args]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=900)


@pytest.fixture
def expected(in_process):
    scorer = in_process.scorer("demo-qwen")
    return scorer.score(solution(PROBLEM, TEXT))


def test_score_prints_steps_rewards_and_average(qwen, expected):
    done = prm_app("score", "--base-url", qwen, "--problem", PROBLEM, "--solution", TEXT)
    assert done.returncode == 0, done.stderr
    assert "Number of steps: 2" in done.stdout
    for i, (step, reward) in enumerate(zip(expected.steps, expected.rewards, strict=True), 1):
        assert f"Step {i}: {reward:.4f} | {step}" in done.stdout
    mean = f"Average reward (for Best-of-N ranking): {expected.aggregate('mean'):.4f}"
    assert mean in done.stdout
    assert "\x1b" not in done.stdout


def test_score_reads_jsonl_keeps_order_and_says_what_failed(qwen, stock, expected):
    lines = [
        {"id": "a", "problem": PROBLEM, "solution": TEXT},
        {"id": "b", "problem": PROBLEM, "solution": "  "},
        {"id": "c", "problem": PROBLEM, "steps": TEXT.split("\n")},
        {"id": "d", "solution": TEXT},
    ]
    stdin = "\n".join(map(json.dumps, lines))
    servers = ("--base-url", qwen, "--base-url", stock)
    done = prm_app("score", "-", "--json", *servers, stdin=stdin)
    assert done.returncode == 1
    assert "2 of 4 solutions could not be scored" in done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["a", "b", "c", "d"]
    for row in rows[::2]:
        assert row["rewards"] == pytest.approx(expected.rewards, abs=1e-5)
    assert "line 2: The solution is empty" in rows[1]["error"]
    assert "line 4: The problem is empty" in rows[3]["error"]
    assert "rewards" not in rows[1]


def test_eval_judges_what_the_server_scores(qwen, in_process, tmp_path):
    cases = read_sample()["GSM8K test, 30 problems"][:6]
    rows = [{"problem": c.problem, "steps": c.steps, "label": c.error} for c in cases]
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(rows))
    done = prm_app("eval", str(path), "--json", "--base-url", qwen)
    assert done.returncode == 0, done.stderr
    scorer = in_process.scorer("demo-qwen")
    rewards = [scorer.score(Solution(c.problem, tuple(c.steps))).rewards for c in cases]
    expected = detection([c.error for c in cases], rewards, 0.5)
    results = json.loads(done.stdout)["results"]
    [own] = [row for row in results["detection"] if "the model's own" in row["chosen"]]
    assert (own["exact"], own["unflagged"]) == pytest.approx(expected[:2])


def test_rank_orders_votes_and_keeps_failures_apart(qwen, tmp_path):
    texts = [TEXT, "4 + 3 = 7\nThe answer is 7.", "4 * 3 = 12\n\\boxed{12.0}", "long " * 9000]
    file = tmp_path / "problems.jsonl"
    problems = [{"problem": PROBLEM, "solutions": texts}]
    problems.append({"problem": "What is 2 + 3?", "solutions": ["2 + 3 = 5", "2 + 3 = 6"]})
    file.write_text("\n".join(map(json.dumps, problems)))
    done = prm_app("rank", str(file), "--json", "--aggregate", "min", "--base-url", qwen)
    assert done.returncode == 1
    answer, other = map(json.loads, done.stdout.splitlines())
    assert (other["problem"], len(other["ranking"])) == ("What is 2 + 3?", 2)
    scored = [row for row in answer["ranking"] if "error" not in row]
    assert [row["min"] for row in scored] == sorted((row["min"] for row in scored), reverse=True)
    assert answer["best"] == scored[0]["solution"]
    assert "does not fit" in answer["ranking"][-1]["error"]
    assert answer["majority_vote"]["solutions"] == [1, 3]
    assert prm_app("rank", str(file), "--base-url", qwen).returncode == 1


def test_reward_gives_raw_rows_at_the_step_tag(qwen, stock):
    prompt = "<|im_start|>user\n2 + 3?<|im_end|>\n<|im_start|>assistant\n5<extra_0><|im_end|>"
    whole, tagged, from_server = (
        json.loads(prm_app("reward", "--json", "--base-url", url, *tag, prompt).stdout)
        for url, tag in ((qwen, ()), (qwen, ("--step-tag", "<extra_0>")), (stock, ()))
    )
    assert len(whole["rewards"]) == whole["tokens"]
    (position,) = tagged["positions"]
    assert tagged["rewards"] == [whole["rewards"][position]]
    assert from_server["rewards"] == [pytest.approx(tagged["rewards"][0], abs=1e-4)]


def test_failures_have_their_exit_codes(qwen):
    ask = ("--problem", PROBLEM, "--solution", TEXT)
    for args, code, says in (
        (("score", "--base-url", "127.0.0.1:9", *ask), 4, "No server answers"),
        (("score", "--base-url", qwen, "--model", "demo-skywork", *ask), 4, "not demo-skywork"),
        (("score", "--base-url", qwen, "--problem", PROBLEM), 2, "There is no solution"),
        (("score", "--base-url", qwen, "--max-model-len", "9", *ask), 2, "--max-model-len"),
        (("doctor", "--base-url", "127.0.0.1:9"), 4, "No server answers"),
    ):
        done = prm_app(*args)
        assert (done.returncode, done.stdout.count("Step 1")) == (code, 0), done.stderr
        assert says in done.stderr


def test_the_page_scores_on_the_servers(page, expected):
    client = Client(page, verbose=False)
    scored = client.predict(PROBLEM, TEXT, api_name="/score")
    assert scored["model"] == "demo-qwen"
    assert scored["rewards"] == pytest.approx(expected.rewards, abs=1e-5)
    ranking = client.predict(PROBLEM, [TEXT, "4 + 3 = 7"], api_name="/rank")
    assert sorted(row["solution"] for row in ranking["ranking"]) == [1, 2]
    best, other = ranking["ranking"]
    assert best["mean"] > other["mean"] and ranking["best"] == best["solution"]
    (first,) = (row for row in ranking["ranking"] if row["solution"] == 1)
    assert first["rewards"] == pytest.approx(expected.rewards, abs=1e-5)
    assert [model["key"] for model in client.predict(api_name="/models")] == ["demo-qwen"]
