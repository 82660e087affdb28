"""A text is split into the steps a reader sees, word for word, in time linear in its length."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vllm_prm.text import is_blank, line_feeds, without_outer_blanks

from prm_app.errors import InputError
from prm_app.solutions.solution import solution
from prm_app.solutions.steps import SPLITS, split_steps

CASES = Path(__file__).parents[1] / "data" / "cases"


@pytest.mark.parametrize(
    ("text", "how", "steps"),
    [
        ("a\nb\n", "auto", ["a", "b"]),
        ("a\nb\n\nc", "auto", ["a\nb", "", "c"]),
        ("a\n \t\nb", "paragraphs", ["a", " \t", "b"]),
        ("a\n\n\n\nb\n", "lines", ["a", "", "", "", "b"]),
        ("a\r\nb\rc", "lines", ["a", "b", "c"]),
        ("  kept \n\tkept too\t", "lines", ["  kept ", "\tkept too\t"]),
        ("Step 1: a\n\nmore\nStep 2: b", "auto", ["Step 1: a\n\nmore", "Step 2: b"]),
        (
            "Intro\n**Step 1.** a\n## Step 2 b",
            "labels",
            ["Intro", "**Step 1.** a", "## Step 2 b"],
        ),
        ("We step 1 by 1.\nOne step 2 far.", "auto", ["We step 1 by 1.", "One step 2 far."]),
        ("a;; b ;;", "delimiter", ["a", " b "]),
        ("", "auto", []),
        (" \n\t\n", "lines", []),
    ],
)
def test_split(text, how, steps):
    assert split_steps(text, how, ";;") == steps


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("chatgpt_rule.txt", ["3 * 4 = 12", "2 + 12 = 14"]),
        ("hr.txt", ["3 * 4 = 12", "2 + 12 = 14"]),
        ("markdown_rule.txt", ["First way", "3 + 4 = 7", "**Answer: 7**"]),
        ("zero_width.txt", ["3 + 4 = 7", "7 * 2 = 14"]),
        ("nbsp_blank_lines.txt", ["First we add.\n3 + 4 = 7", "Then we double.\n7 * 2 = 14"]),
        ("nbsp_labels.txt", ["Step\xa01: 3 + 4 = 7\nso seven", "Step\xa02: 7 * 2 = 14"]),
        (
            "one_line_labels.txt",
            ["Step 1: 3 + 4 = 7.", "Step 2: 7 * 2 = 14.", "Step 3: The answer is 14."],
        ),
        (
            "display_math_blank.txt",
            ["We expand.", "$$\n(x+1)^2 = x^2\n\n+ 2x + 1\n$$", "So x = 0."],
        ),
        (
            "code_block.txt",
            [
                "We check with code.",
                "```python\na = 3\n\nprint(a*4)\n```",
                "The output is 12.",
            ],
        ),
    ],
)
def test_texts_that_people_paste(name, steps):
    text = (CASES / name).read_text(encoding="utf-8")
    assert list(solution("p", text).scored_steps) == steps


@pytest.mark.parametrize(
    "second",
    [
        "**Step 2:** b",
        "### Step 2",
        "- Step 2: b",
        "* **Step 2**",
        "> step 2. b",
        "Step Two: b",
        "STEP #2 b",
        "__Step 2__ b",
        "Step 2a) b",
        "2단계: b",
        "**2단계** b",
        "단계 2: b",
        "步骤2：b",
        "步驟二：b",
        "第2步，b",
        "第二步：b",
        "ステップ2 b",
        "Schritt 2: b",
        "Étape 2 : b",
        "Шаг 2. b",
    ],
)
def test_labels_open_steps(second):
    first = second.replace("2", "1").replace("Two", "One").replace("二", "一")
    assert split_steps(f"{first}\n\nmore\n{second}\nmore") == [
        f"{first}\n\nmore",
        f"{second}\nmore",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Stepwise 2 more",
        "Step by step, 2 more",
        "2단계에서 본 것처럼",
        "第2步的结果",
        "| Step 2 | b |",
        "step 2nd",
    ],
)
def test_other_words_open_none(line):
    assert split_steps(f"{line}\n{line}", "labels") == [f"{line}\n{line}"]


def test_a_label_within_a_line_must_count_on():
    text = "Step 1: 3 + 4 = 7. Step 2: by Step 1: it is 7 (see Step 3 and Step 9: no). Step 3. Done"
    assert split_steps(text) == [
        "Step 1: 3 + 4 = 7.",
        "Step 2: by Step 1: it is 7 (see Step 3 and Step 9: no).",
        "Step 3. Done",
    ]


BLOCKS = [
    "$$\na\n\nb\n$$",
    "\\[\na\n\n= b\n\\]",
    "\\begin{align*}\na\n\n\\begin{cases}\n1 \\\\[2pt]\n\n2\n\\end{cases}\n\nb\n\\end{align*}",
    "so $$x\n\n= 3$$ it is",
    "```python\na = 1\n\n$$\n# Step 1: no label\n# Step 2: no label\n```",
    "~~~\na\n\n```\n\nb\n~~~",
    "  ```\n  a\n\n  ```",
]
TABLE = "| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |"


@pytest.mark.parametrize("block", [*BLOCKS, TABLE, "a | b\n-|-\n1 | 2"])
def test_blocks_are_never_cut(block):
    assert split_steps(f"before\n\n{block}\n\nafter") == ["before", "", block, "", "after"]
    assert split_steps(f"before\n{block}\nafter", "lines") == ["before", block, "after"]
    text = f"Step 1: a\n{block}\nStep 2: b"
    assert split_steps(text) == [f"Step 1: a\n{block}", "Step 2: b"]


@pytest.mark.parametrize(
    "opening", ["$$", "\\[", "\\begin{align}", "```", "costs \\$$ 3", "\\\\[2pt]", "|x| = 3", "\\]"]
)
def test_what_is_never_closed_joins_nothing(opening):
    assert split_steps(f"{opening}\n\nb\n\nc") == [opening, "", "b", "", "c"]


def test_absolute_values_are_no_table():
    assert split_steps("|x| = 3\n|y| = 4\nx - y | 1") == ["|x| = 3", "|y| = 4", "x - y | 1"]


@pytest.mark.parametrize("rule", ["---", "***", "___", "* * *", "————", "⸻", "=====", "_" * 40])
def test_a_rule_is_no_step(rule):
    assert split_steps(f"a\nb\n{rule}\nc") == ["a\nb", rule, "c"]
    assert solution("p", f"a\n{rule}\nb\n{rule}").scored_steps == ("a", "b")


@pytest.mark.parametrize("text", ["-", "--", "-3", "- *", "*_*", "a ---", "x = ___", "−−−"])
def test_what_is_no_rule_is_text(text):
    assert solution("p", text).scored_steps == (text,)


@pytest.mark.parametrize("delimiter", ["\\n\\n", "\\r\\n\\r\\n", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("text", ["a\n\nb\nc", "a\r\n\r\nb\r\nc"])
def test_a_delimiter_may_be_a_typed_newline(text, delimiter):
    assert split_steps(text, "delimiter", delimiter) == ["a", "", "b\nc"]


@pytest.mark.parametrize(("how", "says"), [("delimiter", "needs the delimiter"), ("words", "auto")])
def test_what_cannot_be_done_is_said(how, says):
    with pytest.raises(InputError, match=says):
        split_steps("a", how)
    assert "delimiter" in SPLITS


PIECES = st.sampled_from(
    [
        *[
            "a",
            "b",
            "x=1",
            "Step\xa01:",
            "Step",
            "2:",
            "**Step",
            "3.**",
            "步骤2：",
            "第3步",
            "2단계",
        ],
        *["---", "___", "$$", "\\[", "\\]", "```", "```py", "~~~", "\\begin{a}", "\\end{a}", "|"],
        *["-|-", "\\\\", "\\$", "\u200b", "#", "-", "*", ">", "1.", "(", ")", "é", "۲"],
    ]
)
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from(["", " ", "\n", "\n\n", "\r\n", "\r", "\xa0"])))


@given(TEXTS.map(lambda pairs: "".join(map("".join, pairs))), st.sampled_from(SPLITS[:-1]))
def test_every_word_is_kept_in_its_order(text, how):
    pieces = split_steps(text, how)
    assert "".join("".join(pieces).split()) == "".join(_without_outer_blank_lines(text).split())
    if how in ("lines", "paragraphs"):
        assert "\n".join(pieces) == _without_outer_blank_lines(text)
    assert all(not is_blank(piece) for piece in pieces[:1] + pieces[-1:])
    assert not any(re.search(r"\A\n|\n\Z", piece) for piece in pieces)


def _without_outer_blank_lines(text: str) -> str:
    return "\n".join(without_outer_blanks(line_feeds(text).split("\n")))
