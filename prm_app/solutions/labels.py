"""Labels that open a step, such as "Step 2:", "### Step Two", "2단계" or "步骤2".

Knows the words for a step in some languages; knows nothing of steps without a label. Linear in the
length of the text: no repetition here can match what the one beside it matches.
"""

import re
from collections.abc import Iterator

_WORDS = (
    "step|schritt|étape|etape|paso|passo|stap|krok|шаг|bước|langkah|adım|चरण"
    "|단계|스텝|步骤|步驟|ステップ|手順"
)
_ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_CHINESE = "一二三四五六七八九十"
_NUMBER = rf"\d{{1,4}}|{'|'.join(_ENGLISH)}|[{_CHINESE}]"
_GAP = r"[^\S\n]{0,8}"
_LABEL = (
    rf"(?:(?:{_WORDS}){_GAP}[#№(]?({_NUMBER})[a-z]?"
    rf"|(?:第{_GAP})?({_NUMBER}){_GAP}(?:단계|步骤|步驟|步|ステップ))(?![^\W_])"
)
# Marks of headings, lists, quotes and emphasis may precede a label; the bar of a table may not.
_OPENING = re.compile(rf"\A(?:[^\w|\n]|_)*+{_LABEL}", re.IGNORECASE)
_WITHIN = re.compile(rf"(?<=[^\S\n])(?:\*\*|__)?{_LABEL}(?:\*\*|__)?{_GAP}([:：.)])", re.IGNORECASE)
_SENTENCE_ENDS = ".!?。:;)]}$*"


def opens_step(line: str) -> bool:
    """Whether a line starts with a label."""
    return _OPENING.match(line) is not None


def labels_in(line: str, last: int) -> Iterator[tuple[int, int]]:
    """The labels that open a step in a line: where each stands, and its number.

    A line's start opens one whatever its number. Within a line a label does that if it counts on,
    and ends in a colon or follows a sentence: others refer to a step ("by Step 1, …").

    Args:
        line: A line, or a block of which the first line counts.
        last: The number of the label before, 0 if there is none.
    """
    start = 0
    if opening := _OPENING.match(line):
        last, start = _number(opening), opening.end()
        yield 0, last
    end = line.find("\n")
    for label in _WITHIN.finditer(line, start, len(line) if end < 0 else end):
        ends_sentence = line[label.start() - 2 : label.start() - 1] in _SENTENCE_ENDS
        if _number(label) == last + 1 and (label[3] in ":：" or ends_sentence):
            last += 1
            yield label.start(), last


def _number(label: re.Match[str]) -> int:
    word = (label[1] or label[2]).lower()
    for words in (_ENGLISH, _CHINESE):
        if word in words:
            return words.index(word) + 1
    return int(word)
