"""The tools for agents, through the client of the mcp package over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx2
import instant
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

P, S = "1 + 1?", "so 2\nA: 2"


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with instant.page(tmp_path_factory.mktemp("tools") / "log", "--mcp") as url:
        yield f"{url}/mcp"


@pytest.fixture
def ask(address) -> Callable[..., Any]:
    """Calls a tool; gives its result and the progress that it told."""

    def call(tool: str, **arguments: Any) -> tuple[Any, list[tuple]]:
        messages: list[tuple] = []

        async def progress(*values: Any) -> None:
            messages.append(values)

        async def run(client: Client) -> Any:
            return await client.call_tool(tool, arguments, progress_callback=progress)

        return connected(address, run), messages

    return call


def connected(server: Any, run: Callable[[Client], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with Client(server) as client:
            return await run(client)

    return asyncio.run(main())


def test_there_are_three_tools_with_typed_schemas(address):
    listing = connected(address, lambda client: client.list_tools())
    tools = {tool.name: tool for tool in listing.tools}
    assert {*tools} == {"score_solution", "rank_solutions", "list_models"}
    for tool in tools.values():
        assert tool.description and tool.output_schema and tool.annotations.read_only_hint
    fields = tools["rank_solutions"].input_schema["properties"]
    assert fields["solutions"]["items"] == {"type": "string"}
    assert fields["aggregation"]["enum"] == ["mean", "min", "product", "last"]
    assert all(field["description"] for field in fields.values())
    assert tools["score_solution"].input_schema["required"] == ["problem", "solution"]


def test_a_result_is_structured_and_its_progress_rises(ask):
    result, messages = ask("score_solution", problem=P, solution=S)
    assert not result.is_error
    assert result.structured_content["rewards"] == [instant.reward(P, s) for s in S.split("\n")]
    assert messages[-1] == (1.0, 1.0, "1 of 1 solutions scored")
    assert [done for done, *_ in messages] == sorted(done for done, *_ in messages)


def test_ranking_and_models(ask):
    ranked, _ = ask("rank_solutions", problem=P, solutions=[S, "", "so 3"], aggregation="last")
    assert ranked.structured_content["best"] == ranked.structured_content["best_by"]["last"]
    assert "empty" in ranked.structured_content["ranking"][-1]["error"]
    listing, _ = ask("list_models")
    assert "demo-qwen" in [model["key"] for model in listing.structured_content["models"]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"problem": P, "solution": ""}, "The solution is empty"),
        ({"problem": P, "solution": S, "threshold": 7}, "rewards lie in [0, 1]"),
        ({"problem": P}, "solution"),
    ],
)
def test_an_error_is_told_to_the_agent(ask, arguments, says):
    result, _ = ask("score_solution", **arguments)
    assert result.is_error and says in result.content[0].text


def test_the_page_serves_no_tools_unless_it_is_asked_to(tmp_path):
    with instant.page(tmp_path / "log") as url:
        assert httpx2.post(f"{url}/mcp", json={}).status_code != 200


def test_tools_ask_for_the_password_of_the_page(tmp_path):
    with instant.page(tmp_path / "log", "--mcp", "--auth", "ada", "lovelace") as url:

        async def with_password() -> Any:
            http = httpx2.AsyncClient(auth=("ada", "lovelace"))
            async with Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client:
                return await client.call_tool("list_models")

        assert not asyncio.run(with_password()).is_error
        assert httpx2.post(f"{url}/mcp", json={}).status_code == 401
