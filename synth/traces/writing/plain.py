"""Plain solutions: the worked steps and a conclusion, and the same said again until it has a given length."""

import random

from synth.problems.problem import Problem
from synth.traces.writing.phrasebook import Phrasebook
from synth.traces.writing.wordings import Wording


def plain_body(problem: Problem) -> str:
    """Return the worked steps, one a line."""
    return "\n\n".join(step.text for step in problem.steps)


def longer_body(problem: Problem, book: Phrasebook, words: int, rng: random.Random) -> str:
    """Return the worked steps, each said again in turn until there are *words* words: once at least,
    and no more than needed.
    """
    lines = [step.text for step in problem.steps]
    forms = book.macros["said_again"].forms
    length = sum(len(line.split()) if book.spaced else book.words(line) for line in lines)
    turn = 0
    while length < words:
        text = forms[int(rng.random() * len(forms))].wording.fill(
            {"text": problem.steps[turn % len(problem.steps)].text}
        )
        lines.append(text)
        length += len(text.split()) if book.spaced else book.words(text)
        turn += 1
    return "\n\n".join(lines)


def plain_conclusion(book: Phrasebook, rng: random.Random) -> Wording:
    """Draw the sentence that concludes a plain solution; it is filled with the answer that is ``stated``."""
    forms = book.macros["plain_conclusion"].forms
    return forms[int(rng.random() * len(forms))].wording
