import itertools
import re
from fractions import Fraction

import pytest

from synth.arithmetic import evaluate
from synth.errors import StylerepError
from synth.problems import ArithConfig, arith


def first(n: int, split: str = "train", seed: int = 0) -> list:
    return list(itertools.islice(arith(split, seed), n))


def test_items_are_the_same_forever() -> None:
    assert first(50) == first(50)
    known = first(1, "test")[0]
    assert (known.id, known.answer) == ("arith-1-test-0-0", "25")


def test_other_seeds_and_splits_give_other_items() -> None:
    questions = [
        {item.question for item in first(200, split, seed)}
        for split, seed in (("train", 0), ("train", 1), ("test", 0))
    ]
    assert not questions[0] & questions[1]
    assert not questions[0] & questions[2]


def test_no_arithmetic_of_the_test_split_occurs_in_training() -> None:
    train = {tuple(claim.expression for step in item.steps for claim in step.claims) for item in first(3000)}
    test = {
        tuple(claim.expression for step in item.steps for claim in step.claims)
        for item in first(1000, "test")
    }
    assert not train & test


def test_every_claim_is_true_and_the_last_is_the_answer() -> None:
    for item in first(2000):
        claims = [claim for step in item.steps for claim in step.claims]
        assert all(evaluate(claim.expression) == Fraction(claim.result) for claim in claims)
        assert claims[-1].result == item.answer


def test_steps_use_only_numbers_of_the_question_or_of_earlier_steps() -> None:
    for item in first(2000):
        known = set(re.findall(r"\d+", item.question))
        for step in item.steps:
            for claim in step.claims:
                assert set(re.findall(r"\d+", claim.expression)) <= known, (item.question, claim)
                known.add(claim.result)


def test_numbers_and_steps_stay_within_the_bounds() -> None:
    config = ArithConfig(min_steps=3, max_steps=5, max_number=40)
    for item in itertools.islice(arith("train", 0, config), 500):
        assert 3 <= len(item.steps) <= 5
        assert item.meta["steps"] == len(item.steps)
        assert 1 <= int(item.answer) <= 2 * 40 + 12


def test_surfaces_vary() -> None:
    skeletons = {re.sub(r"\d+|[A-Z][a-z]+", "_", item.question) for item in first(1000)}
    assert len(skeletons) > 700


@pytest.mark.parametrize(
    "config", [ArithConfig(min_steps=0), ArithConfig(min_steps=4, max_steps=3), ArithConfig(max_number=5)]
)
def test_bounds_that_make_no_sense_are_refused(config: ArithConfig) -> None:
    with pytest.raises(StylerepError, match="arith"):
        next(arith("train", 0, config))


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(StylerepError, match="validation"):
        next(arith("dev"))
