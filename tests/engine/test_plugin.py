"""vLLM finds the plugin on its own, registers its models once, and says so in one line each."""

import os
import subprocess
import sys
from pathlib import Path

from checkpoints import LAYOUTS
from demo_prm.export import CHECKPOINTS

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
