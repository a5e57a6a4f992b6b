import itertools
import re

import pytest

from synth.errors import StylerepError
from synth.problems.kinship import KinshipConfig, kinship
from synth.problems.kinship_tree import RULES, WORDS
from synth.problems.problem import Problem
from tests.synth.problems.wording import assert_plain, share_of_skeletons

CLOSE = {
    "mother": "P",
    "father": "P",
    "daughter": "C",
    "son": "C",
    "sister": "S",
    "brother": "S",
    "wife": "M",
    "husband": "M",
}
WOMAN = {"mother", "daughter", "sister", "wife"}
WORD = "|".join(CLOSE)
FORMS = (  # patterns that capture the subject, the word and the object, in the order that follows each
    (rf"(\w+) is the ({WORD}) of (\w+)\b", (0, 1, 2)),
    (rf"(\w+) is (\w+)'s ({WORD})\b", (0, 2, 1)),
    (rf"(\w+)'s ({WORD}) is called (\w+)\b", (2, 1, 0)),
    (rf"(\w+) has a ({WORD}) named (\w+)\b", (2, 1, 0)),
)
# Each relation in the four close ones: a great-aunt is the sister of a parent of a parent.
MEANING = {
    ("mother", "father"): ["P"],
    ("daughter", "son"): ["C"],
    ("sister", "brother"): ["S"],
    ("wife", "husband"): ["M"],
    ("grandmother", "grandfather"): ["PP"],
    ("granddaughter", "grandson"): ["CC"],
    ("great-grandmother", "great-grandfather"): ["PPP"],
    ("great-granddaughter", "great-grandson"): ["CCC"],
    ("aunt", "uncle"): ["SP"],
    ("niece", "nephew"): ["CS"],
    ("great-aunt", "great-uncle"): ["SPP"],
    ("great-niece", "great-nephew"): ["CCS"],
    ("cousin", "cousin"): ["CSP"],
    ("mother-in-law", "father-in-law"): ["PM"],
    ("daughter-in-law", "son-in-law"): ["MC"],
    ("sister-in-law", "brother-in-law"): ["SM", "MS"],
}


def first(n: int, split: str = "train", seed: int = 0, config: KinshipConfig | None = None) -> list[Problem]:
    return list(itertools.islice(kinship(split, seed, config), n))


def facts(text: str) -> set[tuple[str, ...]]:
    return {tuple(found[i] for i in order) for form, order in FORMS for found in re.findall(form, text)}


class World:
    """The families that the facts allow: which couple each person was born to,
    and which they belong to, merged as facts demand.
    """

    def __init__(self, told: set[tuple[str, ...]]) -> None:
        self.of: dict[str, str] = {}
        self.women = {a: word in WOMAN for a, word, _ in told}
        self.people = sorted({person for a, _, b in told for person in (a, b)})
        places = {
            "P": ("own ", "born "),
            "C": ("born ", "own "),
            "S": ("born ", "born "),
            "M": ("own ", "own "),
        }
        for a, word, b in told:
            left, right = places[CLOSE[word]]
            self.of[self.couple(left + a)] = self.couple(right + b)

    def couple(self, name: str) -> str:
        while name in self.of and self.of[name] != name:
            name = self.of[name]
        return name

    def close(self, a: str, kind: str, b: str) -> bool:
        left, right = {
            "P": ("own ", "born "),
            "C": ("born ", "own "),
            "S": ("born ", "born "),
            "M": ("own ", "own "),
        }[kind]
        return a != b and self.couple(left + a) == self.couple(right + b)

    def holds(self, a: str, kinds: str, b: str, seen: tuple[str, ...] = ()) -> bool:
        if len(kinds) == 1:
            return b not in seen and self.close(a, kinds, b)
        return any(
            self.close(a, kinds[0], z) and self.holds(z, kinds[1:], b, (*seen, a))
            for z in self.people
            if z not in (*seen, a, b)
        )

    def relations(self, a: str, b: str) -> set[str]:
        places = {True: (0,), False: (1,), None: (0, 1)}[self.women.get(a)]
        return {
            words[i]
            for words, meanings in MEANING.items()
            for i in places
            if any(self.holds(a, kinds, b) for kinds in meanings)
        }


