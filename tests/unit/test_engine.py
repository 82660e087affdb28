"""What the engine's machine calls for, and what its failures mean for a user."""

from concurrent.futures import Future

import pytest

from prm_app.catalog import find_model
from prm_app.checkpoint import fetch, parameters
from prm_app.errors import EngineError, ModelError, NoEngineError, OutOfMemoryError
from prm_app.local import engine_args, forward_args, kinds
from prm_app.local.engine import load_error
from prm_app.local.forward_engine import _Request, fitting


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


@pytest.mark.parametrize("bf16", [False, True])
def test_small_models_run_in_float32_on_every_cpu(monkeypatch, bf16):
    monkeypatch.setattr(engine_args, "on_cpu", lambda: True)
    monkeypatch.setattr(engine_args, "has_bf16", lambda: bf16)
    for key in ("demo-skywork", "demo-qwen"):
        weights = parameters(fetch(find_model(key))[1])
        assert engine_args.default_dtype(weights) == "float32"
        assert engine_args.itemsize({}, weights) == 4
    assert engine_args.default_dtype(1_540_000_000) == ("bfloat16" if bf16 else "float32")
    assert engine_args.itemsize({}, 1_540_000_000) == (2 if bf16 else 4)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"dtype": "bfloat16"}, 2),
        ({"dtype": "half"}, 2),
        ({"dtype": "float32"}, 4),
        ({"dtype": "float"}, 4),
        ({"dtype": "float32", "quantization": "fp8_per_tensor"}, 1),
    ],
)
def test_memory_is_counted_in_the_dtype_that_will_be_used(monkeypatch, options, size):
    monkeypatch.setattr(engine_args, "on_cpu", lambda: True)
    assert engine_args.itemsize(options, 10) == size
    monkeypatch.setattr(engine_args, "on_cpu", lambda: False)
    assert engine_args.itemsize(options, 10) == size
    assert engine_args.itemsize({}, 10) == 2


def test_without_an_engine_no_file_is_looked_for(monkeypatch):
    from prm_app.local.models import LocalModels

    for module in (engine_args, forward_args, kinds):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    for name in ("demo-skywork", "someone/no-such-model"):
        with pytest.raises(NoEngineError, match=r"pip install.*\[cuda\].*\[cpu\]"):
            LocalModels().open(name).result(timeout=30)


@pytest.mark.parametrize(
    "installed, named, taken",
    [
        ({"vllm", "torch"}, None, "vllm"),
        ({"torch"}, None, "transformers"),
        (set(), None, "vllm"),
        ({"vllm", "torch"}, "transformers", "transformers"),
        ({"torch"}, "vllm", "vllm"),
    ],
)
def test_transformers_computes_if_it_is_named_or_vllm_is_not_there(
    monkeypatch, installed, named, taken
):
    for module in (forward_args, kinds):
        monkeypatch.setattr(module, "find_spec", lambda name: name in installed or None)
    assert kinds.engine_kind(named).name == taken


def test_a_batch_is_the_oldest_request_and_those_nearest_to_it_in_length():
    lengths = [100, 900, 90, 120, 30, 101]
    waiting = [_Request([0] * length, True, 64, Future()) for length in lengths]

    def batch(most: int) -> list[int]:
        return sorted(len(each.token_ids) for each in fitting(waiting, most))

    assert batch(350) == [90, 100, 101]
    assert batch(50) == [100]
    assert batch(10**6) == sorted(lengths)
    assert fitting([], 50) == []


def test_who_asks_for_one_does_not_wait_behind_who_asks_for_many():
    many = [_Request([0] * 100, True, 64, Future()) for _ in range(200)]
    one, last = (_Request([0] * length, True, 1, Future()) for length in (700, 50))
    assert fitting([*many, one, last], 800)[0] is one
    assert fitting([*many, last], 200) == [last, many[0]]


@pytest.mark.parametrize("what", ["torch", "transformers"])
def test_whatever_a_load_raises_in_its_thread_ends_the_wait(monkeypatch, what):
    from prm_app.local.models import LocalModels

    def broken(*args: object) -> None:
        raise ModuleNotFoundError(f"No module named '{what}'")

    monkeypatch.setattr(engine_args, "find_spec", lambda name: True)
    for name in ("parameters", "open_family"):
        with monkeypatch.context() as patched:
            patched.setattr(f"prm_app.local.loading.{name}", broken)
            with pytest.raises(ModelError, match=f"No module named '{what}'"):
                LocalModels().open().result(timeout=30)


def test_what_a_job_raises_ends_its_wait_and_the_thread_goes_on():
    from prm_app.local.engine_thread import EngineThread

    thread, first, second = EngineThread(), Future(), Future()
    thread.do(lambda: {}["missing"], first)
    thread.do(lambda: second.set_result("done"), second)
    with pytest.raises(KeyError):
        first.result(timeout=30)
    assert second.result(timeout=30) == "done"
    thread.end()
