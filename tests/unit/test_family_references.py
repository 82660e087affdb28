"""The prompts of families with code in public are, token for token, those of that code.

Each reference is written down here from its source, and tokenises as that does.
"""

from itertools import chain

import pytest
from unit.test_families import PARAGRAPHS, PROBLEMS, SOLUTIONS
from vllm_prm.families import FamilyError
from vllm_prm.families.math_shepherd import MathShepherd
from vllm_prm.families.qwen import Qwen
from vllm_prm.families.rlhflow import RlhFlow
from vllm_prm.families.trl import Trl
from vllm_prm.families.versaprm import VersaPrm
from vllm_prm.text import is_blank, line_feeds

LABELLED_STEPS = [
    ["Step 1: 2 + 3 = 5.", "Step 2: The answer is 5.\nIndeed."],
    ["step 1 é", "Step 2 数"],
]
TABLE = [
    (problem, steps) for problem in PROBLEMS for steps in (*SOLUTIONS, *PARAGRAPHS, *LABELLED_STEPS)
]


def not_blank(steps):
    return [line_feeds(step) for step in steps if not is_blank(step)]


def text(problem):
    return line_feeds(problem).strip("\n")


def trl_reference(tokenizer, problem, steps, separator):
    """`PRMTrainer.tokenize_row` of TRL 1.13, and where its labels stand."""
    prompt_ids = tokenizer(problem, add_special_tokens=False)["input_ids"]
    completions_ids = [tokenizer(step, add_special_tokens=False)["input_ids"] for step in steps]
    separator_ids = tokenizer.encode(separator, add_special_tokens=False)
    completions_ids = [completion + separator_ids for completion in completions_ids]
    labels = [[-100] * (len(completion) - 1) + [1] for completion in completions_ids]
    if tokenizer.bos_token_id is not None:
        prompt_ids = [tokenizer.bos_token_id, *prompt_ids]
    ids = prompt_ids + list(chain(*completions_ids))
    labels = [-100] * len(prompt_ids) + list(chain(*labels))
    return ids, [i for i, label in enumerate(labels) if label == 1]


@pytest.mark.parametrize("vocabulary", ["qwen", "llama", "mistral"])
@pytest.mark.parametrize("separator", ["\n", "\n\n", " <end>"])
def test_trl_prompts_are_those_of_its_trainer(request, vocabulary, separator):
    tokenizer = request.getfixturevalue(f"{vocabulary}_tokenizer")
    family = Trl(tokenizer, {"separator": separator})
    for problem, steps in TABLE:
        prompt = family.encode(problem, steps)
        reference = trl_reference(tokenizer, text(problem), not_blank(steps), separator)
        assert (prompt.token_ids, prompt.positions) == reference


def test_a_separator_that_is_no_token_is_refused(qwen_tokenizer):
    with pytest.raises(FamilyError, match="no token"):
        Trl(qwen_tokenizer, {"separator": ""})


def reasonflux_reference(tokenizer, problem, steps):
    """The example of ReasonFlux-PRM's README: a conversation without a system message."""
    messages = [
        {"role": "user", "content": problem},
        {"role": "assistant", "content": "<extra_0>".join(steps) + "<extra_0>"},
    ]
    ids = tokenizer.encode(tokenizer.apply_chat_template(messages, tokenize=False))
    separator = tokenizer.encode("<extra_0>")[0]
    return ids, [i for i, id in enumerate(ids) if id == separator]


def test_reasonflux_prompts_are_those_of_its_readme(qwen_tokenizer):
    family = Qwen(qwen_tokenizer, {"system_prompt": ""})
    for problem, steps in TABLE:
        prompt = family.encode(problem, steps)
        reference = reasonflux_reference(qwen_tokenizer, text(problem), not_blank(steps))
        assert (prompt.token_ids, prompt.positions) == reference


def math_shepherd_reference(tokenizer, question, output):
    """The example of the model card: ids, and where its step tag stands."""
    step_tag_id = tokenizer.encode("ки")[-1]
    input_id = tokenizer.encode(f"{question} {output}")
    return input_id, [i for i, id in enumerate(input_id) if id == step_tag_id]


