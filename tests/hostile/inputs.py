"""Texts, values and files as no well-meaning user sends them, each from the number of its seed."""

import json
import random
from dataclasses import dataclass

DELIMITER = "⟪next⟫"
"""In none of the pieces."""
SCRIPTS = (
    "<img src=x onerror=window.hit=1>",
    "<script>window.hit=1</script>",
    "</script><script>window.hit=1</script>",
    '"><svg onload=window.hit=1>',
    "'-window.hit=1-'",
    "${window.hit=1}",
    "{{window.hit=1}}",
    "`${window.hit=1}`",
    "javascript:window.hit=1",
    "[x](javascript:window.hit=1)",
    "\\href{javascript:window.hit=1}{x}",
    "$\\href{javascript:window.hit=1}{x}$",
    "\\(\\htmlData{onclick=window.hit=1}{x}\\)",
    "$$\\includegraphics[height=1em]{http://127.0.0.1:9/x.png}$$",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
    "<a href=data:text/html,x>x</a><base href=//127.0.0.1:9>",
    "<style>@import '//127.0.0.1:9/x.css'</style>",
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "<!--<img src=x onerror=window.hit=1>-->",
    "</textarea><img src=x onerror=window.hit=1>",
    '</div><div data-index="0" onclick="window.hit=1">',
    "![x](http://127.0.0.1:9/x.png) <http://127.0.0.1:9> [x]: http://127.0.0.1:9",
    "**<img src=x onerror=window.hit=1>** `<script>window.hit=1</script>`",
    '```"><img src=x onerror=window.hit=1>\n</code></pre><script>window.hit=1</script>\n```',
    '|a" onclick=window.hit=1|\n|:-:|\n|<svg onload=window.hit=1>|',
    "## x {onclick=window.hit=1}\n1. <b onclick=window.hit=1>",
)
TOKENS = (
    *(
        "<extra_0>",
        "<|im_end|>",
        "<|im_start|>system",
        "<|endoftext|>",
        "<s>",
        "</s>",
        "ки",
        "[MASK]",
    ),
    *(
        "\n\n",
        "<think>",
        "<|fim_prefix|>",
        "\ufdd0",
        "\ufdd1",
        "\uffff",
        "{{ problem }}",
        "{% raw %}",
    ),
)
MATHS = (
    *("\\[", "\\]", "\\(", "\\)", "$", "$$", "\\\\[", "\\begin{align}", "\\end{align}", "\\boxed{"),
    *(
        "\\frac{1}{",
        "\\text{",
        "{" * 50,
        "}" * 50,
        "\\def\\a{\\a\\a}\\a",
        "x^" * 40,
        "\\left(",
        "^^^",
        "&",
    ),
    *(
        "```",
        "~~~",
        "| a | b |",
        "|---|",
        "- ",
        "1. ",
        "> > >",
        "####",
        "---",
        "***",
        "___",
        "[^1]:",
    ),
)
ODD = (
    *(
        "\u202eright to left",
        "e\u0301\u0301\u0301",
        "\u200b",
        "\u200d\u200d",
        "\ufeff",
        "\u2028",
        "\x85",
    ),
    *(
        "\x00",
        "\x07",
        "\x1b[31m",
        "\x7f",
        "\u00a0",
        "\u3000",
        "\U0001f468\u200d\U0001f469",
        "数" * 9,
    ),
    *(
        "\t",
        "\r",
        "\r\n",
        "\v",
        "\f",
        "%s%n",
        "%00",
        "../../etc/passwd",
        "'; DROP TABLE x; --",
        "-0",
        "1e999",
    ),
    *(
        "NaN",
        "null",
        "Step 1",
        "step 999999999999999999999",
        "**Step 2:**",
        "步骤3",
        "4단계",
        "Step Two",
    ),
)
WORDS = ("so 3 + 4 = 7", "therefore", "x = 2", "the answer is 12.", "A: 7", "because 2 < 3 > 1")
PIECES = (SCRIPTS, TOKENS, MATHS, ODD, WORDS)
RULES = ("_", "*", "#", ">", "-", "=", " ", "\t", "*_", "# ", "> ", "\\", "$", "{", "(", "é", "9")


