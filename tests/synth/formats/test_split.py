import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.formats import split_response


@pytest.mark.parametrize(
    ("response", "trace", "answer", "tagged", "closed"),
    [
        ("<think>\na\n</think>\n\nThe answer is 3.", "a", "The answer is 3.", True, True),
        (
            "opened by the prompt\n</think>\nThe answer is 3.",
            "opened by the prompt",
            "The answer is 3.",
            True,
            True,
        ),
        ("<think>cut off", "cut off", "", True, False),
        ("<think></think>42", "", "42", True, True),
        ("<think>a</think>b<think>c</think>d", "a        b       c", "d", True, True),
        ("<think>a</think>b<think>c", "a        b       c", "", True, False),
        ("<think>a</think>3<think>", "a", "3", True, True),
        ("<think>a</think>3</think>", "a", "3", True, True),
        ("</think>3", "3", "3", False, False),
        (
            "<|im_start|>assistant\n<think>a</think>3<|im_end|>\n<|im_start|>user\nAnd 4?<|im_end|>",
            "a",
            "3",
            True,
            True,
        ),
        ("<inner_thoughts>a</inner_thoughts>3", "a", "3", True, True),
        ("[BEGIN THINKING]a[END THINKING]3", "a", "3", True, True),
        ("<|thought_start|>a<|thought_end|>3", "a", "3", True, True),
        ("<think>a</thought>3", "a          3", "", True, False),
        ("<reflection>a</reflection>3", "a", "3", True, True),
        ("<think_on><think>a</think>3", "a", "3", True, True),
        ('<think effort="low">a</think>3', "a", "3", True, True),
        (
            "The tag `<think>` opens. 3",
            "The tag `       ` opens. 3",
            "The tag `<think>` opens. 3",
            False,
            False,
        ),
        (
            '<details type="reasoning" done="true">\n<summary>Thought</summary>\na\n</details>\n3',
            "a",
            "3",
            True,
            True,
        ),
        (
            "<|channel|>commentary<|message|>b<|end|><|start|>assistant<|channel|>final<|message|>3",
            "3",
            "3",
            False,
            False,
        ),
        ("The answer is 3.[e~[", "", "The answer is 3.", False, False),
        ("analysis\na\nassistantfinal\n3", "a", "3", True, True),
        ("assistantanalysisWe addassistantfinal3", "We add", "3", True, True),
        ("<\u601d\u8003>a</\u601d\u8003>3", "a", "3", True, True),
        ("<think>a</think >3", "a", "3", True, True),
        (
            'I never write "<think>". 3',
            'I never write "       ". 3',
            'I never write "<think>". 3',
            False,
            False,
        ),
        (
            '<think>a</think>\n<tool_call>\n{"name": "add", "arguments": {"x": 3}}\n</tool_call>',
            "a",
            "",
            True,
            True,
        ),
        ('<think>a</think>[TOOL_CALLS]add[ARGS]{"x": 3}', "a", "", True, True),
        ("<think>a</think>3[/INST]", "a", "3", True, True),
        ("<b>3</b>", "<b>3</b>", "<b>3</b>", False, False),
        (
            "<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>3<|end_of_solution|>",
            "a",
            "3",
            True,
            True,
        ),
        ("<|begin_of_thought|>a<|begin_of_solution|>3", "a", "3", True, True),
        ("<|begin_of_thought|>a, cut", "a, cut", "", True, False),
        ("[THINK]a[/THINK]3", "a", "3", True, True),
        ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>3<|END_RESPONSE|>", "a", "3", True, True),
        ("\u25c1think\u25b7a\u25c1/think\u25b73", "a", "3", True, True),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>3<|return|>",
            "a",
            "3",
            True,
            True,
        ),
        ("<think><think>a</think></think>3", "a", "3", True, True),
        (
            "I add. So the answer is 4.",
            "I add. So the answer is 4.",
            "I add. So the answer is 4.",
            False,
            False,
        ),
        ("The answer is 42.", "", "The answer is 42.", False, False),
        ("\\boxed{42}", "", "\\boxed{42}", False, False),
        ("just 42", "just 42", "just 42", False, False),
        ("", "", "", False, False),
    ],
)
def test_split(response: str, trace: str, answer: str, tagged: bool, closed: bool) -> None:
    split = split_response(response)
    assert (split.trace.strip(), split.answer, split.tagged, split.closed) == (trace, answer, tagged, closed)


def test_derivation_stops_where_the_answer_is_stated() -> None:
    assert (
        split_response("The answer is 5? No: 3 + 3 = 6. So the answer is 6.").derivation
        == "The answer is 5? No: 3 + 3 = 6."
    )
    assert split_response("<think>so the answer is 6</think>6").derivation == "so the answer is 6"


@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "a b", "\n", "The answer is 5.", "<|end_of_thought|>", "x"]),
        max_size=12,
    )
)
def test_the_trace_is_a_slice_with_its_tags_blanked(parts: list[str]) -> None:
    response = "".join(parts)
    split = split_response(response)
    there = response[split.start : split.start + len(split.trace)]
    assert len(there) == len(split.trace)
    assert all(ours in (theirs, " ") for ours, theirs in zip(split.trace, there, strict=True))
    assert split.truncated == (split.tagged and not split.closed)


HOSTILE = [
    "<think>a</think>" + "x</think>" * 100_000,
    "<think>" * 100_000,
    "</think>" * 100_000,
    "<|user|>" * 100_000,
    "<|im_end|>" * 100_000 + "5",
    "<|im_start|>user\n" * 50_000,
    "## Thinking\n" + "x## Final Response" * 50_000,
    "<|begin_of_box|>" * 60_000,
    "<think>a</think><|begin_of_box|>" + "1 " * 300_000,
    "<|channel|>analysis" * 50_000,
    "<|channel|>analysis<|message|>a<|end|>" * 20_000,
    "<think>a</think>" + "<response>x" * 80_000,
    "<" * 1_000_000,
    "[" * 1_000_000,
    "<|" * 400_000,
    "<think>a</think>" + "<answer>" * 100_000,
    " " * 1_000_000 + "<think>",
    "<|x" * 300_000 + ">",
]


@pytest.mark.parametrize("response", HOSTILE, ids=lambda text: text[:24])
def test_a_megabyte_of_markers_takes_no_longer_than_a_megabyte_of_text(response: str) -> None:
    split_response("warm")
    began = time.process_time()
    split_response(response)
    assert time.process_time() - began < 10
