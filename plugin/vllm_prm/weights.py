"""What a checkpoint's weight files hold, told from their headers: nothing is loaded.

A model without the head of its family loads in vLLM without a word, and a head of another shape
may: what stands in the memory then, or in the first rows, is read as rewards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vllm_prm.families.base import FamilyError, PrmFamily

Shapes = Mapping[str, tuple[int, ...]]


def weight_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a checkpoint's weights by their names.

    Those of the safetensors files if there are any, else of PyTorch's own; empty if there are none.

    Raises:
        OSError: A file cannot be read or is not whole.
    """
    shapes = safetensors_shapes(folder)
    if not shapes:
        for file in sorted(folder.glob("pytorch_model*.bin")):
            shapes.update(_shapes_in(file))
    return shapes


def safetensors_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The same of the safetensors files alone."""
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, "np") as weights:
                for name in weights.keys():  # noqa: SIM118  it is no mapping
                    shapes[name] = tuple(weights.get_slice(name).get_shape())
        except (OSError, SafetensorError) as error:
            raise OSError(f"{file} is not whole ({error})") from error
    return shapes


def _shapes_in(file: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Of a file that `torch.save` wrote."""
    import torch

    try:
        weights = torch.load(file, map_location="meta", weights_only=True)
    except Exception as error:  # whatever unpickling stumbles on
        raise OSError(f"{file} is not whole ({error})") from error
    for name, weight in weights.items():
        yield name, tuple(weight.shape)


def require_head(
    family: type[PrmFamily], config: Mapping[str, Any], shapes: Shapes, checkpoint: str
) -> None:
    """Refuses a checkpoint whose weights are not those of its family's head.

    Args:
        family: The family that it is read as.
        config: Its `config.json`.
        shapes: The shapes of its weights.
        checkpoint: What the error calls it.

    Raises:
        FamilyError: A weight of the head is missing, or has another shape.
    """
    for name, shape in family.head_weights(config).items():
        if name not in shapes:
            raise FamilyError(
                f"{checkpoint} holds no {name}, which every {family.title} has to read its rewards "
                "with: it is another model under that name, or was saved without its head"
            )
        if shapes[name] != shape:
            raise FamilyError(
                f"{checkpoint} holds a {name} of shape {_shape_text(shapes[name])}, and a "
                f"{family.title} of its size has one of {_shape_text(shape)}: its head is another"
            )


def with_whole_head(
    weights: Iterable[tuple[str, Any]], family: type[PrmFamily], config: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The weights as they are loaded; ends with the FamilyError of `require_head`, if any."""
    shapes: dict[str, tuple[int, ...]] = {}
    head = family.head_weights(config)
    for name, weight in weights:
        if name in head:
            shapes[name] = tuple(weight.shape)
            if shapes[name] != head[name]:
                break
        yield name, weight
    require_head(family, config, shapes, "the checkpoint")


def _shape_text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
