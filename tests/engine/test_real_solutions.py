"""Real input through the public API: 20 GSM8K problems, each with 4 solutions of real models."""

from prm_app import aggregate, ranked, solution


def test_every_step_of_real_solutions_gets_a_reward(scorer, real_solutions):
    for problem, texts in real_solutions:
        candidates = [solution(problem, text) for text in texts]
        results = dict(scorer.score_many(candidates))
        for i, candidate in enumerate(candidates):
            assert results[i].steps == candidate.steps
            assert len(results[i].rewards) == len(candidate.steps)
            assert all(0 <= reward <= 1 for reward in results[i].rewards)
        rewards = [results[i].rewards for i in range(len(texts))]
        best = ranked(rewards)[0]
        assert aggregate(rewards[best]) == max(map(aggregate, rewards))
