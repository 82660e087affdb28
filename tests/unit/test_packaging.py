"""What is installed in one way is installed in the others."""

import ast
import json
import re
import shutil
import sys
import tomllib
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

import pytest
from huggingface_hub import metadata_load

from prm_app.checkpoint import whole
from prm_app.demo_weights import SMALL as CHECKPOINTS

ROOT = Path(__file__).parents[2]
ENGINE = {"vllm", "torch"}
"""vLLM comes with one of two extras, and brings torch."""


def names(requirements: list[str]) -> set[str]:
    return {line.strip() for line in requirements if line.strip() and not line.startswith("#")}


def project_of(folder: str) -> dict:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]


def declarations(requirements: list[str]) -> set[str]:
    """The distributions' names, without versions and extras."""
    return {re.match(r"[\w.-]+", line)[0].lower() for line in requirements}


def imported(folder: str) -> set[str]:
    """The distributions that a folder's modules import: most are called as their modules."""
    found = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module)
    found = {name.partition(".")[0] for name in found} - set(sys.stdlib_module_names)
    here = {path.name for path in ROOT.iterdir()} | {"vllm_prm", "demo_prm"}
    tests = ROOT / "tests"
    here |= {path.stem for path in (*tests.iterdir(), *tests.rglob("*.py"))}
    here |= {path.stem for path in (ROOT / "benchmarks").iterdir()}
    called = {"markdown_it": "markdown-it-py", "yaml": "pyyaml"}
    return {called.get(name, name).replace("_", "-") for name in found - here}


def test_all_that_the_plugin_imports_is_declared_and_the_reverse():
    # jinja2 renders the chat template for Transformers, which does not declare it.
    assert imported("plugin") - ENGINE == declarations(project_of("plugin")["dependencies"]) - {
        "jinja2"
    }


def test_all_that_the_app_imports_is_declared_and_the_reverse():
    project = project_of(".")
    requirements = declarations(project["dependencies"])
    extra = declarations(project["optional-dependencies"]["mcp"])
    assert imported("prm_app") - ENGINE == requirements - {"vllm-prm"} | extra


@pytest.mark.parametrize("folder", ["tests", "training", "benchmarks"])
def test_all_that_is_beside_the_app_imports_what_is_declared(folder):
    project = project_of(".")
    lists = [project["dependencies"], project_of("plugin")["dependencies"]]
    lists += [project["optional-dependencies"][extra] for extra in ("test", "train", "plot")]
    assert imported(folder) - ENGINE <= declarations(list(chain(*lists)))


def test_all_that_is_declared_is_pinned():
    for backend in ("cpu", "cuda", "transformers"):
        project = project_of(".")
        lists = [project["dependencies"], project_of("plugin")["dependencies"]]
        lists += [project["optional-dependencies"][extra] for extra in ("test", backend)]
        requirements = declarations(list(chain(*lists))) - {"vllm-prm"}
        assert requirements <= {pin.partition("==")[0] for pin in pins(backend)}


def test_a_wheel_holds_shared_weights_once():
    """It would hold a link's target again; `whole` makes links to shared weights anew."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    excluded = settings["targets"]["wheel"]["exclude"]
    files = {file: str(file.relative_to(ROOT)) for file in (ROOT / "prm_app").rglob("*")}
    links = {name for file, name in files.items() if file.is_symlink()}
    assert {name for name in files.values() if any(fnmatch(name, p) for p in excluded)} == links
    for file in (file for file in files if file.is_symlink()):
        index = json.loads((file.parent / "model.safetensors.index.json").read_text())
        assert file.name in index["weight_map"].values()
        assert file.resolve() == file.parent.parent / file.name


@pytest.mark.parametrize("family", ["skywork", "qwen"])
def test_an_installed_checkpoint_is_whole_without_links(tmp_path, family):
    def without_links(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder, name).is_symlink()]

    copy = shutil.copytree(CHECKPOINTS, tmp_path / "checkpoints", ignore=without_links)
    (tmp_path / "checkpoints").chmod(0o555)
    folder = whole(copy / family)
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert files == {file.name: file.read_bytes() for file in (CHECKPOINTS / family).iterdir()}
    assert whole(CHECKPOINTS / family) == CHECKPOINTS / family


@pytest.mark.parametrize("file", ["requirements.txt", "requirements/space-gpu.txt"])
def test_a_space_installs_what_the_project_needs(file):
    project, own = (project_of(folder) for folder in (".", "plugin"))
    torch = next(pin for pin in pins("transformers") if pin.startswith("torch=="))
    requirements = names(
        [*project["dependencies"], *own["dependencies"], torch.removesuffix("+cpu")]
    )
    requirements -= {"transformers"}  # the app asks for a newer one
    options = {line for line in names((ROOT / file).read_text().splitlines()) if line[0] == "-"}
    in_the_space = names((ROOT / file).read_text().splitlines()) - options
    gradio = next(each for each in requirements if each.startswith("gradio=="))
    plugin = next(each for each in requirements if each.startswith("vllm-prm=="))
    assert requirements - {gradio, plugin} == in_the_space
    assert [option.endswith("/whl/cpu") for option in options] == [True] * ("gpu" not in file)


def test_the_head_of_the_readme_says_what_a_space_is_to_run():
    head = metadata_load(ROOT / "README.md")
    gradio = next(pin for pin in pins("transformers") if pin.startswith("gradio=="))
    assert (head["sdk"], gradio) == ("gradio", f"gradio=={head['sdk_version']}")
    assert (ROOT / head["app_file"]).is_file()
    assert project_of(".")["requires-python"] == f">={head['python_version']}"


def pins(backend: str) -> set[str]:
    return names((ROOT / "requirements" / f"{backend}.txt").read_text().splitlines())


def test_all_backends_pin_the_same_page():
    all_pins = [pins(backend) for backend in ("cpu", "cuda", "transformers")]
    for name in ("gradio", "plotly", "transformers", "tokenizers", "mcp", "pytest"):
        found = [[pin for pin in each if pin.startswith(f"{name}==")] for each in all_pins]
        assert found[0] == found[1] == found[2] and len(found[0]) == 1


def test_the_app_depends_on_the_plugin_and_owns_none_of_its_files():
    app, plugin = (
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text()) for folder in (".", "plugin")
    )
    requirements = f"{plugin['project']['name']}=={plugin['project']['version']}"
    assert requirements in app["project"]["dependencies"]
    wheels = [
        each["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] for each in (app, plugin)
    ]
    assert wheels == [["prm_app"], ["vllm_prm"]]
    assert "entry-points" not in app["project"]


def test_both_packages_tell_type_checkers_that_they_are_typed():
    assert (ROOT / "prm_app/py.typed").is_file() and (ROOT / "plugin/vllm_prm/py.typed").is_file()
