"""Every format × how it may come apart × how an answer is written: trace, answer and `answered` come out as they were put in."""

import itertools

import pytest

from harness_ext.metrics import score
from synth.formats import ResponseFormat, control_tokens, response_formats, split_response, with_opening
from synth.grading.answers import final_answer

TRACE = "Seven rows of six seats. 7 times 6 is 42, less one broken seat is 41.\nWait, two stand apart: 43. Hmm, so it is 41 plus 2."
ANSWERS = {"plain": "There are 43 seats. The answer is 43.", "boxed": "So it is $\\boxed{43}$.", "tagged": "It is this: <answer>43</answer>"}
ENDS = ["<|im_end|>", "<|eot_id|>", "</s>", "<end_of_turn>\n", "<turn|>", "<|endoftext|><|endoftext|>", "[|endofturn|]", "<|return|>"]
ENDS += ["<\uff5cend\u2581of\u2581sentence\uff5c>", "<seed:eos>", "<eos><pad><pad>", "<|flush|>", "<|END_OF_TURN_TOKEN|>"]
FORMATS = response_formats().formats


def marker(text: str) -> str:
    """A marker as some checkpoint writes it."""
    return text.replace("*", "3f9a")


def pairs(one: ResponseFormat) -> list[tuple[str, str]]:
    """Each opening marker with the closing one at its place in the list, else the first."""
    return [(marker(opening), marker(one.close[min(i, len(one.close) - 1)] if len(one.open) > 1 else one.close[0])) for i, opening in enumerate(one.open)]


def gap(one: ResponseFormat) -> str:
    return "\n\n" if one.at_line and not one.close[0].startswith("<") else "\n"


def written(one: ResponseFormat, opening: str, closing: str, answer: str, times: int = 1) -> tuple[str, int]:
    """A whole response, and where its answer begins; a closing marker that begins the answer is not written twice."""
    begins = marker(one.answer_open[0]) if one.answer_open else ""
    begins = "" if closing.endswith(begins) or any(text in closing for text in map(marker, one.answer_open)) else begins
    before = f"{opening}{gap(one)}{TRACE}{gap(one)}{closing}" * times + f"\n{begins}"
    ends = marker(one.answer_close[0]) if one.answer_close else ""
    return f"{before}{answer}{ends}", len(before)


def check(response: str, answer: str, traces: int = 1) -> None:
    split, scores = split_response(response), score(response, "43")
    assert split.trace.count("less one broken seat") == traces, split
    assert split.trace.split() == (TRACE.split() * traces), split.trace
    assert split.answer == answer.replace("<answer>", "").replace("</answer>", ""), split.answer
    assert (scores["trace_present"], scores["trace_closed"], scores["answered"], scores["acc"]) == (1, 1, 1, 1), final_answer(response)


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
@pytest.mark.parametrize("kind", ANSWERS)
class TestFormat:
    def test_whole(self, one: ResponseFormat, kind: str) -> None:
        for opening, closing in pairs(one):
            check(written(one, opening, closing, ANSWERS[kind])[0], ANSWERS[kind])

    def test_ends_left_in(self, one: ResponseFormat, kind: str) -> None:
        for end in ENDS:
            check(written(one, *pairs(one)[0], ANSWERS[kind])[0] + end, ANSWERS[kind])

    def test_twice(self, one: ResponseFormat, kind: str) -> None:
        if one.at_line:
            pytest.skip("what opens a trace here begins the response, so there is one trace")
        opening, closing = pairs(one)[0]
        if closing in map(marker, one.answer_open):
            pytest.skip("what closes a trace here begins the answer, so there is one trace")
        check(written(one, opening, closing, ANSWERS[kind], times=2)[0], ANSWERS[kind], traces=2)

    def test_cut_off_at_every_tenth_character(self, one: ResponseFormat, kind: str) -> None:
        opening, closing = pairs(one)[0]
        response, answer_from = written(one, opening, closing, ANSWERS[kind])
        closed_from = response.index(TRACE) + len(TRACE) + len(gap(one)) + len(closing)
        for end in range(len(opening) + 1, len(response), 10):
            split, scores = split_response(response[:end]), score(response[:end], "43")
            if end < closed_from - len(closing):
                assert (split.truncated, split.answer) == (True, ""), response[:end]
                assert TRACE.startswith(split.trace)
                assert (scores["trace_present"], scores["answered"], scores["acc"]) == (1, 0, 0)
            elif end <= answer_from:
                assert (scores["answered"], scores["acc"]) == (0, 0), (end, response[:end])
            else:
                assert split.trace.split() == TRACE.split()
        for end in range(len(opening)):
            assert final_answer(response[:end]) is None

    def test_opening_in_the_prompt(self, one: ResponseFormat, kind: str) -> None:
        opening, closing = pairs(one)[0]
        response, _ = written(one, opening, closing, ANSWERS[kind])
        rest = response[len(opening) :]
        if closing in map(marker, one.alone):
            check(rest, ANSWERS[kind])
        else:
            alone = [text for text in map(marker, one.close) if text in map(marker, one.alone)]
            if not alone:
                pytest.skip("the model always opens this trace itself")
            check(rest.replace(closing, alone[0], 1), ANSWERS[kind])
        prompt = f"Question?<|im_end|>\n<|im_start|>assistant\n{opening}\n"
        for end in range(5, len(TRACE), 10):
            cut = with_opening(prompt, TRACE[:end])
            assert split_response(cut).truncated
            assert final_answer(cut) is None

    def test_special_tokens_skipped(self, one: ResponseFormat, kind: str) -> None:
        if one.skipped is None:
            pytest.skip("nothing would be left of this format's markers, or they are no special tokens")
        opening, closing = SKIPPED[one.name]
        response = f"{opening}{TRACE}{closing}{ANSWERS[kind]}"
        check(response, ANSWERS[kind])
        for end in range(len(opening) + 1, len(opening) + len(TRACE), 10):
            assert split_response(response[:end]).truncated
            assert final_answer(response[:end]) is None


SKIPPED = {
    "harmony": ("analysis", "assistantfinal"),
    "muse": (" to=self", "assistant to=user"),
    "turns": ("think\n", "answer\n"),
    "hyperclova": ("/think\n", "\nassistant\n"),
}
"""What is left where special tokens were dropped."""


def test_every_format_that_leaves_something_is_tried() -> None:
    assert {one.name for one in FORMATS if one.skipped} == set(SKIPPED)


def test_a_trace_is_closed_by_its_own_format_alone() -> None:
    for one, other in itertools.permutations(FORMATS, 2):
        if one.at_line or other.at_line or set(one.close) & set(other.close) or set(one.open) & set(other.open):
            continue
        response = f"{marker(one.open[0])}\n{TRACE}\n{marker(other.close[0])}\nThe answer is 43."
        if split_response(f"{marker(one.open[0])}{TRACE}{marker(other.close[0])}x").closed:
            assert any(text in other.close[0] for text in one.close), (one.name, other.name)
            continue
        assert split_response(response).truncated, (one.name, other.name)


@pytest.mark.parametrize("end", ENDS)
def test_a_token_at_the_end_is_seen(end: str) -> None:
    assert control_tokens().ends_in_one(f"The answer is 43.{end}")
    assert not control_tokens().ends_in_one("The answer is <b>.")
