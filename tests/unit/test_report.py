"""Reports and plain data of a file: small, whole, readable again, and inert."""

import base64
import csv
import gzip
import io
import json
import re
from pathlib import Path

import instant
import pytest

from prm_app.cli import main
from prm_app.evaluation.solution_file import Source, read_file
from prm_app.ui.browse_tab import SAMPLE
from prm_app.ui.exports import as_csv, as_json, as_jsonl, save
from prm_app.ui.report import file_report

STRICT = Path(__file__).parents[1] / "data" / "strict_gsm8k_best_of_8.jsonl.gz"
MINE = Source("mine")


@pytest.fixture(scope="module")
def file():
    rows = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    for row in rows:
        row["model"] = "mine"
        row["rewards"] = [instant.reward(row["problem"], step) for step in row["steps"]]
    found = read_file("\n".join(map(json.dumps, (rows * 3)[:500])).encode(), "half.jsonl")
    for _ in found.judge():
        pass
    return found


def content(report: str) -> dict:
    data = re.search(r'<script type="application/gzip" id="packed">(.*?)</script>', report)[1]
    return json.loads(gzip.decompress(base64.b64decode(data)))


def test_500_real_solutions_are_less_than_5_megabytes(file):
    report = file_report(file, MINE, None, 0.5)
    assert len(file.items) == 500 and len(report.encode()) < 5_000_000
    held = content(report)
    assert len(held["articles"]) == 500 and len(held["plots"]) == 4
    assert held["list"].count("\n") == 501


def test_a_report_asks_for_nothing(file):
    report = file_report(file, MINE, None, 0.5)
    page = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", report, flags=re.S)
    assert not re.search(r"(?:src|href)=", page)
    style = re.search(r"<style>(.*?)</style>", report, re.S)[1]
    assert {each[:5] for each in re.findall(r"url\(([^)]*)\)", style)} <= {"data:"}


def test_markup_in_a_file_stays_text_in_its_report():
    text = "</script><script>alert(1)</script><b>"
    rows = json.dumps({"problem": text, "solution": text, "rewards": [0.5]})
    report = file_report(read_file(rows.encode(), text), Source("rewards"), None, 0.5)
    assert "<script>alert" not in report
    assert "<script>alert" not in "".join(content(report)["articles"])


def test_what_is_exported_can_be_opened_again(file):
    again = read_file(as_jsonl(file, MINE, None, 0.5).encode(), "again.jsonl")
    assert not again.errors
    assert [item.label for item in again.items] == [item.label for item in file.items]
    assert list(again.rewards[MINE].values()) == list(file.rewards[MINE].values())
    assert len(json.loads(as_json(file, MINE, None, 0.5))) == 500


def test_a_table_has_a_line_a_solution_and_no_formula():
    row = {"problem": "=1+1", "steps": ["a"], "label": 0, "rewards": [0.25], "generator": "@x"}
    table = as_csv(read_file(json.dumps(row).encode(), "x"), Source("rewards"), None, 0.5)
    [found] = csv.DictReader(io.StringIO(table))
    assert (found["problem"], found["generator"], found["verdict"]) == ("'=1+1", "'@x", "found")
    assert (found["first_error"], found["labelled"], found["least"]) == ("1", "1", "0.25")


def test_a_saved_file_is_json_without_markup():
    assert "<" not in save("x", "html", "<b>")
    assert json.loads(save("x", "html", "<b>")) == {
        "name": "x.html",
        "type": "text/html",
        "text": "<b>",
    }


def test_the_command_says_what_it_cannot_do(tmp_path, capsys):
    assert main(["report", str(STRICT), "-o", str(tmp_path / "x.pdf")]) == 2
    assert "does not end in one of .html, .json, .jsonl, .csv" in capsys.readouterr().err
    assert main(["report", str(STRICT), "-o", str(tmp_path / "x.csv"), "--rewards", "no"]) == 2
    assert "There are no rewards of 'no': choose one of skywork_prm" in capsys.readouterr().err
    assert main(["report", str(STRICT), "-o", str(tmp_path / "no" / "x.csv")]) == 2
    assert "cannot be written" in capsys.readouterr().err
