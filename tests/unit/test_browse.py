"""A file that is browsed: what its list holds, the run that scores it, the figures of eval."""

import asyncio
import json
from pathlib import Path

import instant
import pytest

from prm_app.api.door import Door
from prm_app.cli import main
from prm_app.errors import InputError
from prm_app.evaluation.solution_file import SolutionFile, Source, facts, lines, read_file
from prm_app.ui import browse_run, browse_views
from prm_app.ui.browse_run import Run, scores_while_open
from prm_app.ui.browse_tab import SAMPLE
from prm_app.ui.evaluation_figures import pictures
from prm_app.ui.gate import VISITOR

STRICT = Path(__file__).parents[1] / "data" / "strict_gsm8k_best_of_8.jsonl.gz"


def half_with_rewards(path: Path) -> Path:
    """The bundled half of ProcessBench as `score --json` would leave it."""
    rows = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    for row in rows:
        row["model"] = "mine"
        row["rewards"] = [instant.reward(row["problem"], step) for step in row["steps"]]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def file_of(path: Path) -> SolutionFile:
    file = read_file(path.read_bytes(), path.name)
    for _ in file.judge():
        pass
    return file


@pytest.mark.parametrize("kind", ["first errors", "best of n"])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_page_and_command_line_show_the_same_figures(kind, threshold, tmp_path, capsys):
    path = STRICT if kind == "best of n" else half_with_rewards(tmp_path / "half.jsonl")
    assert main(["eval", str(path), "--json", "--threshold", str(threshold)]) == 0
    recorded = json.loads(capsys.readouterr().out)["recorded"]
    file = file_of(path)
    assert [source.name for source in file.rewards] == list(recorded)
    for source in list(file.rewards)[:2]:
        html = json.loads(json.dumps(file.figures(source, threshold)))
        results = recorded[source.name]["results"]
        for row in results.get("detection", ()):  # what the table calls a threshold is its own
            row["chosen"] = row["chosen"].replace("--threshold", "threshold")
        assert html == results


def test_pictures_hold_every_solution(tmp_path):
    file = file_of(half_with_rewards(tmp_path / "half.jsonl"))
    figures = file.figures(Source("mine"), 0.5)
    assert sum(cell["solutions"] for cell in figures["found_by_label"]) == 215
    for bins in (figures["reliability"], figures["rewards_by_label"]):
        assert sum(b["right"] + b["wrong"] for b in bins) == figures["judged_steps"]
    plots = pictures(figures)
    assert len(plots) == 4
    points = plots["First error, found against labelled"].data[0].customdata
    assert {"kind": "cell", "label": -1, "found": -1} in list(points)


def test_a_list_holds_what_is_known_and_facts_say_it_in_words(tmp_path):
    file = file_of(half_with_rewards(tmp_path / "half.jsonl"))
    row = json.loads(next(lines(file, [3], Source("mine"), None)))
    item = file.items[3]
    assert (row[0], row[4], row[3]) == (3, item.label, len(item.steps()))
    assert row[7] == list(file.rewards[Source("mine")][item.row.place])
    row_facts = facts(file, item, Source("mine"), None, 0.5)
    assert row_facts["line"] == 4 and row_facts["labelled"] == item.label + 1
    assert row_facts["least"] == min(row[7]) and row_facts["disagreement"] is None


def test_markup_of_a_file_stays_text():
    file = read_file(b'{"problem": "<script>alert(1)</script>", "solution": "<b>1</b>"}', "x")
    assert "<" not in next(lines(file, [0], None, None))
    html = browse_views.solution_row(file, 0, None, None, 0.5) + browse_views.summary(file)
    assert "<script>" not in html and "<b>1" not in html


def test_recorded_and_live_are_told_apart():
    assert browse_views.title(Source("qwen_prm")) == "qwen_prm, recorded"
    assert browse_views.title(Source("qwen_prm", live=True)) == "qwen_prm, scored here"


