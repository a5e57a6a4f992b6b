"""Which field of a row holds what: found by usual names, or given;
two that may both be meant are refused by name.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from synth.errors import StylerepError
from synth.formats import with_opening
from synth.grading.answers import is_right, option_letter
from synth.grading.final_answer import last_box
from synth.responses.messages import TRACE_FIELDS, Said, conversation, is_chat, responses_in, with_trace

_NAMES = {
    "response": (
        "response",
        "responses",
        "resps",
        "completion",
        "completions",
        "output",
        "outputs",
        "generation",
        "generations",
        "generated_text",
        "model_output",
        "model_response",
    ),
    # Where a row has none of these: other names of theirs, chats, and what servers answer.
    "structure": (
        "code",
        "messages",
        "conversations",
        "conversation",
        "contents",
        "choices",
        "candidates",
        "message",
        "result",
        "modelOutput",
        "raw_response",
        "content",
        "prediction",
        "predictions",
    ),
    "correct": ("is_correct", "correct", "score", "acc", "exact_match", "math_verify", "passed", "grade"),
    "question": ("question", "problem", "prompt", "instruction", "input", "doc_id", "idx"),
    "model": ("model", "model_name"),
    "task": ("task", "dataset", "source"),
    "answer": (
        "answer",
        "gt",
        "gold",
        "target",
        "ground_truth",
        "gt_answer",
        "gold_answer",
        "correct_answer",
        "reference_answer",
        "expected_answer",
        "expected",
        "right_answer",
        "answer_key",
        "answerKey",
        "answer_idx",
        "answer_index",
        "target_text",
        "correct_option",
    ),
    "solution": ("solution", "gold_solution", "reference_solution", "reference", "label"),
    "item": ("id", "unique_id", "item_id", "question_id", "problem_id", "custom_id", "idx", "doc_id"),
}
_UNKNOWN = ("", "na", "n/a", "nan", "null", "none")
_SENTENCE_WORDS, _LONGEST_WORD = 5, 30
_ANNOUNCED = ("answer:", "final answer:")


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of the fields to read; what is None is found by its usual names.
    `trace` is a trace that stands beside the response.
    """

    response: str | None = None
    correct: str | None = None
    question: str | None = None
    model: str | None = None
    task: str | None = None
    answer: str | None = None
    trace: str | None = None

    def taken(self) -> set[str]:
        """Return the names that were given: a field that was named for one thing is never found for
        another.
        """
        return {
            name
            for name in (
                self.response,
                self.correct,
                self.question,
                self.model,
                self.task,
                self.answer,
                self.trace,
            )
            if name
        }


class RowResponses(NamedTuple):
    """The responses of a row, the field that they stand in, and how many have a trace that is encrypted."""

    texts: tuple[str, ...]
    field: str
    encrypted: int


def find_field(row: Mapping[str, Any], what: str, given: str | None, where: str, needed: bool = False) -> Any:
    """Return the field *given*, or that of the usual names of *what* which the row has first;
    None where it has none.

    *what* is response, correct, question, model, task, answer or item. Raises StylerepError where the row
    lacks the field *given*, or one that is *needed*.
    """
    if given is not None:
        return _given(row, given, where)
    name = next((name for name in _NAMES[what] if name in row), None)
    if name is None and needed:
        raise StylerepError(
            f"{where}: no field is known to hold a {what}; name it with --{what}-field. There are"
            f" {', '.join(map(str, row))}."
        )
    return None if name is None else row[name]


def row_responses(row: Mapping[str, Any], fields: Fields, where: str) -> RowResponses:
    """Return the responses of a row, a trace that stands beside them put before each;
    what a server withheld, null, is an empty one.

    Raises StylerepError, naming the place, where no field is known to hold a response, where two hold
    different ones, and for what is none.
    """
    name, said = _response_field(row, fields, where)
    trace_name, traces = _traces_beside(row, fields, name, len(said), where)
    texts = [with_trace(trace, one.text) for trace, one in zip(traces, said, strict=True)]
    prompt = row.get("prompt")
    if isinstance(prompt, str) and name != "prompt":
        texts = [with_opening(prompt, text) for text in texts]
    hidden = sum(one.encrypted for one in said)
    if trace_name and not hidden:
        hidden = sum(
            1
            for trace, text, one in zip(traces, texts, said, strict=True)
            if trace == "" and text == one.text and row.get(trace_name)
        )
    return RowResponses(tuple(texts), name, hidden)


