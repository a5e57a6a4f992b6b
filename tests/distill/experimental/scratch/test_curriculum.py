"""What models trained from nothing see: plain, from easy to hard, the same everywhere, and nothing of a
test.
"""

from typing import Any

import pytest

from distill.experimental.scratch.batches import GROUP_STEPS, STEP_TOKENS, group_batches
from distill.experimental.scratch.curriculum import (
    LEVELS,
    WEIGHTS,
    CurriculumRow,
    digest_of_rows,
    rows,
    sample,
)
from distill.experimental.scratch.names import SOURCES
from distill.experimental.scratch.pretrain import scratch_tokenizer
from distill.experimental.scratch.shapes import ARCHITECTURES
from distill.experimental.scratch.tokenizer import (
    END_OF_TURN,
    PAD,
    SPECIAL,
    VOCABULARY,
    chat_prompt,
    train_tokenizer,
)
from distill.models.families import find_family
from distill.training.encode import prompt_text
from synth.evaluation_sets import iter_evaluation_problems
from synth.problems import prompt
from synth.style import load_lexicon
from synth.traces.decontaminate import load_generated


@pytest.fixture(scope="module")
def many() -> list[CurriculumRow]:
    return [row for group, progress in enumerate((0.0, 0.4, 1.0)) for row in rows(0, group, progress, 400)]


def test_this_version_of_the_curriculum_has_these_rows(many: list[CurriculumRow]) -> None:
    # If this fails, raise CURRICULUM_VERSION in distill/experimental/scratch/names.py:
    # models trained before are others.
    assert digest_of_rows(many)[:16] == "d2bb75a79479e71a"


def test_rows_have_no_pivots_but_in_questions(many: list[CurriculumRow]) -> None:
    assert not any(load_lexicon("en").find_each([row.response for row in many]))


def test_no_question_of_a_task_is_in_it(many: list[CurriculumRow]) -> None:
    generated = load_generated()
    asked = {
        prompt(one.question, one.answer_type)
        for name in ("arith", "chain", "kg", "kinship")
        for one in iter_evaluation_problems(name, 300)
    }
    # The first level of arithmetic has test questions in few words: these are held against the whole training
    # of the smallest models' first groups.
    everything = [*many, *(row for group in range(3, 9) for row in rows(0, group, 0.0, 400))]
    for row in everything:
        assert row.message not in asked
        assert not any(
            part in generated.tasks
            for part in generated.parts(
                row.message.removeprefix("Say this in another order.\n\n").partition("\n\nFinish")[0]
            )
        )


def test_it_has_all_sources_and_grows_harder(many: list[CurriculumRow]) -> None:
    assert {row.source for row in many} == {*WEIGHTS, "copy", "recall"}
    assert {*LEVELS, "equations"} == set(WEIGHTS)
    assert tuple(LEVELS) == SOURCES
    early, middle, late = (rows(1, 0, progress, 300) for progress in (0.0, 0.4, 1.0))
    assert sum(len(row.message) for row in late) > 1.3 * sum(len(row.message) for row in early)
    assert 3 * sum(row.source == "recall" for row in late) < sum(row.source == "recall" for row in middle)
    assert not any(row.source == "copy" for row in (*middle, *late))
    assert sum(row.source == "copy" for row in early) > 0.8 * 0.5 * 300
    solved = [row for row in many if row.source not in ("copy", "recall", "equations")]
    assert 0.7 < sum(row.response.startswith("<think>") for row in solved) / len(solved) < 0.9


def test_rows_are_of_the_sources_asked_for() -> None:
    assert {row.source for row in rows(0, 0, 0.4, 200, ("chain",))} == {"chain", "recall"}
    assert {row.source for row in rows(0, 0, 0.0, 200, ("arith", "kinship"))} == {
        "arith",
        "kinship",
        "equations",
    }


def test_what_is_said_again_and_again_is_what_was_told() -> None:
    copied = [row for row in rows(0, 0, 0.0, 100) if row.source == "copy"]
    for row in copied:
        _, _, line = row.message.partition("\n\n")
        assert set(row.response.split("\n")) == {line}
        assert row.response.count("\n") >= 1