def test_too_many_solutions_are_refused_with_what_to_do():
    content = b"\n".join([b'{"problem": "p", "solution": "s"}'] * 3)
    with pytest.raises(InputError, match=r"3 solutions, and at most 2 .* `prm-app eval`"):
        read_file(content, "x", rows=2)


def test_other_rewards_than_steps_are_said_not_guessed():
    file = read_file(b'{"problem": "p", "solution": "a\\n\\nb", "rewards": [0.5]}', "x")
    [source] = file.rewards
    assert "1 reward recorded for 2 steps: 0.500." in browse_views.solution_row(
        file, 0, source, None, 0.5
    )


def test_a_search_reads_problems_steps_and_writers():
    file = file_of(SAMPLE)
    assert file.containing("CINDY'S MATH") == [0]
    assert len(file.containing("qwen2.5-math-7b-instruct")) > 10
    assert file.containing("no such words") == []


def test_a_run_pauses_goes_on_and_stops():
    async def score() -> tuple[int, int, Run]:
        file = read_file(SAMPLE.read_bytes(), "x")
        run, got = Run(len(file.items)), 0
        paused_at = 0
        async for outcomes in scores_while_open(
            instant.InstantScorer(), list(enumerate(file.items)), run
        ):
            got += len(outcomes)
            if run.paused and not outcomes:  # what was on its way has come, and no more is asked
                paused_at, run.paused = got, False
            elif got >= 64 and not paused_at:
                run.paused = True
            elif paused_at and got > paused_at:
                run.stopped = True
        return paused_at, got, run

    paused_at, got, run = asyncio.run(score())
    assert 64 <= paused_at < got < 215
    assert run.over and run.done == got
    assert "Stopped at" in browse_views.progress(run, "model")


class Tab:
    """Browse in one tab: its run is held up at what it shows first, until `drawing` is set."""

    def __init__(self, visitor: str) -> None:
        self.visitor, self.run = visitor, Run(0)
        self.shown, self.drawing = asyncio.Event(), asyncio.Event()

    async def score(self) -> None:
        VISITOR.set(self.visitor)
        items = list(enumerate(read_file(SAMPLE.read_bytes(), "x").items))
        self.run.total = len(items)
        async for _ in scores_while_open(instant.InstantScorer(), items, self.run):
            self.shown.set()
            await self.drawing.wait()


def test_a_visitor_has_so_many_runs_at_once_of_which_a_paused_one_is_none(monkeypatch):
    async def scene() -> None:
        tabs = [Tab(visitor) for visitor in "aaab"]
        first, second, third, other = tabs
        tasks = [asyncio.create_task(tab.score()) for tab in tabs]
        for tab in (first, second, other):
            await tab.shown.wait()
        assert not third.shown.is_set()
        first.run.paused = True
        first.drawing.set()
        await third.shown.wait()
        first.run.paused = False
        for tab in tabs:
            tab.drawing.set()
        await asyncio.gather(*tasks)
        assert all(tab.run.over for tab in tabs)

    monkeypatch.setattr(browse_run, "DOOR", Door(inside=4, waiting=8, share=1 / 2))
    asyncio.run(asyncio.wait_for(scene(), 60))


def test_all_of_a_file_is_scored_and_a_failure_is_one_solution():
    async def score() -> tuple[SolutionFile, dict]:
        content = b"\n".join(
            json.dumps({"problem": "p" * (i != 2), "solution": f"{i}"}).encode() for i in range(300)
        )
        file = read_file(content, "x")
        run, all_of_them = Run(300), {}
        items = list(enumerate(file.items))
        async for outcomes in scores_while_open(instant.InstantScorer(), items, run):
            all_of_them |= outcomes
        return file, all_of_them

    file, order = asyncio.run(score())
    assert sorted(order) == list(range(300))
    [failed] = [i for i, each in order.items() if isinstance(each, InputError)]
    assert file.items[failed].row.text == "2"
