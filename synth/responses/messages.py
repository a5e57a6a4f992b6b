"""What a model said, in whatever structure a server, a harness or a data set has it:
the trace and the answer as one text.

    {"content": "It is 7.", "reasoning_content": "3 + 4 …"}                                    servers with a
    reasoning parser, Ollama (thinking) {"content": [{"type": "thinking", "thinking": "3 + 4 …"}, {"type":
    "text", "text": "It is 7."}]}      Anthropic, Mistral, Cohere, inspect_ai {"parts": [{"text": "3 + 4 …",
    "thought": true}, {"text": "It is 7."}]}                    Gemini; reasoningContent of Bedrock likewise
    [{"type": "reasoning", "summary": […]}, {"type": "message", "content":
    […]}]                OpenAI's Responses

A trace that stands apart from its answer is put before it, between ``<think>`` and ``</think>``; where no
answer came it is left open, since the response was cut off. What is encrypted is no trace:
its summary is, where there is one.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from synth.formats import CLOSE, OPEN, control_tokens, split_response

TRACE_FIELDS = (
    "reasoning_content",
    "reasoning",
    "thinking",
    "thinking_content",
    "reasoning_text",
    "reasoning_details",
    "thinking_blocks",
    "thought",
    "thoughts",
    "reasoning_trace",
    "trace",
    "chain_of_thought",
    "cot",
    "scratchpad",
    "thought_process",
    "internal_reasoning",
    "model_reasoning",
    "model_thinking",
    "reasoning_output",
    "thinking_text",
)
"""Names of fields that hold a trace beside its answer."""
ASSISTANT = ("assistant", "gpt", "model", "ai", "bot", "chatbot", "AIMessage", "AIMessageChunk")
_TRACE_ROLES = ("reasoning", "thinking", "thought", "analysis")
_LANGCHAIN = (
    "human",
    "ai",
    "system",
    "tool",
    "HumanMessage",
    "AIMessage",
    "AIMessageChunk",
    "SystemMessage",
    "ToolMessage",
)
_REPLIES = ("choices", "candidates", "outputs", "generations")
_WITHIN = ("body", "response", "result", "message", "output", "delta")
_ENDED = (
    "stop",
    "end_turn",
    "stop_sequence",
    "eos",
    "eos_token",
    "complete",
    "completed",
    "tool_calls",
    "tool_use",
    "function_call",
    "content_filter",
    "refusal",
)
_CONTENT = ("content", "parts", "value", "text", "generated_text", "output_text")
_ENCRYPTED = re.compile(r"[A-Za-z0-9+/_=-]{200,}\s*\Z")
_SENTENCE, _HEAD = 40, 600
_DEEPEST = 12


class Said(NamedTuple):
    """One response; `encrypted` says that its trace, or a part of it, could not be read."""

    text: str
    encrypted: bool = False


class _Pieces:
    """The parts of one response, in their order."""

    def __init__(self) -> None:
        self.traces: list[str] = []
        self.texts: list[str] = []
        self.encrypted = False

    def trace(self, text: str) -> None:
        if _ENCRYPTED.match(text.strip()):
            self.encrypted = True
        elif text.strip():
            self.traces.append(text.strip())


def with_trace(trace: Any, answer: str, ended: bool = False) -> str:
    """Return a response whose trace was recorded apart from it; without an answer it was cut off within its
    trace, unless it is known to have *ended*.

    A trace that the answer holds already, between tags or as it is, is not put there again.
    """
    if not isinstance(trace, str) or not trace.strip():
        return answer
    split = split_response(answer)
    if (split.tagged and split.trace) or (len(trace.strip()) > _SENTENCE and trace.strip() in answer):
        return answer
    plain = control_tokens().removed(trace).strip()
    after = f"\n{CLOSE}\n\n{answer.strip()}" if answer.strip() or ended else ""
    return f"{OPEN}\n{plain}{after}"


def responses_in(value: Any) -> list[Said] | None:
    """Return the responses that a value holds: a text, texts, a chat (of which the last message of the
    assistant counts), parts, a server's reply.

    An empty list has none, and None in a list is a response that a server withheld.
    Returns None for what is nothing of the kind.
    """
    return _responses(value, 0)


def message_said(message: Any) -> Said | None:
    """Return what a message of an assistant says, or a choice of a server's reply;
    None where it has neither text nor trace.
    """
    if isinstance(message, str):
        return Said(message)
    if not isinstance(message, Mapping):
        return None
    inner = message.get("message", message.get("delta", message.get("kwargs")))
    holder = inner if isinstance(inner, Mapping) else message
    pieces = _Pieces()
    content = next((holder[name] for name in _CONTENT if holder.get(name) is not None), None)
    if content is None:  # an object of our users' own
        content = next(
            (
                holder[name]
                for name in ("answer", "response", "final_answer", "completion")
                if isinstance(holder.get(name), str)
            ),
            None,
        )
    fields: Mapping[str, Any] = next(
        (
            holder[name]
            for name in ("provider_specific_fields", "additional_kwargs")
            if isinstance(holder.get(name), Mapping)
        ),
        {},
    )
    beside = [place[name] for place in (holder, fields) for name in TRACE_FIELDS if place.get(name)]
    if content is None and not beside and not any(name in holder for name in ("content", "refusal", "text")):
        return None
    for one in beside[:1]:
        _take_trace({"type": "reasoning", "reasoning": one} if isinstance(one, str) else one, pieces, 0)
    found = len(pieces.traces)
    _take(content if content is not None else holder.get("refusal"), pieces, 0)
    if found and len(pieces.traces) > found:
        del pieces.traces[:found]  # the same trace, once beside the content and once within it
    return _whole(pieces, _finish(message))


def conversation(value: Any) -> str:
    """Return what a prompt says, given as a text or as a chat,
    of which all but the assistant's messages count.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, Sequence):
        return ""
    messages = [
        one for one in value if isinstance(one, Mapping) and _role(one) not in (*ASSISTANT, *_TRACE_ROLES)
    ]
    return "\n\n".join(plain_text(one.get("content", one.get("value"))) for one in messages)