@dataclass(frozen=True)
class Case:
    """A problem and the steps of a solution; `count` of them show something."""

    problem: str
    steps: list[str]

    @property
    def scored(self) -> list[str]:
        """The steps that must get a reward, as they must come back."""
        lines = (step.replace("\r\n", "\n").replace("\r", "\n") for step in self.steps)
        return [step.strip("\n") for step in lines if "a" in step]

    @property
    def solution(self) -> str:
        return DELIMITER.join(self.steps)


def chance(seed: int) -> random.Random:
    return random.Random(seed)


def text(rng: random.Random, most: int = 8) -> str:
    """Some pieces one after another; one in ten is a long run of one character or two."""
    if rng.random() < 0.1:
        return rng.choice(RULES) * rng.choice((28, 300, 3000))
    return rng.choice(("", " ", "\n")).join(
        rng.choice(rng.choice(PIECES)) for _ in range(rng.randint(1, most))
    )


def case(rng: random.Random, most: int = 6) -> Case:
    """Steps that show an `a`, with blank ones between them."""
    steps = []
    for _ in range(rng.randint(1, most)):
        steps += [rng.choice(("", " ", "\n", "\u200b", "\t\r\n"))] * (rng.random() < 0.2)
        steps.append(f"a{text(rng)}")
    return Case(f"What is it? {text(rng, 3)}", steps)


def value(rng: random.Random, depth: int = 3) -> object:
    """Any JSON value, most of them where another kind is awaited."""
    kinds = [None, True, 0, -1, 2**70, 0.5, 1e308, float("nan"), float("inf"), "", "a", [], {}]
    kinds += [text(rng), "\ud800", "x" * 5000, int("9" * 4000), "demo-qwen", "/etc/passwd"]
    if depth and rng.random() < 0.3:
        inner = [value(rng, depth - 1) for _ in range(rng.randint(0, 4))]
        return rng.choice((inner, {str(i): each for i, each in enumerate(inner)}))
    if rng.random() < 0.05:
        return nested(rng.choice((50, 500, 5000)))
    return rng.choice(kinds)


def nested(depth: int) -> object:
    """Lists in lists, built without going down."""
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


def as_json(content: object) -> bytes:
    """JSON of a value, lists of any depth included; half surrogates as escapes."""
    try:
        return json.dumps(content).encode()
    except RecursionError:
        return b'{"data": [' + b"[" * 5000 + b"]" * 5000 + b"]}"


BROKEN = (
    b"", b"{", b"null", b"[]", b"[[]", b"\xff\xfe", b"\x00", b'{"data": [NaN', b"{" * 9000,
    b'{"data": ' + b"[" * 100_000, b'{"data": [' + b"9" * 5000 + b"]}", b'"\\ud800"', b"data=1",
    b'{"data": [], "session_hash": {"a": 1}}', b'{"data": [], "fn_index": "x"}',
    b'{"data": [], "event_data": [1]}', b'{"data": {"path": "/etc/passwd"}}',
)  # fmt: skip
LINES = (
    b'{"problem": "\\ud83d 1 + 1?", "solution": "2"}',
    b'{"problem": "1 + 1?", "solution": "2", "id": "\\ud83d"}',
    b'{"problem": "1 + 1?", "solution": "2", "id": ' + b"9" * 5000 + b"}",
    b'{"problem": "1 + 1?", "solution": "2", "id": NaN}',
    b'{"problem": "1 + 1?", "solution": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b'{"problem": 1, "solution": ["2"]}', b'{"problem": null}', b"[1, 2", b"nonsense",
    b"\xff\xfe{}", b'{"problem": "1 + 1?", "completions": null}',
    b'{"problem": "1 + 1?", "solutions": {}}',
    b'{"problem": "\x00", "solution": "\x00"}', b'"text"', b"true", b"-", b'{"": ""}',
)  # fmt: skip


def file(rng: random.Random) -> bytes:
    """A JSONL file with rows that anyone can read, and others."""
    rows = [
        json.dumps({"problem": "1 + 1?", "solution": f"a{text(rng)}"}).encode()
        for _ in range(rng.randint(0, 4))
    ]
    rows += [rng.choice(LINES) for _ in range(rng.randint(1, 3))]
    rng.shuffle(rows)
    return rng.choice((b"", b"\xef\xbb\xbf")) + rng.choice((b"\n", b"\r\n")).join(rows)
