"""One engine at a time for the tests, in this process, on the bundled demo PRM."""

import os

import pytest

from prm_app.local.models import LocalModels

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")


@pytest.fixture(scope="session")
def host():
    host = LocalModels()
    yield host
    host.close()


@pytest.fixture(scope="session", params=["demo-skywork", "demo-qwen"])
def model(request) -> str:
    return request.param


@pytest.fixture
def scorer(host, model):
    return host.scorer(model)
