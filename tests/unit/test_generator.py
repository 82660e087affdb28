"""Candidates from an OpenAI-compatible server, and votes over their answers."""

import pytest
from http_server import Scripted

from prm_app.errors import GeneratorError, InputError
from prm_app.generator import Generator
from prm_app.solutions.voting import majority_vote, weighted_vote


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


TEXTS = ["so \\boxed{1/2}", "The answer is 0.5", "The answer is 3", "no answer", "A: $\\frac12$"]


def test_equal_answers_vote_together_however_they_are_written():
    vote = majority_vote(TEXTS)
    assert vote.solutions == (0, 1, 4)
    assert vote.share == pytest.approx(3 / 4)


def test_rewards_can_outweigh_the_majority():
    vote = weighted_vote(TEXTS, [0.1, 0.1, 0.9, 1.0, 0.1])
    assert vote.solutions == (2,)
    assert vote.answer == "3"
    assert vote.share == pytest.approx(0.9 / 1.2)


def test_no_answer_no_vote():
    assert majority_vote(["none", "of these"]) is None
    assert majority_vote([]) is None
