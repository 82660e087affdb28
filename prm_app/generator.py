"""Candidate solutions from an OpenAI-compatible server: N requests for one problem.

Knows chat completions; knows no PRM. A failure of the server is a GeneratorError.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field

from prm_app.api_client import Api
from prm_app.errors import GeneratorError, InputError, ServerError

INSTRUCTION = "Please reason step by step, and put your final answer within \\boxed{}."
"""The system prompt: the one that Qwen2.5-Math and its PRMs were trained with."""
PARALLEL = 8
"""Requests under way at once."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A model on an OpenAI-compatible server, and how it is sampled.

    Args:
        url: The server's address, with or without `/v1` and `http://`.
        model: The model's name there.
        api_key: Sent with each request; None sends none.
        temperature: In [0, 2].
        max_tokens: The most tokens that one solution may have.
        seed: Candidate i is sampled with `seed + i`; None leaves the seed to the server.
        timeout: Seconds that the server may take for one solution.
    """

    url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    temperature: float = 0.8
    max_tokens: int = 2048
    seed: int | None = None
    timeout: float = 300.0

    async def stream(self, problem: str, n: int) -> AsyncGenerator[str | GeneratorError, None]:
        """N solutions of the problem as they come, each a text or the error of that one request.

        At most `PARALLEL` requests are under way at once.

        Raises:
            InputError: `n` is not positive, or the problem is empty.
        """
        if n < 1:
            raise InputError(f"{n} solutions cannot be generated: ask for at least 1.")
        if not problem.strip():
            raise InputError("The problem is empty: give the problem to solve.")
        api = Api(self.url, self.api_key, self.timeout)
        slots = asyncio.Semaphore(PARALLEL)

        async def one(i: int) -> str | GeneratorError:
            async with slots:
                try:
                    return await self._ask(api, problem, i)
                except GeneratorError as error:
                    return error

        tasks = [asyncio.ensure_future(one(i)) for i in range(n)]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()
            await api.close()

    def candidates(self, problem: str, n: int) -> Iterator[str | GeneratorError]:
        """`stream` for callers without an event loop."""
        with asyncio.Runner() as runner:
            stream = self.stream(problem, n)
            try:
                while True:
                    yield runner.run(anext(stream))
            except StopAsyncIteration:
                pass
            finally:
                runner.run(stream.aclose())

    async def _ask(self, api: Api, problem: str, i: int) -> str:
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": INSTRUCTION},
                {"role": "user", "content": problem},
            ],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }
        if self.seed is not None:
            body["seed"] = self.seed + i
        try:
            answer = await api.post("/v1/chat/completions", body)
            (choice,) = answer["choices"]
            text = choice["message"]["content"]
        except (ServerError, InputError) as error:
            raise GeneratorError(
                f"The generator failed. {error}", settings=error.settings
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise GeneratorError(
                f"The generator at {api.url} answered in a form that is not OpenAI's."
            ) from error
        if choice.get("finish_reason") == "length":
            raise GeneratorError(
                f"The generator at {api.url} did not end a solution within {self.max_tokens} "
                "tokens: allow more tokens.",
                settings=["max_tokens"],
            )
        if not (text or "").strip():
            raise GeneratorError(f"The generator at {api.url} answered with an empty solution.")
        return str(text)
