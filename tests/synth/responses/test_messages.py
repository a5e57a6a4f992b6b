import base64
import json
import random
from typing import Any

import pytest

from synth.formats import split_response
from synth.responses.messages import conversation, responses_in, with_trace

TRACE, ANSWER = "Nine and five. Hmm, that makes fourteen.", "The answer is 14."
BOTH = f"<think>\n{TRACE}\n</think>\n\n{ANSWER}"
CUT = f"<think>\n{TRACE}"
BLOB = base64.b64encode(random.Random(0).randbytes(300)).decode()


def chat(message: dict[str, Any], reason: str | None = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}]}


STRUCTURES = {
    "text": BOTH,
    "list of texts": [BOTH],
    "lm_eval": [[BOTH]],
    "reasoning_content": chat({"content": ANSWER, "reasoning_content": TRACE}),
    "reasoning": chat({"content": ANSWER, "reasoning": TRACE}),
    "both names": chat({"content": ANSWER, "reasoning": TRACE, "reasoning_content": TRACE}),
    "openrouter": chat(
        {
            "content": ANSWER,
            "reasoning": None,
            "reasoning_details": [{"type": "reasoning.text", "text": TRACE, "signature": None}],
        }
    ),
    "summary of openrouter": chat(
        {"content": ANSWER, "reasoning_details": [{"type": "reasoning.summary", "summary": TRACE}]}
    ),
    "litellm": chat(
        {"content": ANSWER, "thinking_blocks": [{"type": "thinking", "thinking": TRACE, "signature": "s"}]}
    ),
    "kept in the content too": chat({"content": BOTH, "reasoning_content": TRACE}),
    "tags in the field": chat({"content": ANSWER, "reasoning_content": f"<think>{TRACE}</think>"}),
    "mistral": chat(
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": TRACE}]},
                {"type": "text", "text": ANSWER},
            ]
        }
    ),
    "anthropic": {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": TRACE, "signature": BLOB},
            {"type": "text", "text": ANSWER},
        ],
    },
    "anthropic batch": {
        "custom_id": "a",
        "result": {
            "type": "succeeded",
            "message": {
                "content": [{"type": "thinking", "thinking": TRACE}, {"type": "text", "text": ANSWER}],
                "stop_reason": "end_turn",
            },
        },
    },
    "openai batch": {
        "id": "b",
        "response": {"status_code": 200, "body": chat({"content": ANSWER, "reasoning_content": TRACE})},
        "error": None,
    },
    "responses": {
        "output": [
            {
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": TRACE}],
                "encrypted_content": BLOB,
            },
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]},
        ],
        "status": "completed",
    },
    "reasoning text of responses": [
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": TRACE}]},
        {"type": "message", "content": [{"type": "output_text", "text": ANSWER}]},
    ],
    "gemini": {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [{"text": TRACE, "thought": True}, {"text": ANSWER, "thoughtSignature": BLOB}],
                },
                "finishReason": "STOP",
            }
        ]
    },
    "bedrock": {
        "output": {
            "message": {
                "content": [{"reasoningContent": {"reasoningText": {"text": TRACE}}}, {"text": ANSWER}]
            }
        },
        "stopReason": "end_turn",
    },
    "cohere": {
        "message": {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": TRACE}, {"type": "text", "text": ANSWER}],
        }
    },
    "ollama": {"message": {"role": "assistant", "content": ANSWER, "thinking": TRACE}, "done_reason": "stop"},
    "inspect_ai": {
        "message": {
            "content": [
                {"type": "reasoning", "reasoning": BLOB, "summary": TRACE, "redacted": True},
                {"type": "text", "text": ANSWER},
            ]
        }
    },
    "chat": [
        {"role": "user", "content": "9 + 5?"},
        {"role": "assistant", "content": ANSWER, "reasoning_content": TRACE},
    ],
    "sharegpt": [{"from": "human", "value": "9 + 5?"}, {"from": "gpt", "value": BOTH}],
    "a message of its own": [
        {"role": "user", "content": "9 + 5?"},
        {"role": "reasoning", "content": TRACE},
        {"role": "assistant", "content": ANSWER},
    ],
    "langchain": [
        {"type": "human", "content": "9 + 5?"},
        {"type": "ai", "content": ANSWER, "additional_kwargs": {"reasoning_content": TRACE}},
    ],
    "langchain, serialised": {
        "lc": 1,
        "type": "constructor",
        "kwargs": {"content": ANSWER, "additional_kwargs": {"reasoning_content": TRACE}},
    },
    "channels": [
        {"role": "user", "content": "9 + 5?"},
        {"role": "assistant", "channel": "analysis", "content": TRACE},
        {"role": "assistant", "channel": "final", "content": ANSWER},
    ],
    "gemini's contents": [
        {"role": "user", "parts": [{"text": "9 + 5?"}]},
        {"role": "model", "parts": [{"text": TRACE, "thought": True}, {"text": ANSWER}]},
    ],
    "a reply as text": json.dumps(
        {
            "id": "a",
            "choices": [
                {"index": 0, "message": {"content": ANSWER, "reasoning": TRACE}, "finish_reason": "stop"}
            ],
        }
    ),
    "an object of one's own": {"reasoning": TRACE, "answer": ANSWER},
    "text completions": {"choices": [{"index": 0, "text": BOTH, "finish_reason": "stop"}]},
    "vllm offline": {"outputs": [{"index": 0, "text": BOTH, "finish_reason": "stop"}]},
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_trace_and_answer_come_out_of_every_structure(name: str) -> None:
    found = responses_in(STRUCTURES[name])
    assert found is not None
    assert [one.text for one in found] == [BOTH]


