"""What can truly be said about a problem and its steps, whatever the style."""

import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from synth.problems.problem import Problem, Step, WrongTurn
from synth.sentences import sentences as latex_sentences
from synth.traces.writing.calculations import (
    EXPLORING,
    VERIFYING,
    Calculation,
    Look,
    operate,
    read_calculation,
    write,
    wrong_result,
)

_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[^a-z])|\s*\n\s*|(?<=[\u3002\uff1f\uff01])")
_LONGEST_FACT = 300
_INVERSE = {"+": "-", "-": "+", "*": "/", "/": "*"}

Item = tuple[str, Mapping[str, str]]
"""A macro and the texts that it is filled in with."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A wrong turn as two items: the false idea, and the true reason against it."""

    idea: Item
    rejection: Item


@dataclass(frozen=True)
class StepContent:
    """A step of the solution and what can be said beside it."""

    step: Step
    calculations: list[Calculation] = field(repr=False)

    @cached_property
    def results(self) -> list[str]:
        """The results of the step's claims, as the step writes them."""
        return [claim.result for claim in self.step.claims]

    def exploring(self, rng: random.Random) -> Iterator[Item]:
        """Yield other ways to see the step, in an order drawn at random."""
        return _looks(EXPLORING, self.calculations, rng)

    def verifying(self, rng: random.Random) -> Iterator[Item]:
        """Yield checks of the step, in an order drawn at random."""
        for text in self.step.checks:
            yield "checked", {"text": text}
        yield from _looks(VERIFYING, self.calculations, rng)

    def turn(self, rng: random.Random) -> Turn | None:
        """Draw a wrong turn that can be taken at this step: one that the source knows,
        or a slip in a calculation.
        """
        if self.step.wrong_turns:
            turn: WrongTurn = self.step.wrong_turns[int(rng.random() * len(self.step.wrong_turns))]
            return Turn(("idea", {"text": turn.text}), ("rejected", {"text": turn.rejection}))
        if not self.calculations:
            return None
        c = self.calculations[int(rng.random() * len(self.calculations))]
        wrong = wrong_result(c, rng)
        if wrong is None:
            return None
        gives = operate(wrong, _INVERSE[c.symbol], c.right)
        values = {
            **c.texts,
            "wrong": write(wrong),
            "undone": f"{write(wrong)} {_INVERSE[c.symbol]} {write(c.right)}",
            "gives": write(gives),
        }
        return Turn(("slip", values), ("slip_rejected", values))


@dataclass(frozen=True, slots=True)
class Content:
    """A problem taken apart: the `facts` of its question, what it `ask`s, and its steps."""

    facts: list[str]
    ask: str
    steps: list[StepContent]


def take_apart(problem: Problem) -> Content:
    """Take a problem apart."""
    facts, ask = sentences_and_question(problem.question)
    return Content(facts, ask, [StepContent(step, _calculations(step)) for step in problem.steps])


def sentences_and_question(question: str) -> tuple[list[str], str]:
    """Return the sentences of a question that tell, and the one that asks:
    the last with a question mark, else the last.
    """
    # Formulas need the splitter that knows LaTeX: the pattern would cut through them.
    parts = latex_sentences(question) if "\\" in question else _SENTENCE.split(question.strip())
    sentences = [part.strip() for part in parts if part and part.strip()]
    asking = max(
        (i for i, sentence in enumerate(sentences) if sentence.endswith(("?", "\uff1f"))),
        default=len(sentences) - 1,
    )
    return [
        sentence for i, sentence in enumerate(sentences) if i != asking and len(sentence) <= _LONGEST_FACT
    ], sentences[asking]


def _calculations(step: Step) -> list[Calculation]:
    return [found for claim in step.claims if (found := read_calculation(claim.expression, claim.result))]


def _looks(looks: Sequence[Look], calculations: Sequence[Calculation], rng: random.Random) -> Iterator[Item]:
    draw = rng.random
    # Sorting by random numbers is several times as fast as rng.shuffle.
    pairs = sorted((draw(), i, look, c) for i, (look, c) in enumerate(itertools.product(looks, calculations)))
    return ((look.__name__, values) for _, _, look, c in pairs if (values := look(c, rng)))
