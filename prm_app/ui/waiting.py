"""How a handler waits for the engine without holding a thread."""

import asyncio
from collections.abc import AsyncIterator

from prm_app.catalog import Prm, find
from prm_app.errors import EngineError
from prm_app.host import Host, Status
from prm_app.scoring import Scorer

POLL_SECONDS = 0.25


def is_called(prm: Prm | None, name: str) -> bool:
    """Whether this is the model of that key or checkpoint."""
    return prm is not None and name in (prm.key, prm.checkpoint)


def offered(host: Host, name: str) -> Prm:
    """The model of that name as the host knows it, or as the catalogue does."""
    return next((prm for prm in host.models() if is_called(prm, name)), None) or find(name)


async def ready(host: Host, name: str = "") -> AsyncIterator[Status | Scorer]:
    """The host's status, again and again, until the model of that name serves; then its scorer.

    Selects the model first where it neither serves nor loads; an empty name stands for the one in
    use. Raises the PrmError for which a load failed.
    """
    selected = False
    while True:
        status = host.status()
        if status.loading is None and (is_called(status.serving, name) or not name):
            break
        if not (is_called(status.loading, name) or not name):
            if selected:
                raise status.error or EngineError(
                    f"{name} was not loaded, because another model was chosen meanwhile: choose "
                    "it again to score with it."
                )
            host.select(name)
            selected = True
        yield status
        await asyncio.sleep(POLL_SECONDS)
    yield await asyncio.to_thread(host.scorer, name or None)
