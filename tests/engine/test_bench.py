"""The benchmark runs on the demo PRM, and all its peers give the same rewards."""

from prm_app.bench import report
from prm_app.bench.run import Settings, run
from prm_app.catalog import find_model
from prm_app.checkpoint import fetch


def test_all_peers_agree_and_the_report_has_a_figure_of_each(model):
    prm, folder = fetch(find_model(model))
    record = run(
        Settings(
            prm=prm,
            folder=folder,
            scenarios=("best-of-n", "latency", "edit", "users"),
            problems=1,
            candidates=3,
            steps=4,
            repeats=1,
            users=3,
        )
    )
    assert record["checks"]["equal"], record["checks"]
    unequal, edited = 3 + 20, 5  # solutions of two to six steps, and of four
    assert 2 * unequal <= record["checks"]["rewards"] - 4 * edited <= 6 * unequal
    for name, figures in report.rows(record):
        others = {"transformers"} if "ceiling" not in name else set()  # it has kernels of its own
        assert set(figures) == {"ours", "vllm"} | others, name
    usage = record["memory"]["ours"]
    assert usage["computed"] < usage["tokens"] and usage["repeated"] == 0
