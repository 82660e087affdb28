"""Futures whose owner may cancel them at any time: what is being computed is then not needed."""

from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def settle(future: Future[T], outcome: T | BaseException) -> None:
    """Ends a wait with a result or an error; nothing if nobody waits any more."""
    if future.cancelled() or not future.set_running_or_notify_cancel():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def cancel_with(owner: Future[Any], work: Future[Any]) -> None:
    """Cancels work as soon as its owner is cancelled."""
    owner.add_done_callback(lambda done: done.cancelled() and work.cancel())
