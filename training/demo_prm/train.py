"""Train the demo PRM: `python -m demo_prm.train --gsm8k train.jsonl --out run`.

Runs for a given time on one device, or on several under `torchrun`, and can be stopped and resumed
on the way. The learning rate rises, stays, and falls to nothing at the end of the planned
time. Kept is the running average of the weights, as it was when it judged held-out problems best.
"""

import argparse
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import DataLoader
from vllm_prm.families import PrmFamily, load_family

from demo_prm import export
from demo_prm.batches import Batches, Rows
from demo_prm.eval_sets import right_and_wrong, step_logits, step_rewards
from demo_prm.lexicon import Lexicon
from demo_prm.model import DemoPrm, Shape
from demo_prm.objective import Losses, Objective
from demo_prm.optimizer import MuonAdamW
from demo_prm.parse import read_gsm8k
from demo_prm.sources import split_gsm8k
from demo_prm.tokenizer import STEP_END, load_tokenizer
from demo_prm.tree_masks import block_mask, dense_mask
from demo_prm.tree_rows import Forest
from demo_prm.worked import Problem
from prm_app.evaluation.metrics import best_threshold, detection

_TOKEN_WEIGHT, _NUMBER_WEIGHT = 0.3, 0.5
_WARM_UP, _DECAY_FROM = 0.02, 0.15
_LOOK_EVERY = 2000


@dataclass
class Plan:
    """How long to train, in seconds, and on how much at a time."""

    seconds: float
    total_seconds: float
    rows: int = 32
    length: int = 2048
    workers: int = 14
    seed: int = 0
    dropout: float = 0.1
    average: float = 0.999
    rate: float = 0.005


class Trainer:
    """Model, optimizer and running average, and one step of training."""

    def __init__(
        self, model: DemoPrm, tokenizer: Tokenizer, average: float, rate: float = Plan.rate
    ):
        self.model = model
        self.device = model.value_head.weight.device
        digits = [tokenizer.token_to_id(digit) for digit in "0123456789"]
        self.objective = Objective(model, tokenizer.token_to_id(STEP_END), digits)
        self.optimizer = MuonAdamW(model, rate)
        self.parameters = list(model.parameters())
        self.average = average
        self.averaged = [p.detach().clone() for p in self.parameters]
        self.progress = 0.0
        self.shared_progress = torch.zeros((), device=self.device)
        self.loss = self.objective
        self.mask = dense_mask
        if self.device.type == "cuda":
            self.loss = torch.compile(self.objective, dynamic=False)
            self.mask = block_mask

    def step(self, batch: Tensor, progress: float) -> Losses:
        """One update; `progress` in [0, 1] sets the learning rate and the weight of words."""
        rows = batch.long()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=rows.is_cuda):
            losses = self.loss(rows, self.mask(rows))
        word_weight = 0.5 - 0.45 * progress
        total = (
            losses.step
            + _TOKEN_WEIGHT * losses.token
            + word_weight * losses.words
            + _NUMBER_WEIGHT * losses.numbers
        )
        for parameter in self.parameters:
            parameter.grad = None
        total.backward()
        self.progress = self._agree(progress)
        self.optimizer.step(rate_at(self.progress))
        torch._foreach_lerp_(self.averaged, self.parameters, 1 - self.average)
        return Losses(*(loss.detach() for loss in losses))

    def _agree(self, progress: float) -> float:
        """Average gradients, and progress with them, over the ranks."""
        if not dist.is_initialized():
            return progress
        before = self.shared_progress
        grads = [p.grad for p in self.parameters]
        flat = torch.cat([g.flatten() for g in grads] + [grads[0].new_tensor([progress])])
        dist.all_reduce(flat, op=dist.ReduceOp.AVG)
        pieces = flat[:-1].split([g.numel() for g in grads])
        torch._foreach_copy_(grads, [p.view_as(g) for p, g in zip(pieces, grads, strict=True)])
        self.shared_progress = flat[-1]
        return float(before)  # one step late, so that nobody waits for the device

    def average_model(self) -> DemoPrm:
        """A copy of the model with the averaged weights."""
        model = DemoPrm(self.model.shape).to(self.device)
        model.load_state_dict(
            dict(zip((n for n, _ in self.model.named_parameters()), self.averaged, strict=True))
        )
        return model.eval()

    def state_dict(self) -> dict:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "averaged": self.averaged,
        }

    def load_state_dict(self, state: dict) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch._foreach_copy_(self.averaged, state["averaged"])


