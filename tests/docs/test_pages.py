"""What the documentation says holds: blocks run, options and messages exist, links lead on."""

import ast
import doctest
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from documentation import BLOCKS, PAGES, ROOT, Block, anchors, blocks, commands, links, spans

RUN = [block for block in BLOCKS if not block.kind]


def in_language(*languages: str) -> list[Block]:
    return [block for block in RUN if block.language in languages]


def test_every_block_is_of_a_kind_that_is_tested_here():
    tested = {"bash", "console", "python", "json", "jsonl", "mermaid", "text"}
    assert not [str(block) for block in BLOCKS if block.language not in tested]
    assert {b.language for b in BLOCKS if b.kind == "not run"} <= {"bash", "console"}


def test_the_korean_readme_has_the_code_of_the_english_one():
    korean, english = (
        [(block.kind, block.text) for block in blocks(page)]
        for page in ("README.ko.md", "README.md")
    )
    assert korean == english


@pytest.mark.parametrize("block", in_language("bash"), ids=str)
def test_shell(run, block):
    done = run.shell(block.text, block.page)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", in_language("console"), ids=str)
def test_commands_print_what_is_shown(run, block):
    """Figures may differ, and a line of `...` stands for any lines or none."""
    for part in re.split(r"(?m)^\$ ", block.text)[1:]:
        command, expected = part.split("\n", 1)
        expected = re.sub(r"(?m)^\s*\.\.\.\n", "...", expected)
        done = run.shell(command, block.page)
        assert done.returncode == 0, done.stderr
        checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        shown, printed = (
            re.sub(r"\d+\.\d+|\d+(?= tokens)", "#", text) for text in (expected, done.stdout)
        )
        assert checker.check_output(shown, printed, flags), done.stdout


@pytest.mark.parametrize("block", in_language("python"), ids=str)
def test_python(run, block, monkeypatch):
    monkeypatch.chdir(run.folder_of(block.page))
    exec(compile(run.here(block.text), str(block), "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.kind in ("part of", "file")], ids=str)
def test_code_shown_is_the_code(block):
    shown, code = (
        " ".join(text.split()) for text in (block.text, (ROOT / block.about).read_text())
    )
    assert shown == code if block.kind == "file" else shown in code


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in ("json", "jsonl")], ids=str)
def test_json(block):
    for value in [block.text] if block.language == "json" else block.text.splitlines():
        json.loads(value)


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_exist(options, page):
    """In blocks that are not run, and in the running text."""
    texts = [b.text for b in blocks(page) if b.kind == "not run"] + spans(page)
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    for words in (words for text in texts for words in commands(text)):
        if words[0] == "prm-app":
            command = words[1] if words[1:] and words[1].isalpha() else ""
            assert options(command), " ".join(words)
            for word in words[1:]:
                if word.startswith("--") and not word.startswith("--help"):
                    assert word.split("=")[0] in options(command), " ".join(words)
        elif words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, words


@pytest.mark.parametrize("page", PAGES)
def test_an_option_named_alone_is_one_of_some_command(options, page):
    every = set().union(
        *map(options, ("ui", "score", "rank", "eval", "report", "reward", "serve", "bench"))
    )
    for span in spans(page):
        if span.startswith("--") and page != "plugin/README.md":
            assert re.match(r"--[\w.-]+", span)[0] in every | {"--help"}, span


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    for target in links(page):
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (PAGES[page].parent / file).resolve() if file else PAGES[page]
        assert path.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(str(path.relative_to(ROOT))), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_files_named_in_the_text_exist(page):
    diagrams = [block.text for block in blocks(page) if block.language == "mermaid"]
    files = re.findall(r"<b>(?:plugin: )?([\w/.]+)</b>", " ".join(diagrams))
    roots = [ROOT, ROOT / "prm_app", ROOT / "plugin" / "vllm_prm"]
    for span in [*spans(page), *files]:
        if re.fullmatch(r"[\w./-]+(/|\.py|\.md|\.toml)", span) and not span.startswith("/"):
            assert any((root / span).exists() for root in roots), f"{page}: {span}"


def messages_of_the_code() -> Iterator[str]:
    """Every text in the code, with a character that no message holds for what is filled in."""
    for file in [*(ROOT / "prm_app").rglob("*.py"), *(ROOT / "plugin").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "\0" for part in parts
            )


def test_the_messages_of_troubleshooting_are_said():
    texts = list(messages_of_the_code())
    rows = re.findall(r"(?m)^\| `([^`]*)` \|", (ROOT / "docs" / "troubleshooting.md").read_text())
    assert len(rows) > 10
    for message in rows:
        pattern = ".*".join(map(re.escape, message.split("...")))
        assert any(re.search(pattern, text, re.S) for text in texts), message


def test_the_listing_of_contributing_is_the_tree():
    listing = next(b.text for b in blocks("CONTRIBUTING.md") if b.language == "text")
    files, parents = set(), [Path()]
    for line in listing.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        path = parents[depth] / line.split()[0]
        assert (ROOT / path).exists(), line
        files.add(str(path))
        parents[depth + 1 :] = [path]
    rooms = [each for top in (".", "plugin/vllm_prm") for each in (ROOT / top).iterdir()]
    rooms = [room for room in rooms if room.is_dir()] + list((ROOT / "prm_app").iterdir())
    for room in rooms:
        if not room.name.startswith((".", "_", "py.typed")) and room.suffix != ".egg-info":
            assert str(room.relative_to(ROOT)) in files


def test_every_suite_is_explained_and_run_here_and_in_the_workflow():
    suites = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    makefile, workflow = (
        (ROOT / name).read_text() for name in ("Makefile", ".github/workflows/ci.yml")
    )
    for pattern, text in ((r"(?m)^SUITES +\?= (.*)$", makefile), (r"suite: \[(.*)\]", workflow)):
        (line,) = re.findall(pattern, text)
        assert set(re.findall(r"\w+", line)) == suites
    assert {f"tests/{suite}/" for suite in suites} <= set(spans("CONTRIBUTING.md"))
