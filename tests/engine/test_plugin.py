"""The plugin is found by vLLM on its own, once, and says so in one line."""

import os
import subprocess
import sys

CHECK = """
from vllm.plugins import load_general_plugins
load_general_plugins()
import vllm_prm
vllm_prm.register()
from vllm import ModelRegistry
print("Qwen2ForPrmModel" in ModelRegistry.get_supported_archs())
"""


def test_vllm_registers_the_architecture_through_the_entry_point():
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        capture_output=True,
        text=True,
        env=os.environ | {"VLLM_LOGGING_LEVEL": "INFO"},
        check=True,
    )
    assert done.stdout.strip().endswith("True")
    assert (done.stdout + done.stderr).count("vllm-prm registered Qwen2ForPrmModel") == 1
