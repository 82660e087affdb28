"""Rewards from a plain Transformers forward pass, the heads written out: what to agree with."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import Qwen2Model
from vllm_prm.families import load_family


class Reference:
    """A PRM checkpoint in float32, one prompt at a time, no cache."""

    def __init__(self, folder: Path) -> None:
        self.family = load_family(folder)
        self.trunk = Qwen2Model.from_pretrained(folder, dtype=torch.float32).eval()
        tensors = {}
        for file in sorted(folder.glob("*.safetensors")):
            tensors |= load_file(file)
        for file in sorted(folder.glob("*.bin")):
            tensors |= torch.load(file, weights_only=True)
        self.head = {
            name: tensor.float()
            for name, tensor in tensors.items()
            if name.startswith(("v_head.", "score."))
        }

    @torch.inference_mode()
    def rewards(self, problem: str, steps: list[str]) -> list[float]:
        prompt = self.family.encode(problem, steps)
        hidden = self.trunk(torch.tensor([prompt.token_ids])).last_hidden_state[0]
        hidden, head = hidden[prompt.positions], self.head
        if self.family.name == "skywork":
            value = hidden @ head["v_head.summary.weight"].T + head["v_head.summary.bias"]
            return torch.sigmoid(value[:, 0]).tolist()
        inner = torch.relu(hidden @ head["score.0.weight"].T + head["score.0.bias"])
        logits = inner @ head["score.2.weight"].T + head["score.2.bias"]
        return torch.softmax(logits, dim=-1)[:, 1].tolist()
