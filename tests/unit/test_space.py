"""`app.py` on a hosted Space: it installs the project's own files, and nothing elsewhere."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = str(ROOT / "plugin")


@pytest.fixture
def commands(monkeypatch) -> list[list[str]]:
    """What is run in another process; none is, in a test."""
    run: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda words, check: run.append([*map(str, words)]))
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
    assert sys.path[-1] == PLUGIN  # for this start; the installation is read at the next


def test_a_space_whose_installation_fails_does_not_start(monkeypatch):
    def fail(words, check):
        assert check
        raise subprocess.CalledProcessError(1, words)

    monkeypatch.setattr(subprocess, "run", fail)
    monkeypatch.setenv("SPACE_ID", "someone/space")
    with pytest.raises(subprocess.CalledProcessError):
        runpy.run_path(str(ROOT / "app.py"))


def test_elsewhere_nothing_is_installed(commands, monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert callable(runpy.run_path(str(ROOT / "app.py"))["main"])
    assert commands == [] and PLUGIN not in sys.path
