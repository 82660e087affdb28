"""The functions over HTTP: JSON in, JSON out, and their OpenAPI description.

A failure is answered by its sentence, the field that is wrong if it is one, and a fitting status.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security.http import HTTPBase
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from prm_app.api import functions
from prm_app.api.door import Door
from prm_app.api.gate import Check, PasswordGate
from prm_app.api.schemas import (
    Failure,
    Models,
    RankAnswer,
    RankQuestion,
    ScoreAnswer,
    ScoreQuestion,
)
from prm_app.errors import (
    BusyError,
    EngineError,
    InputError,
    ModelError,
    ModelNotFoundError,
    NotAPrmError,
    PrmError,
    ServerError,
)
from prm_app.scoring import Models as AllModels

STATUSES = (
    (InputError, 422),
    (ModelNotFoundError, 404),
    (NotAPrmError, 422),
    ((BusyError, ModelError, EngineError), 503),
    (ServerError, 502),
)
"""The status of each error's answer; the first that fits."""
_PASSWORD = HTTPBase(scheme="basic", scheme_name="password", auto_error=False)
"""Only described here: `Protected` asks for it."""
_FAILURES: dict[int | str, dict[str, Any]] = {
    422: {"model": Failure, "description": "The request cannot be answered as it is."},
    404: {"model": Failure, "description": "There is no such model."},
    502: {"model": Failure, "description": "The server behind the page failed."},
    503: {"model": Failure, "description": "The model cannot compute now, or too many ask."},
}


def http_api(models: AllModels, door: Door, check: Check | None) -> ASGIApp:
    """The application to be mounted; with `check` it asks for a name and a password."""
    api = FastAPI(
        title="prm-app",
        summary="See what a process reward model thinks of a mathematical solution, step by step.",
        version=version("prm-app"),
        docs_url=None,
        redoc_url=None,
        dependencies=[Security(_PASSWORD)] if check else [],
    )
    api.add_exception_handler(PrmError, _fail)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _refuse)

    answers: dict[str, Any] = {"responses": _FAILURES, "response_model_exclude_unset": True}

    @api.post("/score", operation_id="score", response_model=ScoreAnswer, **answers)
    async def score(question: ScoreQuestion, request: Request) -> Any:
        """Scores each step of a solution with a process reward model."""
        async with door.turn(visitor_of(request)):
            return await functions.score(models, **question.model_dump())

    @api.post("/rank", operation_id="rank", response_model=RankAnswer, **answers)
    async def rank(question: RankQuestion, request: Request) -> Any:
        """Ranks several solutions of one problem by their step rewards (Best-of-N).

        A solution that could not be scored comes last, with its error.
        """
        async with door.turn(visitor_of(request)):
            return await functions.rank(models, **question.model_dump())

    @api.get("/models", operation_id="list_models", response_model=Models)
    async def list_models() -> Any:
        """Lists the process reward models on offer."""
        return {"models": functions.list_models(models)}

    return PasswordGate(api, check) if check else api


def visitor_of(request: HTTPConnection | None) -> str:
    """Whose request it is, by the address it comes from; uvicorn reads that off trusted proxies."""
    return request.client.host if request and request.client else ""


def _answer(status: int, error: str, field: str | None = None) -> JSONResponse:
    headers = {"Retry-After": "1"} if status == 503 else None
    return JSONResponse({"error": error, "field": field}, status, headers)


def _fail(request: Request, error: Exception) -> JSONResponse:
    status = next((status for kinds, status in STATUSES if isinstance(error, kinds)), 500)
    return _answer(status, str(error))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """What a request's body got wrong, by its first fault."""
    assert isinstance(error, RequestValidationError)
    wrong = error.errors()[0]
    if wrong["type"] == "json_invalid":
        return _answer(400, f"The body is no JSON: {wrong['ctx']['error']}.")
    field = _place(wrong["loc"])
    if not field:
        return _answer(422, "The body has to be a JSON object, with its Content-Type.")
    phrases = {"missing": "is missing", "extra_forbidden": "is no field of this request"}
    phrase = phrases.get(wrong["type"], wrong["msg"].removeprefix("Input "))
    return _answer(422, f"“{field}” {phrase}.", field)


def _place(parts: Sequence[Any]) -> str:
    """Where in the body: `solutions[1]`."""
    names = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts[1:]]
    return "".join(names).removeprefix(".")


def _refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _answer(error.status_code, str(error.detail))
