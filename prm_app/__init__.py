"""See what a process reward model thinks of a mathematical solution, step by step.

import prm_app

with prm_app.load("demo-skywork") as scorer:
    scored = scorer.score_text("What is 2 + 3 * 4?", "3 * 4 = 12\\n2 + 12 = 14")
scored.steps, scored.rewards, scored.aggregate("mean"), scored.first_error(threshold=0.5)
"""

from prm_app.catalog import CATALOG, Prm, find_model
from prm_app.errors import PrmError
from prm_app.local.loading import load
from prm_app.local.models import LocalModels
from prm_app.remote import RemoteScorer, Servers
from prm_app.scoring import Models, Scorer, Status
from prm_app.solutions.aggregation import AGGREGATIONS, aggregate, first_error, ranked
from prm_app.solutions.solution import ScoredSolution, Solution, solution
from prm_app.solutions.steps import SPLITS, split_steps

__all__ = [
    "AGGREGATIONS",
    "CATALOG",
    "SPLITS",
    "LocalModels",
    "Models",
    "Prm",
    "PrmError",
    "RemoteScorer",
    "ScoredSolution",
    "Scorer",
    "Servers",
    "Solution",
    "Status",
    "aggregate",
    "find_model",
    "first_error",
    "load",
    "ranked",
    "solution",
    "split_steps",
]