def test_equations_are_right_and_none_is_a_test_problem_by_itself() -> None:
    from synth.problems import load_problems

    told = {
        line
        for row in rows(0, 0, 1.0, 1500)
        if row.source == "equations"
        for line in row.response.splitlines()
    }
    for line in told:
        expression, _, result = line.partition(" = ")
        left, symbol, right = expression.split()
        a, b = int(left), int(right)
        assert {"+": a + b, "-": a - b, "*": a * b, "/": a // b}[symbol] == int(result)
    tested = {
        claim.expression
        for one in load_problems("arith:test:min_steps=1:max_steps=1", 300)
        for step in one.steps
        for claim in step.claims
    }
    assert tested.isdisjoint(line.partition(" = ")[0] for line in told)


def test_the_tokenizer_is_the_same_again_and_splits_numbers() -> None:
    texts = [f"{row.message}\n{row.response}" for row in sample(200)]
    one, other = (train_tokenizer(texts) for _ in range(2))
    assert one.backend_tokenizer.to_str() == other.backend_tokenizer.to_str()
    tokenizer = scratch_tokenizer()
    assert (len(tokenizer), tokenizer.convert_tokens_to_ids(list(SPECIAL))) == (
        VOCABULARY,
        list(range(len(SPECIAL))),
    )
    assert len({tokenizer.eos_token, tokenizer.pad_token, END_OF_TURN}) == 3
    assert tokenizer.tokenize("1234")[:2] == ["1", "2"]
    for told in ("D8 -> K2, T5", "(D8, K2); (T5", "from D8 to K2 and T5", "D8:K2 | T5", "D8 --> K2\nT5"):
        assert [token for token in tokenizer.tokenize(told) if token[:2] in ("D8", "K2", "T5")] == [
            "D8",
            "K2",
            "T5",
        ]
    assert "<think>" not in tokenizer.all_special_tokens
    for text in ("Wait, what if 12 > 3?\n\n\tÅ 🤔 让我", "D8 -> K2, (R9, T5) A:B", "  two  spaces "):
        assert tokenizer.decode(tokenizer(text)["input_ids"], clean_up_tokenization_spaces=False) == text


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_the_prompt_is_that_of_the_family(architecture: str) -> None:
    tokenizer = scratch_tokenizer()
    family = find_family(ARCHITECTURES[architecture], VOCABULARY, tokenizer)
    assert (family.name, family.end_of_turn, family.assumed) == (f"scratch_{architecture}", END_OF_TURN, "")
    assert prompt_text(tokenizer, [{"role": "user", "content": "What is 3 + 4?"}], family) == chat_prompt(
        "What is 3 + 4?"
    )


def test_batches_hold_the_tokens_of_a_step_and_little_padding() -> None:
    tokenizer = scratch_tokenizer()
    batches = group_batches(tokenizer, 0, 0, 2 * GROUP_STEPS)
    assert len(batches) == GROUP_STEPS
    pad = tokenizer.convert_tokens_to_ids(PAD)
    sizes = [(int((inputs != pad).sum()), inputs.numel()) for inputs, _ in batches]
    assert sum(size for size, _ in sizes) == pytest.approx(GROUP_STEPS * STEP_TOKENS, rel=0.02)
    assert all(0.5 * STEP_TOKENS < size < 1.6 * STEP_TOKENS for size, _ in sizes)
    assert sum(size for size, _ in sizes) > 0.9 * sum(held for _, held in sizes)
    assert len(group_batches(tokenizer, 0, 1, GROUP_STEPS + 3)) == 3


def test_labels_are_responses_and_end_with_the_turn() -> None:
    tokenizer: Any = scratch_tokenizer()
    for inputs, labels in group_batches(tokenizer, 3, 0, 2):
        for ids, wanted in zip(inputs.tolist(), labels.tolist(), strict=True):
            answer = tokenizer.decode([label for label in wanted if label >= 0])
            whole = tokenizer.decode([token for token in ids if token != tokenizer.pad_token_id])
            assert whole.endswith(answer)
            assert answer.endswith((END_OF_TURN, "<|end_of_text|>"))
            assert ("user\n" in whole) == answer.endswith(END_OF_TURN)
