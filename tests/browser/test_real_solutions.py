"""Real input: the page gives what the public API gives, for 20 problems x 4 real solutions."""

import pytest
from gradio_client import Client

from prm_app import LocalModels, solution


def test_the_endpoint_and_the_public_api_agree(url, real_solutions):
    client = Client(url, verbose=False)
    jobs = [
        client.submit(problem, texts, model="demo-skywork", api_name="/rank")
        for problem, texts in real_solutions
    ]
    models = LocalModels()
    scorer = models.scorer("demo-skywork")
    pairs = [solution(problem, text) for problem, texts in real_solutions for text in texts]
    expected = iter([scored for _, scored in sorted(scorer.score_many(pairs), key=lambda o: o[0])])
    models.close()
    for job, (_, texts) in zip(jobs, real_solutions, strict=True):
        rows = {row["solution"]: row for row in job.result()["ranking"]}
        for number in range(1, len(texts) + 1):
            scored = next(expected)
            assert rows[number]["steps"] == list(scored.steps)
            assert rows[number]["rewards"] == pytest.approx(scored.rewards, abs=1e-5)
            assert rows[number]["mean"] == pytest.approx(scored.aggregate("mean"), abs=1e-5)
