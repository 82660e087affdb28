"""The tools for agents over standard streams, as a desktop agent starts them."""

import asyncio
import os
import sys
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from prm_app.solutions.solution import solution

P, S = "What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14"


def test_an_agent_scores_and_ranks_with_the_command(models):
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "prm_app.cli", "mcp"], env=dict(os.environ)
    )
    messages: list[tuple[Any, ...]] = []

    async def progress(*values: Any) -> None:
        messages.append(values)

    async def ask() -> list[Any]:
        async with Client(server) as client:
            arguments = {"problem": P, "solution": S}
            scored = await client.call_tool("score_solution", arguments, progress_callback=progress)
            arguments = {
                "problem": P,
                "solutions": ["2 + 3 = 5\n5 * 4 = 20", S],
                "aggregation": "min",
            }
            return [scored, await client.call_tool("rank_solutions", arguments)]

    scored, ranked = (each.structured_content for each in asyncio.run(ask()))
    with models.scorer() as scorer:
        expected = scorer.score(solution(P, S)).rewards
    assert scored["rewards"] == pytest.approx(expected, abs=1e-4)
    assert scored["steps"] == S.split("\n")
    second = next(row for row in ranked["ranking"] if row["solution"] == 2)
    assert second["rewards"] == pytest.approx(expected, abs=1e-4)
    assert any("weights" in sentence for _, _, sentence in messages)  # it tells of the load
    assert [done for done, *_ in messages] == sorted(done for done, *_ in messages)
    assert messages[-1] == (1.0, 1.0, "1 of 1 solutions scored")
