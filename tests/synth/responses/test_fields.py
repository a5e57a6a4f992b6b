import datetime
from typing import Any

import pytest

from synth.errors import StylerepError
from synth.responses.fields import Fields, gold_text, question_text, right_answer, row_responses, score_field

TRACE, ANSWER = "Nine and five. Hmm, that makes fourteen.", "The answer is 14."
BOTH = f"<think>\n{TRACE}\n</think>\n\n{ANSWER}"
QUESTION = {"question": "9 + 5?"}


def texts(row: dict[str, Any], fields: Fields | None = None) -> tuple[str, ...]:
    return row_responses(row, fields or Fields(), "here").texts


def gold(row: dict[str, Any], fields: Fields | None = None) -> str | None:
    return right_answer(row, fields or Fields(), row_responses(row, fields or Fields(), "here"), "here")


@pytest.mark.parametrize(
    "name", ["reasoning_content", "reasoning", "thinking", "reasoning_text", "trace", "thoughts", "cot"]
)
def test_a_trace_beside_the_response_is_put_before_it(name: str) -> None:
    assert texts({"response": ANSWER, name: TRACE}) == (BOTH,)
    assert texts({"response": None, name: TRACE}) == (f"<think>\n{TRACE}",)
    assert texts({"response": BOTH, name: TRACE}) == (BOTH,)
    assert texts({"responses": [ANSWER, ANSWER], name: [TRACE, TRACE]}) == (BOTH, BOTH)


def test_a_prompt_that_opens_the_trace_opens_that_of_the_response() -> None:
    prompt = "<|im_start|>user\n9 + 5?<|im_end|>\n<|im_start|>assistant\n<think>\n"
    assert texts({"prompt": prompt, "response": "Nine and five, so 14"}) == ("<think>\nNine and five, so 14",)
    assert texts({"prompt": prompt, "response": BOTH}) == (BOTH,)
    assert texts({"prompt": "9 + 5?", "response": ANSWER}) == (ANSWER,)


def test_a_field_that_is_named_is_read_and_no_other() -> None:
    row = {"response": "no", "mine": ANSWER, "why": TRACE, "reasoning": "no"}
    assert texts(row, Fields(response="mine", trace="why")) == (BOTH,)
    for fields in (Fields(response="other"), Fields(trace="other")):
        with pytest.raises(StylerepError, match="here: there is no field 'other'"):
            texts(row, fields)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            {"response": "a", "output": "b"},
            "both 'response' and 'output' may hold the response, and they differ; .* --response-field",
        ),
        (
            {"response": "a", "reasoning": "b b", "thinking": "c c"},
            "both 'reasoning' and 'thinking' may hold the trace, and they differ; .* --trace-field",
        ),
        ({"responses": ["a", "b"], "reasoning": "c c"}, "1 trace stands in 'reasoning' beside 2 responses"),
        (
            {"response": {"a": 1}},
            "a response must be a text, a list of texts, a chat or a server's reply, found dict",
        ),
    ],
)
def test_what_can_be_meant_in_two_ways_is_refused_by_name(row: dict[str, Any], says: str) -> None:
    with pytest.raises(StylerepError, match=f"here: {says}"):
        texts(row)


def test_two_right_answers_that_differ_are_refused_and_two_wordings_of_one_are_not() -> None:
    assert gold({"response": ANSWER, "answer": "1/2", "ground_truth": 0.5}) == "1/2"
    assert gold({"response": ANSWER, "answer": "9 + 5 = 14\n#### 14", "target": "14"}) == "14"
    with pytest.raises(
        StylerepError,
        match=r"here: both 'answer' and 'ground_truth' may hold the right answer, and they differ; .* --answer-field",  # noqa: E501
    ):
        gold({"response": ANSWER, "answer": "14", "ground_truth": "15"})
    assert (
        gold({"response": ANSWER, "answer": "14", "ground_truth": "15"}, Fields(answer="ground_truth"))
        == "15"
    )


def test_the_right_answer_is_never_the_response() -> None:
    assert gold({"response": ANSWER, "answer": ANSWER, "gold": "14"}) == "14"
    assert gold({"answer": "It is 9.", "expected": "14"}, Fields(response="answer")) == "14"
    assert gold({"solution": r"So \boxed{9}.", "gt_answer": "14"}, Fields(response="solution")) == "14"
    assert gold({"response": ANSWER, "answer": ANSWER}) is None
    assert gold({"response": "14", "answer": "14"}) == "14"


def test_letters_of_options_are_right_answers_and_no_scores() -> None:
    row = {"response": "The answer is B.", "options": ["12", "14", "15"], "correct": "B"}
    assert (gold(row), score_field(row, Fields())) == ("B", None)
    assert (gold({**row, "correct": "C"}), score_field({**row, "correct": "C"}, Fields())) == ("C", None)
    assert (gold({**row, "correct": True}), score_field({**row, "correct": True}, Fields())) == (
        None,
        "correct",
    )
    assert score_field({"response": "x", "correct": "C"}, Fields()) == "correct"
    for options in ({"text": ["12", "14"], "label": ["A", "B"]}, {"A": "12", "B": "14"}):
        assert gold({"response": "The answer is B.", "choices": options, "correct": "B"}) == "B"


def test_a_number_beside_options_is_the_place_of_one_unless_it_is_one() -> None:
    row = {"response": "The answer is B.", "options": ["12", "14", "15"]}
    assert [gold({**row, "answer": value}) for value in (0, 1, 3, 14, "1")] == ["A", "B", "3", "14", "1"]


def test_a_letter_and_the_text_of_its_option_are_one_right_answer() -> None:
    row = {"response": "The answer is B.", "options": ["12", "14", "15"]}
    assert gold({**row, "answer": "14", "answer_idx": "B"}) == "14"
    assert gold({**row, "gold": [1]}) == "B"
    assert gold({"response": ANSWER, "reward_model": {"ground_truth": "14", "style": "rule"}}) == "14"


def test_a_setting_of_reasoning_is_no_trace() -> None:
    assert (
        texts({"response": ANSWER, "reasoning": "medium"})
        == texts({"response": ANSWER, "reasoning": True})
        == (ANSWER,)
    )
    assert row_responses({"response": ANSWER, "reasoning": True}, Fields(), "here").encrypted == 0


def test_a_gold_answer_that_announces_itself_is_what_it_announces() -> None:
    assert [
        gold_text(text) for text in ("ANSWER: 14", "Answer: B", " 14", "answer:\n14", "#### 14", "x")
    ] == ["14", "B", "14", "14", "14", "x"]


def test_a_date_is_the_text_that_it_was() -> None:
    dates = (datetime.date(2026, 1, 5), datetime.datetime(2026, 1, 5), datetime.datetime(2026, 1, 5, 7, 30))
    assert [gold_text(date) for date in dates] == ["2026-01-05", "2026-01-05", "2026-01-05T07:30:00"]


def test_the_question_of_a_chat_is_what_was_asked() -> None:
    assert (
        question_text(
            {"messages": [{"role": "user", "content": "9 + 5?"}, {"role": "assistant", "content": "14"}]},
            None,
            "here",
        )
        == "9 + 5?"
    )
    assert question_text(QUESTION, None, "here") == "9 + 5?"
