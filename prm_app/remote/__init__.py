"""Scoring with running vLLM servers: the numbers are those of an engine in this process.

options, models, pool, loop -> clients -> scorer -> host: each imports from its left alone.
"""

from prm_app.remote.host import RemoteHost
from prm_app.remote.models import choose
from prm_app.remote.options import Servers
from prm_app.remote.scorer import RemoteScorer

__all__ = ["RemoteHost", "RemoteScorer", "Servers", "choose"]