def right_answer(
    row: Mapping[str, Any], fields: Fields, found: RowResponses, where: str, letters: bool = False
) -> str | None:
    """Return the right answer of a row as text, None where it has none; never the field that the response
    came from, nor what says the same.

    A letter in the field of scores is the right answer where the row has options, or where it is known to
    hold *letters*. Raises StylerepError where two fields hold different right answers.
    """
    if fields.answer is not None:
        value = _given(row, fields.answer, where)
        return place_of_option(row, value) or gold_text(value)
    # Qwen's scripts: what they made of it
    taken = (
        fields.taken()
        | {found.field}
        | ({"gt"} if "pred" in row and row.get("answer") is not None else set())
    )
    for names in (_NAMES["answer"], _NAMES["solution"]):
        there = [name for name in names if name in row and name not in taken]
        read = {name: place_of_option(row, row[name]) or gold_text(row[name]) for name in there}
        golds = {
            name: gold
            for name, gold in read.items()
            if gold is not None and not _says_the_response(row[name], gold, found)
        }
        if golds:
            _refuse_others(golds, options_of(row), where)
            return next(iter(golds.values()))
    if (
        isinstance(row.get("reward_model"), Mapping)
        and (gold := gold_text(row["reward_model"].get("ground_truth"))) is not None
    ):
        return gold  # as verl lays out what it trains on
    name = _score_field(row, fields)
    return (
        gold_text(row[name])
        if name is not None and (letters or is_letter_of_options(row, row[name]))
        else None
    )


def score_field(row: Mapping[str, Any], fields: Fields) -> str | None:
    """Return the name of the field that says whether a response is right, None where the row has none, or
    letters of options stand in it.
    """
    name = _score_field(row, fields)
    return None if name is None or (fields.correct is None and is_letter_of_options(row, row[name])) else name


def score_fields(row: Mapping[str, Any], fields: Fields) -> list[str]:
    """Return the names of all fields of a row that are called as scores are."""
    return [name for name in _NAMES["correct"] if name in row and name not in fields.taken()]


def is_letter_of_options(row: Mapping[str, Any], value: Any) -> bool:
    """Say whether a value is the letter, or the text, of one of the options that the row has beside it."""
    texts = options_of(row)
    if not isinstance(value, str) or not texts or value.strip().casefold() in _UNKNOWN:
        return False
    letter = option_letter(value)
    return value in texts or (
        letter is not None and ord(letter) - ord("A") < len(texts) and len(value.strip("() .")) == 1
    )


def place_of_option(row: Mapping[str, Any], value: Any) -> str | None:
    """Return the letter of the option whose place a right answer is, counted from 0; None for an answer that
    is none, or one of the options' texts.
    """
    texts = options_of(row)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not 0 <= value < len(texts)
        or str(value) in texts
    ):
        return None
    return chr(ord("A") + value)


def is_place_of_option(row: Mapping[str, Any], fields: Fields) -> bool:
    """Say whether the right answer of a row is given as the place of an option."""
    names = (
        [fields.answer]
        if fields.answer
        else [name for name in (*_NAMES["answer"], *_NAMES["solution"]) if name in row]
    )
    return bool(names) and place_of_option(row, row.get(names[0])) is not None


def options_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts of a question's options in their order, where a row has them: a list,
    texts by letter, or texts beside labels.
    """
    value = row.get("options", row.get("choices"))
    if isinstance(value, Mapping):
        value = value["text"] if isinstance(value.get("text"), list) else list(value.values())
    return tuple(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else ()


def gold_text(value: Any) -> str | None:
    r"""Return a right answer as text: of a worked solution, what stands after its ``####`` or in its last
    box; None for what is no answer.

    An announcement before it ("ANSWER: 36") is no part of it.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime.date):  # a library took a text for a date
        value = value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value)
    stated = (text.rpartition("####")[2] if "####" in text else last_box(text) or text).strip()
    announcement = next((one for one in _ANNOUNCED if stated.casefold().startswith(one)), "")
    return stated[len(announcement) :].strip() or None


