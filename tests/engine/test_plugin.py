"""vLLM finds the plugin on its own, registers its model once, and says so in one line."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"

TWICE_WITH_LOGS = """
from vllm.config.logging import LoggingConfig
from vllm.logger import configure_logging_if_needed
configure_logging_if_needed(LoggingConfig())
from vllm.plugins import load_general_plugins
load_general_plugins()
import vllm_prm
vllm_prm.register()
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"VLLM_LOGGING_LEVEL": "INFO"},
        check=True,
    )
    return done.stdout + done.stderr


def test_the_check_in_the_readme_confirms_it():
    code = re.search(r'python -c "(from vllm import ModelRegistry.*?)"', README.read_text())[1]
    assert run(code).strip().endswith("True")


def test_registering_twice_logs_one_line():
    assert run(TWICE_WITH_LOGS).count("vllm-prm registered Qwen2ForPrmModel") == 1
