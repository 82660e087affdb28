"""What vLLM's failures mean for a user."""

import pytest

from prm_app.errors import EngineError, ModelError, OutOfMemoryError
from prm_app.local.engine import load_error


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (RuntimeError("CUDA error: out of memory"), OutOfMemoryError, "give it a smaller context"),
        (ValueError("No available memory for the cache"), OutOfMemoryError, "choose a smaller"),
        (RuntimeError("CUDA error: device-side assert"), EngineError, "start it again"),
        (ValueError("no such layer"), ModelError, "no such layer"),
    ],
)
def test_a_load_that_fails_says_what_to_do(error, kind, text):
    found = load_error(error)
    assert type(found) is kind and text in str(found)
