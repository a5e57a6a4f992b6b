"""The plan of a styled trace: which turn goes where, drawn before a word is written."""

import random
import re
from dataclasses import dataclass
from fractions import Fraction

from synth.arithmetic import Operation, evaluate, number_text, operation
from synth.problems import Claim, Problem

# Shares of traces with each turn. Of 17,000 successful R1 traces 96.1 % hold at least three of the
# four pivot kinds (reported by Lippmann & Yang, 2025); verification and integration are in all.
# Slips are rare because small models learn the gesture without the check: with more of them,
# SmolLM2-135M rejected right results too and went in circles.
_SLIP, _REREAD, _WANDER = 0.1, 0.9, 0.9
_SENTENCE = re.compile(r"(?<=[.?!])\s+")


@dataclass(frozen=True, slots=True)
class Slip:
    """A step written with a wrong result first, and the true calculation that rejects it.

    `line` is the step with the wrong result. ``undone = gives`` holds, and `gives` differs from
    `left`, the number one started from.
    """

    index: int
    line: str
    undone: str
    gives: str
    left: str


@dataclass(frozen=True, slots=True)
class Check:
    """A calculation that must hold if a step is right: ``expression = value``."""

    expression: str
    value: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a styled trace does besides the steps."""

    slip: Slip | None
    check: Check | None
    wander: bool
    reread: bool


def draw_plan(problem: Problem, rng: random.Random) -> Plan:
    """Draw the turns of one trace."""
    undoable = [(i, claim, found) for i, step in enumerate(problem.steps) for claim in step.claims if (found := _undoable(claim))]
    slip = _slip(problem, *rng.choice(undoable), rng) if undoable and rng.random() < _SLIP else None
    return Plan(
        slip=slip,
        check=_check(problem, undoable, rng),
        wander=rng.random() < _WANDER,
        reread=slip is None and rng.random() < _REREAD,
    )


def asked(question: str) -> str:
    """Return the sentence that asks: the last one with a question mark, else the last one."""
    sentences = _SENTENCE.split(question.strip())
    questions = [sentence for sentence in sentences if "?" in sentence]
    return (questions or sentences)[-1]


def wrong_number(right: str, rng: random.Random) -> str:
    """Return a number near *right* (text) that differs from it; it is positive where *right* is."""
    value = evaluate(right)
    if value is None:
        raise ValueError(f"not a number: {right!r}")
    reach = max(3, int(abs(value)) // 5)
    while True:
        wrong = value + rng.choice((-1, 1)) * rng.randint(1, reach)
        if wrong > 0 or value <= 0:
            return number_text(wrong)


def _undoable(claim: Claim) -> Operation | None:
    found = operation(claim.expression)
    if found is None or evaluate(claim.result) != found.result or "/" in number_text(found.result):
        return None
    return found


def _slip(problem: Problem, index: int, claim: Claim, right: Operation, rng: random.Random) -> Slip | None:
    # A product is missed by one multiple, so that undoing it gives a plain number.
    sizes = {"*": [right.right], "/": [Fraction(1)]}.get(right.operator, [Fraction(1), Fraction(2), Fraction(10)])
    wrong = right.result + rng.choice((-1, 1)) * rng.choice(sizes)
    if wrong <= 0 or right.undo(wrong)[1] < 0:
        return None
    undone, gives = right.undo(wrong)
    if "/" in number_text(gives):
        return None
    stated = re.compile(rf"{re.escape(claim.expression)}\s*=\s*\$?{re.escape(claim.result)}(?![\w.]*\d)")
    wrongly = f"{right.text()} = {number_text(wrong)}"
    line, replaced = stated.subn(wrongly, problem.steps[index].text, count=1)
    return Slip(index, line if replaced else f"{wrongly}.", undone, number_text(gives), number_text(right.left))


def _check(problem: Problem, undoable: list[tuple[int, Claim, Operation]], rng: random.Random) -> Check | None:
    if undoable:
        _, _, found = rng.choice(undoable[-2:])
        expression, gives = found.undo(found.result)
        return Check(expression, number_text(gives))
    for step in reversed(problem.steps):
        for claim in step.claims:
            value = evaluate(claim.expression)
            if value is not None and value == evaluate(claim.result):
                return Check(claim.expression, claim.result)
    return None
