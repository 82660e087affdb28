"""Transformers' engine computes what is new in a prompt, and gives the rewards of a whole pass."""

import gc
import json
import random
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from checkpoints import LAYOUTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vllm_prm.forward import ForwardModel

from prm_app import find_model, load
from prm_app.checkpoint import describe, fetch, open_family
from prm_app.local import forward_args
from prm_app.local.forward_engine import ForwardEngine
from prm_app.local.scorer import LocalScorer
from prm_app.solutions.solution import Solution

TOLERANCE = 1e-5
STEPS = tuple(f"He counts {i} and {i + 1}, which are {2 * i + 1} together." for i in range(6))
WHOLE = Solution("Tom counts his apples twice. How many are there?", STEPS)
EDITS = {
    "the last step": replace(WHOLE, steps=(*STEPS[:-1], "So there are 15 apples.")),
    "a step in the middle": replace(WHOLE, steps=(*STEPS[:3], "No, 9.", *STEPS[4:])),
    "the first step": replace(WHOLE, steps=("He has none.", *STEPS[1:])),
    "the problem": replace(WHOLE, problem="How many apples has Tom?"),
    "fewer steps": replace(WHOLE, steps=STEPS[:3]),
    "more steps": replace(WHOLE, steps=(*STEPS, "That is all.", "He is done.")),
    "nothing": WHOLE,
}
WINDOWS = {
    "math-shepherd": {"sliding_window": 16},
    "value-head-qwen3": {"use_sliding_window": True, "sliding_window": 16, "max_window_layers": 1},
}
"""Layers that see 16 tokens back: all of them, and one of two."""


def written(name, folder, data, **config):
    """A checkpoint of a family with these values in its configuration, and its plain model."""
    layout = LAYOUTS[name]
    file = layout.write(folder, data) / "config.json"
    content = json.loads(file.read_text()) | config
    if config:
        content.pop("layer_types", None)
    file.write_text(json.dumps(content))
    family = layout.family if layout.declared else None
    prm, folder = describe(find_model(str(folder), family, dict(layout.options)))
    return prm, ForwardModel(folder, open_family(prm, folder))


@pytest.fixture(scope="module")
def plain():
    """The demo PRM without an engine."""
    prm, folder = fetch(find_model("demo-skywork"))
    return ForwardModel(folder, open_family(prm, folder))


def rewards(plain, solution):
    prompt = plain.family.encode(solution.problem, solution.steps)
    return pytest.approx(plain.rewards([prompt])[0], abs=TOLERANCE)


def scored_after_edits(prm, plain):
    """Each edit by its name, after all those before it; all have a whole pass's rewards."""
    with load(prm, {"dtype": "float32"}, engine="transformers") as scorer:
        assert scorer.score(WHOLE).rewards == rewards(plain, WHOLE)
        scored = {what: scorer.score(edited) for what, edited in EDITS.items()}
        for what, edited in EDITS.items():
            assert scored[what].rewards == rewards(plain, edited), what
            # Its states are here, and the store of this scorer holds no rewards.
            forgetful = LocalScorer(scorer.prm, scorer._engine, scorer._family)
            assert forgetful.score(edited).rewards == rewards(plain, edited), what
    return scored


@pytest.mark.parametrize("name", LAYOUTS)
def test_of_every_family_an_edit_computes_what_follows_it(name, data, tmp_path):
    prm, plain = written(name, tmp_path, data)
    scored = scored_after_edits(prm, plain)
    last, middle = scored["the last step"], scored["a step in the middle"]
    assert last.computed < middle.computed < 0.7 * middle.tokens
    assert last.computed < 0.4 * last.tokens
    assert scored["more steps"].computed < 0.5 * scored["more steps"].tokens


@pytest.mark.parametrize("name", WINDOWS)
def test_layers_that_see_few_tokens_back_are_right_after_an_edit(name, data, tmp_path):
    prm, plain = written(name, tmp_path, data, **WINDOWS[name])
    last = scored_after_edits(prm, plain)["the last step"]
    assert last.computed < 0.4 * last.tokens
    _, wide = written(name, tmp_path, data, sliding_window=None, use_sliding_window=False)
    assert last.rewards != rewards(wide, EDITS["the last step"])  # so the window says something


def test_what_a_prompt_starts_from_is_in_its_outputs_rows(plain):
    """Equal, shorter, longer, and edited anywhere: the engine says how many tokens it knew."""
    chance = random.Random(0)
    token_ids = [chance.randrange(1000) for _ in range(100)]
    prompts = {
        0: token_ids,
        99: token_ids,
        50: [*token_ids[:50], 3, *token_ids[51:]],
        59: token_ids[:60],
        100: [*token_ids, 4, 5],
    }
    _, folder = fetch(find_model("demo-skywork"))
    with closing(ForwardEngine(folder, plain.family, {}, lambda *_: None)) as engine:
        for cached, prompt in prompts.items():
            outputs = engine.submit(prompt).result()
            assert outputs.cached == cached
            assert outputs.values == pytest.approx(plain.logits([prompt])[0][cached:], abs=1e-4)
        outputs = engine.submit(token_ids, reuse=False).result()
        assert outputs.cached == 0 and len(outputs.values) == 100


