"""The training code learns, and what it learns from is what the model will see when it scores."""

import random

import pytest
import torch
from demo_prm import export, stories
from demo_prm.batches import Batches
from demo_prm.lexicon import Lexicon
from demo_prm.model import DemoPrm, Shape, causal_attention
from demo_prm.packing import IDS, PARENT, POSITION, STRAND
from demo_prm.sources import story
from demo_prm.tokenizer import load_tokenizer
from demo_prm.train import Trainer
from demo_prm.tree_masks import dense_mask
from demo_prm.tree_rows import NO_LABEL, RIGHT, STEP_LABEL, WRONG, Forest, encode_tree
from torch.utils.data import DataLoader, IterableDataset
from vllm_prm.families import load_family

SMALL = Shape(hidden=64, layers=2, heads=2, intermediate=128)


@pytest.fixture(scope="module")
def forest():
    rng = random.Random(1)
    problems = [story(rng.choice(stories.TRAINING), rng) for _ in range(60)]
    formats = [load_family(export.CHECKPOINTS / name) for name in export.FORMATS]
    return Forest(problems, Lexicon.learn(problems), formats, seed=2, length=256, templates=())


def test_twenty_steps_lower_the_loss(forest):
    torch.manual_seed(0)
    tokenizer = load_tokenizer(export.CHECKPOINTS / "qwen" / "tokenizer.json")
    trainer = Trainer(DemoPrm(SMALL), tokenizer, average=0.9)
    rows = forest.rows()
    batches = [torch.stack([torch.from_numpy(next(rows)) for _ in range(2)]) for _ in range(2)]
    losses = [trainer.step(batches[i % 2], progress=i / 100 + 0.02) for i in range(20)]
    for name in ("step", "words", "numbers"):
        first, last = (getattr(loss, name).item() for loss in (losses[0], losses[-1]))
        assert last < 0.95 * first


@torch.no_grad()
def test_a_branch_sees_what_it_would_see_alone(forest):
    torch.manual_seed(0)
    model = DemoPrm(SMALL).eval()
    for _ in range(4):
        tree, fmt = forest.tree()
        cells = torch.from_numpy(encode_tree(tree, fmt)).long()
        mask = dense_mask(cells[None])
        hidden = model(
            cells[None, IDS],
            cells[None, POSITION],
            lambda q, k, v, mask=mask: torch.nn.functional.scaled_dot_product_attention(
                q, k, v, attn_mask=mask
            ),
        )[0]
        judged = cells[STEP_LABEL] != NO_LABEL
        ends = {
            s: hidden[judged & (cells[STRAND] == s)][-1] for s in cells[STRAND].unique().tolist()
        }
        alone = []
        for texts in [tree.trunk, *(branch.texts for branch in tree.branches)]:
            prompt = fmt.encode(tree.question, texts)
            ids = torch.tensor([prompt.token_ids])
            states = model(ids, torch.arange(ids.shape[1])[None], causal_attention)[0]
            alone.append(states[prompt.positions[-1]])
        for state in ends.values():
            assert min((state - other).abs().max() for other in alone) < 1e-4


def test_a_drill_has_steps_with_right_arithmetic(forest):
    for _ in range(300):
        problem = forest._drill()
        assert problem.steps
        for equation, line in ((e, step.line) for step in problem.steps for e in step.equations):
            result = problem.values[line[equation.result].entry]
            assert equation.value(line, problem.values) == pytest.approx(result, abs=1e-4)


def test_training_stops_where_data_cannot_be_made():
    class Broken(IterableDataset):
        def __iter__(self):
            yield torch.zeros(1)
            raise ValueError("no steps")

    batches = Batches(DataLoader(Broken()), torch.device("cpu"))
    with pytest.raises(RuntimeError, match="no steps"):
        batches.next()


def test_labels_of_a_tree(forest):
    for _ in range(20):
        tree, fmt = forest.tree()
        cells = encode_tree(tree, fmt)
        trunk = cells[:, cells[PARENT] == 0]
        labels = trunk[STEP_LABEL][trunk[STEP_LABEL] != NO_LABEL]
        assert labels.tolist() == tree.labels
        assert sorted(labels, reverse=True) == labels.tolist()  # right until the first error
        for branch in tree.branches:
            assert branch.labels[-1] in (RIGHT, WRONG)
            assert set(branch.labels[:-1]) <= {RIGHT}
