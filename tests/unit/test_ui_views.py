"""The page's HTML and figures, from results alone."""

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prm_app.errors import InputError
from prm_app.solutions.documents import Result, rank_document
from prm_app.solutions.marks import RIGHT, UNSURE, WRONG, mark, reward_text
from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import ScoredSolution
from prm_app.ui import figures, label_views, rank_views, views
from prm_app.ui.rich_text import rich, wrapped


def scored(rewards, steps=None) -> ScoredSolution:
    steps = tuple(steps or (f"step {i}" for i in range(len(rewards))))
    return ScoredSolution("demo-skywork", steps, tuple(rewards), 100, 40, 0.1)


class Document(HTMLParser):
    """The elements and the text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    ("text", "maths"),
    [
        (r"so \(x^2\) and \[y\]", ["x^2", "y"]),
        ("$$a$$ and $x$ and $2x+3$", ["a", "x", "2x+3"]),
        (r"thus \boxed{\frac{1}{2}}.", [r"\boxed{\frac{1}{2}}"]),
        (r"\begin{align*}a\\b\end{align*}", [r"\begin{align*}a\\b\end{align*}"]),
        ("costs $5 then $2.50", []),
        ("14*$12=$168 and $40+$24=$64", []),
        ("He has $5. She pays 3$ more", []),
        (r"\$5 and \$6", []),
        (r"\frac{1}{2} stays", []),
        ("${alert(1)} and ${x}", []),
    ],
)
def test_mathematics_is_found_and_money_is_not(text, maths):
    formulas = re.findall(r'<span class="tex"[^>]*>(.*?)</span>', rich(text), re.DOTALL)
    assert formulas == maths


@given(st.text(max_size=200))
def test_hover_text_is_escaped(text):
    assert "<" not in wrapped(text).replace("<br>", "")


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_marks_follow_the_threshold(threshold):
    halfway = (1 + threshold) / 2
    assert mark(1.0, threshold) is mark(halfway, threshold) is RIGHT
    assert mark(threshold, threshold) is (RIGHT if threshold == 1 else UNSURE)
    if threshold < 1:
        assert mark(halfway - 1e-9, threshold) is UNSURE
    if threshold > 0:
        assert mark(threshold - 1e-9, threshold) is mark(0.0, threshold) is WRONG


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_reward_never_looks_as_if_on_the_other_side(reward, threshold):
    assert (float(reward_text(reward, threshold)) < threshold) == (reward < threshold)


def test_steps_mark_the_first_error_and_mute_what_follows():
    html = views.steps(scored([0.9, 0.6, 0.2, 0.95]), 0.5)
    steps = [a for tag, a in Document(html).tags if tag == "li" and "data-step" in a]
    assert [a["class"] for a in steps] == [
        "step right",
        "step unsure",
        "step wrong first-error",
        "step right muted",
    ]
    assert "no agreed meaning" in html
    assert steps[2]["aria-label"].startswith("Step 3, reward 0.200, likely wrong, first error")
    assert [float(a["data-reward"]) for a in steps] == [0.9, 0.6, 0.2, 0.95]


def test_verdict():
    assert 'data-to-step="1">step 2</button>' in views.verdict(scored([0.9, 0.1]), 0.5)
    assert "No step under the threshold" in views.verdict(scored([0.9, 0.6]), 0.5)
    assert "1 of 2 steps" in views.verdict(scored([0.9, 0.6]), 0.5)


def test_facts_hand_out_the_exact_document():
    result = Result('a < b & "c"', scored([0.9, 0.1], ["<i>", "'"]))
    attributes = [a for _, a in Document(views.facts(result, 0.5)).tags if "data-json" in a]
    document = json.loads(attributes[0]["data-json"])
    assert document["problem"] == 'a < b & "c"'
    assert document["steps"] == ["<i>", "'"]
    assert document["first_error"] == 2
    assert "40 computed, 60 reused" in views.facts(result, 0.5)


def test_curve_has_a_point_a_step_and_shapes_as_the_marks():
    [curve] = figures.reward_curve(scored([0.9, 0.6, 0.2]), 0.5).data
    assert list(curve.y) == [0.9, 0.6, 0.2]
    assert list(curve.marker.symbol) == [RIGHT.shape, UNSURE.shape, WRONG.shape]


RANKING = Ranking(
    "p",
    4,
    {
        1: scored([0.9, 0.5, 0.9]),
        2: scored([0.7, 0.7]),
        3: scored([0.2, 0.99]),
        4: InputError("The solution is empty."),
    },
)


def test_ranking_orders_marks_and_tells_disagreement():
    html = rank_views.table(RANKING, "mean", 0.5, None, {})
    rows = [a for tag, a in Document(html).tags if tag == "tr" and "data-index" in a]
    assert [a["data-index"] for a in rows] == ["1", "2", "3"]
    assert rows[0]["class"] == "best selected"
    assert "Solution 1 is best" in rank_views.winner(RANKING, "mean")
    agreement = rank_views.agreement(RANKING)
    assert "mean → solution 1" in agreement
    assert "min and product → solution 2" in agreement
    assert "last → solution 3" in agreement
    assert "Solution 4 is not ranked." in rank_views.failures(RANKING)


def test_unfinished_ranking_only_leads():
    unfinished = Ranking("p", 3, {2: scored([0.7])})
    assert "Solution 2 leads" in rank_views.winner(unfinished, "mean")
    assert "1 of 3 solutions scored" in rank_views.progress(unfinished)


def test_curves_emphasise_the_winner():
    figure = figures.reward_curves(RANKING.scored, RANKING.order("mean"), 0.5)
    assert [trace.meta for trace in figure.data] == [3, 2, 1]
    assert figure.data[-1].line.width > figure.data[0].line.width
    for trace in figure.data:
        assert f"<b>Solution {trace.meta}, step 1:" in trace.hovertext[0]


def test_of_many_solutions_the_best_and_the_selected_one_stand_out_from_a_band():
    many = {i: scored([i / 200, *[0.5] * (i % 2)]) for i in range(1, 129)}
    figure = figures.reward_curves(many, sorted(many, reverse=True), 0.5, selected=3)
    high, low, median, *curves = figure.data
    assert [trace.meta for trace in curves] == [3, 128]
    assert low.y[0] < median.y[0] < high.y[0] and median.y[1] == 0.5
    assert "Step 2: half of 63 others over 0.500" in median.hovertext[1]


def test_rank_document_keeps_failures():
    document = rank_document(RANKING, "last", 0.5)
    assert document["best"] == 3
    assert [row["solution"] for row in document["ranking"]] == [3, 1, 2, 4]
    assert document["ranking"][-1]["error"] == "The solution is empty."


def test_a_label_and_recorded_rewards_stand_beside_the_models():
    example = {
        "label": 1,
        "note": "a < b",
        "labelled_by": "people",
        "generator": "a model",
        "source": "a set",
        "licence": "MIT",
        "recorded": {"Another PRM": [0.9, 0.1]},
    }
    html = label_views.label(example)
    assert "step 2 is the first wrong one" in html and "a &lt; b" in html
    assert "Another PRM" in html and "0.900" in html and 'class="wrong"' in html
    assert "no step is wrong" in label_views.label(example | {"label": -1, "recorded": {}})
    assert label_views.label(None) == ""
