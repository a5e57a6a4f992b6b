import itertools
import re
from fractions import Fraction

import pytest

from synth.arithmetic import evaluate
from synth.errors import StylerepError
from synth.problems.countdown import CountdownConfig, countdown
from synth.problems.problem import Problem
from tests.synth.problems.wording import assert_plain, share_of_skeletons

HARD = CountdownConfig(6, 6, 100, 10_000)


def first(
    n: int, split: str = "train", seed: int = 0, config: CountdownConfig | None = None
) -> list[Problem]:
    return list(itertools.islice(countdown(split, seed, config), n))


def numbers(text: str) -> list[int]:
    return sorted(int(number) for number in re.findall(r"\d+", text))


def asked(item: Problem) -> tuple[list[int], int]:
    """Read the numbers and the target from the question alone."""
    listed = re.search(r"\d+(?:, \d+)* and \d+", item.question)
    assert listed
    (target,) = numbers(item.question.replace(listed[0], ""))
    return numbers(listed[0]), target


def test_items_are_the_same_forever() -> None:
    assert first(50) == first(50)
    known = first(1, "test")[0]
    assert (known.id, known.answer) == ("countdown-1-test-0-0", "22 + 10 + 13 - 3")


def test_answers_use_each_number_once_and_reach_the_target() -> None:
    for item in first(2000) + first(500, "test") + first(200, config=HARD):
        given, target = asked(item)
        assert evaluate(item.answer) == target
        assert numbers(item.answer) == given == sorted(item.meta["numbers"])


def test_wrong_answers_use_the_numbers_and_miss_the_target() -> None:
    for item in first(1000) + first(100, config=HARD):
        given, target = asked(item)
        assert len(set(item.wrong_answers)) >= 2
        for wrong in item.wrong_answers:
            assert numbers(wrong) == given
            assert evaluate(wrong) not in (None, target)


def test_the_steps_are_a_calculation_that_leads_to_the_answer() -> None:
    for item in first(1000) + first(100, config=HARD):
        left, target = asked(item)
        for step in item.steps[:-1]:
            (claim,) = step.claims
            assert f"{claim.expression} = {claim.result}" in step.text
            assert evaluate(claim.expression) == Fraction(claim.result)
            for number in numbers(claim.expression):
                left.remove(number)
            left.append(int(claim.result))
            if rest := re.search(r"(?:leaves|so|remain) (\d+(?:, \d+)*(?: and \d+)?)", step.text):
                assert numbers(rest[1]) == sorted(left)
        assert left == [target]
        assert (item.steps[-1].claims[0].expression, item.steps[-1].claims[0].result) == (
            item.answer,
            str(target),
        )


def test_wrong_turns_are_tries_with_the_numbers_left_that_fail() -> None:
    tries = 0
    for item in first(1000):
        left, target = asked(item)
        for step in item.steps[:-1]:
            for turn in step.wrong_turns:
                claimed = re.fullmatch(r"The target (\d+) is reached by (.*)\.", turn.text)
                shown = re.fullmatch(r"(.*) = (\d+), and that is not (\d+)\.", turn.rejection)
                assert claimed
                assert shown
                assert claimed[2] == shown[1]
                assert int(claimed[1]) == int(shown[3]) == target
                assert numbers(shown[1]) == sorted(left)
                assert evaluate(shown[1]) == int(shown[2]) != target
                tries += 1
            for number in numbers(step.claims[0].expression):
                left.remove(number)
            left.append(int(step.claims[0].result))
    assert tries > 3000


def test_numbers_and_target_of_a_test_item_do_not_occur_in_training() -> None:
    train, test = (
        {(*asked(item)[0], asked(item)[1]) for item in first(n, split)}
        for n, split in ((5000, "train"), (500, "test"))
    )
    assert not train & test


def test_sentences_are_plain_and_questions_vary() -> None:
    items = first(1000)
    assert_plain(items + first(100, config=HARD))
    assert share_of_skeletons(items, r"\d+") > 0.7


@pytest.mark.parametrize(
    "config",
    [
        CountdownConfig(min_numbers=2),
        CountdownConfig(max_numbers=7),
        CountdownConfig(max_number=4),
        CountdownConfig(max_target=10),
    ],
)
def test_bounds_that_make_no_sense_are_refused(config: CountdownConfig) -> None:
    with pytest.raises(StylerepError, match="countdown"):
        next(countdown("train", 0, config))


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(StylerepError, match="validation"):
        next(countdown("dev"))
