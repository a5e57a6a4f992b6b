"""The length of a trace: its end taken back so many times,
and a budget after which it is closed and answered.
"""

from typing import Any

import pytest

from distill.models.loading import load_tokenizer
from harness_ext.backends.style_hf.control import ControlLoop, StopStrings
from harness_ext.backends.style_hf.generation import write
from harness_ext.backends.style_hf.sampler import TokenSampler
from harness_ext.backends.style_hf.sequence import TokenSequence
from harness_ext.backends.style_hf.sequence_text import encode_after
from harness_ext.backends.style_hf.thinking_budget import ThinkingBudget
from synth.formats import split_response
from synth.grading.answers import final_answer
from tests.harness_ext.backends.style_hf.scripted import END, Scripted, pieces_of

CLOSE = "</think>"


@pytest.fixture(scope="module")
def tokenizer(real_model: str) -> Any:
    return load_tokenizer(real_model)


def think(
    tokenizer: Any, thinking: ThinkingBudget, said: str, limit: int = 120, sequences: int = 3, stop: str = ""
) -> list[tuple[TokenSequence, str]]:
    """Have several responses written that say *said* after every forced text, and then end."""
    encode = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]  # noqa: E731
    tokens, answer = encode(said), encode(" 7.")

    def script(sequence: TokenSequence) -> list[int]:
        begun = sequence.forced[-1] if sequence.forced else None
        words = answer if begun and begun.why == "answer" else tokens
        place = sequence.count - (begun.stop if begun else 0)
        return [words[place] if place < len(words) else END]

    model, pieces = Scripted(len(tokenizer), tokenizer.eos_token_id, script), pieces_of(tokenizer)
    watch = ControlLoop(
        [thinking, StopStrings([stop])], pieces, lambda text: encode_after(encode, pieces, text)
    )
    waiting = [TokenSequence(index, [5, 6, 7], 3, limit) for index in range(sequences)]
    ended = list(
        write(model, waiting, 2, TokenSampler(model, {}), watch, frozenset({tokenizer.eos_token_id}))
    )
    return [
        (sequence, str(tokenizer.decode(sequence.written, skip_special_tokens=True))) for sequence in ended
    ]


@pytest.mark.parametrize(
    "said",
    [
        "<think>\nWe add 3 and 4.\n</think>\n\nThe answer is 7.",
        "We add.</think> The answer is 7.",
        "We add 3 and 4.\n",
    ],
)
@pytest.mark.parametrize("times", [0, 1, 2, 5])
def test_the_end_of_a_trace_is_taken_back_exactly_so_often(tokenizer: Any, said: str, times: int) -> None:
    for sequence, text in think(tokenizer, ThinkingBudget(CLOSE, times, "Wait", None, ""), said):
        assert text.count("Wait") == times == sum(one.why == "wait" for one in sequence.forced)
        assert text.count(CLOSE) == said.count(CLOSE)
        assert sequence.ended == "end"
        forced = [tokenizer.decode(sequence.written[one.start : one.stop]) for one in sequence.forced]
        assert all(part.endswith("\n\nWait") for part in forced)
        assert text.startswith(said.partition("</")[0].rstrip())


@pytest.mark.parametrize(("opening", "closing"), [("<think>", "</think>"), ("[THINK]", "[/THINK]")])
def test_a_trace_is_closed_by_the_tag_that_fits_its_beginning(
    tokenizer: Any, opening: str, closing: str
) -> None:
    for sequence, text in think(
        tokenizer,
        ThinkingBudget("[/THINK]", 0, "", 20, "The answer is"),
        f"{opening}\n" + "We add one more. " * 20,
    ):
        assert [one.why for one in sequence.forced] == ["answer"]
        assert f"{closing}\n\nThe answer is" in text
        assert split_response(text).closed
    for _, text in think(
        tokenizer,
        ThinkingBudget("[/THINK]", 1, "Wait", None, ""),
        f"{opening}\nWe add.\n{closing}\n\nThe answer is 7.",
        sequences=1,
    ):
        assert text.count("Wait") == 1


def test_a_trace_with_its_end_taken_back_is_one_trace_with_the_pivots_in_it(tokenizer: Any) -> None:
    ((_, text),) = think(
        tokenizer,
        ThinkingBudget(CLOSE, 2, "Wait", None, ""),
        "<think>\nWe add 3.\n</think>\n\nThe answer is 7.",
        sequences=1,
    )
    split = split_response(text)
    assert split.closed
    assert split.trace.count("Wait") == 2
    assert split.answer == "The answer is 7."


@pytest.mark.parametrize("said", ["<think>\n" + "We add 3 and 4. " * 30, "and " * 200])
def test_a_budget_closes_the_trace_and_has_the_model_answer(tokenizer: Any, said: str) -> None:
    for sequence, text in think(tokenizer, ThinkingBudget(CLOSE, 0, "Wait", 20, "The answer is"), said):
        assert sequence.closed is not None
        assert len(tokenizer(split_response(text).trace)["input_ids"]) <= 20
        assert text.endswith("</think>\n\nThe answer is 7.")
        assert final_answer(text, "number") is not None
        assert sequence.ended == "end"


def test_a_budget_that_is_not_used_up_changes_nothing(tokenizer: Any) -> None:
    said = "<think>\nWe add.\n</think>\n\nThe answer is 7."
    for sequence, text in think(tokenizer, ThinkingBudget(CLOSE, 0, "Wait", 60, "The answer is"), said):
        assert (text, sequence.forced) == (said, [])


def test_a_budget_goes_before_a_trace_that_is_to_go_on(tokenizer: Any) -> None:
    for sequence, text in think(
        tokenizer,
        ThinkingBudget(CLOSE, 50, "Wait", 40, "The answer is"),
        "<think>\nWe add.\n</think>\n\nThe answer is 7.",
    ):
        assert text.count(CLOSE) == 1
        assert sequence.forced[-1].why == "answer"


def test_the_limit_of_new_tokens_holds_for_what_is_forced_too(tokenizer: Any) -> None:
    for sequence, _ in think(
        tokenizer, ThinkingBudget(CLOSE, 50, "Wait", None, ""), "We add 3 and 4.", limit=33
    ):
        assert (sequence.count, sequence.ended) == (33, "length")


def test_a_stop_string_over_several_tokens_ends_the_response_at_once(tokenizer: Any) -> None:
    for sequence, text in think(
        tokenizer,
        ThinkingBudget(CLOSE, 0, "Wait", None, ""),
        "We add 3 and 4. Stop here, please. More.",
        stop="op here",
    ):
        assert sequence.ended == "stop"
        assert text.endswith("Stop here")