def plain_text(content: Any) -> str:
    """Return the texts of a message's content, a text or a list of parts, without traces."""
    pieces = _Pieces()
    _take(content, pieces, 0)
    return "".join(pieces.texts)


def is_chat(value: Any) -> bool:
    """Say whether a value is a list of messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, Mapping) and bool(_role(one)) for one in value)
    )


def _responses(value: Any, depth: int) -> list[Said] | None:  # noqa: PLR0911 (one return for each structure)
    if depth > _DEEPEST:
        return None
    if isinstance(value, str):
        return _of_text(value, depth)
    if isinstance(value, Mapping):
        return _of_reply(value, depth)
    if not isinstance(value, list):
        return None
    if all(one is None or isinstance(one, str) for one in value):
        return [Said(one or "") for one in value]
    if all(isinstance(one, list) for one in value):  # lm_eval: a list for each request
        parts = [_responses(one, depth + 1) for one in value]
        return [said for part in parts for said in part] if all(part is not None for part in parts) else None  # type: ignore[union-attr] # none is None
    if not all(isinstance(one, Mapping) for one in value):
        return None
    if is_chat(value) and not any(one.get("type") == "reasoning" for one in value):
        return _of_chat(value)
    if any(
        one.get("type") in ("reasoning", "message", "text", "thinking", "output_text") for one in value
    ) or all("thought" in one or "text" in one for one in value):
        if all("finish_reason" in one or "index" in one for one in value):
            return _each(value)
        pieces = _Pieces()
        _take(value, pieces, depth)
        return [_whole(pieces, None)]
    return _each(value)


def _of_text(text: str, depth: int) -> list[Said]:
    """Return a text as one response, or what a server's reply says that was written as JSON."""
    if text.startswith("{") and any(f'"{name}"' in text[:_HEAD] for name in _REPLIES):
        try:
            reply = json.loads(text)
        except (ValueError, RecursionError):
            reply = None
        if isinstance(reply, dict) and (said := _of_reply(reply, depth + 1)) is not None:
            return said
    return [Said(text)]


def _each(values: Sequence[Any]) -> list[Said] | None:
    found = [message_said(one) for one in values]
    return (
        [said for said in found if said is not None]
        if found and all(said is not None for said in found)
        else None
    )


def _of_chat(messages: Sequence[Mapping[str, Any]]) -> list[Said] | None:
    """Return the last message of the assistant, with a trace that has a message of its own before it."""
    places = [number for number, one in enumerate(messages) if _role(one) in ASSISTANT]
    if not places:
        return None
    if any(one.get("channel") for one in messages):
        return _of_channels([messages[place] for place in places])
    said = message_said(messages[places[-1]])
    before = messages[places[-1] - 1] if places[-1] else {}
    if said is not None and _role(before) in _TRACE_ROLES:
        return [
            Said(
                with_trace(plain_text(before.get("content", before.get("value"))), said.text), said.encrypted
            )
        ]
    return None if said is None else [said]


