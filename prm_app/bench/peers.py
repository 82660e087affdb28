"""Four ways to get the same rewards: ours, vLLM's `LLM.encode`, vLLM alone, and Transformers.

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
from vllm_prm.families import Prompt, load_family

from prm_app.catalog import Prm
from prm_app.errors import PrmError
from prm_app.local.engine import Engine
from prm_app.local.engine_args import engine_arguments
from prm_app.local.scorer import LocalScorer, Usage
from prm_app.solutions.solution import Solution

Rewards = list[tuple[float, ...]]


class Peer(ABC):
    """Scores lists of solutions. `concurrent` says whether several threads may do so at once."""

    name: ClassVar[str]
    concurrent: ClassVar[bool] = False

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.family = load_family(folder)

    @abstractmethod
    def score(self, solutions: Sequence[Solution]) -> Rewards:
        """The step rewards of each solution, tokenisation included."""

    def encode(self, solutions: Sequence[Solution]) -> list[Prompt]:
        return self.family.encode_batch((each.problem, each.steps) for each in solutions)

    def usage(self) -> Usage | None:
        """What is kept of former solutions, where anything is."""
        return None

    def close(self) -> None:  # noqa: B027
        """Frees the model."""


class Ours(Peer):
    """This program: continuous batching, prefix reuse, rewards kept."""

    name = "prm-app"
    concurrent = True

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        super().__init__(folder, options)
        prm = Prm(key=folder.name, title=folder.name, checkpoint=str(folder))
        engine = Engine(folder, options, lambda stage, done: None)
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

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        super().__init__(folder, options)
        chosen = engine_arguments(str(folder), options)
        from vllm import LLM

        self.llm = LLM(**chosen, worker_extension_cls="prm_app.bench.ceiling.MatrixProducts")

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

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        super().__init__(folder, options)
        import torch
        from safetensors import safe_open
        from transformers import AutoModel

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.batch = 32 if self.device == "cuda" else 8
        dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        self.model = AutoModel.from_pretrained(folder, dtype=dtype).to(self.device).eval()
        head = {}
        for file in folder.glob("*.safetensors"):
            with safe_open(file, "pt", device=self.device) as weights:
                for key in weights.keys():  # noqa: SIM118
                    if key.startswith(("v_head.", "score.")):
                        head[key] = weights.get_tensor(key).float()
        self.layers = [
            (head[key], head[key.replace("weight", "bias")])
            for key in sorted(head)
            if key.endswith("weight")
        ]

    def score(self, solutions: Sequence[Solution]) -> Rewards:
        prompts = self.encode(solutions)
        rewards: Rewards = []
        for start in range(0, len(prompts), self.batch):
            batch = prompts[start : start + self.batch]
            for prompt, logits in zip(batch, self._logits(batch), strict=True):
                rewards.append(tuple(self.family.rewards(logits[prompt.positions])))
        return rewards

    def _logits(self, prompts: Sequence[Prompt]) -> NDArray[np.floating]:
        """Raw outputs (prompts, longest, labels)."""
        import torch
        from torch.nn.functional import linear, relu

        shape = len(prompts), max(len(prompt.token_ids) for prompt in prompts)
        ids = torch.zeros(shape, dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt.token_ids)] = torch.tensor(prompt.token_ids)
            mask[row, : len(prompt.token_ids)] = 1
        with torch.inference_mode():
            hidden = self.model(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                use_cache=False,
            ).last_hidden_state.float()
            for i, (weight, bias) in enumerate(self.layers):
                hidden = linear(relu(hidden) if i else hidden, weight, bias)
            return hidden.cpu().numpy()


PEERS: dict[str, type[Peer]] = {
    "ours": Ours,
    "vllm": VllmEncode,
    "transformers": Transformers,
}
