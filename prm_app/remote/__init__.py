"""Scores with running vLLM servers; the rewards are those of an engine in this process.

servers, served_models, batches, balancer and event_loop know no PRM's prompt. dialects sends
requests to one server, scorer to several, and models offers the models that they serve.
"""

from prm_app.remote.models import RemoteModels
from prm_app.remote.scorer import RemoteScorer
from prm_app.remote.served_models import choose
from prm_app.remote.servers import Servers

__all__ = ["RemoteModels", "RemoteScorer", "Servers", "choose"]