def test_candidates_of_one_problem_compute_it_a_few_times_only(plain, real_solutions):
    problem, texts = real_solutions[0]
    problem = " ".join([problem] * 3)
    candidates = [Solution(problem, (f"Try {i}.", *texts[i % 4].split("\n"))) for i in range(16)]
    with load("demo-skywork", engine="transformers") as scorer:
        scored = [future.result(300) for future in scorer.submit(candidates)]
    for each, candidate in zip(scored, candidates, strict=True):
        assert each.rewards == rewards(plain, candidate)
    size = plain.family.encode(problem, ("Try 0.",)).positions[0]
    assert sum(each.tokens - each.computed for each in scored) > 10 * size


def test_edits_of_many_users_at_once(plain):
    def edit(user: int):
        whole = replace(WHOLE, problem=f"{WHOLE.problem} {user}?")
        edits = [replace(whole, steps=(*STEPS[:i], f"So {user + i}.")) for i in (5, 2, 4, 0)]
        return [(each, scorer.score(each)) for each in (whole, *edits)]

    with load("demo-skywork", engine="transformers") as scorer, ThreadPoolExecutor(8) as users:
        for solution, scored in (each for edits in users.map(edit, range(16)) for each in edits):
            assert scored.rewards == rewards(plain, solution)


def test_an_edit_that_is_cancelled_leaves_the_next_one_right(plain):
    edits = [replace(WHOLE, steps=(*STEPS[:3], f"Or {i}.", *STEPS[4:])) for i in range(40)]
    with load("demo-skywork", engine="transformers") as scorer:
        scorer.score(WHOLE)
        for future in scorer.submit(edits[:-1]):
            future.cancel()
        assert scorer.score(edits[-1]).rewards == rewards(plain, edits[-1])


def test_the_cache_is_bounded_and_the_least_used_goes_first(monkeypatch, plain):
    size = len(plain.family.encode(WHOLE.problem, STEPS).token_ids)
    monkeypatch.setattr(forward_args, "CACHE_TOKENS", 3 * size)
    _, folder = fetch(find_model("demo-skywork"))
    with load("demo-skywork", engine="transformers") as scorer:
        assert scorer.usage().cache_tokens == 3 * size
        others = [replace(WHOLE, problem=f"{i} apples: how many?") for i in range(6)]
        scorer.score(WHOLE)
        for i, other in enumerate(others):
            scorer.score(other)
            edited = scorer.score(replace(WHOLE, steps=(*STEPS[:-1], f"So {i}.")))
            assert edited.computed < 0.4 * edited.tokens  # used all the time
        forgotten = scorer.score(replace(others[0], steps=(*STEPS[:-1], "So 7.")))
        assert forgotten.computed == forgotten.tokens
        states = scorer._engine._states
        storages = {
            each.untyped_storage().data_ptr(): each.untyped_storage().nbytes()
            for layers in states._prompts.values()
            for pair in layers
            for each in pair
        }
        assert len(states) <= 3 * size
    with_cache = forward_args.memory_needed(folder, {})
    monkeypatch.setattr(forward_args, "CACHE_TOKENS", 0)
    assert 0 < sum(storages.values()) <= with_cache - forward_args.memory_needed(folder, {})


def test_a_closed_engine_frees_the_states():
    with load("demo-skywork", engine="transformers") as scorer:
        scorer.score(WHOLE)
        states = weakref.ref(scorer._engine._states)
        assert len(states())
    gc.collect()
    assert states() is None


def test_a_trunk_that_is_not_known_is_computed_as_a_whole(data, tmp_path, monkeypatch):
    monkeypatch.setattr(forward_args, "TRUNKS", ())
    prm, plain = written("trl-llama", tmp_path, data)
    with load(prm, {"dtype": "float32"}, engine="transformers") as scorer:
        assert scorer.usage().cache_tokens == 0
        scorer.score(WHOLE)
        edited = scorer.score(EDITS["the last step"])
        assert edited.computed == edited.tokens
        assert edited.rewards == rewards(plain, EDITS["the last step"])


def test_a_prompt_longer_than_the_cache_is_computed_as_a_whole_and_leaves_the_others(
    monkeypatch, plain
):
    size = len(plain.family.encode(WHOLE.problem, STEPS).token_ids)
    monkeypatch.setattr(forward_args, "CACHE_TOKENS", 2 * size)
    long = replace(WHOLE, steps=STEPS * 3)
    with load("demo-skywork", engine="transformers") as scorer:
        scorer.score(WHOLE)
        scored = scorer.score(long)
        assert scored.computed == scored.tokens > 2 * size
        assert scored.rewards == rewards(plain, long)
        edited = scorer.score(EDITS["the last step"])
        assert edited.computed < 0.4 * edited.tokens


ends = st.lists(st.sampled_from([7, 8, 9]), min_size=1, max_size=40)
rounds = st.lists(st.lists(ends, min_size=1, max_size=6), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def cramped(plain):
    """An engine that keeps a few prompts of some dozens of tokens."""
    _, folder = fetch(find_model("demo-skywork"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(forward_args, "CACHE_TOKENS", 150)
        with closing(ForwardEngine(folder, plain.family, {}, lambda *_: None)) as engine:
            yield engine


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(rounds=rounds)
def test_any_sequence_of_batches(plain, cramped, rounds):
    for ends in rounds:
        prompts = [[*range(20), *end] for end in ends]
        futures = [cramped.submit(prompt, together=len(prompts)) for prompt in prompts]
        for prompt, future in zip(prompts, futures, strict=True):
            outputs = future.result()
            expected = plain.logits([prompt])[0][outputs.cached :]
            assert outputs.values == pytest.approx(expected, abs=1e-4)
