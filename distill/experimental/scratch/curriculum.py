"""Experimental: what models trained from nothing are trained on: generated problems of the training splits
with plain solutions, from easy to hard.

No row has stages, and none a pivot outside its question: style is what adapters are to teach.
No row has a question of a task.
"""

import functools
import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from distill.experimental.scratch.names import CURRICULUM_VERSION, SOURCES
from synth.problems import Problem, iter_problems, prompt
from synth.problems.arith import VERSION as ARITH_VERSION
from synth.problems.splits import belongs
from synth.seeding import digest, generator
from synth.traces.arms import TraceRow, parse_arms
from synth.traces.decontaminate import Decontamination, load_generated
from synth.traces.rendering import Rendering
from synth.traces.writing.phrasebook import load_phrasebook
from synth.traces.writing.target import style_target

LEVELS = {
    "arith": (
        "min_steps=1:max_steps=1:max_number=24",
        "min_steps=1:max_steps=2:max_number=30",
        "min_steps=1:max_steps=2:max_number=50",
        "min_steps=3:max_steps=4:max_number=50",
        "min_steps=4:max_steps=6:max_number=100",
    ),
    "chain": (
        "min_hops=1:max_hops=1:distractors=2",
        "min_hops=1:max_hops=2:distractors=3",
        "min_hops=2:max_hops=2:distractors=6",
        "min_hops=3:max_hops=3:distractors=9",
        "min_hops=4:max_hops=4:distractors=12",
    ),
    "kg": (
        "min_hops=2:max_hops=2:facts=8:rules=0",
        "min_hops=2:max_hops=2:facts=8",
        "min_hops=2:max_hops=2:facts=10",
        "min_hops=3:max_hops=3:facts=15",
        "min_hops=4:max_hops=4:facts=20",
    ),
    "kinship": (
        "min_hops=2:max_hops=2:distractors=2",
        "min_hops=2:max_hops=2:distractors=4",
        "min_hops=3:max_hops=3:distractors=6",
        "min_hops=4:max_hops=4:distractors=8",
    ),
}
"""The options of each source's levels, from easy to hard. The tasks' hardest levels lie beyond the last
one.
"""
WEIGHTS = {"arith": 0.3, "chain": 0.25, "kg": 0.25, "kinship": 0.15, "equations": 0.05}
"""Shares of rows by source; `equations` are lists of sums, differences, products and quotients,
and go with `arith`.
"""
COPIES = (0.9, 0.3)
"""Share of rows of `chain` and `kg` that have their names said again and again in the same order, at the
beginning; and when the last of them comes.
"""
RECALL = (0.9, 0.5, 0.1, 0.8)
"""Share of the others whose facts are to be said again in another order, up to when,
and what share from when.

Copies and recall are to teach looking up what is told; how far they do is in
docs/how-to/train-from-scratch.md.
"""
PLAIN = 0.8
"""Share of problems that are solved in steps (the arm ``sbs``); the others have the answer alone (``nt``)."""
# All levels are open after this share of the training.
_OPEN = 0.6
_EQUATIONS, _LARGEST = 10, 50
_COPIED = 32
_SIGNS = (" -> ", " => ", ", ", ":", " --> ", " > ")


@dataclass(frozen=True, slots=True)
class CurriculumRow:
    """A user `message` and the response to it; a text that is no conversation has an empty message. `source`
    is one of `WEIGHTS`, or ``copy`` or ``recall``.
    """

    source: str
    message: str
    response: str


