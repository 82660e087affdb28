"""Train the low-rank changes: `python -m demo_prm.tune --help`.

Runs for a given time on one device, or on several under `torchrun`. Rows are made on the fly by
worker processes. A run is resumed from the packed change of an earlier one; the optimizer begins
anew. `demo_prm.judge` scores what comes out.
"""

import argparse
import json
import math
import os
import random
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import torch
import torch._dynamo
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from demo_prm import packed, sources
from demo_prm.adapted import AdaptedPrm, Shape
from demo_prm.lexicon import Lexicon
from demo_prm.losses import Losses, Objective
from demo_prm.mixture import SOURCES, Mixture
from demo_prm.parse import read_gsm8k
from demo_prm.real import read_pool
from demo_prm.tree_masks import block_mask, dense_mask
from demo_prm.tree_rows import Forest
from prm_app.base_model import Base

_WARM_UP, _DECAY_FROM = 0.03, 0.1
_SHOW_EVERY = 100


class Paragraphs:
    """What `Forest` asks of a format: steps may hold several lines."""

    step_end = "<extra_0>"


class Rows(IterableDataset):
    """Rows without end, different in every worker process of every rank."""

    def __init__(self, mixture: Mixture, seed: int):
        self.mixture, self.seed = mixture, seed

    def __iter__(self) -> Iterator[Tensor]:
        worker = get_worker_info()
        torch.set_num_threads(1)
        rng = random.Random(self.seed * 1000 + (worker.id if worker else 0))
        self.mixture.rng = rng
        if self.mixture.forest is not None:
            self.mixture.forest.rng = rng
        return map(torch.from_numpy, self.mixture.rows())


class Batches:
    """Batches on the device, fetched ahead."""

    def __init__(self, loader: DataLoader, device: torch.device):
        self.ready: deque[Tensor] = deque(maxlen=8)
        self.device = device
        self.failure: Exception | None = None
        self.waited = 0.0
        self.source = iter(loader)  # starts the workers before anything touches the device
        Thread(target=self._fetch, daemon=True).start()

    def _fetch(self) -> None:
        try:
            for batch in self.source:
                while len(self.ready) == self.ready.maxlen:
                    time.sleep(0.002)
                self.ready.append(batch.to(self.device))
        except Exception as error:
            self.failure = error

    def next(self) -> Tensor:
        """The next batch; raises RuntimeError where the data could not be made."""
        begin = time.monotonic()
        while not self.ready and self.failure is None:
            time.sleep(0.002)
        self.waited += time.monotonic() - begin
        if self.failure is not None:
            raise RuntimeError(f"no more data: {self.failure}") from self.failure
        return self.ready.popleft()


class Trainer:
    """Model and optimizer, and one step of training."""

    def __init__(self, model: AdaptedPrm, digits: list[int], rate: float):
        self.model = model
        self.device = model.embedding.device
        self.objective = Objective(model, digits)
        self.parameters = list(model.parameters())
        thin = [p for n, p in model.named_parameters() if n.endswith((".up", ".down"))]
        rest = [p for n, p in model.named_parameters() if not n.endswith((".up", ".down"))]
        self.rates = (rate, min(rate, 1e-3))
        self.optimizer = torch.optim.AdamW(
            [{"params": thin, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}],
            betas=(0.9, 0.95),
            fused=self.device.type == "cuda",
        )
        self.mask = dense_mask
        self.shared = torch.zeros((), device=self.device)
        if self.device.type == "cuda":
            self.mask = block_mask
            torch._dynamo.config.recompile_limit = 2 * len(model.layers) + 8
            for layer in model.layers:
                layer.compile(dynamic=False)
            self.objective.compile(dynamic=False)

    def step(self, batch: Tensor, progress: float) -> tuple[Losses, float]:
        """One update, and the progress that all ranks agree on."""
        rows = batch.long()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=rows.is_cuda):
            hidden = self.model(rows[:, 0], rows[:, 1], self.mask(rows))
            losses = self.objective(hidden, rows)
        for parameter in self.parameters:
            parameter.grad = None
        losses.total(progress).backward()
        progress = self._agree(progress)
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * rate_at(progress)
        self.optimizer.step()
        return Losses(*(loss.detach() for loss in losses)), progress

    def _agree(self, progress: float) -> float:
        """Average gradients, and progress with them, over the ranks."""
        if not dist.is_initialized():
            return progress
        before = float(self.shared)  # one step late, so that nobody waits for the device
        grads = [p.grad for p in self.parameters]
        flat = torch.cat([g.flatten() for g in grads] + [grads[0].new_tensor([progress])])
        dist.all_reduce(flat, op=dist.ReduceOp.AVG)
        pieces = flat[:-1].split([g.numel() for g in grads])
        torch._foreach_copy_(grads, [p.view_as(g) for p, g in zip(pieces, grads, strict=True)])
        self.shared = flat[-1]
        return before


def rate_at(progress: float) -> float:
    """The learning rate relative to its peak: a short rise, a level stretch, a fall to nothing."""
    rise = min(1.0, progress / _WARM_UP + 0.02)
    return rise * min(1.0, max(0.0, (1 - progress) / (1 - _DECAY_FROM)))