def test_math_shepherd_prompts_are_the_model_cards(mistral_tokenizer):
    family = MathShepherd(mistral_tokenizer)
    for problem, steps in TABLE:
        labelled = [
            step.strip() if steps in LABELLED_STEPS else f"Step {number}: {step.strip()}"
            for number, step in enumerate(not_blank(steps), 1)
        ]
        output = "\n".join(f"{step} ки" for step in labelled)
        prompt = family.encode(problem, steps)
        reference = math_shepherd_reference(mistral_tokenizer, text(problem), output)
        assert (prompt.token_ids, prompt.positions) == reference


def test_the_tokens_of_math_shepherd_are_those_of_its_card(mistral_tokenizer):
    good, bad = mistral_tokenizer.encode("+ -")[1:]
    assert MathShepherd(mistral_tokenizer).token_ids == [bad, good]
    assert mistral_tokenizer.convert_ids_to_tokens([bad, good]) == ["▁-", "▁+"]


def test_a_vocabulary_without_the_step_tag_is_refused(llama_tokenizer, monkeypatch):
    monkeypatch.setattr("vllm_prm.families.math_shepherd.STEP_END", "й")
    with pytest.raises(FamilyError, match="'й', has to be one token"):
        MathShepherd(llama_tokenizer)


def rlhflow_reference(tokenizer, prompt, steps):
    """`select_sample` of RLHFlow: the conversation up to each step, and where it is read."""
    conversation, read = [], []
    for k, step in enumerate(steps):
        content = prompt + " " + step.strip() if k == 0 else step.strip()
        conversation.append({"content": content, "role": "user"})
        conversation.append({"content": "+", "role": "assistant"})
        input_ids = tokenizer.apply_chat_template(conversation, return_dict=False)
        read.append((input_ids, len(input_ids) - 3))
    return read


def test_rlhflow_prompts_are_those_of_its_evaluation(llama_tokenizer):
    family = RlhFlow(llama_tokenizer)
    plus = llama_tokenizer.encode("+")[-1]
    assert family.token_ids == [llama_tokenizer.encode("-")[-1], plus]
    for problem, steps in TABLE:
        prompt = family.encode(problem, steps)
        reference = rlhflow_reference(llama_tokenizer, text(problem), not_blank(steps))
        assert prompt.token_ids == reference[-1][0]
        assert prompt.positions == [position for _, position in reference]
        for ids, position in reference:
            assert prompt.token_ids[: len(ids)] == ids
            assert prompt.token_ids[position + 1] == plus


def versaprm_reference(tokenizer, question, steps):
    """`get_rewards_reasoning_step.py` and `LlamaPRM`: ids, and where its step tag stands."""
    tagged = "".join(f"{step.strip()} \n\n\n\n" for step in steps)
    input_id = tokenizer.encode(f"{question.strip()} \n\n" + tagged)
    (tag,) = tokenizer.encode(" \n\n\n\n", add_special_tokens=False)
    return input_id, [i for i, id in enumerate(input_id) if id == tag]


@pytest.mark.parametrize("vocabulary", ["llama", "qwen"])
def test_versaprm_prompts_are_those_of_its_evaluation(request, vocabulary):
    tokenizer = request.getfixturevalue(f"{vocabulary}_tokenizer")
    family = VersaPrm(tokenizer)
    for problem, steps in TABLE:
        prompt = family.encode(problem, steps)
        reference = versaprm_reference(tokenizer, text(problem), not_blank(steps))
        assert (prompt.token_ids, prompt.positions) == reference


def test_the_ids_that_versaprms_code_names_are_looked_up(qwen_tokenizer):
    prompt = VersaPrm(qwen_tokenizer).encode("P", ["a"])
    assert prompt.token_ids[prompt.positions[0]] == 22701
    assert VersaPrm(qwen_tokenizer).token_ids == [12, 10]


@pytest.mark.parametrize("option", ["good", "bad"])
def test_a_head_token_of_several_pieces_is_refused(llama_tokenizer, option):
    with pytest.raises(FamilyError, match="has to be one token"):
        RlhFlow(llama_tokenizer, {option: "a long text that is no token"})


def test_a_tokenizer_without_chat_template_is_refused(mistral_tokenizer):
    with pytest.raises(FamilyError, match="no chat template"):
        RlhFlow(mistral_tokenizer)
