"""How the page's process ends: told to, or by a crash."""

import asyncio
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import mcp
import psutil
import pytest
from gradio_client import Client
from http_server import answers

PROBLEM, TEXT = "What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14"
SECONDS = 4
"""How long the work lasts that the page is told to end in: it waits for 20."""


def _work(address: str) -> list[str]:
    """Solutions that take this machine some seconds."""

    def solutions(numbers: range) -> list[str]:
        steps = [f"So {{}} times {k} is not the answer, 14 is." for k in range(25)]
        return ["\n".join([TEXT, *steps]).format(*[number] * 25) for number in numbers]

    client, few = Client(address, verbose=False), solutions(range(1000, 1005))
    client.predict(PROBLEM, TEXT, api_name="/score")  # once the model is there
    begin = time.monotonic()
    client.predict(PROBLEM, few, api_name="/rank")
    each = (time.monotonic() - begin) / len(few)
    return solutions(range(max(2, min(200, round(SECONDS / each)))))


@pytest.fixture
def app(start_app):
    with start_app() as app_process:
        yield app_process


def _wait_for(true, seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.2)


def _page(process: subprocess.Popen) -> psutil.Process:
    return psutil.Process(process.pid).children()[0]


def test_what_runs_is_answered_before_the_program_ends_and_nothing_new_begins(app):
    process, address, log = app
    client, other = (Client(address, verbose=False) for _ in range(2))
    texts = _work(address)
    job = client.submit(PROBLEM, texts, api_name="/rank")
    _wait_for(lambda: job.status().code.name == "PROCESSING")
    process.send_signal(signal.SIGTERM)
    with pytest.raises(Exception, match=r"full! Please try again"):  # what Gradio makes of a 503
        while not job.done():
            other.predict(PROBLEM, TEXT, api_name="/score")
    assert len(job.result(timeout=60)["ranking"]) == len(texts)
    assert process.wait(60) == 0, log.read_text()


async def _over_http(address: str, question: dict) -> dict:
    async with httpx.AsyncClient(timeout=60) as client:
        return (await client.post(f"{address}/api/rank", json=question)).json()


async def _by_a_tool(address: str, question: dict) -> dict:
    async with mcp.Client(f"{address}/mcp") as client:
        await client.list_tools()  # or it asks for them once it has the answer
        return (await client.call_tool("rank_solutions", question)).structured_content


@pytest.mark.parametrize("ask", [_over_http, _by_a_tool])
def test_an_answer_to_a_program_is_finished_too(start_app, ask):
    async def told_to_end_meanwhile(
        process: subprocess.Popen, address: str, question: dict
    ) -> dict:
        asking = asyncio.create_task(ask(address, question))
        await asyncio.sleep(0.3)
        assert not asking.done()
        process.send_signal(signal.SIGTERM)
        async with httpx.AsyncClient() as other:
            await asyncio.sleep(0.1)
            assert (await other.post(f"{address}/api/score", json={})).status_code == 503
        assert not asking.done()
        return await asking

    with start_app(PRM_APP_OPTIONS="--mcp") as (process, address, log):
        question = {"problem": PROBLEM, "solutions": _work(address)}
        # Playwright's own loop may run in this thread.
        with ThreadPoolExecutor() as thread:
            run = told_to_end_meanwhile(process, address, question)
            answer = thread.submit(asyncio.run, run).result()
        assert len(answer["ranking"]) == len(question["solutions"])
        assert process.wait(60) == 0, log.read_text()


def test_a_crash_is_told_and_the_page_comes_back(app):
    process, address, log = app
    crashed = _page(process)
    crashed.send_signal(signal.SIGSEGV)
    _wait_for(lambda: not crashed.is_running())
    _wait_for(lambda: answers(address))
    assert "crashed (SIGSEGV) and is started again" in log.read_text()
    answer = Client(address, verbose=False).predict(PROBLEM, TEXT, api_name="/score")
    assert len(answer["rewards"]) == 2
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_the_page_ends_with_the_program_that_watches_over_it(app):
    process = app.process
    page = _page(process)
    process.kill()
    _wait_for(lambda: not page.is_running())
