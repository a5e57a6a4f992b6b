"""The wrong answers that arms with a wrong conclusion state."""

import random

from synth.arithmetic import evaluate, number_text
from synth.problems import Problem
from synth.seeding import generator


def wrong_answer(problem: Problem, seed: int) -> str | None:
    """Draw the wrong answer that the arms with a wrong conclusion state: a number near the right one,
    else one that the source knows.

    None where there is none: of a number that is too long to be computed with, say.
    """
    rng = generator("wrong answer", seed, problem.id)
    if problem.answer_type == "number" and evaluate(problem.answer) is not None:
        return wrong_number(problem.answer, rng)
    return rng.choice(problem.wrong_answers) if problem.wrong_answers else None


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
