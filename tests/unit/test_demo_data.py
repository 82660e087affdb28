"""What is bundled beside the demo PRM can be read, and says where it is from."""

import json
from collections import Counter

import pytest

from prm_app.demo_weights import DEMO
from prm_app.evaluation.data import LabelledSolution, cases
from prm_app.solutions.shapes import read_problems
from prm_app.solutions.solution import solution

EXAMPLES = json.loads((DEMO / "examples.json").read_text(encoding="utf-8"))["real"]


def test_the_bundled_half_of_processbench_is_what_eval_reads():
    name = "processbench_gsm8k.jsonl"
    read_cases = [case() for case in cases(read_problems((DEMO / name).read_bytes(), name))]
    assert len(read_cases) == 215 and all(isinstance(each, LabelledSolution) for each in read_cases)
    assert Counter(each.label < 0 for each in read_cases) == {False: 111, True: 104}
    licence = (DEMO / name).with_suffix(".LICENSE").read_text(encoding="utf-8")
    assert "ProcessBench" in licence and "Apache License" in licence


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_a_real_example_says_who_wrote_it_and_what_is_wrong(example):
    assert example["generator"] and example["source"] and example["licence"]
    assert -1 <= example["label"] < len(example["steps"])
    for rewards in example["recorded"].values():
        assert len(rewards) == len(example["steps"])
        assert all(0 <= reward <= 1 for reward in rewards)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_a_real_example_is_split_into_the_steps_that_were_labelled(example):
    steps = solution(example["problem"], example["solution"]).scored_steps
    assert len(steps) == len(example["steps"])
