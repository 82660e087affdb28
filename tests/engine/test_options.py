"""vLLM's own options in our command line, and the arguments that a server is started with.

Servers on several GPUs or machines cannot run here: what vLLM is asked to do is checked in their
place, up to the call that would do it.
"""

import json
from pathlib import Path

import pytest
from checkpoints import LAYOUTS
from safetensors.torch import load_file, save_file

from prm_app.catalog import find_model
from prm_app.cli import main
from prm_app.errors import InputError, NotAPrmError
from prm_app.local.engine_args import GRAPH_SIZES, engine_arguments
from prm_app.local.serve import server_args
from prm_app.local.vllm_options import engine_options


def test_engine_options_are_vllms_own_and_only_those_given():
    options, rest = engine_options(
        ["score", "file.jsonl", "--max-model-len", "2k", "--model", "m", "--json", "-tp", "2"]
    )
    assert options == {"max_model_len": 2000, "tensor_parallel_size": 2}
    assert rest == ["score", "file.jsonl", "--json", "--model", "m"]


@pytest.mark.parametrize(
    "argv, given",
    [
        (["--gpu_memory_utilization=0.7"], {"gpu_memory_utilization": 0.7}),
        (["--dtype", "float32"], {"dtype": "float32"}),
        (["--trust-remote-code"], {"trust_remote_code": True}),
        (["--no-enable-prefix-caching"], {"enable_prefix_caching": False}),
        (["--quantization", "fp8"], {"quantization": "fp8"}),
        (["--hf-overrides.rope_theta", "5"], {"hf_overrides": {"rope_theta": 5}}),
    ],
)
def test_options_are_written_as_vllm_takes_them(argv, given):
    assert engine_options(["score", *argv]) == (given, ["score"])


def test_help_finds_vllms_options(capsys):
    with pytest.raises(SystemExit) as end:
        main(["score", "--help=max-model-len"])
    assert end.value.code == 0
    assert "--max-model-len" in capsys.readouterr().out


def test_unknown_options_are_refused(capsys):
    with pytest.raises(SystemExit) as end:
        main(["score", "--problem", "2?", "--solution", "4", "--no-such-option", "1"])
    assert end.value.code == 2
    assert "--no-such-option" in capsys.readouterr().err


def test_engine_options_with_servers_are_refused(capsys):
    ask = ["score", "--problem", "2?", "--solution", "4", "--base-url", "127.0.0.1:9"]
    assert main([*ask, "--max-model-len", "9"]) == 2
    assert "give --max-model-len to `prm-app serve`" in capsys.readouterr().err


def test_a_server_has_what_a_prm_needs():
    args = server_args([])
    assert args.model == find_model("demo-skywork").checkpoint
    assert args.served_model_name == ["demo-skywork"]
    assert (args.host, args.port) == ("127.0.0.1", 8000)
    assert (args.runner, args.io_processor_plugin) == ("pooling", "prm")
    assert args.pooler_config.tok_pooling_type == "ALL"


def test_what_is_given_stands():
    args = server_args(
        [
            "demo-qwen",
            "--host",
            "0.0.0.0",
            "--port",
            "8081",
            "--served-model-name",
            "mine",
            "--max-model-len",
            "1024",
            "--dtype",
            "bfloat16",
            "--kv-cache-memory-bytes",
            "1000000",
            "--pooler-config",
            '{"tok_pooling_type": "STEP"}',
        ]
    )
    assert (args.host, args.port) == ("0.0.0.0", 8081)
    assert args.served_model_name == ["mine"]
    assert (args.max_model_len, args.dtype) == (1024, "bfloat16")
    assert args.kv_cache_memory_bytes == 1_000_000
    assert args.pooler_config.tok_pooling_type == "STEP"


@pytest.mark.parametrize(
    "argv, sizes",
    [
        ([], GRAPH_SIZES),
        (["--enforce-eager"], GRAPH_SIZES),
        (["--cudagraph-capture-sizes", "8", "64"], [8, 64]),
        (["--max-cudagraph-capture-size", "256"], None),
        (["--compilation-config", '{"cudagraph_capture_sizes": [8]}'], None),
    ],
)
def test_gpus_replay_long_solutions_unless_other_graphs_are_given(monkeypatch, argv, sizes):
    monkeypatch.setattr("prm_app.local.engine_args.on_cpu", lambda: False)
    here = engine_arguments(find_model("demo-qwen").checkpoint, engine_options(["score", *argv])[0])
    serving = server_args(["demo-qwen", *argv])
    for graphs in (here["cudagraph_capture_sizes"], serving.cudagraph_capture_sizes):
        assert graphs == (sizes and list(sizes))


