"""The change that training made, in int8: what is shipped, and what a run is resumed from.

Each row of a thin matrix is stored with the scale of its own. Norms and heads stay as they are.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from demo_prm.adapted import AdaptedPrm

SCALE = ".scale"


def pack(model: AdaptedPrm) -> dict[str, Tensor]:
    packed: dict[str, Tensor] = {}
    for name, weight in model.state_dict().items():
        weight = weight.detach().float().cpu()
        if name.endswith((".up", ".down")):
            scale = (weight.abs().amax(1) / 127).clamp(min=1e-12)
            packed[name] = (weight / scale[:, None]).round().to(torch.int8)
            packed[name + SCALE] = scale
        else:
            packed[name] = weight
    return packed


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    weights = {name: w.float() for name, w in packed.items() if not name.endswith(SCALE)}
    for name in weights:
        if name + SCALE in packed:
            weights[name] *= packed[name + SCALE][:, None]
    return weights


def save(model: AdaptedPrm, path: Path) -> None:
    save_file(pack(model), path)


def load(model: AdaptedPrm, path: Path) -> None:
    model.load_state_dict(unpack(load_file(path)))
