"""The tab "Best-of-N": solutions of one problem, ranked by an aggregation of their rewards."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from prm_app.catalog import find
from prm_app.errors import InputError, PrmError
from prm_app.host import Host
from prm_app.ranking import AGGREGATIONS, Aggregation
from prm_app.scoring import solution
from prm_app.ui import figures, rank_views, views
from prm_app.ui.examples import CHOOSE
from prm_app.ui.header import Header
from prm_app.ui.rank_inputs import rank_examples, rank_inputs
from prm_app.ui.result import Ranking
from prm_app.ui.settings import QUIET, SCORING
from prm_app.ui.splitting import Splitting, splitting
from prm_app.ui.waiting import ready

EMPTY = """
<div class="empty"><h2>Nothing ranked yet</h2>
<p>Give a problem and several solutions and press Rank. They appear here as each is scored, best
first, with all their reward curves in one chart.</p></div>
"""
REDRAW_SECONDS = 0.25


def rank_tab(host: Host, head: Header) -> None:
    """Builds the tab; to be called inside its `gr.Tab`."""
