"""Solutions that are too long, scored as far as they fit: which steps, and how they rank."""

import json

import pytest
from instant import InstantScorer
from rich.console import Console

from prm_app.cli import show
from prm_app.errors import InputError, TooLongError
from prm_app.fitting import Fitting
from prm_app.solutions.documents import Opinion, rank_document
from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import ScoredSolution, Solution
from prm_app.ui import views

P = "1 + 1?"


class Narrow(InstantScorer):
    """Three steps fit; a fourth one looks as if it would."""

    limit = 3

    def submit(self, solutions):
        futures = super().submit(solutions)
        for solution, future in zip(solutions, futures, strict=True):
            error = future.exception()
            if isinstance(error, TooLongError) and len(solution.scored_steps) > self.limit + 1:
                error.step = self.limit + 2
        return futures


def test_the_whole_steps_that_fit_are_scored_and_the_rest_is_kept():
    whole = Solution(P, ("a", "b", "", "c", "d", "", "e"))
    scorer = Fitting(Narrow())
    scored = scorer.score(whole)
    assert (scored.steps, scored.unscored) == (("a", "b", "c"), ("d", "e"))
    assert scored.rewards == Narrow().score(Solution(P, ("a", "b", "", "c"))).rewards
    assert scorer.score(Solution(P, ("a", "b"))).unscored == ()


def test_nothing_that_fits_and_other_errors_stay_errors():
    class Closed(Narrow):
        limit = 0

        def submit(self, solutions):
            return InstantScorer.submit(self, solutions)

    with pytest.raises(TooLongError, match="step 1 is the first"):
        Fitting(Closed()).score(Solution(P, ("a",)))
    with pytest.raises(InputError, match="solution is empty"):
        Fitting(Narrow()).score(Solution(P, ()))


def scored(rewards, unscored=()):
    steps = tuple(f"step {i}" for i in range(len(rewards)))
    return ScoredSolution("demo-skywork", steps, tuple(rewards), 9, 9, 0.1, tuple(unscored))


def test_a_part_is_compared_with_no_whole():
    part, whole = scored([0.9, 0.9], ["rest"]), scored([0.4, 0.3])
    ranking = Ranking(P, 2, {1: part, 2: whole})
    document = rank_document(ranking, "mean", 0.5)
    assert document["best"] == 2
    assert [(each["rank"], each["solution"]) for each in document["ranking"]] == [(1, 2), (None, 1)]
    assert document["ranking"][1]["unscored"] == ["rest"]
    assert None not in document["ranking"][1]["rewards"]
    json.dumps(document)


def test_a_second_model_that_reads_more_or_less_is_compared_where_both_have_rewards():
    short, long = scored([0.9, 0.2], ["c"]), scored([0.9, 0.9, 0.1])
    assert Opinion("B", long, 0.5).differs_at(short, 0.5) == [1]
    assert Opinion("B", short, 0.5).differs_at(long, 0.5) == [1]
    for one, other in ((short, long), (long, short)):
        drawn = views.steps(one, 0.5, Opinion("B", other, 0.5))
        assert drawn.count('class="second') == 2
        assert drawn.count("data-reward") == len(one.rewards)


def test_steps_without_reward_are_said_to_have_none(monkeypatch):
    part = scored([0.9, 0.8], ["c <b>", "d"])
    drawn = views.steps(part, 0.5)
    assert drawn.count("no reward") == 2 and "c &lt;b&gt;" in drawn
    assert "Only the first 2 of 4 steps fit" in views.partly(part)
    printed = Console(record=True, width=100)
    monkeypatch.setattr(show, "OUT", printed)
    show.print_solution(part, 0.5)
    said = printed.export_text()
    assert "Number of steps: 4, of which the first 2 fit" in said
    assert "Step 3: no reward, does not fit | c <b>" in said
