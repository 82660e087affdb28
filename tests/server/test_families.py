"""Every family scores alike from `prm-app serve`, a stock `vllm serve` and a plain forward pass."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from checkpoints import LAYOUTS
from server.conftest import Running, start
from vllm_prm.forward import ForwardModel

from prm_app.catalog import find_model
from prm_app.checkpoint import describe, open_family
from prm_app.remote import RemoteScorer, Servers
from prm_app.solutions.solution import solution

# One layout of each family; test_client.py asks `prm-app serve` for the two demo models.
NAMES = ("value-head-llama", "trl-llama", "math-shepherd", "rlhflow", "versaprm")
COMMON = ("--dtype", "float32", "--kv-cache-memory-bytes", "100000000")


@pytest.fixture(scope="module", params=NAMES)
def checkpoint(request, data, tmp_path_factory):
    """The entry of a small checkpoint in the family's published layout, and a forward pass."""
    layout = LAYOUTS[request.param]
    folder = layout.write(tmp_path_factory.mktemp(request.param), data)
    family = layout.family if layout.declared else None
    prm, _ = describe(find_model(str(folder), family, dict(layout.options)))
    return prm, ForwardModel(folder, open_family(prm, folder))


@pytest.fixture(scope="module")
def servers(checkpoint, tmp_path_factory) -> Iterator[dict[str, Running]]:
    prm, model = checkpoint
    logs = tmp_path_factory.mktemp("logs")
    options = ("--family", prm.family.name)
    arguments = model.family.engine_arguments()
    pooling = {"tok_pooling_type": "ALL", "task": "token_classify"}
    commands = {
        "ours": ("-m", "prm_app.cli", "serve", prm.checkpoint, *options),
        "stock": (
            *("-m", "vllm.entrypoints.openai.api_server", "--model", prm.checkpoint),
            *("--runner", "pooling", "--convert", arguments.get("convert", "auto")),
            *("--hf-overrides", json.dumps(arguments.get("hf_overrides", {}))),
            *("--pooler-config", json.dumps(pooling), "--enforce-eager"),
        ),
    }
    running = {
        name: start(logs / f"{name}.log", *command, *COMMON) for name, command in commands.items()
    }
    yield running
    for each in running.values():
        if each.process.poll() is None:
            each.kill()


@pytest.mark.parametrize("kind", ["ours", "stock"])
def test_rewards_are_those_of_a_plain_forward_pass(checkpoint, servers, kind, real_solutions):
    prm, model = checkpoint
    texts = [(problem, text) for problem, texts in real_solutions for text in texts]
    batch = [solution(problem, text) for problem, text in texts[::2][:32]]
    edited = replace(batch[0], steps=(*batch[0].steps[:-1], batch[0].steps[-1] + " Or is it?"))

    def agrees(scored, each):
        (expected,) = model.rewards([model.family.encode(each.problem, each.steps)])
        return scored.rewards == pytest.approx(expected, abs=1e-3)

    family = prm.family.name if kind == "stock" else None
    addresses = Servers([servers[kind].wait()], timeout=900, family=family)
    with RemoteScorer(addresses) as scorer:
        assert scorer.prm.family is prm.family
        assert agrees(scorer.score(batch[0]), batch[0])
        results = dict(scorer.score_many(batch))
        assert all(agrees(results[i], each) for i, each in enumerate(batch))
        assert agrees(scorer.score(edited), edited)
