"""Engines in this process for the tests, on the bundled demo PRM."""

import os
from importlib.util import find_spec

import pytest

from prm_app.local.models import LocalModels

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")


# What is about vLLM itself; the other files hold for every engine.
VLLMS = ("bench", "commands", "doctor", "families", "models", "options", "plugin", "prefix_reuse")
collect_ignore = [] if find_spec("vllm") else [f"test_{name}.py" for name in VLLMS]


@pytest.fixture(scope="session")
def models():
    models = LocalModels()
    yield models
    models.close()


@pytest.fixture(scope="session", params=["demo-skywork", "demo-qwen"])
def model(request) -> str:
    return request.param


@pytest.fixture
def scorer(models, model):
    return models.scorer(model)
