"""What a visitor sees while a model loads: how far it is, then the result or an error."""

import asyncio
from concurrent.futures import Future
from functools import partial

import gradio as gr
import pytest
from instant import InstantModels, InstantScorer

from prm_app.errors import ModelError
from prm_app.scoring import Scorer, Status
from prm_app.ui import rank_tab, score_tab
from prm_app.ui.header import BUSY_SECONDS, IDLE_SECONDS, _look, chip, header
from prm_app.ui.policy import Policy

STAGES = [
    Status(stage="Downloading the weights", progress=0.12),
    Status(stage="Starting the engine", progress=0.6),
]


class LoadingModels(InstantModels):
    """Models of which each look finds the next stage; after the last one, what `end` says."""

    def __init__(self, end: Scorer | ModelError) -> None:
        super().__init__()
        self.opening: Future[Scorer] = Future()
        self.end, self.stages = end, iter(STAGES)

    def status(self, name: str = "") -> Status:
        if status := next(self.stages, None):
            return status
        if isinstance(self.end, ModelError):
            self.opening.done() or self.opening.set_exception(self.end)
            return Status(error=self.end)
        self.opening.done() or self.opening.set_result(self.end)
        return Status(ready=True, precision="float32 on the CPU")

    def open(self, name: str = "") -> Future[Scorer]:
        return self.opening


def page(models: LoadingModels, tab: str):
    """The tab's handler of its button, and where it shows how far the model is."""
    with gr.Blocks():
        models.stages, stages = iter(()), models.stages  # the page itself looks once
        head = header(InstantModels(), any_name=True)
        models.stages = stages
        if tab == "score":
            built = score_tab.build(models, head)
            values = {each: each.value for each in built.fields | {head.threshold}}
            return partial(score_tab._score, built, models, False, values), built
        built = rank_tab.build(models, head, Policy())
        fields = built.fields | {*built.controls, built.question, built.inputs.origins}
        values = {each: each.value for each in fields}
        return partial(rank_tab._rank, built, models, values), built


def shown(handler, built) -> list[str]:
    async def messages() -> list[str]:
        return [changes[built.message] async for changes in handler() if built.message in changes]

    return asyncio.run(messages())


@pytest.mark.parametrize("tab", ["score", "rank"])
def test_each_stage_is_shown_until_the_result_comes(tab):
    first, second, *rest = shown(*page(LoadingModels(InstantScorer()), tab))
    for message, status in zip((first, second), STAGES, strict=True):
        assert status.stage in message and 'role="status"' in message
        assert f'aria-valuenow="{100 * status.progress:.0f}"' in message
    assert rest[-1] == ""


@pytest.mark.parametrize("tab", ["score", "rank"])
def test_a_load_that_fails_ends_in_its_error(tab):
    *_, last = shown(*page(LoadingModels(ModelError("The weights are damaged.")), tab))
    assert 'role="alert"' in last and "The weights are damaged." in last


def test_the_head_shows_the_same_stages_and_then_that_it_is_ready():
    models = LoadingModels(InstantScorer())
    prm = models.default
    busy, busier, ready = (chip(prm, models.status()) for _ in range(3))
    for said, status in zip((busy, busier), STAGES, strict=True):
        assert status.stage in said and f'aria-valuenow="{100 * status.progress:.0f}"' in said
    assert "Ready" in ready and "float32 on the CPU" in ready and "progressbar" not in ready


def test_the_head_looks_often_while_a_model_loads_and_seldom_afterwards():
    models = LoadingModels(InstantScorer())
    with gr.Blocks():
        head = header(InstantModels(), any_name=True)
    prm = models.default
    values = {head.model: prm.key, head.subject: prm, head.former: prm}
    looks = [_look(head, models, values)[head.timer].value for _ in range(3)]
    assert looks == [BUSY_SECONDS, BUSY_SECONDS, IDLE_SECONDS]
