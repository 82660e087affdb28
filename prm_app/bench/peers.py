"""Three ways to get the same rewards: ours, vLLM's `LLM.encode`, and Transformers.

Each lives in a process of its own, because there can be one vLLM engine in a process, and knows
nothing of how it is measured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from vllm_prm.families import Prompt
from vllm_prm.forward import ForwardModel

from prm_app.catalog import Prm
from prm_app.checkpoint import open_family
from prm_app.errors import PrmError
from prm_app.local.engine import VllmEngine
from prm_app.local.engine_args import engine_arguments, for_family
from prm_app.local.scorer import LocalScorer, Usage
from prm_app.solutions.solution import Solution

Rewards = list[tuple[float, ...]]


class Peer(ABC):
    """Scores lists of solutions. `concurrent` says whether several threads may do so at once."""

    name: ClassVar[str]
    concurrent: ClassVar[bool] = False

    def __init__(self, prm: Prm, folder: Path, options: Mapping[str, Any]) -> None:
        self.family = open_family(prm, folder)

    @abstractmethod
    def score(self, solutions: Sequence[Solution]) -> Rewards:
        """The step rewards of each solution, tokenisation included."""

    def encode(self, solutions: Sequence[Solution]) -> list[Prompt]:
        return self.family.encode_batch((each.problem, each.steps) for each in solutions)

    def usage(self) -> Usage | None:
        """What is kept of former solutions, if anything is."""
        return None

    def close(self) -> None:  # noqa: B027
        """Frees the model."""


class Ours(Peer):
    """This program: continuous batching, prefix reuse, rewards kept."""

    name = "prm-app"
    concurrent = True

    def __init__(self, prm: Prm, folder: Path, options: Mapping[str, Any]) -> None:
        super().__init__(prm, folder, options)
        engine = VllmEngine(folder, for_family(self.family, options), lambda stage, done: None)
        self.scorer = LocalScorer(prm, engine, self.family)

    def score(self, solutions: Sequence[Solution]) -> Rewards:
        rewards: Rewards = [()] * len(solutions)
        for i, outcome in self.scorer.score_many(solutions):
            if isinstance(outcome, PrmError):
                raise outcome
            rewards[i] = outcome.rewards
        return rewards

    def usage(self) -> Usage:
        return self.scorer.usage()

    def close(self) -> None:
        self.scorer.close()


class VllmEncode(Peer):
    """`LLM.encode` with our engine arguments: every prompt computed in full."""

    name = "vLLM encode"

    def __init__(self, prm: Prm, folder: Path, options: Mapping[str, Any]) -> None:
        super().__init__(prm, folder, options)
        arguments = engine_arguments(str(folder), for_family(self.family, options))
        from vllm import LLM

        self.llm = LLM(**arguments, worker_extension_cls="prm_app.bench.ceiling.MatrixProducts")

    def score(self, solutions: Sequence[Solution]) -> Rewards:
        prompts = self.encode(solutions)
        outputs = self._encode(prompts, reuse=False)
        return [
            tuple(self.family.rewards(values[prompt.positions]))
            for prompt, values in zip(prompts, outputs, strict=True)
        ]

    def compute(self, prompts: Sequence[Prompt]) -> None:
        """vLLM alone, reading its prefix cache: no tokenisation, no rewards."""
        self._encode(prompts, reuse=True)

    def _encode(self, prompts: Sequence[Prompt], reuse: bool) -> list[NDArray[np.floating]]:
        from vllm import PoolingParams
        from vllm.inputs import TokensPrompt

        outputs = self.llm.encode(
            [TokensPrompt(prompt_token_ids=prompt.token_ids) for prompt in prompts],
            PoolingParams(use_activation=False, skip_reading_prefix_cache=not reuse),
            pooling_task="token_classify",
            use_tqdm=False,
        )
        return [output.outputs.data.float().numpy() for output in outputs]


class Transformers(Peer):
    """Transformers with batches padded to their longest prompt, as search-and-learn does it."""

    name = "Transformers"

    def __init__(self, prm: Prm, folder: Path, options: Mapping[str, Any]) -> None:
        super().__init__(prm, folder, options)
        import torch

        gpu = torch.cuda.is_available()
        self.batch = 32 if gpu else 8
        device, dtype = ("cuda", "bfloat16") if gpu else ("cpu", "float32")
        self.model = ForwardModel(folder, self.family, device, dtype)

    def score(self, solutions: Sequence[Solution]) -> Rewards:
        prompts = self.encode(solutions)
        rewards: Rewards = []
        for start in range(0, len(prompts), self.batch):
            rewards += map(tuple, self.model.rewards(prompts[start : start + self.batch]))
        return rewards


PEERS: dict[str, type[Peer]] = {
    "ours": Ours,
    "vllm": VllmEncode,
    "transformers": Transformers,
}
