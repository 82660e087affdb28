"""Skywork-o1-Open-PRM for vLLM, on any of several trunks: a value head, one logit per token.

The checkpoints name an architecture such as `Qwen2ForPrmModel` and hold `model.*` and
`v_head.summary.{weight,bias}`. The pooled output is the logit; a reward is its sigmoid.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import nn
from vllm.config import VllmConfig
from vllm.distributed import get_pp_group
from vllm.model_executor.layers.linear import ReplicatedLinear
from vllm.model_executor.layers.pooler.tokwise import pooler_for_token_classify
from vllm.model_executor.models.interfaces import SupportsLoRA, SupportsPP
from vllm.model_executor.models.interfaces_base import default_pooling_type
from vllm.model_executor.models.llama import LlamaModel
from vllm.model_executor.models.qwen2 import Qwen2ForCausalLM, Qwen2Model
from vllm.model_executor.models.qwen3 import Qwen3Model
from vllm.model_executor.models.utils import AutoWeightsLoader, PPMissingLayer, maybe_prefix
from vllm.sequence import IntermediateTensors

from vllm_prm.families.skywork import Skywork
from vllm_prm.weights import with_whole_head


class ValueHead(nn.Module):
    """A linear map from hidden state to one value, whole on every tensor-parallel rank."""

    def __init__(self, hidden_size: int, dtype: torch.dtype, prefix: str) -> None:
        super().__init__()
        self.dtype = dtype
        self.summary = ReplicatedLinear(
            hidden_size, 1, params_dtype=dtype, return_bias=False, prefix=f"{prefix}.summary"
        )

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        values: torch.Tensor = self.summary(hidden_states.to(self.dtype))
        return values


class ValueHeadModel(nn.Module, SupportsLoRA, SupportsPP):
    """Token-wise value model on the trunk `trunk`; the output has shape `(tokens, 1)`."""

    trunk: ClassVar[Any]
    is_pooling_model = True
    packed_modules_mapping = Qwen2ForCausalLM.packed_modules_mapping

    def __init__(self, *, vllm_config: VllmConfig, prefix: str = "") -> None:
        super().__init__()
        model_config = vllm_config.model_config
        self.config = model_config.hf_config
        self.config.num_labels = 1
        self.model = self.trunk(vllm_config=vllm_config, prefix=maybe_prefix(prefix, "model"))
        self.v_head = (
            ValueHead(
                self.config.hidden_size, model_config.head_dtype, maybe_prefix(prefix, "v_head")
            )
            if get_pp_group().is_last_rank
            else PPMissingLayer()
        )
        assert model_config.pooler_config is not None, "every pooling model has one"
        self.pooler = pooler_for_token_classify(model_config.pooler_config)
        self.make_empty_intermediate_tensors = self.model.make_empty_intermediate_tensors

    def embed_input_ids(self, input_ids: torch.Tensor) -> torch.Tensor:
        embeddings: torch.Tensor = self.model.embed_input_ids(input_ids)
        return embeddings

    def forward(
        self,
        input_ids: torch.Tensor | None,
        positions: torch.Tensor,
        intermediate_tensors: IntermediateTensors | None = None,
        inputs_embeds: torch.Tensor | None = None,
    ) -> torch.Tensor | IntermediateTensors:
        hidden_states = self.model(input_ids, positions, intermediate_tensors, inputs_embeds)
        if isinstance(hidden_states, IntermediateTensors):
            return hidden_states
        values: torch.Tensor = self.v_head(hidden_states)
        return values

    def load_weights(self, weights: Iterable[tuple[str, torch.Tensor]]) -> set[str]:
        # Checkpoints saved from a causal LM keep the unused lm_head.
        loader = AutoWeightsLoader(self, ignore_unexpected_prefixes=["lm_head."])
        return loader.load_weights(with_whole_head(weights, Skywork, self.config.to_dict()))


@default_pooling_type(tok_pooling_type="ALL")
class Qwen2ForPrmModel(ValueHeadModel):
    """The published Skywork-o1-Open-PRM."""

    trunk = Qwen2Model
    hf_to_vllm_mapper = Qwen2Model.hf_to_vllm_mapper


@default_pooling_type(tok_pooling_type="ALL")
class Qwen3ForPrmModel(ValueHeadModel):
    """The same on Qwen3."""

    trunk = Qwen3Model
    hf_to_vllm_mapper = Qwen3Model.hf_to_vllm_mapper


@default_pooling_type(tok_pooling_type="ALL")
class LlamaForPrmModel(ValueHeadModel):
    """The same on Llama."""

    trunk = LlamaModel
    hf_to_vllm_mapper = LlamaModel.hf_to_vllm_mapper
