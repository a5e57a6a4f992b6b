import collections
import itertools
import re

import pytest

from synth.errors import StylerepError
from synth.problems.claims import LABELS, ClaimsConfig, claims
from synth.problems.problem import Problem
from tests.synth.problems.graph_questions import NAME, World
from tests.synth.problems.test_kg import assert_false, assert_true
from tests.synth.problems.wording import assert_plain, share_of_skeletons


def first(n: int, split: str = "train", seed: int = 0, config: ClaimsConfig | None = None) -> list[Problem]:
    return list(itertools.islice(claims(split, seed, config), n))


def claim(item: Problem) -> tuple[str, str]:
    """Return the phrase and the thing that are claimed to be the same."""
    found = re.search(rf"[Cc]laims?: (?:{NAME} is (the [^.]+)|(The [^.]+) is {NAME})\.", item.question)
    assert found, item.question
    return found[2] or found[3], found[1] or found[4]


def judge(item: Problem) -> str:
    phrase, claimed = claim(item)
    reached = World(item.question).reach(phrase)
    return "not enough evidence" if reached is None else "supported" if reached == claimed else "refuted"


def test_items_are_the_same_forever() -> None:
    assert first(50) == first(50)
    known = first(1, "test")[0]
    assert (known.id, known.answer) == ("claims-1-test-0-0", "supported")


def test_labels_follow_from_the_question_alone() -> None:
    for item in (
        first(1500)
        + first(300, "test")
        + first(100, config=ClaimsConfig(2, 8, 40, 4))
        + first(200, config=ClaimsConfig(2, 2, 8, 0))
    ):
        assert judge(item) == item.answer, item.question
        assert len(World(item.question).facts) == item.meta["facts"]
        assert set(item.wrong_answers) == set(LABELS) - {item.answer}


def test_labels_are_balanced_and_what_is_claimed_is_named_in_the_facts() -> None:
    items = first(1500)
    shares = collections.Counter(item.answer for item in items)
    assert all(430 < shares[label] < 570 for label in LABELS)
    assert all(
        claim(item)[1] in {thing for fact in World(item.question).facts for thing in fact} for item in items
    )


def test_the_number_of_facts_gives_no_label_away() -> None:
    assert {(item.answer, len(World(item.question).facts)) for item in first(200)} == {
        (label, 14) for label in LABELS
    }


def test_steps_are_true_and_wrong_turns_are_not() -> None:
    for item in first(400):
        world = World(item.question)
        for step in item.steps[:-1]:
            for text in (step.text, *step.checks, *(turn.rejection for turn in step.wrong_turns)):
                assert_true(text, world)
            for turn in step.wrong_turns:
                assert_false(turn.text, world, item)
        verdict = item.steps[-1]
        assert item.answer in verdict.text
        for text in (*verdict.checks, *(turn.rejection for turn in verdict.wrong_turns)):
            for thing, relation, subject in re.findall(rf"{NAME} as the (\w+) of {NAME}", text):
                assert world.objects[subject, relation] == thing
            for relation, subject in re.findall(rf"(?:gives|Without) the (\w+) of {NAME}", text):
                assert (subject, relation) not in world.objects


def test_items_of_the_test_split_do_not_occur_in_training() -> None:
    def structures(n: int, split: str) -> set[tuple[str, ...]]:
        return {
            (*World(item.question).outline(), *(edge[1] for edge in item.meta["proof"]))
            for item in first(n, split)
        }

    assert not structures(1000, "train") & structures(200, "test")


def test_sentences_are_plain_and_questions_vary() -> None:
    items = first(1000)
    assert_plain(items)
    assert share_of_skeletons(items, NAME) > 0.7


@pytest.mark.parametrize(
    "config",
    [ClaimsConfig(min_hops=1), ClaimsConfig(max_hops=9), ClaimsConfig(facts=7), ClaimsConfig(rules=-1)],
)
def test_bounds_that_make_no_sense_are_refused(config: ClaimsConfig) -> None:
    with pytest.raises(StylerepError, match="claims"):
        next(claims("train", 0, config))


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(StylerepError, match="validation"):
        next(claims("dev"))
