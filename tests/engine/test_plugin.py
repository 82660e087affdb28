"""vLLM finds the plugin on its own, registers its models once, and says so in one line each."""

import os
import subprocess
import sys
from pathlib import Path

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
from prm_app.local.engine_args import engine_arguments
options = {"quantization": "fp8", "dtype": "bfloat16"}
config = EngineArgs(**engine_arguments(sys.argv[1], options)).create_engine_config()
with set_current_vllm_config(config):
    init_distributed_environment(1, 0, "file:///" + sys.argv[2], backend="gloo")
    initialize_model_parallel()
    model = initialize_model(config)
for name, layer in model.named_modules():
    if hasattr(layer, "quant_method"):
        print(name, type(layer.quant_method).__name__)
"""


def test_fp8_leaves_the_head_of_qwen_in_full_precision(tmp_path):
    lines = run(WHICH_LAYERS_ARE_QUANTISED, CHECKPOINTS / "qwen", tmp_path / "store").splitlines()
    methods = dict(line.split() for line in lines if line.startswith(("score.", "model.layers.0")))
    assert methods["score.0"] == methods["score.2"] == "UnquantizedLinearMethod"
    assert "Fp8" in methods["model.layers.0.mlp.down_proj"]
