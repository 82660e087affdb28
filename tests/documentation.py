"""The documentation as data: its code blocks with their notes, code spans, headings and links.

A note is an HTML comment right before a code block; CONTRIBUTING.md says which notes there are.
"""

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in [
        *(ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *sorted((ROOT / "docs").glob("*.md")),
        ROOT / "plugin" / "README.md",
        ROOT / "benchmarks" / "README.md",
    ]
}
NOTE = re.compile(r"<!-- (not run|saved as|stays up at|part of|file):? (.+?) -->")


@dataclass(frozen=True)
class Block:
    """A fenced code block; `kind` and `about` are those of its note."""

    page: str
    line: int
    language: str
    text: str
    kind: str = ""
    about: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def _tokens(page: str) -> list[Token]:
    text = PAGES[page].read_text()
    if text.startswith("---\n"):  # the head of a Space: empty lines in its place
        head, rest = text.removeprefix("---\n").split("\n---\n", 1)
        text = "\n" * (head.count("\n") + 3) + rest
    return MarkdownIt("commonmark").enable("table").parse(text)


def blocks(page: str) -> list[Block]:
    result, note = [], None
    for token in _tokens(page):
        if token.type == "fence":
            kind, about = note.groups() if note else ("", "")
            place = page, token.map[0] + 1
            result.append(Block(*place, token.info.strip(), token.content, kind, about))
        note = NOTE.fullmatch(token.content.strip()) if token.type == "html_block" else None
    return result


BLOCKS = [block for page in PAGES if page != "README.ko.md" for block in blocks(page)]


def spans(page: str) -> list[str]:
    """The code in the running text."""
    inner = (child for token in _tokens(page) for child in token.children or ())
    return [child.content for child in inner if child.type == "code_inline"]


def links(page: str) -> list[str]:
    """Where links and pictures lead."""
    inner = [child for token in _tokens(page) for child in token.children or ()]
    targets = [child.attrGet("href") or child.attrGet("src") for child in inner]
    return [str(target) for target in targets if target]


def anchors(page: str) -> set[str]:
    """What a link can name after `#`, as GitHub makes it of the headings."""
    tokens = _tokens(page)
    titles = [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "heading_open"]
    texts = ["".join(child.content for child in title.children or ()) for title in titles]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def commands(shell: str) -> list[list[str]]:
    """The simple commands of a shell text, each as its words."""
    found: list[list[str]] = []
    for line in shell.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        found.append([])
        try:
            for word in lexer:
                if set(word) <= set("|&;<>()"):
                    found.append([])
                else:
                    found[-1].append(word)
        except ValueError:  # a quotation that goes on in the next line
            continue
    return [words for words in found if words]
