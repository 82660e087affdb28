"""See what a process reward model thinks of a mathematical solution, step by step.

from prm_app import LocalHost, solution

host = LocalHost()
scorer = host.scorer("demo-skywork")
scored = scorer.score(solution(scorer.prm, "What is 2 + 3 * 4?", "3 * 4 = 12\\n2 + 12 = 14"))
scored.steps, scored.rewards, scored.aggregate("mean"), scored.first_error(threshold=0.5)
"""

from prm_app.catalog import CATALOG, Prm, find
from prm_app.errors import PrmError
from prm_app.host import Host, LocalHost, Status
from prm_app.ranking import AGGREGATIONS, aggregate, first_error, ranked
from prm_app.scoring import ScoredSolution, Scorer, Solution, solution
from prm_app.steps import SPLITS, split_steps

__all__ = [
    "AGGREGATIONS",
    "CATALOG",
    "SPLITS",
    "Host",
    "LocalHost",
    "Prm",
    "PrmError",
    "ScoredSolution",
    "Scorer",
    "Solution",
    "Status",
    "aggregate",
    "find",
    "first_error",
    "ranked",
    "solution",
    "split_steps",
]