class Validation:
    """Looks at averaged weights now and then, and keeps those that find first errors best."""

    def __init__(self, problems: Sequence[Problem], formats: Sequence[PrmFamily]):
        self.cases = right_and_wrong(problems, seed=1)
        self.formats = formats
        self.best: DemoPrm | None = None
        self.best_f1 = -1.0

    def __call__(self, model: DemoPrm) -> None:
        """F1 is that of the best threshold: calibration comes later."""
        errors, f1 = [case.error for case in self.cases], {}
        for fmt in self.formats:
            rows = step_rewards(step_logits(model, fmt, self.cases, batch=128))
            f1[fmt.name] = detection(errors, rows, best_threshold(errors, rows)).f1
        print("validation F1", {name: round(value, 3) for name, value in f1.items()}, flush=True)
        if sum(f1.values()) > self.best_f1:
            self.best, self.best_f1 = model, sum(f1.values())


def rate_at(progress: float) -> float:
    """The learning rate relative to its peak: a short rise, a level stretch, a fall to nothing."""
    if progress < _WARM_UP:
        return progress / _WARM_UP + 1e-3
    return min(1.0, max(0.0, (1 - progress) / (1 - _DECAY_FROM)))


def main() -> None:
    args = _parser().parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = torch.device(f"cuda:{rank}" if torch.cuda.is_available() else "cpu")
    plan = Plan(
        args.seconds,
        args.total_seconds or args.seconds,
        args.rows,
        workers=args.workers,
        seed=args.seed,
        rate=args.rate,
    )
    training, validation = split_gsm8k(read_gsm8k(args.gsm8k))
    formats = [load_family(export.CHECKPOINTS / name) for name in export.FORMATS]
    tokenizer = load_tokenizer(export.CHECKPOINTS / "qwen" / "tokenizer.json")
    forest = Forest(training, Lexicon.learn(training), formats, plan.seed, plan.length)
    data = Rows(forest, plan.seed * 100 + rank + (7 if args.resume else 0))
    loader = DataLoader(data, plan.rows, num_workers=plan.workers, prefetch_factor=4)
    batches = Batches(loader, device)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if ranks > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    torch.manual_seed(plan.seed)
    torch.set_float32_matmul_precision("high")
    model = DemoPrm(Shape(), plan.dropout)
    model.to(device)
    trainer = Trainer(model, tokenizer, plan.average, plan.rate)
    done = 0.0
    if args.resume:
        state = torch.load(args.resume, map_location=device)
        trainer.load_state_dict(state["trainer"])
        done = state["seconds"]
    look = Validation(validation, formats) if rank == 0 else None
    try:
        _train(trainer, batches, plan, done, look)
    finally:  # what was learned until a failure is worth keeping
        if look:
            look(trainer.average_model())
            args.out.mkdir(parents=True, exist_ok=True)
            seconds = trainer.progress * plan.total_seconds
            torch.save({"trainer": trainer.state_dict(), "seconds": seconds}, args.out / "state.pt")
            export.export(look.best, tokenizer, args.out / "checkpoints")
    if ranks > 1:
        dist.destroy_process_group()


def _train(
    trainer: Trainer, batches: Batches, plan: Plan, done: float, look: Validation | None
) -> None:
    """Train until `plan.seconds` more have passed."""
    start, step = None, 0
    trainer.progress = done / plan.total_seconds
    trainer.shared_progress.fill_(trainer.progress)
    end = min(1.0, (done + plan.seconds) / plan.total_seconds)
    while trainer.progress < end:
        elapsed = time.monotonic() - start if start else 0.0
        losses = trainer.step(batches.next(), (done + elapsed) / plan.total_seconds)
        step += 1
        if step == 3:
            if trainer.device.type == "cuda":
                torch.cuda.synchronize()
            start = time.monotonic()
        if look and step % 200 == 0:
            shown = " ".join(f"{n} {v:.3f}" for n, v in zip(Losses._fields, losses, strict=True))
            print(
                f"{elapsed:5.0f} s step {step} {shown} batches made {batches.made}"
                f" progress {trainer.progress:.3f}",
                flush=True,
            )
        if look and step % _LOOK_EVERY == 0:
            look(trainer.average_model())
        if step % 50 == 0 and not math.isfinite(float(losses.step)):
            raise RuntimeError(f"the loss is {float(losses.step)} at step {step}: lower the rate")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.train", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--gsm8k", type=Path, required=True, help="GSM8K's train.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder for state and checkpoints")
    parser.add_argument("--seconds", type=float, required=True, help="train this long now")
    parser.add_argument(
        "--total-seconds",
        type=float,
        help="plan the learning rate for this long in all (default: --seconds)",
    )
    parser.add_argument("--resume", type=Path, help="state.pt of a run to go on with")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="peak rate of the matrices")
    parser.add_argument(
        "--rows", type=int, default=Plan.rows, help="rows of 2,048 tokens a step and device"
    )
    parser.add_argument(
        "--workers", type=int, default=Plan.workers, help="data processes per device"
    )
    parser.add_argument("--seed", type=int, default=Plan.seed)
    return parser


if __name__ == "__main__":
    main()
