"""Suppressed pivots: none comes out, in whatever tokens it would be written,
and no word that only begins like one is touched.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.models.loading import load_tokenizer
from harness_ext.backends.style_hf.pivot_suppression import PivotSuppression
from synth.formats import split_response
from synth.style import KINDS, load_lexicon
from tests.harness_ext.backends.style_hf.scripted import pieces_of, say

TRACE = "<think>\n{}\n</think>\n\nThe answer is 7."


@pytest.fixture(scope="module")
def tokenizer(real_model: str) -> Any:
    return load_tokenizer(real_model)


def suppressed(tokenizer: Any, text: str, *kinds: str) -> tuple[int, str]:
    sequence, written = say(
        tokenizer, text, [PivotSuppression(kinds, pieces_of(tokenizer), len(tokenizer))], instead=" then"
    )
    return sequence.taken_back, written


def kinds_in(text: str) -> set[str]:
    split = split_response(text)
    return {pivot.kind for part in (text, split.trace, split.answer) for pivot in load_lexicon().find(part)}


@pytest.mark.parametrize("kind", KINDS)
def test_no_phrase_of_a_suppressed_kind_comes_out_wherever_it_stands(tokenizer: Any, kind: str) -> None:
    phrases = [phrase.wording for phrase in load_lexicon().pivots if phrase.label == kind]
    lines = "\n".join(
        f"{phrase[0].upper()}{phrase[1:]}, we have 3 + 4 = 7. But {phrase}, it goes on. And"
        f" {phrase.upper()}: 7."
        for phrase in phrases
    )
    text = TRACE.format(lines)
    assert kind in kinds_in(text)
    taken_back, written = suppressed(tokenizer, text, kind)
    assert taken_back >= len(phrases)
    assert kind not in kinds_in(written)


def test_all_kinds_at_once_leave_a_response_without_any(tokenizer: Any) -> None:
    text = TRACE.format(
        "Wait, let me check. Alternatively, what if 3? Hmm. Now I see. So, overall, perhaps. Wait"
    )
    assert kinds_in(suppressed(tokenizer, text, *KINDS)[1]) == set()


def test_a_pivot_that_ends_the_response_is_taken_back_too(tokenizer: Any) -> None:
    assert "Wait" not in suppressed(tokenizer, "It is 7. Wait", "realization")[1]


@pytest.mark.parametrize(
    "text",
    [
        "The waiter came. Waiters await him. Waiting is long, and I wait for the bus.",
        "Waiter! Await them. Ohm's law holds. The algorithm halts ahead of us.",
        "Actually even numbers were meant: no, they hold on to the rope. He checked in.",
    ],
)
def test_words_that_only_begin_like_a_pivot_are_not_touched(tokenizer: Any, text: str) -> None:
    assert not {"realization"} & kinds_in(text) or "Actually" in text
    if "Actually" not in text:
        assert suppressed(tokenizer, text, "realization") == (0, text)


def test_what_the_lexicon_says_is_no_pivot_is_written_as_it_is(tokenizer: Any) -> None:
    label = {phrase.wording: phrase.label for phrase in load_lexicon().pivots}
    sentences = [
        (sentence, label[phrase])
        for phrase, cases in load_lexicon().negative_cases.items()
        if phrase in label
        for sentence in cases
    ]
    assert len(sentences) > 40
    for sentence, kind in sentences:
        if kind not in kinds_in(sentence):
            assert suppressed(tokenizer, sentence, kind) == (0, sentence)


@given(
    st.lists(
        st.sampled_from(
            [
                "Wait",
                " wait",
                ",",
                ".",
                " a",
                " minute",
                "er",
                "\n",
                " 7",
                " Hmm",
                " for",
                " but",
                "No",
                " I",
                " missed",
                " it",
            ]
        ),
        max_size=25,
    )
)
@settings(max_examples=60)
def test_whatever_is_written_holds_none_and_nothing_is_changed_where_there_was_none(
    tokenizer: Any, parts: list[str]
) -> None:
    text = "".join(parts)
    taken_back, written = suppressed(tokenizer, text, "realization")
    assert "realization" not in kinds_in(written)
    if "realization" not in kinds_in(text):
        assert (taken_back, written) == (0, text)


def test_a_chinese_pivot_is_taken_back(tokenizer: Any) -> None:
    phrase = next(phrase.wording for phrase in load_lexicon("zh").pivots if phrase.label == "realization")
    text = f"3加4是7。{phrase}，我看看。"
    assert any(pivot.kind == "realization" for pivot in load_lexicon("zh").find(text))
    _, written = suppressed(tokenizer, text, "realization")
    assert not any(pivot.kind == "realization" for pivot in load_lexicon("zh").find(written))