@pytest.mark.parametrize(
    "value",
    [
        chat({"content": None, "reasoning_content": TRACE}, "length"),
        chat({"content": "", "reasoning": TRACE}, None),
        chat({"content": [{"type": "thinking", "thinking": TRACE}]}, "length"),
        {"content": [{"type": "thinking", "thinking": TRACE}], "stop_reason": "max_tokens"},
        {
            "candidates": [
                {"content": {"parts": [{"text": TRACE, "thought": True}]}, "finishReason": "MAX_TOKENS"}
            ]
        },
        {"output": [{"type": "reasoning", "summary": [{"text": TRACE}]}], "status": "incomplete"},
    ],
)
def test_a_reply_that_was_cut_off_leaves_its_trace_open(value: Any) -> None:
    (said,) = responses_in(value) or []
    assert said.text == CUT
    assert split_response(said.text).truncated


@pytest.mark.parametrize(
    "value",
    [
        {"content": [{"type": "redacted_thinking", "data": BLOB}, {"type": "text", "text": ANSWER}]},
        {
            "content": [
                {"type": "thinking", "thinking": "", "signature": BLOB},
                {"type": "text", "text": ANSWER},
            ]
        },
        {
            "content": [
                {"type": "reasoning", "reasoning": BLOB, "redacted": True},
                {"type": "text", "text": ANSWER},
            ]
        },
        {"content": [{"reasoningContent": {"redactedContent": BLOB}}, {"text": ANSWER}]},
        chat({"content": ANSWER, "reasoning_content": BLOB}),
        chat(
            {
                "content": ANSWER,
                "reasoning": None,
                "reasoning_details": [{"type": "reasoning.encrypted", "data": BLOB}],
            }
        ),
        {
            "output": [
                {"type": "reasoning", "summary": [], "encrypted_content": BLOB},
                {"type": "message", "content": [{"type": "output_text", "text": ANSWER}]},
            ]
        },
    ],
)
def test_what_is_encrypted_is_no_trace_and_is_said(value: Any) -> None:
    assert responses_in(value) == [(ANSWER, True)]


def test_what_is_no_response_is_none() -> None:
    for value in (5, None, {"a": 1}, [1], [{"a": 1}], [{"role": "user", "content": "9 + 5?"}], [["a"], 5]):
        assert responses_in(value) is None


def test_several_choices_are_several_responses_and_what_was_withheld_is_empty() -> None:
    reply = {
        "choices": [{"index": i, "message": {"content": str(i)}, "finish_reason": "stop"} for i in range(3)]
    }
    assert [one.text for one in responses_in(reply) or []] == ["0", "1", "2"]
    assert [one.text for one in responses_in(["a", None]) or []] == ["a", ""]
    assert responses_in([]) == []


def test_depth_ends() -> None:
    value: Any = "x"
    for _ in range(5000):
        value = {"message": {"content": [value]}}
    assert responses_in(value) is not None


def test_a_trace_is_not_put_where_it_is_already() -> None:
    assert with_trace(TRACE, BOTH) == BOTH
    assert (
        with_trace(f"{TRACE} And some more of it.", f"{TRACE} And some more of it. {ANSWER}")
        == f"{TRACE} And some more of it. {ANSWER}"
    )
    assert with_trace("", ANSWER) == with_trace(None, ANSWER) == ANSWER
    assert with_trace(TRACE, "", ended=True) == f"<think>\n{TRACE}\n</think>\n\n"


def test_a_question_is_what_was_asked() -> None:
    asked = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "9 + 5?"}]},
        {"role": "assistant", "content": "14"},
    ]
    assert conversation(asked) == "Be brief.\n\n9 + 5?"
    assert conversation("9 + 5?") == "9 + 5?"
