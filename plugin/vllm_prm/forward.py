"""A PRM's rewards from a plain Transformers forward pass: what an engine's have to agree with.

Runs wherever PyTorch does, and needs no vLLM. PyTorch is imported when a model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vllm_prm.families.base import FamilyError, PrmFamily, Prompt
from vllm_prm.families.token_head import TokenHeadFamily

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache


class ForwardModel:
    """A PRM loaded with Transformers: its trunk there, its head the linear layers of its family.

    Args:
        folder: A local checkpoint.
        family: How it is read.
        device: Where it runs, as PyTorch names it.
        dtype: The trunk's precision, as PyTorch names it; the head is always in float32.

    Raises:
        FamilyError: The checkpoint lacks the weights of the family's head.
    """

    def __init__(
        self, folder: Path, family: PrmFamily, device: str = "cpu", dtype: str = "float32"
    ) -> None:
        import torch
        from transformers import AutoModel

        self.family = family
        self.device = device
        self._trunk = AutoModel.from_pretrained(folder, dtype=getattr(torch, dtype))
        self._trunk.to(device).eval()
        self._head = [
            (weight.float().to(device), None if bias is None else bias.float().to(device))
            for weight, bias in _head(folder, family)
        ]

    def rewards(self, prompts: Sequence[Prompt]) -> list[list[float]]:
        """The step rewards in [0, 1] of each prompt.

        Args:
            prompts: They are computed together, padded to the longest.
        """
        return [
            self.family.rewards(logits[prompt.positions])
            for prompt, logits in zip(
                prompts, self.logits([prompt.token_ids for prompt in prompts]), strict=True
            )
        ]

    def logits(
        self, prompts: Sequence[Sequence[int]], cache: DynamicCache | None = None
    ) -> NDArray[np.float32]:
        """The raw outputs `(prompts, tokens of the longest, labels)`.

        Args:
            prompts: The token ids of each; they are computed together, padded to the longest.
            cache: The states of tokens that all prompts begin with. These have no outputs, and
                the states of the others are added.
        """
        import torch
        from torch.nn.functional import linear, relu

        start = 0 if cache is None else cache.get_seq_length()
        shape = len(prompts), max(map(len, prompts))
        ids = torch.zeros(shape, dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.long)
        for row, token_ids in enumerate(prompts):
            ids[row, : len(token_ids)] = torch.tensor(token_ids)
            mask[row, : len(token_ids)] = 1
        with torch.inference_mode():
            states: torch.Tensor = self._trunk(
                input_ids=ids[:, start:].to(self.device),
                attention_mask=mask.to(self.device),
                past_key_values=cache,
                use_cache=cache is not None,
            ).last_hidden_state.float()
            for number, (weight, bias) in enumerate(self._head):
                states = linear(relu(states) if number else states, weight, bias)
            return states.cpu().numpy()


def _head(folder: Path, family: PrmFamily) -> Iterator[tuple[torch.Tensor, torch.Tensor | None]]:
    """Weight and bias of each layer of the head."""
    head_names = {f"{layer}.{kind}" for layer in family.head for kind in ("weight", "bias")}
    embedding = "model.embed_tokens.weight"
    tensors = dict(_tensors(folder, {*head_names, embedding}))
    for layer in family.head:
        weight = tensors.get(f"{layer}.weight")
        if isinstance(family, TokenHeadFamily):
            weight = (tensors[embedding] if weight is None else weight)[family.token_ids]
        if weight is None:
            raise FamilyError(
                f"{folder} holds no weights {layer}.weight, from which a {family.title} reads its "
                "rewards: it is not such a model, or its files are not whole"
            )
        yield weight, tensors.get(f"{layer}.bias")


def _tensors(folder: Path, names: set[str]) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of these names in the checkpoint's files, in whatever format they are."""
    import torch
    from safetensors import safe_open

    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as weights:
            for name in names.intersection(weights.keys()):
                yield name, weights.get_tensor(name)
    for file in folder.glob("pytorch_model*.bin"):
        state: Mapping[str, Any] = torch.load(file, mmap=True, weights_only=True)
        for name in names.intersection(state):
            yield name, state[name]
