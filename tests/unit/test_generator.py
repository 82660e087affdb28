"""Candidates from an OpenAI-compatible server."""

import pytest
from http_server import Scripted

from prm_app.errors import GeneratorError, InputError
from prm_app.generator import Generator


def choice(text: str, reason: str = "stop"):
    return 200, {"choices": [{"message": {"content": text}, "finish_reason": reason}]}


@pytest.fixture
def serve():
    servers = []

    def start(answer) -> Scripted:
        servers.append(Scripted(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_n_solutions_each_with_its_seed_and_sampling(serve):
    server = serve(lambda path, body: choice(f"seed {body['seed']}"))
    generator = Generator(server.url, "m", temperature=0.5, max_tokens=99, seed=7)
    texts = list(generator.candidates("2 + 2?", 12))
    assert sorted(texts) == sorted(f"seed {7 + i}" for i in range(12))
    body = server.asked[0]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("m", 0.5, 99)
    assert body["messages"][-1] == {"role": "user", "content": "2 + 2?"}


def test_failures_are_the_generators_and_do_not_end_the_others(serve):
    answers = {
        0: choice("good"),
        1: (500, {"error": {"message": "out of luck"}}),
        2: choice("cut", "length"),
        3: choice(" "),
    }
    server = serve(lambda path, body: answers[body["seed"]])
    outcomes = list(Generator(server.url, "m", seed=0).candidates("2 + 2?", 4))
    errors = sorted(str(each) for each in outcomes if isinstance(each, GeneratorError))
    assert [each for each in outcomes if isinstance(each, str)] == ["good"]
    assert len(errors) == 3
    assert any("out of luck" in error for error in errors)
    assert any("allow more tokens" in error for error in errors)


def test_a_generator_that_is_away_says_so():
    (error,) = Generator("127.0.0.1:9", "m").candidates("2 + 2?", 1)
    assert isinstance(error, GeneratorError)
    assert "No server answers at http://127.0.0.1:9" in str(error)


@pytest.mark.parametrize("problem, n", [("  ", 3), ("2?", 0)])
def test_nothing_is_asked_for_nothing(problem, n):
    with pytest.raises(InputError):
        list(Generator("127.0.0.1:9", "m").candidates(problem, n))
