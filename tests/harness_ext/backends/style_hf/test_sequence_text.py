"""The text of a response, token by token."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from distill.models.loading import load_tokenizer
from harness_ext.backends.style_hf.sequence_text import SequenceText
from tests.harness_ext.backends.style_hf.scripted import pieces_of


@pytest.fixture(scope="module")
def tokenizer(real_model: str) -> Any:
    return load_tokenizer(real_model)


@given(st.text(max_size=60), st.integers(0, 80))
def test_the_text_is_that_of_all_tokens_and_can_be_cut_at_any_character(
    tokenizer: Any, said: str, at: int
) -> None:
    tokens = tokenizer(said, add_special_tokens=False)["input_ids"]
    whole = tokenizer.decode(tokens)
    assume(whole == said)  # some bytes are no token of this one
    text = SequenceText(pieces_of(tokenizer))
    text.add(tokens)
    assert text.text == whole
    place = min(at, len(whole))
    count = text.token_at(place)
    text.cut(count)
    assert whole.startswith(text.text)
    assert len(text.text) <= place
    text.add(tokens[count:])
    assert text.text == whole
    assert len(text.ends) == len(tokens)


def test_a_character_of_several_tokens_is_one_place(tokenizer: Any) -> None:
    tokens = tokenizer("ab\u7b49cd", add_special_tokens=False)["input_ids"]
    text = SequenceText(pieces_of(tokenizer))
    text.add(tokens)
    first = text.token_at(text.text.index("\u7b49"))
    assert tokenizer.decode(tokens[:first]) == "ab"
