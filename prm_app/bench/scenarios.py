"""What is measured: functions that run in a peer's own process, beside it, and return plain data.

Times are in seconds from a monotonic clock. Each call scores solutions that the peer has not seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

import psutil

from prm_app.bench.peers import Peer, Rewards, VllmEncode
from prm_app.solutions.solution import Solution


def throughput(peer: Peer, solutions: Sequence[Solution]) -> tuple[float, Rewards]:
    """Seconds to score them all, given at once, and their rewards."""
    start = time.perf_counter()
    rewards = peer.score(solutions)
    return time.perf_counter() - start, rewards


def compute(peer: VllmEncode, solutions: Sequence[Solution]) -> float:
    """Seconds that vLLM alone takes for the tokenised prompts with its prefix cache, from empty."""
    prompts = peer.encode(solutions)
    peer.llm.reset_prefix_cache()
    start = time.perf_counter()
    peer.compute(prompts)
    return time.perf_counter() - start


def tokens(peer: Peer, solutions: Sequence[Solution]) -> tuple[int, float]:
    """The number of tokens of all prompts, and the seconds it takes to tokenise them."""
    start = time.perf_counter()
    prompts = peer.encode(solutions)
    return sum(len(prompt.token_ids) for prompt in prompts), time.perf_counter() - start


def one_by_one(peer: Peer, solutions: Sequence[Solution]) -> tuple[list[float], Rewards]:
    """Seconds for each solution, scored alone, and their rewards."""
    seconds, rewards = [], []
    for solution in solutions:
        took, result = throughput(peer, [solution])
        seconds.append(took)
        rewards += result
    return seconds, rewards


def edits(
    peer: Peer, pairs: Sequence[tuple[Solution, Solution]]
) -> tuple[list[float], list[float], list[float], Rewards]:
    """For pairs of a solution and its edited form, each scored alone: seconds for the first, for
    the edited one, and for the edited one again; and the rewards of the edited ones."""
    first, second, again, rewards = [], [], [], []
    for original, changed in pairs:
        first.append(throughput(peer, [original])[0])
        took, result = throughput(peer, [changed])
        second.append(took)
        rewards += result
        again.append(throughput(peer, [changed])[0])
    return first, second, again, rewards


def users(peer: Peer, solutions: Sequence[Solution], count: int) -> tuple[float, list[float]]:
    """`count` users at once, each scoring one solution after another as soon as it has the former.

    Returns the seconds until all are scored, and the seconds each waited. A peer that takes one
    call at a time makes its users queue.
    """
    turn = nullcontext() if peer.concurrent else threading.Lock()

    def wait(solution: Solution) -> float:
        start = time.perf_counter()
        with turn:
            peer.score([solution])
        return time.perf_counter() - start

    start = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        waits = list(pool.map(wait, solutions))
    return time.perf_counter() - start, waits


def memory(peer: Peer) -> dict[str, Any]:
    """Bytes of main memory of the peer's process, and what it keeps of former solutions."""
    usage = peer.usage()
    return {
        "resident_bytes": psutil.Process().memory_info().rss,
        **({} if usage is None else asdict(usage)),
    }
