"""The most that an engine can compute here: the model's matrix products and nothing else.

They run in vLLM's own worker, so with the threads, the dtype and the kernels of the engine, and
quantised if it is. Knows nothing of prompts.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from prm_app.bench.peers import VllmEncode

BURSTS, CALLS = 12, 2
"""Many and short: between two of them other programs may take the cores."""
BATCHES = (1, 2, 4)
"""Parts of a full batch that are tried: a smaller one may fit a cache."""


class MatrixProducts:
    """Added to vLLM's worker (`worker_extension_cls`), whose model it finds in itself."""

    model_runner: Any

    def matrix_products(self, tokens: int) -> tuple[float, int]:
        """Seconds for a batch of so many tokens in all linear layers, and their weights.

        Layers of one shape are timed once; the best of several bursts of calls counts.
        """
        import torch

        seconds, weights = 0.0, 0
        with torch.inference_mode():
            for layer, inputs, outputs, count in self._shapes():
                device = next(layer.parameters()).device
                batch = torch.randn(tokens, inputs, dtype=layer.params_dtype, device=device)
                seconds += count * min(_call(layer, batch) for _ in range(BURSTS))
                weights += count * inputs * outputs
        return seconds, weights

    def _shapes(self) -> Iterator[tuple[Any, int, int, int]]:
        """A layer of each shape, its inputs and outputs on this device, and how many there are."""
        from vllm.model_executor.layers.linear import LinearBase

        alike = defaultdict(list)
        for layer in self.model_runner.get_model().modules():
            if isinstance(layer, LinearBase):
                inputs = getattr(layer, "input_size_per_partition", layer.input_size)
                outputs = getattr(layer, "output_size_per_partition", layer.output_size)
                alike[type(layer), inputs, outputs].append(layer)
        for (_, inputs, outputs), layers in alike.items():
            yield layers[0], inputs, outputs, len(layers)


def _call(layer: Any, batch: Any) -> float:
    """Seconds of one call, from a burst of them."""
    import torch

    def wait() -> None:
        if batch.is_cuda:
            torch.cuda.synchronize()

    layer(batch)
    wait()
    start = time.perf_counter()
    for _ in range(CALLS):
        layer(batch)
    wait()
    return (time.perf_counter() - start) / CALLS


def ceiling(peer: VllmEncode) -> dict[str, float]:
    """The tokens per second that the matrix products allow, and the arithmetic of that.

    A token takes two operations for each weight of a linear layer; attention is left out. On
    several devices each has a part of the weights, and the slowest counts.
    """
    full = peer.llm.llm_engine.vllm_config.scheduler_config.max_num_batched_tokens
    speed = 0.0
    for tokens in (-(-full // part) for part in BATCHES):
        times = peer.llm.collective_rpc("matrix_products", args=(tokens,))
        speed = max(speed, tokens / max(seconds for seconds, _ in times))
    weights = sum(weights for _, weights in times)
    return {"flops": 2 * weights * speed, "tokens_per_second": speed}


def set_shares(results: Mapping[str, Mapping[str, Any]], tokens_per_second: float) -> None:
    """Sets what part of the ceiling each throughput is, counting the tokens it computed.

    Transformers' has none: it computes with other kernels.
    """
    for figures in results.values():
        for peer in {"ours", "vllm"} & figures.keys():
            if "computed_share" in figures[peer]:
                computed = figures[peer]["tokens_per_second"] * figures[peer]["computed_share"]
                figures[peer]["ceiling_share"] = computed / tokens_per_second


def above(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The throughputs that are faster than the matrix products alone, which they cannot be."""
    return [
        f"{name}, {peer}: {figures['ceiling_share']:.0%}"
        for name, by_peer in results.items()
        for peer, figures in by_peer.items()
        if figures.get("ceiling_share", 0.0) > 1.0
    ]
