"""What a problem is: one question with a verified answer and its worked steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANSWER_TYPES = ("number", "option", "text", "expression", "latex", "gym")
_ASKS_FOR = {"number": "<number>", "option": "<letter>", "expression": "<expression>"}


@dataclass(frozen=True, slots=True)
class Claim:
    """An arithmetic statement made by a step: ``expression = result``, both as text."""

    expression: str
    result: str


@dataclass(frozen=True, slots=True)
class WrongTurn:
    """Something that one may wrongly take a step for, and what shows it wrong.

    Both are whole sentences. `text` is the false idea as one would first put it;
    `rejection` is true and excludes it.
    """

    text: str
    rejection: str


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence or line of a worked solution.

    `claims` are its arithmetic. A source whose steps are no arithmetic says itself how they can be
    `checks`-ed (true sentences that confirm the step from the question, in another way than `text` does) and
    missed (`wrong_turns`); for arithmetic both follow from the claims.
    """

    text: str
    claims: tuple[Claim, ...] = ()
    checks: tuple[str, ...] = ()
    wrong_turns: tuple[WrongTurn, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One question with a verified answer.

    `id` is unique within a source and stays the same for the same item. `answer` is text in the notation of
    `answer_type`: ``number``; ``option`` (a letter, the texts of the ``options`` in `meta`); ``text`` (a
    name, a label, a word; case does not count); ``expression`` (arithmetic: any expression of the same
    numbers and value is as right); ``latex``; ``gym`` (judged by reasoning-gym, with the item in `meta`).
    `wrong_answers` are plausible wrong ones, needed where the answer is no number. `meta` holds what a source
    wants to stratify by, such as the number of steps.
    """

    id: str
    source: str
    question: str
    answer: str
    answer_type: str
    steps: tuple[Step, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    wrong_answers: tuple[str, ...] = ()


def prompt(question: str, answer_type: str = "number") -> str:
    """Return the user message that training and evaluation put to a model, whatever the arm.

    It fixes how an answer is stated and says nothing about how to reason, so that no arm has its
    style asked for.
    """
    return f"{question}\n\nFinish with this sentence: The answer is {_ASKS_FOR.get(answer_type, '<answer>')}."
