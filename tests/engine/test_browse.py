"""The figures of a file that the engine scores: the page's and those of `eval`, in both formats."""

import asyncio
import json
import subprocess
import sys

import pytest

from prm_app.evaluation.solution_file import Source, read_file
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui.browse_run import Run, scores_while_open
from prm_app.ui.browse_tab import SAMPLE

ROWS = 40


@pytest.mark.parametrize("model", ["demo-skywork", "demo-qwen"])
def test_page_and_command_line_show_the_same_figures(models, model, tmp_path):
    path = tmp_path / "half.jsonl"
    path.write_text("\n".join(SAMPLE.read_text().splitlines()[:ROWS]))
    command = [sys.executable, "-m", "prm_app.cli", "eval", str(path), "--json", "--model", model]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    file = read_file(path.read_bytes(), path.name)
    scorer, source = models.scorer(model), Source(model, live=True)
    rewards = file.rewards.setdefault(source, {})

    async def score() -> None:
        run = Run(len(file.items))
        async for outcomes in scores_while_open(scorer, list(enumerate(file.items)), run):
            for number, outcome in outcomes.items():
                assert isinstance(outcome, ScoredSolution)
                rewards[file.items[number].row.place] = outcome.rewards

    asyncio.run(score())
    for _ in file.judge():
        pass
    figures = file.figures(source, scorer.prm.threshold)
    results = record["results"]
    assert (figures["wrong"], figures["right"]) == (results["wrong"], results["right"])
    for name in ("calibration_error", "roc_auc"):
        assert figures[name] == pytest.approx(results[name], abs=1e-3)
    assert figures["found_by_label"] == results["found_by_label"]
    for mine, theirs in zip(figures["f1_by_threshold"], results["f1_by_threshold"], strict=True):
        assert mine == pytest.approx(theirs, abs=1e-9)
