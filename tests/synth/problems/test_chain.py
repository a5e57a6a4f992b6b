import itertools
import re

import pytest

from synth.errors import StylerepError
from synth.problems.chain import ChainConfig, chain
from synth.problems.problem import Problem
from tests.synth.problems.wording import assert_plain, share_of_skeletons

PAIR = re.compile(r"\b([A-Z]\d)(?: ?-+> | => | > |:|, )([A-Z]\d)\b")


def first(n: int, split: str = "train", seed: int = 0, config: ChainConfig | None = None) -> list[Problem]:
    return list(itertools.islice(chain(split, seed, config), n))


def pairs(text: str) -> dict[str, str]:
    in_brackets = re.findall(r"\(([A-Z]\d), ([A-Z]\d)\)", text)
    return dict(in_brackets or PAIR.findall(text))


def solve(question: str) -> str:
    """Read the pairs, the start and the number of steps from the question alone, and walk."""
    given = pairs(question)
    (symbol,) = re.findall(r"[A-Z]\d", re.sub(r"\(?[A-Z]\d( ?-+> | => | > |:|, )[A-Z]\d\)?", "", question))
    steps = re.search(r"(\d+) (?:step|move|hop|jump)s?\b", question)
    walked = 0
    while symbol in given and (steps is None or walked < int(steps[1])):
        symbol, walked = given[symbol], walked + 1
    assert steps is None or walked == int(steps[1])
    return symbol


def test_items_are_the_same_forever() -> None:
    assert first(50) == first(50)
    known = first(1, "test")[0]
    assert (known.id, known.answer) == ("chain-1-test-0-0", "P5")


def test_answers_follow_from_the_question_alone() -> None:
    for item in first(2000) + first(500, "test") + first(200, config=ChainConfig(1, 12, 40)):
        assert solve(item.question) == item.answer, item.question
        assert item.answer not in item.wrong_answers
        assert len(set(item.wrong_answers)) >= 3


def test_no_pair_of_a_split_occurs_in_another() -> None:
    of = {
        split: {tuple(sorted(pair)) for item in first(1500, split) for pair in pairs(item.question).items()}
        for split in ("train", "validation", "test")
    }
    assert all(of.values())
    assert not of["train"] & of["test"]
    assert not of["train"] & of["validation"]
    assert not of["validation"] & of["test"]


def test_steps_and_checks_quote_pairs_of_the_question() -> None:
    for item in first(1000):
        given = pairs(item.question)
        walked = [tuple(edge[::2]) for edge in item.meta["proof"]]
        assert walked[-1][1] == item.answer
        assert len(walked) == item.meta["hops"]
        for step, (a, b) in zip(item.steps, walked, strict=False):
            for text in (step.text, *step.checks, *(turn.rejection for turn in step.wrong_turns)):
                quoted = pairs(text)
                assert quoted.items() <= given.items(), text
            assert given[a] == b
            assert pairs(step.text) == {a: b}


def test_wrong_turns_are_wrong() -> None:
    for item in first(1000):
        given = pairs(item.question)
        for turn in (turn for step in item.steps for turn in step.wrong_turns):
            if claimed := re.fullmatch(r"From (\w+) the very next symbol is (\w+)\.", turn.text):
                assert given[claimed[1]] != claimed[2]
            elif claimed := re.fullmatch(r"The pair .* takes us from (\w+) to (\w+)\.", turn.text):
                assert given.get(claimed[1]) != claimed[2]
            else:
                claimed = re.fullmatch(r"The chain already ends at the symbol (\w+)\.", turn.text)
                assert claimed
                assert claimed[1] in given


def test_sentences_are_plain_and_questions_vary() -> None:
    items = first(1000)
    assert_plain(items)
    assert share_of_skeletons(items, r"[A-Z]?\d+") > 0.7


@pytest.mark.parametrize(
    "config",
    [
        ChainConfig(min_hops=0),
        ChainConfig(min_hops=4, max_hops=3),
        ChainConfig(max_hops=13),
        ChainConfig(distractors=1),
    ],
)
def test_bounds_that_make_no_sense_are_refused(config: ChainConfig) -> None:
    with pytest.raises(StylerepError, match="chain"):
        next(chain("train", 0, config))


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(StylerepError, match="validation"):
        next(chain("dev"))
