"""Rewards with prefix reuse are those without, whatever was asked, kept and forgotten before.

The engine is a cramped one in a process of its own: its cache holds a few hundred tokens and a step
computes a few dozen, so prompts are computed in pieces, evicted and preempted all the time.
"""

from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prm_app.bench.worker import Worker
from prm_app.catalog import find_model
from prm_app.checkpoint import fetch
from prm_app.local.prefix_store import PrefixStore
from prm_app.local.scorer import LocalScorer
from prm_app.solutions.solution import Solution

CRAMPED = {
    "max_model_len": 320,
    "block_size": 32,
    "num_gpu_blocks_override": 14,
    "max_num_batched_tokens": 96,
    "long_prefill_token_threshold": 40,
    # Else vLLM admits a prompt only while all of it fits, and nothing is preempted.
    "scheduler_reserve_full_isl": False,
}
PROBLEMS = ("What is 2 + 3 * 4?", "Tom has 3 boxes of 4 apples and eats 2. How many are left?")
STEPS = (
    "3 * 4 = 12",
    "2 + 12 = 14",
    "He has 3 * 4 = 12 apples, because each of the three boxes holds four of them.",
    "He eats 2, so 12 - 2 = 10 apples are left, which is what the problem asks for in the end.",
    "",
)

solutions = st.builds(
    Solution,
    st.sampled_from(PROBLEMS),
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=6).map(lambda s: (*s, "A: 14")),
)
rounds = st.lists(st.lists(solutions, min_size=1, max_size=5), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def worker(model, tmp_path_factory):
    prm, folder = fetch(find_model(model))
    worker = Worker("ours", prm, folder, CRAMPED, tmp_path_factory.mktemp("log") / "engine.log")
    worker.wait()
    yield worker
    worker.close()


def play(peer, rounds, capacity):
    """Scores each round's solutions at once; the largest difference from the plain path, and what
    was saved. The engine's cache outlives the store, so it covers rewards that no one kept."""
    engine, store = peer.scorer._engine, PrefixStore(capacity)
    scorer = LocalScorer(peer.scorer.prm, engine, peer.family, store)
    differences = [0.0]
    for solutions in rounds:
        with patch("prm_app.local.engine.STEPS_AHEAD", {False: 100}):  # Else vLLM has few at once.
            scored = [future.result(60) for future in scorer.submit(solutions)]
        for prompt, each in zip(peer.encode(solutions), scored, strict=True):
            plain = engine.submit(prompt.token_ids, reuse=False).result(60)
            expected = peer.family.rewards(plain.values[prompt.positions])
            assert plain.cached == 0 and each.steps == prompt.steps
            differences += [abs(a - b) for a, b in zip(each.rewards, expected, strict=True)]
        assert len(store) <= capacity
    return max(differences), scorer.usage()


def preempted(peer, rounds):
    """The same, and how many prompts lost their place half-way."""
    from vllm.v1.core.sched.scheduler import Scheduler

    differences = []
    preempt = Scheduler._preempt_request

    def on_preempt(self, *args, **options):
        differences.append(args)
        return preempt(self, *args, **options)

    with patch.object(Scheduler, "_preempt_request", on_preempt):
        return play(peer, rounds, 1000)[0], len(differences)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(rounds=rounds, capacity=st.sampled_from([1, 4, 1000]))
def test_any_sequence_of_edits_evictions_and_users(worker, rounds, capacity):
    difference, usage = worker.run(play, rounds, capacity)
    assert difference <= 1e-5
    assert usage.computed <= usage.tokens


def test_prompts_that_lose_their_place_half_way(worker):
    rounds = [
        [Solution(PROBLEMS[i % 2], (*STEPS[:4], f"{i}{j} is it.", *STEPS[:4])) for i in range(6)]
        for j in range(6)
    ]
    difference, differences = worker.run(preempted, rounds)
    assert differences >= 6
    assert difference <= 1e-5


def test_what_is_known_is_not_computed(worker):
    steps = tuple(f"{i} + {i} = {2 * i}" for i in range(12))
    problem = PROBLEMS[1] + " Explain it slowly."
    first, edited = Solution(problem, steps), Solution(problem, (*steps[:-1], "12 + 12 = 24"))
    difference, usage = worker.run(play, [[first], [edited], [first, edited]], 1000)
    assert difference <= 1e-5
    assert usage.computed < 0.5 * usage.tokens
    assert usage.rewards == len(steps) + 1 and usage.repeated == 0


def test_where_the_cache_covers_a_reward_no_one_kept_the_prompt_is_computed_again(worker):
    repetition = Solution(PROBLEMS[0], STEPS[:4] * 2)
    worker.run(play, [[repetition]], 1000)
    difference, usage = worker.run(play, [[repetition]], 1000)
    assert difference <= 1e-5 and usage.repeated == 1
    assert usage.computed == usage.tokens
