"""A benchmark's record as a table: one row a figure, one column a peer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

TITLES = {"ours": "prm-app", "vllm": "vLLM encode", "transformers": "Transformers"}

Figures = dict[str, dict[str, Any]]


def table(record: dict[str, Any]) -> RenderableType:
    """The record for a terminal."""
    peers = [peer for peer in TITLES if peer in record["memory"]]
    grid = Table("", *(TITLES[peer] for peer in peers), title=_title(record), title_justify="left")
    for name, figures in rows(record):
        grid.add_row(name, *(figures.get(peer, "") for peer in peers))
    return Group(grid, *(Text(note) for note in notes(record)))


def rows(record: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each figure's name, and what each peer reached."""
    settings, results = record["settings"], record["results"]
    for scenario, title in (
        ("best-of-n", f"Best-of-{settings['candidates']}"),
        ("distinct", "Distinct solutions"),
    ):
        if by_peer := results.get(scenario):
            yield f"{title}, solutions/s", _each(by_peer, "solutions_per_second", _figure)
            yield f"{title}, tokens/s", _each(by_peer, "tokens_per_second", lambda x: f"{x:,.0f}")
            yield (
                "… of the arithmetic ceiling, computed",
                _each(by_peer, "ceiling_share", lambda x: f"{x:.0%}"),
            )
            yield (
                "… time spent tokenising",
                _each(by_peer, "tokenising_share", lambda x: f"{x:.1%}"),
            )
    if by_peer := results.get("latency"):
        yield "One solution alone, p50; p95, ms", _quantiles(by_peer)
    for scenario in ("edit", "edit-long"):
        if by_peer := results.get(scenario):
            length = next(iter(by_peer.values()))["tokens"]
            yield f"New solution of {length:,.0f} tokens, ms", _each(by_peer, "first", _ms)
            yield "… its last step edited, ms", _each(by_peer, "edited", _ms)
            yield "… edited / new", _each(by_peer, "share", lambda x: f"{x:.0%}")
            yield "… scored again, ms", _each(by_peer, "again", _ms)
    if by_peer := results.get("users"):
        yield (
            f"{settings['users']} users, solutions/s",
            _each(by_peer, "solutions_per_second", _figure),
        )
        yield "… wait of a user, p50; p95, ms", _quantiles(by_peer)
    if by_peer := results.get("start"):
        yield "Ready to score, s", _each(by_peer, "ready", lambda x: f"{x:.1f}")
    yield (
        "Main memory, MB",
        _each(record["memory"], "resident_bytes", lambda x: f"{x / 1e6:,.0f}"),
    )


def notes(record: dict[str, Any]) -> Iterator[str]:
    """What does not fit the table, as sentences."""
    ceiling, results = record.get("ceiling"), record["results"]
    if ceiling:
        yield (
            f"Arithmetic ceiling: {ceiling['tokens_per_second']:,.0f} tokens/s in this model's "
            f"matrix products alone ({ceiling['flops'] / 1e12:.3g} TFLOP/s), in vLLM's own "
            "threads, dtype and kernels."
        )
    best = results.get("best-of-n", {})
    if "over_engine" in best.get("ours", {}):
        share = best["ours"]["over_engine"]
        yield f"Our scorer takes {share:+.1%} over vLLM's own time for the same prompts."
    usage = record["memory"].get("ours", {})
    if "rewards" in usage:
        yield (
            f"Kept: {usage['rewards']:,} of at most {usage['capacity']:,} rewards in about "
            f"{usage['bytes'] / 1e6:.1f} MB; a prefix cache of {usage['cache_tokens']:,} tokens. "
            f"Computed {usage['computed']:,} of {usage['tokens']:,} tokens; {usage['repeated']} "
            "solutions repeated in full."
        )
    checks = record["checks"]
    for pair in checks["pairs"]:
        one, other = (TITLES[peer] for peer in pair["peers"])
        limit = "" if pair["allowed"] is None else f" (allowed {pair['allowed']:g})"
        yield (
            f"{'Equal' if pair['equal'] else 'NOT EQUAL'}: {checks['rewards']:,} rewards of {one} "
            f"and {other} differ by at most {pair['largest_difference']:.1e}{limit}."
        )


def _title(record: dict[str, Any]) -> str:
    machine = record["machine"]
    where = ", ".join(machine["gpus"]) or f"{machine['processor']}, {machine['cores']} cores"
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return f"{record['model']} on {where}; {versions}; {record['date'][:10]}"


def _each(by_peer: Figures, name: str, show: Callable[[float], str]) -> dict[str, str]:
    return {peer: show(figures[name]) for peer, figures in by_peer.items() if name in figures}


def _quantiles(by_peer: Figures) -> dict[str, str]:
    return {
        peer: f"{_ms(figures['p50'])}; {_ms(figures['p95'])}" for peer, figures in by_peer.items()
    }


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _ms(seconds: float) -> str:
    return _figure(1e3 * seconds)