def _of_channels(messages: Sequence[Mapping[str, Any]]) -> list[Said] | None:
    """Return the answer of messages that name their channels, as gpt-oss has them:
    analysis is the trace, final the answer.
    """
    traces, finals = (
        [plain_text(one.get("content")) for one in messages if one.get("channel") == channel]
        for channel in ("analysis", "final")
    )
    return [Said(with_trace("\n\n".join(traces), "\n\n".join(finals[-1:])))] if traces or finals else None


def _of_reply(value: Mapping[str, Any], depth: int) -> list[Said] | None:
    """Return the responses of a server's reply, of a line of a batch, or of a lone message."""
    for name in _REPLIES:
        if isinstance(value.get(name), list) and value[name]:
            return _responses(value[name], depth + 1)
    if isinstance(value.get("output"), list):  # of OpenAI's Responses
        pieces = _Pieces()
        _take(value["output"], pieces, depth)
        return [_whole(pieces, _finish(value))]
    if (said := message_said(value)) is not None:
        return [said]
    for name in _WITHIN:
        if isinstance(value.get(name), (Mapping, list)):
            return _responses(value[name], depth + 1)
    return (
        [Said("")] if value.get("error") or value.get("type") in ("errored", "canceled", "expired") else None
    )


def _take(content: Any, pieces: _Pieces, depth: int) -> None:
    """Sort the parts of a content into traces and texts."""
    if isinstance(content, str):
        pieces.texts.append(content)
    elif isinstance(content, Mapping) and depth < _DEEPEST:
        _take_part(content, pieces, depth + 1)
    elif isinstance(content, list) and depth < _DEEPEST:
        for part in content:
            _take(part, pieces, depth + 1)


def _take_part(part: Mapping[str, Any], pieces: _Pieces, depth: int) -> None:
    kind = str(part.get("type", ""))
    if (
        kind.startswith(("thinking", "reasoning", "thought", "redacted"))
        or part.get("thought") is True
        or "reasoningContent" in part
    ):
        _take_trace(part, pieces, depth)
    elif kind in ("tool_use", "tool_call", "function_call", "image_url", "image", "tool_result"):
        return
    elif isinstance(part.get("text"), str):
        pieces.texts.append(part["text"])
    elif isinstance(part.get("refusal"), str):
        pieces.texts.append(part["refusal"])
    elif "content" in part or "parts" in part:
        _take(part.get("content", part.get("parts")), pieces, depth)


def _take_trace(part: Any, pieces: _Pieces, depth: int) -> None:
    """Take what can be read of a part that holds a trace: the trace itself, else its summary."""
    if depth > _DEEPEST:
        return
    if isinstance(part, list):
        for one in part:
            _take_trace(one, pieces, depth + 1)
        return
    if isinstance(part, str):
        pieces.trace(part)
        return
    if not isinstance(part, Mapping):
        return
    bedrock = part.get("reasoningContent")
    if isinstance(bedrock, Mapping):
        pieces.encrypted |= "redactedContent" in bedrock
        _take_trace(bedrock.get("reasoningText"), pieces, depth + 1)
        return
    hidden = (
        bool(part.get("redacted"))
        or str(part.get("type", "")).startswith("redacted")
        or part.get("type") == "reasoning.encrypted"
    )
    readable = () if hidden else ("thinking", "reasoning", "text", "content", "thought")
    before = len(pieces.traces)
    for name in (*readable, "summary"):
        if len(pieces.traces) == before and not isinstance(part.get(name), bool):
            _take_trace(part.get(name), pieces, depth + 1)
    pieces.encrypted |= hidden or (
        len(pieces.traces) == before
        and any(part.get(name) for name in ("encrypted_content", "data", "signature", "thoughtSignature"))
    )


def _whole(pieces: _Pieces, finish: str | None) -> Said:
    return Said(
        with_trace("\n\n".join(pieces.traces), "".join(pieces.texts), finish in _ENDED), pieces.encrypted
    )


def _finish(message: Mapping[str, Any]) -> str | None:
    """Return how a reply ended, if it says so."""
    reason = next(
        (
            message[name]
            for name in (
                "finish_reason",
                "stop_reason",
                "finishReason",
                "stopReason",
                "done_reason",
                "status",
            )
            if message.get(name)
        ),
        None,
    )
    reason = reason.get("type") if isinstance(reason, Mapping) else reason
    return str(reason).casefold() if reason is not None else None


def _role(message: Mapping[str, Any]) -> str:
    kind = message.get("type")
    return str(message.get("role", message.get("from", kind if kind in _LANGCHAIN else "")))