def make_mixture(args: argparse.Namespace, base: Base) -> tuple[Mixture, np.ndarray]:
    tokens = np.load(args.tokens)
    compact = np.full(int(tokens.max()) + 50_000, -1, np.int16)
    compact[tokens] = np.arange(len(tokens))
    tokenizer = base.tokenizer()
    forest = None
    if args.gsm8k:
        training, _ = sources.split_gsm8k(read_gsm8k(args.gsm8k))
        templates = sources.TRAINING_TEMPLATES if args.templates else ()
        lexicon = Lexicon.learn(training)
        forest = Forest(training, lexicon, [Paragraphs()], 0, templates=templates)
    weights = SOURCES | json.loads(args.sources)
    pool = read_pool(args.real, "training")
    return Mixture(pool, forest, tokenizer, args.seed, weights, compact=compact), tokens


def main() -> None:
    args = _parser().parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = torch.device(f"cuda:{rank}" if torch.cuda.is_available() else "cpu")
    begin = time.monotonic()

    def say(*words: object) -> None:
        if rank == 0:
            print(f"[{args.name} {time.monotonic() - begin:4.0f}]", *words, flush=True)

    base = Base(args.base)
    mixture, tokens = make_mixture(args, base)
    loader = DataLoader(
        Rows(mixture, args.seed * 100 + rank),
        args.rows,
        num_workers=args.workers,
        prefetch_factor=4 if args.workers else None,
    )
    batches = Batches(loader, device)
    say("data ready")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if ranks > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    torch.manual_seed(args.seed)
    torch.set_float32_matmul_precision("high")
    model = AdaptedPrm(len(tokens), args.rank, args.dropout, Shape(layers=args.layers))
    model.take(base, tokens)
    if args.resume:
        packed.load(model, args.resume)
    model.to(device)
    if ranks > 1:
        for parameter in model.parameters():
            dist.broadcast(parameter.data, 0)
    digits = [int(mixture.packer.compact[mixture.tokenizer.token_to_id(d)]) for d in "0123456789"]
    trainer = Trainer(model, digits, args.rate)
    record = vars(args) | {"ranks": ranks, "curve": []}
    steps, seconds = _train(trainer, batches, args, say, record["curve"])
    say(f"{steps} steps in {seconds:.0f} s, waited for data {batches.waited:.0f} s")
    if rank == 0:
        args.out.mkdir(parents=True, exist_ok=True)
        packed.save(model, args.out / "change.safetensors")
        record |= {
            "steps": steps,
            "seconds": round(seconds),
            "tokens": steps * args.rows * 2048 * ranks,
        }
        (args.out / "run.json").write_text(json.dumps(record, indent=1, default=str) + "\n")
        say("done")
    os._exit(0)  # the data workers have no end


def _train(trainer: Trainer, batches: Batches, args, say, curve: list) -> tuple[int, float]:
    """Train until the time or the steps are over."""
    start, step, progress, seconds, recent = None, 0, 0.0, 0.0, []
    while progress < 1:
        wanted = step / args.steps if args.steps else seconds / args.seconds
        losses, progress = trainer.step(batches.next(), wanted)
        if args.steps:
            progress = (step + 1) / args.steps
        step += 1
        recent.append(torch.stack(losses))
        if step == 3:
            if trainer.device.type == "cuda":
                torch.cuda.synchronize()
            start = time.monotonic()
        if step % 20 == 0 and trainer.device.type == "cuda":
            torch.cuda.synchronize()
        seconds = time.monotonic() - start if start else 0.0
        if step % _SHOW_EVERY == 0:
            means = torch.stack(recent).mean(0).tolist()
            recent = []
            shown = dict(zip(Losses._fields, (round(m, 4) for m in means), strict=True))
            curve.append({"step": step, "seconds": round(seconds)} | shown)
            say(curve[-1], f"waited {batches.waited:.0f}")
            if not math.isfinite(means[0]):
                raise RuntimeError(f"the loss is {means[0]} at step {step}: lower the rate")
    return step, seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.tune", description=__doc__.split("\n\n")[0]
    )
    add = parser.add_argument
    add("--base", type=Path, required=True, help="the base model's GGUF file")
    add("--real", type=Path, required=True, help="folder of real solutions")
    add("--gsm8k", type=Path, help="GSM8K's train.jsonl, for problems made by rule")
    add("--tokens", type=Path, required=True, help="tokens.npy, from demo_prm.tokens")
    add("--out", type=Path, required=True, help="folder for the change and the figures")
    add("--resume", type=Path, help="change.safetensors of a run to go on with")
    add("--seconds", type=float, default=300, help="train this long")
    add("--steps", type=int, default=0, help="or this many steps")
    add("--name", default="run")
    add("--rank", type=int, default=64)
    add("--layers", type=int, default=Shape.layers)
    add("--rate", type=float, default=1.5e-3, help="peak learning rate")
    add("--dropout", type=float, default=0.0)
    add("--rows", type=int, default=32, help="rows of 2,048 tokens a step and device")
    add("--workers", type=int, default=14, help="data processes a device")
    add("--seed", type=int, default=0)
    add("--sources", default="{}", help="JSON that changes how often each source is drawn")
    add("--templates", action="store_true", help="draw gsm_symbolic templates too")
    return parser


if __name__ == "__main__":
    main()
