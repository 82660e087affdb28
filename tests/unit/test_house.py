"""The borders between the rooms of the house: which module imports what, and what each must say."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import prm_app

ROOT = Path(__file__).parents[2]
PACKAGES = {"prm_app": ROOT / "prm_app", "vllm_prm": ROOT / "plugin" / "vllm_prm"}
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 60
FOLDERS = ("prm_app", "plugin", "training", "benchmarks", "tests")
FILES = sorted(p.relative_to(ROOT) for each in FOLDERS for p in (ROOT / each).rglob("*.py"))


def _name(package: str, path: Path) -> str:
    parts = path.relative_to(PACKAGES[package].parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {
    _name(package, path): path
    for package, folder in PACKAGES.items()
    for path in sorted(folder.rglob("*.py"))
}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


@cache
def imports(module: str) -> frozenset[str]:
    """Every module that this one imports, in functions too; not what only type checkers read."""
    modules: set[str] = set()
    nodes: list[ast.AST] = [tree(module)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                modules.add(submodule if submodule in MODULES else node.module)
        nodes += ast.iter_child_nodes(node)
    return frozenset(modules)


def room(module: str) -> str:
    """The room of a module: a package of the app such as `prm_app.local`, or a module beside it."""
    return ".".join(module.split(".")[:2])


def importers(*packages: str) -> set[str]:
    return {m for m in MODULES if any(each.split(".")[0] in packages for each in imports(m))}


def rooms_imported_by(name: str) -> set[str]:
    targets = {each for m in MODULES if room(m) == f"prm_app.{name}" for each in imports(m)}
    assert targets or name in ("errors", "catalog"), f"there is no room {name}"
    rooms = {room(each) for each in targets if each.startswith("prm_app")}
    return {each.removeprefix("prm_app.") for each in rooms} - {name}


def messages(module: str) -> Iterator[str]:
    """The texts that a module builds its errors of."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error"):
            constants = (each for arg in node.args for each in ast.walk(arg))
            yield "".join(
                each.value
                for each in constants
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def circle(arrows: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_only_local_and_the_plugin_import_vllm():
    outside = {m for m in importers("vllm") if not m.startswith(("prm_app.local.", "vllm_prm"))}
    assert outside == {"prm_app.bench.peers", "prm_app.bench.ceiling"}, "peers are vLLM itself"


def test_transformers_engine_and_what_all_engines_share_import_no_vllm():
    shared = {"interface", "scorer", "prefix_store", "loading", "models", "kinds"}
    own = {"forward_args", "forward_engine", "kv_cache"}
    without = {f"prm_app.local.{name}" for name in shared | own}
    assert without <= MODULES.keys() and not without & importers("vllm")


def test_only_the_page_imports_gradio_and_plotly():
    assert {room(m) for m in importers("gradio", "plotly")} == {"prm_app.ui"}


def test_only_the_api_imports_mcp_and_fastapi():
    assert {room(m) for m in importers("mcp", "fastapi")} == {"prm_app.api"}


def test_the_plugin_imports_nothing_of_the_app():
    assert not {m for m in importers("prm_app") if m.startswith("vllm_prm")}


def test_a_family_needs_no_vllm():
    assert not {m for m in importers("vllm") if m.startswith("vllm_prm.families")}


@pytest.mark.parametrize(
    "name, below",
    [
        ("errors", set()),
        ("solutions", {"errors"}),
        ("evaluation", {"errors", "solutions"}),
        ("catalog", {"demo_weights", "errors", "solutions"}),
        ("checkpoint", {"catalog", "demo_weights", "errors", "proxies", "weights"}),
        ("futures", set()),
        ("scoring", {"catalog", "errors", "solutions"}),
        ("local", {"catalog", "checkpoint", "errors", "futures", "scoring", "solutions"}),
        (
            "remote",
            {"api_client", "catalog", "checkpoint", "errors", "futures", "scoring", "solutions"},
        ),
        ("generator", {"api_client", "errors"}),
        ("api", {"catalog", "errors", "fitting", "scoring", "solutions"}),
    ],
)
def test_a_room_knows_only_rooms_below_it(name, below):
    assert rooms_imported_by(name) <= below


def test_the_page_reaches_engines_and_servers_through_the_interfaces_alone():
    assert not rooms_imported_by("ui") & {"local", "remote", "cli", "bench"}


def test_no_import_runs_in_a_circle():
    modules = {m: {each for each in imports(m) if each in MODULES} - {m} for m in MODULES}
    assert not circle(modules)
    rooms: dict[str, set[str]] = {}
    for module in MODULES.keys() - {"prm_app"}:
        reached = {room(each) for each in modules[module]} - {"prm_app", room(module)}
        rooms.setdefault(room(module), set()).update(reached)
    assert not circle(rooms)


def test_the_public_names_are_those_imported():
    imported = {alias.name for node in tree("prm_app").body for alias in getattr(node, "names", ())}
    assert set(prm_app.__all__) == imported
    assert all(hasattr(prm_app, name) for name in prm_app.__all__)
    kinds = [(not name.isupper(), not name[0].isupper(), name) for name in prm_app.__all__]
    assert kinds == sorted(kinds), "constants, classes, functions, each from A to Z"


@pytest.mark.parametrize("module", MODULES)
def test_the_first_line_of_a_module_is_a_sentence(module):
    first = (ast.get_docstring(tree(module)) or "").split("\n")[0]
    assert first.endswith("."), repr(first)


STATIC = sorted(
    p.relative_to(ROOT)
    for kind in ("*.js", "*.css")
    for p in (ROOT / "prm_app/ui/static").glob(kind)
)


@pytest.mark.parametrize("file", STATIC, ids=str)
def test_what_the_browser_reads_is_no_longer_either(file):
    """`glob` finds the project's own files: those of others stand in folders of theirs."""
    assert len((ROOT / file).read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("file", FILES, ids=str)
def test_files_and_functions_are_no_longer_than_one_can_read(file):
    """How many ways lead through a function is Ruff's to count (C901)."""
    text = (ROOT / file).read_text()
    assert len(text.splitlines()) <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < MOST_LINES_OF_A_FUNCTION, node.name


def test_messages_of_the_library_name_no_option_of_the_command_line():
    """A command in backticks may hold options: it is run as it stands."""
    for module in MODULES:
        if room(module) != "prm_app.cli":
            for text in messages(module):
                assert not re.search(r"(?<![\w-])--[a-z]", re.sub(r"`[^`]*`", "", text)), module


FILES_NAMED_TOO_WIDELY = {"raw", "host", "startup", "http", "result", "pool", "loop"}
PARTICIPLE = re.compile(
    "_*(allowed|answered|asked|begun|bounded|checked|chosen|compared|counted|declared|drawn|encoded"
    "|filled|flagged|found|generated|given|handed|installed|joined|judged|kept|known|labelled|linked"
    "|listed|loaded|lost|marked|measured|merged|named|needed|offered|opened|packed|parsed|pasted"
    "|prepared|refused|rendered|said|saved|searched|seen|served|shown|spent|started|stepped|stored"
    "|submitted|taken|told|waited|wanted|written)_*",
    re.IGNORECASE,
)


def names(module: str) -> Iterator[str]:
    """What a module calls its values, parameters, functions and classes."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


@pytest.mark.parametrize("module", MODULES)
def test_names_say_what_a_value_is(module):
    """A participle says what happened to it: `found`, but found what?"""
    assert not set(filter(PARTICIPLE.fullmatch, names(module)))
    stem = MODULES[module].stem
    assert stem not in FILES_NAMED_TOO_WIDELY and not PARTICIPLE.fullmatch(stem)
