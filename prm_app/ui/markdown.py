"""Markdown -> inert HTML: bold, lists, tables, code, headings; knows no mathematics and no results.

A solution is mathematics first: `2*3*4`, `(a)**(b)`, `# of apples` and `- 3 + 5` lose no sign, and
a text of which Markdown would take away a word is not Markdown. HTML, links and images stay text.
"""

import re
from collections.abc import Callable, Sequence
from html import escape, unescape

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, heading, table
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

MOST_CHARACTERS, MOST_LINES = 4_000, 200
"""A longer text stays as it is: so all text takes linear time, whatever is typed."""
_MARKS = re.compile(r"\*\*|`|~~~|\||^[ \t]*(?:[-+*]|[0-9]{1,9}[.)]|#{2,6})[ \t]", re.MULTILINE)
_TITLE = re.compile(r"#{2,6}[ \t]++(?:\*\*)?[^\W\d_]")
_TAG = re.compile(r"<[^<>]*+>")
_TAKEN_AWAY = str.maketrans("", "", "*`#|-:~\\•")
_BEFORE, _AFTER = re.compile(r"[0-9A-Za-z)\]}*]"), re.compile(r"[0-9A-Za-z(\[{*]")


def markdown(text: str) -> str | None:
    """HTML of a text with Markdown in it; None if there is none to show."""
    is_long = len(text) > MOST_CHARACTERS or len(text.splitlines()) > MOST_LINES
    if is_long or not _MARKS.search(text):
        return None
    tokens = _PARSER.parse(text)
    for token in tokens:
        token.block = False  # no line feeds between the tags, for white space is shown
    html = str(_PARSER.renderer.render(tokens, _PARSER.options, {}))
    words = _words(unescape(_TAG.sub("", html)))
    return f'<div class="markdown">{html}</div>' if words and words == _words(text) else None


def _words(text: str) -> str:
    """All of a text but white space and what Markdown may take away."""
    return "".join(text.split()).translate(_TAKEN_AWAY)


def _strong(state: StateInline, silent: bool) -> bool:
    """Asterisks: two are a mark if a word or a bracket does not stand on their outer side."""
    start, run = state.pos, 1
    if state.src[start] != "*":
        return False
    while state.src[start + run : start + run + 1] == "*":
        run += 1
    delimiter = state.scanDelims(start, True)
    may_open = delimiter.can_open and not _BEFORE.match(state.src[max(0, start - 1) : start])
    may_close = delimiter.can_close and not _AFTER.match(state.src[start + run : start + run + 1])
    for _ in range(run):
        state.push("text", "", 0).content = "*"
        if run == 2:
            at = len(state.tokens) - 1
            state.delimiters.append(Delimiter(ord("*"), run, at, -1, may_open, may_close))
    state.pos += run
    return True


def _heading(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """A title in words: `#### 42` and `# of apples` are none."""
    start = state.bMarks[line] + state.tShift[line]
    return bool(_TITLE.match(state.src, start)) and heading(state, line, end, silent)


def _table(state: StateBlock, line: int, end: int, silent: bool) -> bool:
    """A table whose rows have as many cells as its head: so none is left out or made up."""
    if not table(state, line, end, True):
        return False
    cells = set()
    for row in range(line, end):
        text = state.src[state.bMarks[row] : state.eMarks[row]].strip()
        if not text:
            break
        cells.add(text.removeprefix("|").removesuffix("|").count("|"))
    return len(cells) == 1 and table(state, line, end, silent)


def _item(_: object, tokens: Sequence[Token], at: int, *__: object) -> str:
    """A list's item with its sign as typed: a `-` or `+` may be meant as an operation."""
    sign = "•" if tokens[at].markup == "*" else tokens[at].info + tokens[at].markup
    return f'<li><span class="sign">{escape(sign)} </span><div>'


def _fence(_: object, tokens: Sequence[Token], at: int, *__: object) -> str:
    language = tokens[at].info.strip()
    head = f"<small>{escape(language)}</small>" if language else ""
    return f"<pre>{head}<code>{escape(tokens[at].content.rstrip())}</code></pre>"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero")
    parser.inline.ruler.at("emphasis", _strong)
    parser.block.ruler.at("heading", _heading, {"alt": ["paragraph"]})
    parser.block.ruler.at("table", _table, {"alt": ["paragraph"]})
    parser.enable(["table", "fence", "list", "heading", "backticks", "emphasis"])
    rules: dict[str, Callable[..., str]] = {
        "list_item_open": _item,
        "list_item_close": lambda *_: "</div></li>",
        "fence": _fence,
        "ordered_list_open": lambda *_: "<ol>",
        "heading_open": lambda *_: '<p class="title">',
        "heading_close": lambda *_: "</p>",
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


_PARSER = _parser()