def asked(item: Problem) -> tuple[str, str]:
    last = item.question[item.question.rindex(". ") + 2 :]
    last = last if "Say what" not in item.question else item.question[item.question.rindex("Say what") :]
    for form, swap in (
        (r"hat (\w+) is to (\w+)\.", False),
        (r"What is (\w+) to (\w+)\?", False),
        (r"Which relative of (\w+) is (\w+)\?", True),
        (r"(\w+) is (\w+)'s what\?", False),
        (r": (\w+) is the … of (\w+)\?", False),
    ):
        if found := re.search(form, last):
            return (found[2], found[1]) if swap else (found[1], found[2])
    raise AssertionError(last)


def test_items_are_the_same_forever() -> None:
    assert first(50) == first(50)
    known = first(1, "test")[0]
    assert (known.id, known.answer) == ("kinship-1-test-0-0", "daughter")


def test_the_answer_is_the_one_relation_that_follows_from_the_question() -> None:
    for item in first(700) + first(200, "test") + first(100, config=KinshipConfig(5, 8, 10)):
        told = facts(item.question)
        assert len(told) == item.question.count("is called") + len(
            re.findall(rf" named |'s (?:{WORD})\.|is the (?:{WORD}) of", item.question)
        )
        assert World(told).relations(*asked(item)) == {item.answer}, item.question
        assert item.answer not in item.wrong_answers
        assert len(set(item.wrong_answers)) >= 3
        assert {tuple(edge) for edge in item.meta["proof"]} <= told


def test_every_step_is_true_and_its_wrong_turns_are_not() -> None:
    every = "|".join(word for words in MEANING for word in words)
    for item in first(300):
        told = facts(item.question)
        world = World(told)
        for step in item.steps:
            for text in (step.text, *(turn.rejection for turn in step.wrong_turns)):
                for a, word, b in re.findall(rf"(\w+)(?: is|,)? the ({every}) of (\w+)", text):
                    assert word in world.relations(a, b), text
            for turn in step.wrong_turns:
                if claimed := re.search(rf"(?:makes|leaves) (\w+) (?:as )?the ({every}) of (\w+)", turn.text):
                    assert claimed[2] not in world.relations(claimed[1], claimed[3])
                else:
                    leaf = re.search(r"through (\w+)\.", turn.text)
                    assert leaf
                    assert sum(leaf[1] in fact for fact in told) == 1
                    assert leaf[1] not in {person for edge in item.meta["proof"] for person in edge}
                quoted = facts(turn.rejection)
                assert quoted <= told


def test_rules_that_are_quoted_are_the_rules_of_families() -> None:
    stated = r"The ([\w-]+) of a person's (\w+) is that person's ([\w-]+)(?:, not the ([\w-]+))?\."
    kinds = {word: kind for kind, words in WORDS.items() for word in words[:2]}
    found = 0
    for item in first(500):
        for step in item.steps[1:]:
            for text in (*step.checks, *(turn.rejection for turn in step.wrong_turns)):
                if rule := re.fullmatch(stated, text):
                    assert kinds[rule[3]] == RULES[kinds[rule[1]], rule[2]]
                    assert rule[4] != rule[3]
                    found += 1
    assert found > 1000


def test_ways_of_the_test_split_do_not_occur_in_training() -> None:
    ways = [
        {
            tuple(
                (word, CLOSE[word], a == b)
                for (a, word, _), b in zip(item.meta["proof"], _ahead(item), strict=True)
            )
            for item in first(n, split)
        }
        for n, split in ((3000, "train"), (500, "test"))
    ]
    assert not ways[0] & ways[1]


def _ahead(item: Problem) -> list[str]:
    """The person at which the way stands before each fact of the proof."""
    at, places = asked(item)[0], []
    for a, _, b in item.meta["proof"]:
        places.append(at)
        at = b if at == a else a
    return places


def test_sentences_are_plain_and_questions_vary() -> None:
    items = first(1000)
    assert_plain(items)
    assert share_of_skeletons(items, r"\b[A-Z][a-z]+\b") > 0.7
    assert {item.meta["hops"] for item in items} == {2, 3, 4}
    assert all(len(item.steps) == item.meta["hops"] for item in items)


@pytest.mark.parametrize(
    "config",
    [KinshipConfig(min_hops=1), KinshipConfig(min_hops=4, max_hops=3), KinshipConfig(distractors=99)],
)
def test_bounds_that_make_no_sense_are_refused(config: KinshipConfig) -> None:
    with pytest.raises(StylerepError, match="kinship"):
        next(kinship("train", 0, config))


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(StylerepError, match="validation"):
        next(kinship("dev"))
