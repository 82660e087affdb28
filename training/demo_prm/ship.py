"""Pack trained changes for the package: `python -m demo_prm.ship --help`.

Several changes are averaged. Each product of two thin matrices is cut to its largest parts and
rounded to 4 bits; the second factor is fitted again once the first is rounded. Scale and shift of
the calibration go into the head. `prm_app.demo_weights` reads what is written here.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from demo_prm import packed
from demo_prm.adapted import ALPHA

_CLIPS = (0.55, 0.65, 0.75, 0.85, 1.0)


def average(changes: Sequence[dict[str, Tensor]], rank: int) -> dict[str, Tensor]:
    """The mean change: products of rank `rank` without a scale, norms and heads."""
    mean: dict[str, Tensor] = {}
    for name in changes[0]:
        part, _, kind = name.rpartition(".")
        if kind == "up":
            ups, downs = [c[name] for c in changes], [c[f"{part}.down"] for c in changes]
            scale = ALPHA / ups[0].shape[1] / len(changes)
            mean[name], mean[f"{part}.down"] = _cut(
                scale * torch.cat(ups, 1), torch.cat(downs, 0), rank
            )
        elif kind != "down":
            mean[name] = torch.stack([change[name] for change in changes]).mean(0)
    return mean


def _cut(up: Tensor, down: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The best product of rank `rank`, its size shared evenly by the two factors."""
    q_up, r_up = torch.linalg.qr(up)
    q_down, r_down = torch.linalg.qr(down.T)
    u, size, v = torch.linalg.svd(r_up @ r_down.T)
    root = size[:rank].sqrt()
    return q_up @ u[:, :rank] * root, root[:, None] * (v[:rank] @ q_down.T)


def rounded(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Rows in 4 bits, -7 to 7, each with the scale that loses least."""
    largest = matrix.abs().amax(1)
    best_error = torch.full_like(largest, torch.inf)
    best, best_scale = torch.zeros_like(matrix), largest
    for clip in _CLIPS:
        scale = (clip * largest / 7).clamp(min=1e-8).half().float()
        values = (matrix / scale[:, None]).round().clamp(-7, 7)
        error = (values * scale[:, None] - matrix).square().sum(1)
        better = error < best_error
        best_error = torch.where(better, error, best_error)
        best = torch.where(better[:, None], values, best)
        best_scale = torch.where(better, scale, best_scale)
    return best, best_scale


def shipped(change: dict[str, Tensor], scale: float, shift: float) -> dict[str, Tensor]:
    """The tensors of the file: 4-bit factors by parts, two values a byte, and the rest."""
    out: dict[str, Tensor] = {}
    for name, weight in change.items():
        part, _, kind = name.rpartition(".")
        if kind == "up":
            up, up_scale = rounded(weight.T)
            seen = up * up_scale[:, None]
            wanted = weight @ change[f"{part}.down"]
            down, down_scale = rounded(torch.linalg.lstsq(seen.T, wanted).solution)
            for kind, values, sizes in (("up", up, up_scale), ("down", down, down_scale)):
                out[f"{part}.{kind}"] = _nibbles(values)
                out[f"{part}.{kind}.scale"] = sizes.half()
        elif kind != "down" and not name.startswith("token_head"):
            out[name] = weight.contiguous()
    out["value_head.weight"] = scale * out["value_head.weight"]
    out["value_head.bias"] = scale * out["value_head.bias"] + shift
    return out


def _nibbles(values: Tensor) -> Tensor:
    codes = (values + 8).to(torch.uint8)
    return (codes[:, ::2] | codes[:, 1::2] << 4).contiguous()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.ship", description=__doc__.split("\n\n")[0]
    )
    add = parser.add_argument
    add("--change", type=Path, action="append", required=True, help="change.safetensors; several")
    add("--rank", type=int, default=64)
    add("--scale", type=float, default=1.0, help="of the logits, if known")
    add("--shift", type=float, default=0.0)
    add("--out", type=Path, required=True)
    args = parser.parse_args()
    changes = [packed.unpack(load_file(path)) for path in args.change]
    change = average(changes, args.rank)
    tensors = shipped(change, args.scale, args.shift)
    save_file(tensors, args.out, metadata={"base": "SmolLM2-135M-Instruct.Q4_1"})
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
