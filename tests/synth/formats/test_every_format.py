"""Every format × how it may come apart × how an answer is written: trace,
answer and `answered` come out as they were put in.
"""

import itertools
from collections.abc import Iterable

import pytest

from harness_ext.scoring.scores import score
from synth.formats import ResponseFormat, control_tokens, response_formats, split_response, with_opening
from synth.grading.answers import final_answer

TRACE = (
    "Seven rows of six seats. 7 times 6 is 42, less one broken seat is 41.\nWait, two stand apart: 43. Hmm,"
    " so it is 41 plus 2."
)
ANSWERS = {
    "plain": "There are 43 seats. The answer is 43.",
    "boxed": "So it is $\\boxed{43}$.",
    "tagged": "It is this: <answer>43</answer>",
}
ENDS = [
    "<|im_end|>",
    "<|eot_id|>",
    "</s>",
    "<end_of_turn>\n",
    "<turn|>",
    "<|endoftext|><|endoftext|>",
    "[|endofturn|]",
    "<|return|>",
]
ENDS += [
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<seed:eos>",
    "<eos><pad><pad>",
    "<|flush|>",
    "<|END_OF_TURN_TOKEN|>",
]
FORMATS = response_formats().formats


def marker(text: str) -> str:
    """A marker as some checkpoint writes it."""
    return text.replace("*", "3f9a")


def pairs(one: ResponseFormat) -> list[tuple[str, str]]:
    """Each opening marker with the closing one at its place in the list, else the first."""
    return [
        (
            marker(opening),
            marker(one.close[min(i, len(one.close) - 1)] if len(one.open) > 1 else one.close[0]),
        )
        for i, opening in enumerate(one.open)
    ]


def gap(one: ResponseFormat) -> str:
    return "\n\n" if one.at_line and not one.close[0].startswith("<") else "\n"


def written(one: ResponseFormat, opening: str, closing: str, answer: str, times: int = 1) -> tuple[str, int]:
    """A whole response, and where its answer begins;
    a closing marker that begins the answer is not written twice.
    """
    begins = marker(one.answer_open[0]) if one.answer_open else ""
    begins = (
        ""
        if closing.endswith(begins) or any(text in closing for text in map(marker, one.answer_open))
        else begins
    )
    before = f"{opening}{gap(one)}{TRACE}{gap(one)}{closing}" * times + f"\n{begins}"
    ends = marker(one.answer_close[0]) if one.answer_close else ""
    return f"{before}{answer}{ends}", len(before)


def check(response: str, answer: str, traces: int = 1) -> None:
    split, scores = split_response(response), score(response, "43")
    assert split.trace.count("less one broken seat") == traces, split
    assert split.trace.split() == (TRACE.split() * traces), split.trace
    assert split.answer == answer.replace("<answer>", "").replace("</answer>", ""), split.answer
    assert (scores["trace_present"], scores["trace_closed"], scores["answered"], scores["acc"]) == (
        1,
        1,
        1,
        1,
    ), final_answer(response)


def alone(one: ResponseFormat) -> list[str]:
    """The closing markers of a format that may stand without an opening one."""
    return [marker(text) for text in one.close if text in one.alone]


def several(one: ResponseFormat) -> bool:
    """Whether a response may hold several traces: not where the opening marker begins the response,
    or the closing one the answer.
    """
    return not one.at_line and one.close[0] not in one.answer_open


def each(formats: Iterable[ResponseFormat]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("one", list(formats), ids=lambda one: one.name)


every_answer = pytest.mark.parametrize("answer", list(ANSWERS.values()), ids=list(ANSWERS))


@each(FORMATS)
@every_answer
def test_whole_and_with_tokens_left_in(one: ResponseFormat, answer: str) -> None:
    for (opening, closing), end in itertools.product(pairs(one), ["", *ENDS]):
        check(written(one, opening, closing, answer)[0] + end, answer)


@each(filter(several, FORMATS))
@every_answer
def test_twice(one: ResponseFormat, answer: str) -> None:
    opening, closing = pairs(one)[0]
    response, _ = written(one, opening, closing, answer, times=2)
    check(response, answer, traces=2)
    again = response.index(TRACE, response.index(TRACE) + 1)
    assert split_response(response[: again + 40]).truncated


@each(FORMATS)
@every_answer
def test_cut_off_at_every_tenth_character(one: ResponseFormat, answer: str) -> None:
    opening, closing = pairs(one)[0]
    response, answer_from = written(one, opening, closing, answer)
    closes_from = response.index(TRACE) + len(TRACE) + len(gap(one))
    for end in range(len(opening) + 1, len(response), 10):
        split, scores = split_response(response[:end]), score(response[:end], "43")
        if end < closes_from:
            assert (split.truncated, split.answer) == (True, ""), response[:end]
            assert TRACE.startswith(split.trace)
            assert (scores["trace_present"], scores["answered"], scores["acc"]) == (1, 0, 0)
        elif end <= answer_from:
            assert (scores["answered"], scores["acc"]) == (0, 0), (end, response[:end])
        else:
            assert split.trace.split() == TRACE.split()
    for end in range(len(opening)):
        assert final_answer(response[:end]) is None


@each(FORMATS)
def test_a_response_whose_prompt_opens_the_trace_is_cut_off_within_it(one: ResponseFormat) -> None:
    prompt = f"Question?<|im_end|>\n<|im_start|>assistant\n{pairs(one)[0][0]}\n"
    if one.at_line and not one.alone:
        return  # the model writes this heading itself
    for end in range(5, len(TRACE), 10):
        cut = with_opening(prompt, TRACE[:end])
        assert split_response(cut).truncated
        assert final_answer(cut) is None


@each(filter(alone, FORMATS))
@every_answer
def test_the_opening_marker_may_be_missing(one: ResponseFormat, answer: str) -> None:
    for closing, end in itertools.product(alone(one), ["", *ENDS]):
        response, _ = written(one, "", closing, answer)
        check(response + end, answer)


SKIPPED = {
    "harmony": ("analysis", "assistantfinal"),
    "muse": (" to=self", "assistant to=user"),
    "turns": ("think\n", "answer\n"),
    "hyperclova": ("/think\n", "\nassistant\n"),
}
"""What is left where special tokens were dropped."""


@each(one for one in FORMATS if one.skipped)
@every_answer
def test_special_tokens_skipped(one: ResponseFormat, answer: str) -> None:
    opening, closing = SKIPPED[one.name]
    response = f"{opening}{TRACE}{closing}{answer}"
    check(response, answer)
    for end in range(len(opening) + 1, len(opening) + len(TRACE), 10):
        assert split_response(response[:end]).truncated
        assert final_answer(response[:end]) is None


def test_every_format_that_leaves_something_is_tried() -> None:
    assert {one.name for one in FORMATS if one.skipped} == set(SKIPPED)


def test_a_trace_is_closed_by_its_own_format_alone() -> None:
    for one, other in itertools.permutations(FORMATS, 2):
        if (
            one.at_line
            or other.at_line
            or set(one.close) & set(other.close)
            or set(one.open) & set(other.open)
        ):
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
