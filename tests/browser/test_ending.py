"""How the page's process ends: told to, or by a crash."""

import signal
import subprocess
import time

import psutil
import pytest
from gradio_client import Client
from http_server import answers

PROBLEM, TEXT = "What is 2 + 3 * 4?", "3 * 4 = 12\n2 + 12 = 14"


@pytest.fixture
def app(start_app):
    with start_app() as started:
        yield started


def _wait_for(true, seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.2)


def _page(process: subprocess.Popen) -> psutil.Process:
    return psutil.Process(process.pid).children()[0]


def test_what_runs_is_answered_before_the_program_ends_and_nothing_new_begins(app):
    process, address, log = app
    client = Client(address, verbose=False)
    client.predict(PROBLEM, TEXT, api_name="/score")
    texts = [f"{TEXT}\nSo {i} is not the answer, 14 is." for i in range(150)]
    job = client.submit(PROBLEM, texts, api_name="/rank")
    _wait_for(lambda: job.status().code.name == "PROCESSING")
    process.send_signal(signal.SIGTERM)
    with pytest.raises(Exception, match=r"full! Please try again"):  # what Gradio makes of a 503
        time.sleep(1)
        Client(address, verbose=False).predict(PROBLEM, TEXT, api_name="/score")
    assert len(job.result(timeout=60)["ranking"]) == 150
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
    _wait_for(lambda: not page.is_running(), 60)
