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
    told: list[tuple[Any, ...]] = []

    async def progress(*values: Any) -> None:
        told.append(values)

    async def ask() -> list[Any]:
        async with Client(server) as client:
            given = {"problem": P, "solution": S}
            scored = await client.call_tool("score_solution", given, progress_callback=progress)
            given = {"problem": P, "solutions": ["2 + 3 = 5\n5 * 4 = 20", S], "aggregation": "min"}
            return [scored, await client.call_tool("rank_solutions", given)]

    scored, ranked = (each.structured_content for each in asyncio.run(ask()))
    with models.scorer() as scorer:
        expected = scorer.score(solution(P, S)).rewards
    assert scored["rewards"] == pytest.approx(expected, abs=1e-4)
    assert scored["steps"] == S.split("\n")
    second = next(row for row in ranked["ranking"] if row["solution"] == 2)
    assert second["rewards"] == pytest.approx(expected, abs=1e-4)
    assert any("weights" in sentence for _, _, sentence in told)  # it tells of the load
    assert [done for done, *_ in told] == sorted(done for done, *_ in told)
    assert told[-1] == (1.0, 1.0, "1 of 1 solutions scored")
