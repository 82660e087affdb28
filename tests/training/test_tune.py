"""Low-rank training on real solutions: the data, its labels, twenty steps, and what is packed."""

import random

import numpy as np
import pytest
import torch
from demo_prm import packed, ship
from demo_prm.adapted import AdaptedPrm, Shape
from demo_prm.losses import Losses
from demo_prm.mixture import Mixture
from demo_prm.packing import IDS, POSITION
from demo_prm.prose import Prose
from demo_prm.prose_changes import KIND_WEIGHTS, broken, carried_on
from demo_prm.real import Pool, right_so_far
from demo_prm.redraw import redrawn
from demo_prm.strands import TARGET
from demo_prm.tokenizer import load_tokenizer
from demo_prm.tree_masks import dense_mask
from demo_prm.tune import Trainer

from prm_app.demo_weights import SMALL, _dequantised

PROBLEM = "Ann has 12 boxes with 24 pens each. She gives 48 pens away. How many are left?"
SOLUTION = (
    "First, find all the pens:\n\\[\n12 \\times 24 = 288\n\\]\n\n"
    "She gives **48** away, so \\(288 - 48 = 240\\) are left.\n\n"
    "Therefore, the answer is \\(\\boxed{240}\\)."
)
STEPS = SOLUTION.split("\n\n")
TINY = Shape(hidden=48, layers=2, heads=3, kv_heads=1, intermediate=64)


@pytest.mark.parametrize(
    ("text", "result", "ok"),
    [
        ("So 12 * 24 = 288 pens.", 288, True),
        ("\\frac{120}{4} = 30", 30, True),
        ("25% of $80 = $20", 20, True),
        ("She pays 1,200 - 200 = $1,100.", 1100, False),
        ("\\[ (3 + 4) \\times 2 = 14 \\]", 14, True),
    ],
)
def test_equations_are_read_and_checked(text, result, ok):
    prose = Prose(text)
    (equation,) = prose.equations
    assert prose.numbers[equation.result].value == result
    assert equation.ok == ok


def test_numbers_drawn_anew_keep_a_solution_right():
    rng = random.Random(0)
    for _ in range(30):
        problem, steps = redrawn(Prose(PROBLEM), [Prose(step) for step in STEPS], rng)
        assert all(e.ok for step in steps for e in Prose(step).equations)
        boxes, pens = (number.value for number in Prose(problem).numbers[:2])
        assert Prose(steps[0]).numbers[-1].value == boxes * pens


@pytest.mark.parametrize("kind", KIND_WEIGHTS)
def test_a_broken_step_differs_and_is_carried_on(kind):
    rng = random.Random(1)
    step = {"answer": STEPS[2], "missing": "He has 12 + 24 + 48 = 84 pens."}.get(kind, STEPS[0])
    slips = [broken(Prose(step), [12, 24, 48], {288.0}, kind, rng) for _ in range(40)]
    found = [slip for slip in slips if slip]
    assert found
    for slip in found:
        assert slip.text != step
        if kind in ("operand", "operation") and slip.now is not None:
            assert carried_on([Prose(STEPS[1])], slip.was, slip.now) != [STEPS[1]]


def test_a_wrong_ending_puts_the_blame_where_the_judge_doubts():
    chances = right_so_far([0.99, 0.3, 0.9], right=False)
    assert chances[0] > 0.9 > 0.3 > chances[1] >= chances[2] == pytest.approx(0)
    assert min(right_so_far([0.99, 0.3, 0.9], right=True)) > 0.7


@pytest.fixture(scope="module")
def mixture():
    pool = Pool(right={PROBLEM: [SOLUTION]}, values={PROBLEM: set()}, results={PROBLEM: set()})
    tokenizer = load_tokenizer(SMALL / "qwen" / "tokenizer.json")
    return Mixture(pool, None, tokenizer, length=512)


def test_rows_judge_the_ends_of_steps(mixture):
    row = next(mixture.rows())
    ends = row[TARGET] >= 0
    assert set(row[IDS][ends]) == {mixture.packer.newline}
    assert {0, 1000} <= set(row[TARGET][ends].tolist())


def test_twenty_steps_lower_the_loss(mixture, tmp_path):
    torch.manual_seed(0)
    model = AdaptedPrm(4096, rank=4, shape=TINY)
    for layer in model.layers:
        for part in layer.children():
            torch.nn.init.normal_(part.weight, std=0.1)
    torch.nn.init.normal_(model.embedding)
    trainer = Trainer(model, [mixture.tokenizer.token_to_id(d) for d in "0123456789"], 5e-3)
    rows = mixture.rows()
    batch = torch.from_numpy(np.stack([next(rows) for _ in range(2)]))
    losses = [trainer.step(batch, 0.2)[0] for _ in range(20)]
    assert isinstance(losses[0], Losses)
    assert losses[-1].step < losses[0].step
    path = tmp_path / "change.safetensors"
    packed.save(model, path)
    again = AdaptedPrm(4096, rank=4, shape=TINY)
    packed.load(again, path)
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], weight, rtol=0.02, atol=2e-3)


def test_a_branch_sees_its_own_past_alone(mixture):
    row = torch.from_numpy(next(mixture.rows())).long()[None]
    mask = dense_mask(row)[0, 0]
    tokens = [row[0, POSITION][mask[i]].tolist() for i in range(0, 400, 7)]
    for i, positions in zip(range(0, 400, 7), tokens, strict=True):
        assert positions == list(range(int(row[0, POSITION][i]) + 1))


def test_what_is_shipped_is_near_what_was_trained():
    torch.manual_seed(0)
    change = {
        "layers.0.q_proj.up": torch.randn(64, 8),
        "layers.0.q_proj.down": torch.randn(8, 64),
        "value_head.weight": torch.ones(1, 4),
        "value_head.bias": torch.zeros(1),
    }
    mean = ship.average([change, change], rank=8)
    tensors = ship.shipped(mean, scale=2.0, shift=0.5)
    up, down = (_dequantised(tensors, f"layers.0.q_proj.{kind}") for kind in ("up", "down"))
    target = 32 / 8 * change["layers.0.q_proj.up"] @ change["layers.0.q_proj.down"]
    assert (up.T @ down - target).norm() < 0.15 * target.norm()
    assert tensors["value_head.weight"].tolist() == [[2.0] * 4]
    assert tensors["value_head.bias"].item() == 0.5
