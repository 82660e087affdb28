"""Scoring with running vLLM servers: the numbers are those of an engine in this process.

servers, served_models, balancer and event_loop know no PRM's prompt; dialects asks one server,
scorer several, models offers what they serve.
"""

from prm_app.remote.models import RemoteModels
from prm_app.remote.scorer import RemoteScorer
from prm_app.remote.served_models import choose
from prm_app.remote.servers import Servers

__all__ = ["RemoteModels", "RemoteScorer", "Servers", "choose"]
