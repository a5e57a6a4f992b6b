r"""The final answer of a response, and whether it is right: one judge for tasks, synthesis and teaching.

| answer type | the answer that a response states | right if |
|---|---|---|
| ``number`` | its last ``\boxed{…}``, "the answer is …", ``<answer>…</answer>``; else its last number | of the same exact value, or a root or power that is |
| ``option`` | its last ``\boxed{B}``, "the answer is (B)", "I choose B"; else a line ``B`` | the same letter, or the text of that option |
| ``text`` | its last ``\boxed{…}``, ``<answer>…</answer>`` or "the answer is …" | the same words; case, articles and punctuation do not count |
| ``expression`` | likewise | made of the same numbers and of the same value, which may follow |
| ``latex`` | likewise, several boxes joined by "and" too; else its last formula or number | of the same parts by value (see `synth.grading.same_latex`) |
| ``gym`` | likewise, but none unless stated | reasoning-gym gives it full marks |

What a model writes is untrusted: nothing is evaluated by Python, and math-verify works in a process with
limits (see `synth.grading.same_formula`).
"""  # noqa: E501

import re
from collections.abc import Mapping
from typing import Any

from synth.formats import SplitResponse, split_response
from synth.grading.announcements import statements, unannounced
from synth.grading.boxes import box_place, joined_boxes
from synth.grading.expressions import last_expression, same_expression
from synth.grading.final_answer import TAIL, last_formula, read_number, stated_number, states_formula
from synth.grading.numbers import plain_number
from synth.grading.option_texts import same_option
from synth.grading.options import option_letter, stated_option
from synth.grading.same_latex import same_latex
from synth.grading.same_number import same_number
from synth.grading.words import same_words
from synth.sentences import sentences

__all__ = ["final_answer", "is_right", "option_letter", "plain_number", "stated_answer"]

_LONGEST_STATED = 10_000
_DECORATION = " \t\n*_`\"'\u201c\u201d\u2018\u2019"
_WRAPPED = re.compile(r"(\$\$?|\\\(|\\\[)(.*?)(\$\$?|\\\)|\\\])", re.DOTALL)
_PRIMES = re.compile(r"(?<=[\w)}])'{1,3}\Z")
_AFTER_HASHES = re.compile(r"(?:\A|\n)####[ \t]*(\S[^\n]{0,400})\s*\Z")
_IN_TAGS = re.compile(r"<answer>([^<>]{1,2000})</answer>")
_LONGEST_LINE, _MOST_WORDS = 100, 6
_ABBREVIATED = re.compile(r"\b(?:Dr|Mrs?|Ms|St|Prof|Jr|Sr)\.")
_SENTENCE_MARK = re.compile(r"[.!?;:](?=\s)|[?:]\Z|[\u3002\uff01\uff1f]")
_FENCED = re.compile(r"\s{0,4}`{3}[a-z]{0,12}[ \t]*\n(.{1,2000}?)\n?`{3}", re.DOTALL)


def final_answer(response: str, answer_type: str = "number") -> str | None:
    """Return the answer that a response states, as text, or None if it states none.

    A response cut off inside its trace has none. What is stated last counts, a box before words; only a
    formula or a number that is announced after the last box beats it. Boxes that only "and", "or" or a comma
    stands between state one answer.
    """
    return stated_answer(split_response(response), answer_type)


def stated_answer(split: SplitResponse, answer_type: str = "number") -> str | None:
    """Return the answer that a response states, as `final_answer`, from its parts."""
    tagged = split.stated
    tail = split.answer[-TAIL:]
    if answer_type == "number":
        own = stated_number(tail)
        # The tags around an answer are gone from what follows a trace.
        number = (
            read_number(tagged) if split.tagged and tagged is not None and box_place(tail) is None else None
        )
        return number.text if number else own
    if answer_type == "option":
        return stated_option(tail, tagged)
    return _stated_text(tail, tagged, answer_type)


