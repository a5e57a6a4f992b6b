import itertools
import math
import re

import pytest

from synth.errors import StylerepError
from synth.problems.kg import KgConfig, kg
from synth.problems.knowledge_graph import graph_search_entropy
from synth.problems.problem import Problem
from tests.synth.problems.graph_questions import NAME, NOUNS, World, fact, sentences
from tests.synth.problems.wording import assert_plain, share_of_skeletons


def first(n: int, split: str = "train", seed: int = 0, config: KgConfig | None = None) -> list[Problem]:
    return list(itertools.islice(kg(split, seed, config), n))


def asked(item: Problem) -> str:
    found = re.search(r"(?:is|Name) (the [^.?]+)[.?]$", sentences(item.question)[-1])
    assert found
    return found[1]


def test_items_are_the_same_forever() -> None:
    assert first(50) == first(50)
    known = first(1, "test")[0]
    assert (known.id, known.answer, known.meta["graph_search_entropy"]) == (
        "kg-1-test-0-0",
        "Tamline",
        34.864,
    )


def test_answers_follow_from_the_question_alone() -> None:
    for item in (
        first(1000)
        + first(200, "test")
        + first(100, config=KgConfig(2, 8, 40, 4))
        + first(200, config=KgConfig(2, 2, 8, 0))
    ):
        world = World(item.question)
        assert len(world.facts) == item.meta["facts"], item.question
        assert world.reach(asked(item)) == item.answer
        assert item.answer not in item.wrong_answers
        assert len(set(item.wrong_answers)) >= 3
        assert {tuple(edge) for edge in item.meta["proof"]} <= set(world.facts)
        assert len(item.meta["proof"]) == item.meta["hops"]


def test_a_rule_is_needed_where_there_is_one() -> None:
    for item in first(200):
        assert set(World(item.question).rules) & set(asked(item).split())


@pytest.mark.parametrize("split", ["train", "test"])
def test_steps_are_true_and_wrong_turns_are_not(split: str) -> None:
    for item in first(400, split):
        world = World(item.question)
        for step in item.steps:
            for text in (step.text, *step.checks, *(turn.rejection for turn in step.wrong_turns)):
                assert_true(text, world)
            for turn in step.wrong_turns:
                assert_false(turn.text, world, item)


def assert_true(text: str, world: World) -> None:
    """Every fact that a text quotes is stated, and every rule it quotes is followed."""
    quoted = re.search(r"(?:say|says|tells us|we read) that (.*)\.", text)
    assert quoted is None or fact(quoted[1]) in world.facts, text
    for thing, relation, subject in re.findall(rf"{NAME} is (?:only )?the ({NOUNS}) of {NAME}", text):
        assert world.objects[subject, relation] == thing, text
    for relation, subject, thing in re.findall(
        rf"(?:tells|up|point) the (\w+) of {NAME}(?:, and it names| and find| counts, and it is) {NAME}", text
    ):
        assert world.objects[subject, relation] == thing, text
    for name, subject, thing in re.findall(rf"[Tt]he (\w+) of {NAME} is {NAME}", text):
        assert world.reach(f"the {name} of {subject}") == thing, text


def assert_false(text: str, world: World, item: Problem) -> None:
    if claimed := re.fullmatch(rf"The (\w+) of {NAME} is {NAME}\.", text):
        assert world.reach(f"the {claimed[1]} of {claimed[2]}") not in (None, claimed[3]), text
    elif claimed := re.fullmatch(rf"The way from {NAME} leads on to {NAME}\.", text):
        assert claimed[2] not in {edge[2] for edge in item.meta["proof"] if edge[0] == claimed[1]}
    elif claimed := re.fullmatch(rf"With {NAME} the end of the way is reached\.", text):
        assert claimed[1] != item.answer or item.meta.get("label")
    elif claimed := re.fullmatch(rf"Nothing is said about the (\w+) of {NAME}\.", text):
        assert (claimed[2], claimed[1]) in world.objects
    else:
        claimed = re.fullmatch(rf"The (\w+) of {NAME} is nothing but the (\w+) of {NAME}\.", text)
        assert claimed
        assert world.rules[claimed[1]] != (claimed[3],)


def test_no_graph_of_a_test_item_occurs_in_training() -> None:
    def structures(n: int, split: str) -> set[tuple[str, ...]]:
        return {
            (*World(item.question).outline(), *(edge[1] for edge in item.meta["proof"]))
            for item in first(n, split)
        }

    assert not structures(1000, "train") & structures(200, "test")


def test_graph_search_entropy_of_graphs_that_are_known() -> None:
    complete = [(a, "r", b) for a in range(5) for b in range(a)]
    assert graph_search_entropy(complete) == pytest.approx(5 * math.log2(4))
    star = [(0, f"r{i}", i) for i in range(1, 5)]
    # λ = 2. Half of the time the walk is in the middle,
    # where it takes each of four relations with a chance of 1/4.
    assert graph_search_entropy(star) == pytest.approx(5 * (math.log2(2) + 0.5 * math.log2(4)))
    assert graph_search_entropy([(0, "r", 1)]) == pytest.approx(0)


def test_more_facts_mean_more_entropy() -> None:
    few, many = (
        [item.meta["graph_search_entropy"] for item in first(50, config=KgConfig(facts=facts))]
        for facts in (10, 40)
    )
    assert max(few) < min(many)


def test_sentences_are_plain_and_questions_vary() -> None:
    items = first(1000)
    assert_plain(items)
    assert share_of_skeletons(items, NAME) > 0.7
    assert {item.meta["hops"] for item in items} == {2, 3, 4}


@pytest.mark.parametrize(
    "config", [KgConfig(min_hops=1), KgConfig(max_hops=9), KgConfig(facts=7), KgConfig(rules=5)]
)
def test_bounds_that_make_no_sense_are_refused(config: KgConfig) -> None:
    with pytest.raises(StylerepError, match="kg"):
        next(kg("train", 0, config))


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(StylerepError, match="validation"):
        next(kg("dev"))
