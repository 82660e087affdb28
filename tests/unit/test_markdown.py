"""Markdown in steps: styled, inert, and never at the cost of a word or of a sign of mathematics."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prm_app.ui.rich_text import rich

DATA = Path(__file__).parents[1] / "data"
TAGS = {
    *("p", "div", "span", "small", "strong", "code", "pre", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
PIECES = [
    *(
        "**",
        "*",
        "`",
        "```",
        "~~~",
        "\n",
        "\n\n",
        " ",
        "  ",
        "| ",
        "|",
        "|-|-|",
        "---",
        "- ",
        "1. ",
    ),
    *("* ", "## ", "#", "<b>", "<img src=x onerror=a()>", "[x](javascript:a())", "![x](//y)", ">"),
    *('"', "'", "\\(x|y\\)", "$$\n- a\n\n$$", "$2*3$", "\\", "a", "5", "단계", "שלום", "_b_", "&"),
]


class Document(HTMLParser):
    """The elements of some HTML, its text, and the source of its mathematics."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("so **5** apples", "<p>so <strong>5</strong> apples</p>"),
        ("답은 **5**입니다", "<p>답은 <strong>5</strong>입니다</p>"),
        (
            "**Answer: $5$**",
            '<p><strong>Answer: <span class="tex" data-tex="inline">5</span></strong></p>',
        ),
        ("use `a*b`", "<p>use <code>a*b</code></p>"),
        ("use `$x$`", "<p>use <code>$x$</code></p>"),
        ("## Step 1: add", '<p class="title">Step 1: add</p>'),
        ("```python\nx = 1\n\ny\n```", "<pre><small>python</small><code>x = 1\n\ny</code></pre>"),
        (
            "So\n1. one\n2. two",
            '<p>So</p><ol><li><span class="sign">1. </span><div>one</div></li>'
            '<li><span class="sign">2. </span><div>two</div></li></ol>',
        ),
        (
            "- 3 + 5 = 2",
            '<ul><li><span class="sign">- </span><div>3 + 5 = 2</div></li></ul>',
        ),
        (
            "a | b\n---|--:\n1 | $|x|$",
            '<table><thead><tr><th>a</th><th style="text-align:right">b</th></tr></thead><tbody>'
            '<tr><td>1</td><td style="text-align:right"><span class="tex" data-tex="inline">|x|'
            "</span></td></tr></tbody></table>",
        ),
        ("**so**\n  indented\nlines", "<p><strong>so</strong>\n  indented\nlines</p>"),
    ],
)
def test_markdown_is_styled(text, html):
    assert rich(text) == f'<div class="markdown">{html}</div>'


@pytest.mark.parametrize(
    "text",
    [
        "2*3*4 = 24",
        "(a)**(b)**(c) = 2**3**4",
        "x ** 2 and y **2",
        "# of apples = 5",
        "#### 42",
        "a_1 + b_1 and _x_",
        "| a |\n|---|\n| 1 | 2 |",
        "- " * 30 + "a",
        "> 5\n> 6",
        "x\n---\ny",
        "[x](javascript:alert(1)) ![x](http://a/b.png) <http://a.b> http://a.b",
        "**" + "a" * 5000 + "**",
    ],
)
def test_what_is_not_markdown_here_is_shown_as_typed(text):
    document = Document(rich(text))
    assert document.text == text
    assert set(document.tags) <= {"div", "p"}


def test_mathematics_is_what_was_typed_whatever_stands_in_it():
    formula = "\n- 3 **a** `b`\n\n| c |\n|---|\n1. d\n"
    for left, right in (("\\[", "\\]"), ("$$", "$$")):
        html = rich(f"**So**\n{left}{formula}{right}\nand **then**")
        assert f'<span class="tex" data-tex="block">{formula}</span>' in html
        assert html.count("<strong>") == 2


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=30).map("".join))
def test_nothing_typed_becomes_active_and_no_word_is_lost(text):
    document = Document(rich(text))
    assert set(document.tags) <= TAGS
    assert rich(text).count("<") == 2 * len(document.tags)
    assert {name for name, _ in document.attributes} <= {"class", "data-tex", "style"}
    assert {v for name, v in document.attributes if name == "style"} <= {
        f"text-align:{side}" for side in ("left", "center", "right")
    }
    assert letters(document.text) == letters(text)


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum() and c not in "beginendboxed")


def test_steps_of_people_and_models_keep_every_word_and_number():
    rows = (DATA / "processbench_gsm8k.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [step for row in rows for step in json.loads(row)["steps"]]
    documents = [Document(rich(step)) for step in steps]
    assert any("strong" in document.tags for document in documents)
    for step, document in zip(steps, documents, strict=True):
        assert letters(document.text) == letters(step)
