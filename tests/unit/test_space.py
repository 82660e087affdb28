"""`app.py` on a hosted Space: it installs what a Space's own file cannot, and nothing elsewhere.

`python -m space` in tests/ tries all of it, as root.
"""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from prm_app.local import unused_gpu

ROOT = Path(__file__).parents[2]
PLUGIN = str(ROOT / "plugin")


@pytest.fixture
def commands(monkeypatch) -> list[list[str]]:
    """What is run in another process; none is, in a test."""
    run: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda words, check: run.append([*map(str, words)]))
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")  # and as it was afterwards
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each != PLUGIN])
    return run


def test_a_space_installs_app_and_plugin_without_what_they_need(commands, monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/space")
    runpy.run_path(str(ROOT / "app.py"))
    [[python, *pip]] = commands
    assert python == sys.executable
    assert pip[:4] == ["-m", "pip", "install", "--quiet"] and "--no-deps" in pip
    editable = [pip[i + 1] for i, word in enumerate(pip) if word == "--editable"]
    assert editable == [PLUGIN, str(ROOT)]
    assert pip[pip.index("-r") + 1] == str(ROOT / "requirements" / "demo.txt")
    assert os.environ["FORWARDED_ALLOW_IPS"] == "*"
    assert sys.path[-1] == PLUGIN  # for this start; the installation is read at the next


def test_a_space_whose_installation_fails_does_not_start(monkeypatch):
    def fail(words, check):
        assert check
        raise subprocess.CalledProcessError(1, words)

    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    monkeypatch.setattr(subprocess, "run", fail)
    monkeypatch.setenv("SPACE_ID", "someone/space")
    with pytest.raises(subprocess.CalledProcessError):
        runpy.run_path(str(ROOT / "app.py"))


def test_elsewhere_nothing_is_installed(commands, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert callable(runpy.run_path(str(ROOT / "app.py"))["main"])
    assert commands == [] and PLUGIN not in sys.path


def test_a_space_takes_its_options_from_a_variable(monkeypatch):
    given: list[list[str]] = []
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("PRM_APP_OPTIONS", "--base-url https://prm.example --model 'a b'")
    monkeypatch.setattr(sys, "argv", ["app.py", "--mcp"])
    monkeypatch.setattr("prm_app.cli.main", lambda words: given.append(words) or 0)
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    assert given == [["ui", "--base-url", "https://prm.example", "--model", "a b", "--mcp"]]


@pytest.mark.parametrize(
    "gpu, torch, space, said",
    [
        (True, "2.13.0+cpu", True, "copy requirements/space-gpu.txt over requirements.txt"),
        (True, "2.13.0+cpu", False, "make demo BACKEND=cuda"),
        (True, "2.13.0", True, ""),
        (False, "2.13.0+cpu", True, ""),
    ],
)
def test_a_gpu_that_is_not_used_is_told_with_what_to_change(
    tmp_path, monkeypatch, gpu, torch, space, said
):
    monkeypatch.setattr(unused_gpu, "DRIVER", tmp_path if gpu else tmp_path / "none")
    monkeypatch.setattr(unused_gpu, "version", lambda name: torch)
    monkeypatch.delenv("SPACE_ID", raising=False)
    if space:
        monkeypatch.setenv("SPACE_ID", "someone/space")
    advice = unused_gpu.advice()
    assert said in advice and bool(advice) == bool(said) and "\n" not in advice
