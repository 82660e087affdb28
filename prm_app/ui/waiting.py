"""How a handler waits for the engine without holding a thread."""

import asyncio
from collections.abc import AsyncIterator

from prm_app.catalog import Prm
from prm_app.errors import EngineError
from prm_app.host import Host, Status

POLL_SECONDS = 0.25


def is_called(prm: Prm | None, name: str) -> bool:
    """Whether this is the model of that key or checkpoint."""
    return prm is not None and name in (prm.key, prm.checkpoint)


async def until_ready(host: Host, name: str) -> AsyncIterator[Status]:
    """The host's status, again and again, until the model of that name serves.

    Selects it first where it neither serves nor loads; an empty name stands for the model that
    serves. Raises the PrmError for which a load failed.
    """
    selected = False
    while True:
        status = host.status()
        if is_called(status.serving, name) or (not name and status.serving):
            return
        if not (is_called(status.loading, name) or (not name and status.loading)):
            if selected or not name:
                raise status.error or EngineError(
                    "No model is ready: choose one under “Model” and wait until it is loaded."
                )
            host.select(name)
            selected = True
        yield status
        await asyncio.sleep(POLL_SECONDS)