def rows(
    seed: int, group: int, progress: float, count: int, sources: Sequence[str] = SOURCES
) -> list[CurriculumRow]:
    """Return *count* rows of a group (0, 1, …) of some `SOURCES` at a *progress* of training from 0 to 1: the
    same rows for the same arguments.
    """
    rng = generator("scratch curriculum", CURRICULUM_VERSION, seed, group)
    opened = min(1.0, progress / _OPEN)
    copies = COPIES[0] * max(0.0, 1 - progress / COPIES[1])
    recall = float(np.interp(progress, (RECALL[1], RECALL[3]), (RECALL[0], RECALL[2])))
    weights = {
        name: weight
        for name, weight in WEIGHTS.items()
        if name in sources or (name == "equations" and "arith" in sources)
    }
    drawn: dict[tuple[str, str], list[int]] = {}
    made: list[CurriculumRow | None] = [None] * count
    for place, source in enumerate(rng.choices(list(weights), list(weights.values()), k=count)):
        if source == "equations":
            made[place] = CurriculumRow(source, "", _equations(rng))
        else:
            open_levels = 1 + int(opened * (len(LEVELS[source]) - 1))
            drawn.setdefault((source, rng.choice(LEVELS[source][:open_levels])), []).append(place)
    check, rendering = _checks(), _rendering()
    for (source, level), places in drawn.items():
        problems = iter_problems(
            f"{source}:train:{level}", len(places), digest("scratch", seed, group) >> 1, keep=check
        )
        for place, problem, arms in zip(places, *_both(problems, rendering), strict=True):
            if source in ("chain", "kg") and rng.random() < copies:
                made[place] = _copy(problem, rng)
            elif source in ("chain", "kg") and rng.random() < recall:
                made[place] = _recall(problem, rng)
            else:
                row = arms["sbs" if rng.random() < PLAIN else "nt"]
                made[place] = CurriculumRow(
                    source, prompt(problem.question, problem.answer_type), row.response
                )
    return [row for row in made if row is not None]


def sample(count: int) -> list[CurriculumRow]:
    """Return rows of all levels, which the tokenizer is trained on."""
    return rows(0, -1, 1.0, count)


def digest_of_rows(chosen: list[CurriculumRow]) -> str:
    """Return a hash of rows, by which a test holds a version of the curriculum."""
    return hashlib.sha256(
        "\x1e".join(f"{row.message}\x1f{row.response}" for row in chosen).encode()
    ).hexdigest()


def _both(
    problems: Iterator[Problem], rendering: Rendering
) -> tuple[list[Problem], list[dict[str, TraceRow]]]:
    chosen = list(problems)
    return chosen, list(rendering.rows(chosen))


@functools.cache
def _rendering() -> Rendering:
    return Rendering(parse_arms(["nt", "sbs"]), load_phrasebook("en"), style_target(), 0)


@functools.cache
def _checks() -> Callable[[Problem], bool]:
    """Return what says whether a problem may be used: no generated question of a task,
    and no pivot in its steps.

    Published questions are not looked at, which are on some machines and not on others:
    the rows are the same on all.
    """
    generated, lexicon = load_generated(), _rendering().lexicon
    clean = Decontamination({}, generated, dict(generated.questions), {}).clean
    return lambda problem: (
        clean(problem) and not any(lexicon.find_each([step.text for step in problem.steps]))
    )


def _copy(problem: Problem, rng: random.Random) -> CurriculumRow:
    """Return a row that has some names of a problem said again and again:
    what says which comes next is what came after it before.
    """
    names = list(
        dict.fromkeys(thing for first, _, second in problem.meta["facts_stated"] for thing in (first, second))
    )
    chosen = rng.sample(names, rng.randint(2, len(names)))
    line = rng.choice(("", ", ", *_SIGNS) if problem.source == "chain" else (" ", ", ", ". ")).join(chosen)
    return CurriculumRow(
        "copy", f"Say this again and again.\n\n{line}", "\n".join([line] * max(2, _COPIED // len(chosen)))
    )


def _recall(problem: Problem, rng: random.Random) -> CurriculumRow:
    """Return a row that has the facts of a problem said again in another order."""
    if problem.source == "chain":
        sign = rng.choice(_SIGNS)
        facts = [f"{a}{sign}{b}" for a, _, b in problem.meta["facts_stated"]]
    else:
        facts = [
            f"The {noun} of {subject} is {thing}." for subject, noun, thing in problem.meta["facts_stated"]
        ]
    again = rng.sample(facts, len(facts))
    return CurriculumRow("recall", "Say this in another order.\n\n" + "\n".join(facts), "\n".join(again))


def _equations(rng: random.Random) -> str:
    """Return equations of two numbers, none of which is by itself the arithmetic of a test problem."""
    found: list[str] = []
    while len(found) < _EQUATIONS:
        left, right, symbol = rng.randint(2, _LARGEST), rng.randint(2, _LARGEST), rng.choice("++--*/")
        if symbol in "*/":
            left, right = rng.randint(2, 12), rng.randint(2, 9)
        if symbol == "-" and left < right:
            left, right = right, left
        if symbol == "/":
            left *= right
        result = {"+": left + right, "-": left - right, "*": left * right, "/": left // right}[symbol]
        if belongs("train", "arith", ARITH_VERSION, f"{left} {symbol} {right}"):
            found.append(f"{left} {symbol} {right} = {result}")
    return "\n".join(found)
