"""Each PRM family's prompt: token ids with step positions, and how raw outputs become rewards.

Knows tokenizers; knows nothing of vLLM, engines or requests. The prompt is built as token ids,
never as joined text, and user text is tokenised with every added token switched off, so a typed
`<extra_0>` or `<|im_end|>` stays the characters it is.

What counts as a step: exactly the pieces handed in, as the family's own reference code would
encode them. In the Skywork format a newline ends a step, so a piece that holds newlines is as many
steps as it has lines; in the Qwen format a piece is one step, newlines and all. An empty piece is
an empty step in both. `Prompt.steps` lists the steps as they are scored.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

QWEN_SYSTEM_PROMPT = "Please reason step by step, and put your final answer within \\boxed{}."


class FormatError(ValueError):
    """A checkpoint, tokenizer, input or model output that does not fit the PRM's format."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One solution as the model reads it.

    `token_ids` is the whole prompt; `positions[i]` is the index in it where the reward of
    `steps[i]` is read. Positions rise strictly and there is one per step.
    """

    token_ids: list[int]
    positions: list[int]
    steps: tuple[str, ...]


class PromptFormat(ABC):
    """How one family of PRMs reads a problem and its steps."""

    name: ClassVar[str]
    architecture: ClassVar[str]
    labels: ClassVar[int]
    step_end: ClassVar[str]

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self._text = _without_added_tokens(tokenizer)

    def encode(self, problem: str, steps: Sequence[str]) -> Prompt:
        """The prompt of one solution; see `encode_batch`."""
        return self.encode_batch([(problem, steps)])[0]

    def encode_batch(self, items: Iterable[tuple[str, Sequence[str]]]) -> list[Prompt]:
        """The prompts of several `(problem, steps)` pairs, tokenised together.

        A text that several items share, such as the problem in best-of-N, is tokenised once.
        Raises FormatError where an item has no steps or is not text.
        """
        layouts = []
        for problem, steps in items:
            if isinstance(steps, str) or not all(
                isinstance(text, str) for text in (problem, *steps)
            ):
                raise FormatError("a problem is a string and its steps are a list of strings")
            steps = self.split(steps)
            if not steps:
                raise FormatError("there are no steps to score: give at least one")
            layouts.append((self._layout(problem, steps), steps))
        texts = list({part for layout, _ in layouts for part in layout if isinstance(part, str)})
        encodings = self._text.encode_batch_fast(texts, add_special_tokens=False)
        ids = {text: encoding.ids for text, encoding in zip(texts, encodings, strict=True)}
        return [self._assemble(layout, steps, ids) for layout, steps in layouts]

    @staticmethod
    @abstractmethod
    def split(steps: Sequence[str]) -> tuple[str, ...]:
        """The steps that are scored when these pieces are handed in."""

    @abstractmethod
    def rewards(self, logits: NDArray[np.floating]) -> list[float]:
        """Step rewards in [0, 1] from the raw outputs `(steps, labels)` at the step positions."""

    def step_rows(self, prompt: Prompt, rows: NDArray[np.floating]) -> NDArray[np.floating]:
        """The outputs at the step positions `(steps, labels)`, from what a server returns.

        That is a row for each token (pooling ALL), or one for each token that ends steps (pooling
        STEP), wherever it stands in the prompt. Raises FormatError for any other number of rows.
        """
        rows = np.asarray(rows)
        if len(rows) == len(prompt.token_ids):
            return rows[prompt.positions]
        ends = [i for i, token in enumerate(prompt.token_ids) if token == self.step_end_id]
        if len(rows) != len(ends):
            raise FormatError(
                f"the model returned {len(rows)} outputs for a prompt of {len(prompt.token_ids)} "
                f"tokens, {len(ends)} of which end steps: neither one for each token nor one for "
                "each step"
            )
        return rows[[ends.index(position) for position in prompt.positions]]

    @abstractmethod
    def _layout(self, problem: str, steps: Sequence[str]) -> list[str | int]:
        """The prompt as texts to tokenise one by one and ids to put between them."""

    @property
    @abstractmethod
    def step_end_id(self) -> int:
        """The token that ends each step and carries its reward."""

    def _assemble(
        self, layout: list[str | int], steps: tuple[str, ...], ids: dict[str, list[int]]
    ) -> Prompt:
        token_ids: list[int] = []
        positions: list[int] = []
        for part in layout:
            if isinstance(part, str):
                token_ids += ids[part]
            else:
                if part == self.step_end_id:
                    positions.append(len(token_ids))
                token_ids.append(part)
        return Prompt(token_ids, positions, steps)

    def _checked(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        logits = np.asarray(logits, dtype=np.float64)
        if logits.ndim != 2 or logits.shape[1] != self.labels:
            raise FormatError(
                f"the model returned outputs of shape {logits.shape}, but the {self.name} format "
                f"reads {self.labels} per step: the checkpoint is not a {self.architecture}"
            )
        if not np.isfinite(logits).all():
            raise FormatError(
                "the model returned NaN or infinite outputs: its weights are damaged, or the "
                "precision is too low (try --dtype float32)"
            )
        return logits


class SkyworkFormat(PromptFormat):
    """Skywork-o1-Open-PRM: `bos + problem + newline`, then each step and a newline.

    Token for token the `prepare_input` of Skywork's reference code (SkyworkAI/
    skywork-o1-prm-inference, model_utils/io_utils.py). The reward of a step is the sigmoid of the
    value head at the newline that ends it.
    """

    name = "skywork"
    architecture = "Qwen2ForPrmModel"
    labels = 1
    step_end = "\n"

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__(tokenizer)
        if tokenizer.bos_token_id is None:
            raise FormatError(
                "the tokenizer has no bos_token, which starts every Skywork prompt: set "
                '"bos_token" in the checkpoint\'s tokenizer_config.json'
            )
        self._newline_id = self._text.encode("\n", add_special_tokens=False).ids[-1]

    @property
    def step_end_id(self) -> int:
        return self._newline_id

    @staticmethod
    def split(steps: Sequence[str]) -> tuple[str, ...]:
        return tuple(line for step in steps for line in step.split("\n"))

    def rewards(self, logits: NDArray[np.floating]) -> list[float]:
        values = self._checked(logits)[:, 0]
        return (0.5 * (1.0 + np.tanh(0.5 * values))).tolist()

    def _layout(self, problem: str, steps: Sequence[str]) -> list[str | int]:
        layout: list[str | int] = [self.tokenizer.bos_token_id, problem + "\n"]
        for step in steps:
            layout += [step, self._newline_id]
        return layout


class QwenFormat(PromptFormat):
    """Qwen2.5-Math-PRM: the chat template, each step ended by `<extra_0>`.

    Token for token the example of the model card (Qwen/Qwen2.5-Math-PRM-7B), in the tokenizer's own
    chat template. The reward of a step is the softmax probability of label 1 at its `<extra_0>`.
    """

    name = "qwen"
    architecture = "Qwen2ForProcessRewardModel"
    labels = 2
    step_end = "<extra_0>"

    # Unicode noncharacters: they mark the two holes in the rendered template, before any user text.
    _PROBLEM, _ANSWER = "\ufdd0", "\ufdd1"

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__(tokenizer)
        added = {token.content: id for id, token in tokenizer.added_tokens_decoder.items()}
        if self.step_end not in added:
            raise FormatError(
                f"the tokenizer has no {self.step_end} token, which ends every step of a "
                "Qwen2.5-Math-PRM prompt: this is not the tokenizer of such a model"
            )
        self._step_end_id = added[self.step_end]
        if not tokenizer.chat_template:
            raise FormatError("the tokenizer has no chat template, which every Qwen prompt needs")
        rendered = tokenizer.apply_chat_template(
            [
                {"role": "system", "content": QWEN_SYSTEM_PROMPT},
                {"role": "user", "content": self._PROBLEM},
                {"role": "assistant", "content": self._ANSWER},
            ],
            tokenize=False,
        )
        parts = re.split("(" + "|".join(map(re.escape, added)) + ")", rendered)
        self._template = [added.get(part, part) for part in parts if part]

    @property
    def step_end_id(self) -> int:
        return self._step_end_id

    @staticmethod
    def split(steps: Sequence[str]) -> tuple[str, ...]:
        return tuple(steps)

    def rewards(self, logits: NDArray[np.floating]) -> list[float]:
        wrong, right = self._checked(logits).T
        return (0.5 * (1.0 + np.tanh(0.5 * (right - wrong)))).tolist()

    def _layout(self, problem: str, steps: Sequence[str]) -> list[str | int]:
        layout: list[str | int] = []
        for part in self._template:
            if isinstance(part, str) and self._ANSWER in part:
                before, after = part.split(self._ANSWER)
                layout.append(before + steps[0])
                for step in steps[1:]:
                    layout += [self._step_end_id, step]
                layout += [self._step_end_id, after]
            elif isinstance(part, str):
                layout.append(part.replace(self._PROBLEM, problem))
            else:
                layout.append(part)
        return layout


FORMATS: dict[str, type[PromptFormat]] = {
    cls.architecture: cls for cls in (SkyworkFormat, QwenFormat)
}


def load_format(
    model: str | PathLike[str],
    *,
    revision: str | None = None,
    tokenizer: str | PathLike[str] | None = None,
) -> PromptFormat:
    """The format of a checkpoint, by hub name or local folder, from its config and tokenizer.

    Raises FormatError where the checkpoint's architecture is not a known PRM or its tokenizer lacks
    what the format needs, and OSError where the files cannot be read or downloaded.
    """
    from transformers import AutoTokenizer, PretrainedConfig  # slow to import: only where needed

    config, _ = PretrainedConfig.get_config_dict(model, revision=revision)
    architectures = config.get("architectures") or []
    for architecture in architectures:
        if architecture in FORMATS:
            return FORMATS[architecture](
                AutoTokenizer.from_pretrained(tokenizer or model, revision=revision)
            )
    raise FormatError(
        f"{model} is not a process reward model this program knows: its architecture is "
        f"{', '.join(architectures) or 'not named'}, and {' and '.join(FORMATS)} are supported"
    )


def _without_added_tokens(tokenizer: PreTrainedTokenizerBase) -> Tokenizer:
    """The tokenizer's model alone: no text, whatever it spells, becomes an added token."""
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    spec["added_tokens"] = []
    spec["post_processor"] = spec["padding"] = spec["truncation"] = None
    return Tokenizer.from_str(json.dumps(spec))
