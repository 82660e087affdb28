"""Real solutions have the same rewards on the command line, on a server and on the page."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gradio_client import Client

from prm_app.solutions.shapes import read_problems
from prm_app.solutions.solution import Solution

FILE = Path(__file__).parents[1] / "data" / "processbench_gsm8k.jsonl"
BETWEEN = "\n<step>\n"
"""A text that is in no solution: split at it, the steps are those of the file."""


@pytest.mark.parametrize("family", ["skywork", "qwen"])
def test_real_solutions_have_the_same_rewards_on_every_way(family, request, in_process, api_key):
    rows = [problem.rows[0] for problem in read_problems(FILE.read_bytes(), FILE.name)]
    scorer = in_process.scorer(f"demo-{family}")
    expected = [scorer.score(Solution(row.problem, row.steps)).rewards for row in rows]
    url = request.getfixturevalue(family)
    command = [sys.executable, "-m", "prm_app.cli", "score", str(FILE), "--json"]
    done = subprocess.run(
        [*command, "--base-url", url, "--api-key", api_key], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for row, rewards, line in zip(rows, expected, done.stdout.splitlines(), strict=True):
        answer = json.loads(line)
        assert (answer["line"], answer["generator"]) == (row.place.line, row.generator)
        assert answer["steps"] == list(row.steps)
        assert answer["rewards"] == pytest.approx(rewards, abs=1e-5)
    if family == "qwen":
        client = Client(request.getfixturevalue("page"), verbose=False)
        for row, rewards in zip(rows, expected, strict=True):
            pair = row.problem, BETWEEN.join(row.steps)
            answer = client.predict(*pair, split="delimiter", delimiter=BETWEEN, api_name="/score")
            assert answer["rewards"] == pytest.approx(rewards, abs=1e-5)
