"""What is done to a trace is what the probe says, and nothing else."""

import difflib
import re

import pytest

from harness_ext.pipelines.probe.edits import corruption, everywhere_after, said_otherwise
from harness_ext.pipelines.probe.items import ProbeItem, item_of_row
from harness_ext.pipelines.probe.sentences import sentences_of
from harness_ext.pipelines.probe.variants import TraceVariant, variants_of
from harness_ext.pipelines.probed_runs import PROBES, check_probes
from synth.errors import StylerepError
from synth.seeding import generator
from synth.style import load_lexicon
from tests.harness_ext.pipelines.probe.written_runs import problems_and_responses, sample_row


def items(source: str, n: int = 4, arm: str = "hc", words: float = 90) -> list[ProbeItem]:
    found = [
        item_of_row("t", sample_row(number, problem, response))
        for number, (problem, response) in enumerate(problems_and_responses(source, n, arm, words))
    ]
    return [one for one in found if isinstance(one, ProbeItem)]


def variants(own: list[ProbeItem], number: int = 0) -> list[TraceVariant]:
    return variants_of(own[number], own[number + 1], [one.answer for one in own], 0)


@pytest.mark.parametrize("source", ["arith", "chain", "kg", "kinship"])
def test_each_variant_differs_from_the_trace_as_its_probe_says(source: str) -> None:
    own = items(source)
    for number in range(len(own) - 1):
        item, made = own[number], variants(own, number)
        found = sentences_of(item)
        assert made[0].trace == item.trace
        assert (made[0].probe, made[0].sentence, made[0].share) == ("early", len(found) - 1, 1.0)
        assert {one.probe for one in made} >= {
            "none",
            "early",
            "delete",
            "corrupt",
            "carry",
            "filler",
            "swap",
        }
        for one in made[1:]:
            if one.probe == "early":
                assert one.sentence is not None
                assert item.trace.startswith(one.trace)
                assert one.trace.endswith(item.trace[: found[one.sentence].end][-10:])
            elif one.probe == "delete" and one.kind != "pivot":
                assert one.sentence is not None
                gone = found[one.sentence]
                kept = item.trace[: gone.start] + item.trace[gone.end :]
                assert one.trace.split() == kept.split()
            elif one.probe == "corrupt":
                old, new = one.detail.split(" -> ")
                assert old != new
                assert sorted(one.trace.split(new)) != sorted(item.trace.split(new))
                changed = [(a, b) for a, b in zip(words(item.trace), words(one.trace), strict=True) if a != b]
                assert len(changed) <= len(words(old))
            elif one.probe == "carry" and one.sentence is not None:
                old, new = one.detail.split(" -> ")
                kept = len(item.trace) - found[one.sentence].end
                after = one.trace[len(one.trace) - kept :]
                assert not re.search(rf"(?<![\w.]){re.escape(old)}(?![\w]|\.\d)", after)
                assert one.trace.startswith(item.trace[: found[one.sentence].start])
            elif one.probe == "filler":
                assert set(one.trace) == {".", " "}
                assert len(one.trace.split()) == len(item.trace.split())
            elif one.probe == "swap":
                assert one.trace == own[number + 1].trace


def words(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


@pytest.mark.parametrize("source", ["arith", "chain"])
def test_the_answer_that_follows_from_a_wrong_conclusion_is_known(source: str) -> None:
    for one in variants(items(source)):
        if one.probe == "corrupt" and one.kind == "conclusion":
            assert one.followed == one.detail.split(" -> ")[1]
            break
    else:
        pytest.fail("no conclusion was made wrong")


def test_pivots_are_exchanged_within_their_kind_or_between_kinds() -> None:
    own = items("arith", words=200)
    item, made = own[0], {one.probe: one for one in variants(own)}
    lexicon = load_lexicon("en")
    before = [pivot.kind for pivot in lexicon.find(item.trace)]
    assert len(before) > 2
    within = [pivot.kind for pivot in lexicon.find(made["pivots_within"].trace)]
    between = [pivot.kind for pivot in lexicon.find(made["pivots_between"].trace)]
    assert difflib.SequenceMatcher(None, before, within).ratio() > 0.8
    assert difflib.SequenceMatcher(None, before, between).ratio() < 0.7
    assert made["pivots_within"].trace != item.trace


def test_the_same_seed_draws_the_same_variants_and_another_draws_others() -> None:
    own = items("arith")
    again = variants_of(own[0], own[1], [], 0)
    assert again == variants_of(own[0], own[1], [], 0)
    other = variants_of(own[0], own[1], [], 1)
    assert [one.trace for one in again if one.probe == "corrupt"] != [
        one.trace for one in other if one.probe == "corrupt"
    ]


def test_of_a_long_trace_so_many_sentences_are_probed_evenly_spread() -> None:
    own = items("arith", words=300)
    made = variants_of(own[0], None, [], 0, ("delete",), 5)
    numbers = sorted({one.sentence for one in made if one.sentence is not None})
    assert len(numbers) == 5
    assert (numbers[0], numbers[-1]) == (0, len(sentences_of(own[0])) - 1)


def test_a_trace_of_one_sentence_has_its_variants() -> None:
    (item,) = items("arith", 1)
    from dataclasses import replace

    made = variants_of(replace(item, trace="3 + 4 = 7."), None, [], 0)
    assert {one.probe for one in made} >= {"none", "early", "delete", "filler"}
    assert next(one for one in made if one.probe == "delete").trace == ""


def test_equations_are_said_otherwise_and_numbers_are_whole() -> None:
    assert said_otherwise("So 19 + 4 = 23 litres.") == "So 23 is what 19 + 4 comes to litres."
    assert said_otherwise("Nothing here.") is None
    assert everywhere_after("4 is 4, not 14 or 4.5 or 4.", 2, "4", "9") == "4 is 9, not 14 or 4.5 or 9."


def test_a_number_becomes_another_of_as_many_digits_but_not_the_answer() -> None:
    (item,) = items("arith", 1)
    for seed in range(200):
        change = corruption(item, "That makes 12 + 5 = 17 pens.", [], generator(seed))
        assert change is not None
        start, end, new = change
        assert (start, end) == (20, 22)
        assert len(new) == 2
        assert new not in ("17", item.answer)
        assert new[0] != "0"


def test_a_probe_that_there_is_not_is_told() -> None:
    assert check_probes([]) == PROBES
    assert check_probes(["swap", "none"]) == ("none", "swap")
    with pytest.raises(StylerepError, match="There is no probe 'early answering'; choose from none, early"):
        check_probes(["early answering"])
