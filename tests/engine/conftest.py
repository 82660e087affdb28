"""Engines in this process for the tests, on the bundled demo PRM."""

import os

import pytest

from prm_app.local.models import LocalModels

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")


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
