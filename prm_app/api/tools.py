"""The functions as tools for agents: an MCP server, on stdio or to be mounted on the page's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from prm_app.api import functions, schemas
from prm_app.api.door import Door
from prm_app.api.functions import Tell
from prm_app.api.schemas import (
    Delimiter,
    Fit,
    How,
    ModelName,
    Problem,
    RankAnswer,
    Reference,
    ScoreAnswer,
    SecondModel,
    SolutionText,
    SolutionTexts,
    SplitName,
    Threshold,
)
from prm_app.api.web_api import visitor_of
from prm_app.errors import InputError, PrmError
from prm_app.scoring import Models

if TYPE_CHECKING:
    from mcp.server import MCPServer

Running = AbstractAsyncContextManager[None]
_INSTRUCTIONS = (
    "A process reward model reads a mathematical solution and gives each step a reward in [0, 1]: "
    "the probability that it and all before it are right. Use score_solution to find the first "
    "wrong step of one solution, and rank_solutions to choose among several."
)


def require_mcp() -> None:
    """Raises InputError without version 2 of the package mcp."""
    try:
        present = version("mcp")
    except PackageNotFoundError:
        present = "none"
    if not present.startswith("2."):
        raise InputError(
            f"Tools for agents need version 2 of the package mcp, and {present} is installed: "
            "`pip install 'mcp>=2,<3'`."
        )


def mcp_server(models: Models, door: Door) -> "MCPServer[Any]":
    """The server with its three tools; raises InputError without the package mcp."""
    require_mcp()
    from mcp.server import MCPServer
    from mcp.types import ToolAnnotations

    server = MCPServer[Any](
        "prm-app", version=version("prm-app"), instructions=_INSTRUCTIONS, log_level="WARNING"
    )

    async def list_models() -> schemas.Models:
        """Lists the process reward models on offer."""
        return schemas.Models.model_validate({"models": functions.list_models(models)})

    for tool in (_score_solution(models, door), _rank_solutions(models, door), list_models):
        server.add_tool(tool, annotations=ToolAnnotations(read_only_hint=True))
    return server


def _score_solution(models: Models, door: Door) -> Callable[..., Awaitable[ScoreAnswer]]:
    from mcp.server.mcpserver import Context

    async def score_solution(
        context: Context,
        problem: Problem,
        solution: SolutionText,
        model: ModelName = "",
        split: SplitName = "auto",
        delimiter: Delimiter = "",
        threshold: Threshold = None,
        compare_with: SecondModel = "",
        fit: Fit = False,
    ) -> ScoreAnswer:
        """Scores each step of a solution with a process reward model."""
        arguments = (problem, solution, model, split, delimiter, threshold, compare_with, fit)
        async with _let_in(door, context):
            return ScoreAnswer(**await functions.score(models, *arguments, tell=_tell_of(context)))

    return score_solution


def _rank_solutions(models: Models, door: Door) -> Callable[..., Awaitable[RankAnswer]]:
    from mcp.server.mcpserver import Context

    async def rank_solutions(
        context: Context,
        problem: Problem,
        solutions: SolutionTexts,
        aggregation: How = "mean",
        model: ModelName = "",
        split: SplitName = "auto",
        delimiter: Delimiter = "",
        threshold: Threshold = None,
        compare_with: SecondModel = "",
        reference_answer: Reference = "",
        fit: Fit = False,
    ) -> RankAnswer:
        """Ranks several solutions of one problem by their step rewards (Best-of-N)."""
        arguments = (problem, solutions, aggregation, model, split, delimiter, threshold)
        second = (compare_with, reference_answer, fit)
        async with _let_in(door, context):
            tell = _tell_of(context)
            return RankAnswer(**await functions.rank(models, *arguments, *second, tell=tell))

    return rank_solutions


@asynccontextmanager
async def _let_in(door: Door, context: Any) -> AsyncIterator[None]:
    """Waits for a request's turn; what fails is told to the agent in its words."""
    from mcp.server.mcpserver.exceptions import ToolError

    try:
        async with door.turn(visitor_of(context.request_context.request)):
            yield
    except PrmError as error:
        raise ToolError(str(error)) from error


def _tell_of(context: Any) -> Tell:
    """Tells the agent that calls how far its request is."""
    last_share = -1.0

    async def tell(done: float, sentence: str) -> None:
        nonlocal last_share
        if done > last_share:  # the protocol wants it to rise
            last_share = done
            await context.report_progress(done, 1.0, sentence)

    return tell


def run_stdio(models: Models) -> None:
    """Serves the tools to the program that has started this one, until it ends the connection."""

    async def serve() -> None:
        await mcp_server(models, Door()).run_stdio_async()

    asyncio.run(serve())


def over_http(server: "MCPServer[Any]", host: str) -> tuple[ASGIApp, Running]:
    """The server as an application for the path `/mcp`, and what has to run around it.

    Args:
        server: The server.
        host: The address that the page listens on; on loopback it answers to no other name.
    """
    app = server.streamable_http_app(streamable_http_path="/mcp", host=host)
    return app, server.session_manager.run()