def _given(row: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in row:
        raise StylerepError(f"{where}: there is no field {name!r}; there are {', '.join(map(str, row))}.")
    return row[name]


def _response_field(row: Mapping[str, Any], fields: Fields, where: str) -> tuple[str, list[Said]]:
    """Return the field of the responses, and these."""
    if fields.response is not None:
        value = _given(row, fields.response, where)
        return fields.response, _responses(value, where)
    taken = fields.taken()
    there = [name for name in _NAMES["response"] if name in row and name not in taken]
    full = [name for name in there if row[name] is not None]
    structured = [
        name
        for name in _NAMES["structure"]
        if row.get(name) is not None and name not in taken and not _are_options(row, name)
    ]
    if not full and structured:
        readable = [(name, said) for name in structured if (said := responses_in(row[name])) is not None]
        if readable:
            return readable[0]
    if not there and not structured:
        raise StylerepError(
            f"{where}: no field is known to hold a response; name it with --response-field. There are"
            f" {', '.join(map(str, row))}."
        )
    if not full and there:
        return there[0], [Said("")]
    found = [(name, _responses(row[name], where)) for name in full or structured]
    first = found[0]
    for name, said in found[1:]:
        if [one.text.strip() for one in said] != [one.text.strip() for one in first[1]]:
            raise StylerepError(
                f"{where}: both {first[0]!r} and {name!r} may hold the response, and they differ; name the"
                " right one with --response-field."
            )
    return first


def _responses(value: Any, where: str) -> list[Said]:
    if value is None:
        return [Said("")]
    said = responses_in(value)
    if said is None:
        raise StylerepError(
            f"{where}: a response must be a text, a list of texts, a chat or a server's reply, found"
            f" {type(value).__name__}."
        )
    return said


def _traces_beside(
    row: Mapping[str, Any], fields: Fields, response: str, n: int, where: str
) -> tuple[str, list[str]]:
    """Return the field of the trace that stands beside the responses, and as many traces as there are
    responses; nothing where there is none.
    """
    taken = (fields.taken() - {fields.trace}) | {response}
    names = (
        [fields.trace]
        if fields.trace
        else [name for name in TRACE_FIELDS if name not in taken and _may_be_trace(row.get(name))]
    )
    if fields.trace:
        _given(row, fields.trace, where)
    found: dict[str, list[str]] = {}
    for name in names:
        value = row[name]
        several = value if isinstance(value, list) and len(value) == n and n > 1 else [value]
        found[name] = [_trace(one) for one in several]
    if not found:
        return "", [""] * n
    name, traces = next(iter(found.items()))
    for other, said in found.items():
        if said != traces and any(said) and any(traces):
            raise StylerepError(
                f"{where}: both {name!r} and {other!r} may hold the trace, and they differ; name the right"
                " one with --trace-field."
            )
    traces = next((said for said in found.values() if any(said)), traces)
    if len(traces) != n and any(traces):
        raise StylerepError(
            f"{where}: {len(traces)} trace stands in {name!r} beside {n} responses; name the field of all"
            " traces with --trace-field."
        )
    return name, traces if len(traces) == n else [""] * n


def _may_be_trace(value: Any) -> bool:
    """Say whether a value may be a trace: a word alone is a setting, such as the effort of reasoning."""
    return (
        len(value.split()) > 1 or len(value) > _LONGEST_WORD
        if isinstance(value, str)
        else isinstance(value, (list, dict)) and bool(value)
    )


def _trace(value: Any) -> str:
    """Return the text of a trace that a field holds; nothing where it is encrypted, or is none."""
    from synth.responses.messages import message_said

    if not isinstance(value, (str, list, dict)) or not value:
        return ""
    said = message_said({"content": "", "reasoning": value})
    return said.text.removeprefix("<think>").strip() if said is not None else ""


def _says_the_response(value: Any, gold: str, found: RowResponses) -> bool:
    """Say whether a field holds the response again, more than an answer alone: a sentence,
    or work that comes to it.
    """
    folded = " ".join(str(value).split())
    first = folded.split(" ", 1)[0]  # most texts begin with another word, and need no look at the others
    if not any(text.lstrip().startswith(first) and folded == " ".join(text.split()) for text in found.texts):
        return False
    return (
        folded != " ".join(gold.split())
        or folded.count(" ") >= _SENTENCE_WORDS
        or (" " in folded and folded.endswith("."))
    )


def _refuse_others(golds: Mapping[str, str], options: Sequence[str], where: str) -> None:
    name, gold = next(iter(golds.items()))
    letters = {text: chr(ord("A") + place) for place, text in enumerate(options)}
    for other, text in golds.items():
        alike = text == gold or letters.get(text, text) == letters.get(gold, gold)
        if not alike and not any(
            is_right(one, two, kind)
            for kind in ("number", "latex")
            for one, two in ((text, gold), (gold, text))
        ):
            raise StylerepError(
                f"{where}: both {name!r} and {other!r} may hold the right answer, and they differ; name the"
                " right one with --answer-field."
            )


def _score_field(row: Mapping[str, Any], fields: Fields) -> str | None:
    if fields.correct is not None:
        return fields.correct
    return next(iter(score_fields(row, fields)), None)


def _are_options(row: Mapping[str, Any], name: str) -> bool:
    """Say whether ``choices`` are the options of a question, not of a server's reply."""
    return name == "choices" and bool(options_of({"choices": row[name]}))


def question_text(row: Mapping[str, Any], given: str | None, where: str) -> str:
    """Return the question of a row, as text; of a chat what was asked in it."""
    asked = conversation(find_field(row, "question", given, where))
    chats: Iterator[Sequence[Any]] = (
        row[name]
        for name in ("messages", "conversations", "conversation", "response")
        if is_chat(row.get(name))
    )
    return asked or next(filter(None, map(conversation, chats)), "")
