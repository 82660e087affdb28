"""The hostile run: `python -m hostile --inputs 10000` in tests/, with its figures.

Every input is made from its number, so a failure is tried again with `--part PART --first NUMBER
--inputs 1`. Ends with 1 if anything failed.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from hostile import attacks, programs
from hostile.browser import TEXTS, visitor

SHARES = {
    "split": 0.30,
    "encode": 0.15,
    "views": 0.15,
    "files": 0.10,
    "api": 0.19,
    "server": 0.08,
    "browser": 0.03,
}
"""What part of the inputs goes where; of the browser's, a page takes many at once."""
KINDS = ("wrong step counts", "tracebacks", "scripts", "hangs", "faults without a name")


def main() -> int:
    args = _arguments()
    with TemporaryDirectory() as folder:
        failures = run(args.inputs, Path(folder), args.part or list(SHARES), args.first)
    return 1 if failures else 0


def run(inputs: int, folder: Path, parts: list[str], first: int = 0) -> int:
    """Tries so many inputs in all; prints each part and failure, returns how many failed."""
    whole = sum(SHARES[part] for part in parts)
    failed, tried = dict.fromkeys(KINDS, 0), 0
    for part, attack, texts in _attacks(parts, folder, failed):
        count = max(1, round(inputs * SHARES[part] / whole / texts))
        slowest = 0.0
        for seed in range(first, first + count):
            kind, detail, seconds = attacks.outcome(attack, seed)
            slowest = max(slowest, seconds)
            if kind:
                failed[kind] += 1
                print(f"  {part} {seed}, {kind}: {detail[:500]}", flush=True)
        tried += count * texts
        print(f"{part}: {count * texts:,} inputs, the slowest {slowest:.2f} s", flush=True)
    print(f"{tried:,} inputs: " + ", ".join(f"{count} {kind}" for kind, count in failed.items()))
    return sum(failed.values())


def _attacks(
    parts: list[str], folder: Path, failed: dict[str, int]
) -> Iterator[tuple[str, Callable[[int], None], int]]:
    """Each part, what tries one input of it, and how many texts that is."""
    here = {"split": attacks.split, "encode": attacks.encode, "views": attacks.draw}
    for part in here.keys() & set(parts):
        yield part, here[part], 1
    with ExitStack() as stack:
        if {"files", "api", "browser"} & set(parts):
            page = stack.enter_context(programs.page(folder))
            stack.callback(_count_tracebacks, page, failed)
            attack = attacks.Page(page.url)
            yield from (
                (p, a, 1)
                for p, a in {"files": attack.upload, "api": attack.api}.items()
                if p in parts
            )
            if "browser" in parts:
                guest = stack.enter_context(visitor(page.url))
                yield (
                    "browser",
                    lambda seed: (guest.score if seed % 4 else guest.paste)(seed),
                    TEXTS,
                )
    if "server" in parts:
        with programs.server(folder) as server:
            yield "server", attacks.Server(server.url).pooling, 1
            _count_tracebacks(server, failed)


def _count_tracebacks(program: programs.Program, failed: dict[str, int]) -> None:
    failed["tracebacks"] += program.tracebacks
    if program.tracebacks:
        print(f"  {program.log.name} holds tracebacks:\n{program.log.read_text()[-3000:]}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--part", action="append", choices=SHARES, help="default: all")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
