"""vLLM finds the plugin on its own, registers its models once, and says so in one line each."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from checkpoints import LAYOUTS
from demo_prm.export import CHECKPOINTS
from safetensors.torch import load_file, save_file

TWICE_WITH_LOGS = """
from vllm.config.logging import LoggingConfig
from vllm.logger import configure_logging_if_needed
configure_logging_if_needed(LoggingConfig())
from vllm.plugins import load_general_plugins
load_general_plugins()
import vllm_prm
vllm_prm.register()
"""


def run(code: str, *args: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        env=os.environ | {"VLLM_LOGGING_LEVEL": "INFO"},
        check=True,
    )
    return done.stdout + done.stderr


def test_registering_twice_logs_one_line():
    assert run(TWICE_WITH_LOGS).count("vllm-prm registered Qwen2ForPrmModel") == 1


WHICH_LAYERS_ARE_QUANTISED = """
import sys
from vllm.config import set_current_vllm_config
from vllm.distributed import init_distributed_environment, initialize_model_parallel
from vllm.engine.arg_utils import EngineArgs
from vllm.model_executor.model_loader.utils import initialize_model
from vllm_prm.families import load_family
from prm_app.local.engine_args import engine_arguments, for_family
store, *folders = sys.argv[1:]
for folder in folders:
    options = for_family(load_family(folder), {"quantization": "fp8", "dtype": "bfloat16"})
    config = EngineArgs(**engine_arguments(folder, options)).create_engine_config()
    with set_current_vllm_config(config):
        if folder == folders[0]:
            init_distributed_environment(1, 0, "file:///" + store, backend="gloo")
            initialize_model_parallel()
        for name, layer in initialize_model(config).named_modules():
            if hasattr(layer, "quant_method"):
                print("layer", folder, name, type(layer.quant_method).__name__)
"""


def test_fp8_leaves_the_head_in_full_precision(data, tmp_path):
    qwen, trl = CHECKPOINTS / "qwen", LAYOUTS["trl-llama"].write(tmp_path / "trl", data)
    lines = run(WHICH_LAYERS_ARE_QUANTISED, tmp_path / "store", qwen, trl).splitlines()
    methods = {
        (folder, layer): method
        for _, folder, layer, method in (
            line.split() for line in lines if line.startswith("layer ")
        )
    }
    for folder, heads in ((qwen, ("score.0", "score.2")), (trl, ("score",))):
        for head in heads:
            assert methods[str(folder), head] == "UnquantizedLinearMethod"
        assert "Fp8" in methods[str(folder), "model.layers.0.mlp.down_proj"]


LOADED_AS_VLLM_DOES = """
import sys
from vllm import LLM
from prm_app.local.engine_args import engine_arguments
for folder in sys.argv[1:]:
    try:
        LLM(**engine_arguments(folder, {"enforce_eager": True}))
    except Exception as error:
        print("refused", folder, error)
"""


def test_vllm_itself_loads_no_model_without_its_head_or_with_another(data, tmp_path, monkeypatch):
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    changes = {
        "skywork": lambda name, weight: None if name == "v_head.summary.bias" else weight,
        "qwen": lambda name, weight: weight.repeat(2, 1) if name == "score.0.weight" else weight,
    }
    for family, change in changes.items():
        layout = replace(LAYOUTS[family], binary=False)
        file = layout.write(tmp_path / family, data) / "model.safetensors"
        weights = {name: change(name, weight) for name, weight in load_file(file).items()}
        save_file({name: each for name, each in weights.items() if each is not None}, file)
    output = run(LOADED_AS_VLLM_DOES, *(tmp_path / family for family in changes))
    assert f"refused {tmp_path}/skywork the checkpoint holds no v_head.summary.bias" in output
    assert (
        f"refused {tmp_path}/qwen the checkpoint holds a score.0.weight of shape 128 x 64" in output
    )
