"""What a problem is: one question with a verified answer and its worked steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """An arithmetic statement made by a step: ``expression = result``, both as text."""

    expression: str
    result: str


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence or line of a worked solution and the claims it makes."""

    text: str
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One question with a verified answer.

    `id` is unique within a source and stays the same for the same item. `answer` is text in the
    notation of `answer_type` (``number`` is the only one so far). `meta` holds what a source wants
    to stratify by, such as the number of steps.
    """

    id: str
    source: str
    question: str
    answer: str
    answer_type: str
    steps: tuple[Step, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)


def prompt(question: str) -> str:
    """Return the user message that training and evaluation put to a model, whatever the arm.

    It fixes how an answer is stated and says nothing about how to reason, so that no arm has its
    style asked for.
    """
    return f"{question}\n\nFinish with this sentence: The answer is <number>."