def test_a_served_model_is_loaded_and_read_as_its_family_says(data, tmp_path):
    LAYOUTS["rlhflow"].write(tmp_path, data)
    args = server_args([str(tmp_path), "--family", "rlhflow"])
    assert args.convert == "classify"
    assert args.hf_overrides == {
        "prm": {"family": "rlhflow", "good": "+", "bad": "-"},
        "method": "no_post_processing",
        "classifier_from_token": ["-", "+"],
    }


def test_overrides_of_the_config_join_those_of_the_family(data, tmp_path):
    LAYOUTS["trl-llama"].write(tmp_path, data)
    more = ["--hf-overrides", '{"rope_theta": 1e6}', "--family-option", r"separator=\n\n"]
    args = server_args([str(tmp_path), *more])
    assert args.hf_overrides["rope_theta"] == 1e6
    assert args.hf_overrides["prm"] == {"family": "trl", "separator": "\n\n"}


@pytest.mark.parametrize("bf16", [False, True])
def test_engine_and_server_run_in_the_same_dtype_on_every_cpu(monkeypatch, tmp_path, bf16):
    monkeypatch.setattr("prm_app.local.engine_args.has_bf16", lambda: bf16)
    demo = find_model("demo-qwen").checkpoint
    sizes = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24}
    heads = {"num_attention_heads": 16, "num_key_value_heads": 16}
    config = json.loads(Path(demo, "config.json").read_text()) | sizes | heads
    (tmp_path / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes(Path(demo, name).read_bytes())
    large = "bfloat16" if bf16 else "float32"
    for folder, dtype in ((demo, "float32"), (str(tmp_path), large)):
        argv = [folder, "--load-format", "dummy"]
        assert engine_arguments(folder, {})["dtype"] == server_args(argv).dtype == dtype
        assert engine_arguments(folder, {"dtype": "float16"})["dtype"] == "float16"
        assert server_args([*argv, "--dtype", "float16"]).dtype == "float16"


def test_a_model_without_its_head_is_not_served(data, tmp_path):
    LAYOUTS["qwen"].write(tmp_path, data)
    file = tmp_path / "model.safetensors"
    weights = {name: weight for name, weight in load_file(file).items() if "score" not in name}
    save_file(weights, file)
    with pytest.raises(NotAPrmError, match=r"holds no score\.0\.weight"):
        server_args([str(tmp_path)])
    assert server_args([str(tmp_path), "--load-format", "dummy"]).model == str(tmp_path)


def test_only_prms_are_served(tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    with pytest.raises(NotAPrmError, match="LlamaForCausalLM"):
        server_args([str(tmp_path)])
    with pytest.raises(InputError, match="vLLM does not take these options"):
        server_args(["demo-qwen", "--enable-auto-tool-choice"])


@pytest.mark.parametrize(
    "argv, expected",
    [
        (["--tensor-parallel-size", "4"], {"tensor_parallel_size": 4}),
        (["--data-parallel-size", "8"], {"data_parallel_size": 8}),
        (
            ["-tp", "8", "-pp", "2", "--distributed-executor-backend", "ray"],
            {
                "tensor_parallel_size": 8,
                "pipeline_parallel_size": 2,
                "distributed_executor_backend": "ray",
            },
        ),
        (
            [
                "--data-parallel-size",
                "16",
                "--data-parallel-size-local",
                "8",
                "--headless",
                "--data-parallel-address",
                "10.0.0.1",
                "--data-parallel-rpc-port",
                "13345",
                "--data-parallel-start-rank",
                "8",
            ],
            {
                "data_parallel_size": 16,
                "data_parallel_size_local": 8,
                "data_parallel_address": "10.0.0.1",
                "data_parallel_rpc_port": 13345,
                "data_parallel_start_rank": 8,
                "headless": True,
            },
        ),
    ],
)
def test_many_gpus_and_machines_reach_vllm(monkeypatch, argv, expected):
    from vllm.entrypoints.cli.serve import ServeSubcommand

    engine_args = []
    monkeypatch.setattr(ServeSubcommand, "cmd", engine_args.append)
    assert main(["serve", "demo-qwen", *argv]) == 0
    assert {name: getattr(engine_args[0], name) for name in expected} == expected
    assert engine_args[0].io_processor_plugin == "prm"


def test_api_keys_guard_every_route(monkeypatch):
    monkeypatch.setenv("VLLM_PRM_API_KEYS", "")
    args = server_args(["demo-qwen", "--api-key", "one", "two"])
    assert args.middleware == ["vllm_prm.auth.RequireApiKey"]