def _stated_text(tail: str, tagged: str | None, answer_type: str) -> str | None:
    """Return what is stated in the last box, in tags or after an announcement,
    else what the response ends with.
    """
    announced = statements(tail)
    several = answer_type == "latex"
    if (box := joined_boxes(tail) if several else box_place(tail)) is not None:
        later = (
            announced[-1] if announced and announced[-1].start > box.end and answer_type != "text" else None
        )
        return (
            _bare(_stated(later.text, answer_type)) if later and states_formula(later.text) else ""
        ) or box.text
    if tagged is not None or announced:
        return (
            _bare(tagged if tagged is not None else _stated(tail[announced[-1].end :], answer_type)) or None
        )
    if answer_type == "text":
        return _short_line(tail)
    ends_with = {"expression": last_expression, "latex": last_formula}.get(answer_type)
    return ends_with(tail) if ends_with else None


def is_right(
    stated: str | None, gold: str, answer_type: str = "number", meta: Mapping[str, Any] | None = None
) -> bool:
    """Say whether a stated answer is right, given the right one; nothing stated is never right,
    nor what has over 10,000 characters.

    A gold answer may be announced, ``ANSWER: 36``. *meta* is that of the problem: for an answer that
    reasoning-gym judges, and the texts of the ``options`` in their order.
    """
    if stated is None or (len(stated) > _LONGEST_STATED and answer_type != "gym"):
        return False
    if answer_type == "gym":
        from synth.problems.gym import gym_score

        return gym_score(stated, meta or {}) >= 1.0
    right = _gold_stated(gold)
    match answer_type:
        case "number":
            same = same_number(stated, right)
        case "option":
            same = same_option(stated, right, (meta or {}).get("options") or ())
        case "text":
            same = same_words(stated, gold) or same_words(stated, right)
        case "expression":
            same = same_expression(stated, right)
        case "latex":
            same = same_latex(_bare(stated), _bare(right))
        case _:
            raise ValueError(f"there is no answer type {answer_type!r}")
    return same


def _gold_stated(gold: str) -> str:
    r"""Return what a gold answer states if it announces itself: ``\boxed{36}``, ``<answer>36</answer>``, a
    solution that ends in ``#### 36``.
    """
    if "####" in gold and (marked := _AFTER_HASHES.search(gold[-_LONGEST_STATED:])):
        return marked[1].strip()
    if "<answer>" in gold and (tagged := _IN_TAGS.search(gold[-_LONGEST_STATED:])):
        return tagged[1].strip()
    if "\\boxed" in gold and (box := joined_boxes(gold[-_LONGEST_STATED:])):
        return box.text
    return unannounced(gold)


def _short_line(tail: str) -> str | None:
    """Return a response that is nothing but one short line of words, "Thursday" or "**the knight**.";
    None where there is more.
    """
    line = tail.strip()
    if "\n" in line or len(line) > _LONGEST_LINE or "\\boxed" in line:
        return None
    bare = _bare(line).rstrip("!").strip(_DECORATION)
    inside = _ABBREVIATED.sub("", bare)
    return (
        bare
        if re.search(r"\w", bare) and len(bare.split()) <= _MOST_WORDS and not _SENTENCE_MARK.search(inside)
        else None
    )


def _stated(rest: str, answer_type: str) -> str:
    """Return what stands between the words that announce an answer and the end of its sentence or line."""
    if answer_type == "gym" and "\n" in (paragraph := re.split(r"\n\s*\n", rest, maxsplit=1)[0]).strip():
        return paragraph  # a grid, a list of moves
    if answer_type != "gym" and (fenced := _FENCED.match(rest)):
        return fenced[1].strip()
    found = sentences(rest)
    first = found[0].partition("\u3002")[0] if found else ""
    formula = re.match(r"(\$\$?|\\\[|\\\(|\\begin)", first)
    return first if formula else first.partition("\n")[0]


def _bare(text: str) -> str:
    """Return an answer without quotes, emphasis, a full stop or dollar signs around it."""
    bare = text.strip(_DECORATION)
    if (primes := _PRIMES.search(text.rstrip())) and not text.lstrip().startswith(tuple(_DECORATION)):
        bare += primes[0]  # f', 5'4''
    while bare.endswith((".", ",", ";", "\u3002")):
        bare = bare[:-1].rstrip(_DECORATION)
    if (wrapped := _WRAPPED.fullmatch(bare)) and "$" not in wrapped[2].replace("\\$", ""):
        bare = wrapped[2].strip().removesuffix(".").strip()
    return bare
