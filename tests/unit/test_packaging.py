"""What is installed in one way is installed in the others."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def names(requirements: list[str]) -> set[str]:
    return {line.strip() for line in requirements if line.strip() and not line.startswith("#")}


def test_a_space_installs_what_the_project_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = names([*project["dependencies"], *project["optional-dependencies"]["cuda"]])
    in_the_space = names((ROOT / "requirements.txt").read_text().splitlines())
    gradio = next(each for each in needed if each.startswith("gradio=="))
    plugin = next(each for each in needed if each.startswith("vllm-prm=="))
    assert needed - {gradio, plugin} == in_the_space
    assert f"sdk_version: {gradio.removeprefix('gradio==')}" in (ROOT / "README.md").read_text()


def test_both_backends_pin_the_same_page():
    pins = [
        {line for line in (ROOT / "requirements" / f"{backend}.txt").read_text().splitlines()}
        for backend in ("cpu", "cuda")
    ]
    for name in ("gradio", "plotly", "transformers", "tokenizers", "pytest"):
        (cpu,), (cuda,) = ([pin for pin in each if pin.startswith(f"{name}==")] for each in pins)
        assert cpu == cuda


def test_the_app_depends_on_the_plugin_and_owns_none_of_its_files():
    app, plugin = (
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text()) for folder in (".", "plugin")
    )
    needed = f"{plugin['project']['name']}=={plugin['project']['version']}"
    assert needed in app["project"]["dependencies"]
    wheels = [
        each["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] for each in (app, plugin)
    ]
    assert wheels == [["prm_app"], ["vllm_prm"]]
    assert "entry-points" not in app["project"]
