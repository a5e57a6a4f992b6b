"""What each sort of arm makes of a problem's base trace: one function each."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from synth.problems import Problem
from synth.seeding import generator
from synth.style import Lexicon, read_trace
from synth.traces.alterations import DOSES, dots, other_order, reorder
from synth.traces.arms import MIXTURE, Arm
from synth.traces.trace import Trace, final_sentence

Make = Callable[[bool, str], Trace]
"""Returns a trace with or without pivots that states an answer."""


@dataclass(frozen=True, slots=True)
class ArmInput:
    """A problem and what its arms are made of.

    `make` returns the base trace with or without pivots and with the right or a wrong answer stated, `plain`
    the plain solution, of so many words at least, likewise; `wrong` is the wrong answer that is stated.
    `sampled` has, like `make`, what the arms of a model's own trace start from, by the name of that base.
    """

    problem: Problem
    wrong: str | None
    make: Make
    plain: Callable[[int, str], Trace]
    sampled: Mapping[str, Make] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArmMaterial:
    """What the trace of one arm is made of.

    `own` is the base trace with its pivots and the right answer, `other` returns that of another problem, and
    `stated` is the answer that the arm states.
    """

    arm: Arm
    item: ArmInput
    own: Trace
    other: Callable[[], Trace]
    stated: str
    lexicon: Lexicon
    seed: int

    @property
    def final(self) -> str:
        """What follows the trace and states the answer."""
        return self.own.final or final_sentence(self.stated)

    @property
    def length(self) -> int:
        """The length of the base trace, in words."""
        return len(self.own.text.split())

    def rng(self) -> random.Random:
        """Return what the arm draws from: the same for one alteration, fraction and problem,
        whatever other arms there are.
        """
        return generator(
            "arm", self.arm.dose or self.arm.control, self.arm.fraction, self.seed, self.item.problem.id
        )


def arm_trace(given: ArmMaterial) -> Trace:
    """Return the trace of an arm."""
    arm = given.arm
    if not arm.base:
        return answer_alone(given)
    if arm.base == "sbs":
        return plain_solution(given)
    if arm.control:
        return _CONTROLS[arm.control](given)
    return altered_trace(given) if arm.dose else factorial_trace(given)


def answer_alone(given: ArmMaterial) -> Trace:
    """``nt``: no trace."""
    return Trace("", "", final_sentence(given.stated), [])


def plain_solution(given: ArmMaterial) -> Trace:
    """``sbs``: the worked steps and a conclusion."""
    return given.item.plain(0, given.stated)


def plain_solution_of_equal_length(given: ArmMaterial) -> Trace:
    """``hc_len``: the plain solution, said again until it is as long as the base trace."""
    return given.item.plain(given.length, given.stated)


def full_stops(given: ArmMaterial) -> Trace:
    """``dots``: as many full stops as the base trace has words."""
    return Trace(dots(given.length), "", given.final, [])


def long_or_short(given: ArmMaterial) -> Trace:
    """``mix=F``: the base trace for each problem with probability F, else the plain solution.

    Each problem is drawn by itself, the same for all fractions: what is long in a smaller one is long in a
    larger (Li et al., 2025, arXiv:2502.12143, mix long and short traces so).
    """
    drawn = generator("mix", given.seed, given.item.problem.id).random()
    return given.own if drawn < given.arm.fraction else plain_solution(given)


def trace_of_another_problem(given: ArmMaterial) -> Trace:
    """``swap``: what another problem's trace says, and this problem's answer."""
    return replace(given.other(), final=given.final)


def altered_trace(given: ArmMaterial) -> Trace:
    """``shuffle=F`` and the other doses: a fraction of the base trace altered, its conclusion kept."""
    other = given.other().body if given.arm.needs_other else ""
    body = DOSES[given.arm.dose](given.own.body, given.arm.fraction, given.rng(), other, given.lexicon)
    return replace(given.own, body=body, stages=None, turns=[])


def factorial_trace(given: ArmMaterial) -> Trace:
    """``hc``, ``hc_np``, ``hc_shuf_w`` …: pivots or none, stages in order or not,
    the conclusion right or wrong.
    """
    arm = given.arm
    own = given.item.sampled.get(arm.base)
    if own is None and arm.pivots and not arm.wrong:
        trace = given.own
    else:
        trace = (own or given.item.make)(arm.pivots, given.stated)
    return _shuffled(trace, given) if arm.shuffled else trace


def _shuffled(trace: Trace, given: ArmMaterial) -> Trace:
    stages = trace.stages if trace.stages is not None else read_trace(trace.body, given.lexicon).stages
    order = other_order(len(stages), generator("shuf", given.seed, given.item.problem.id))
    body = reorder(trace.body, [(start, end) for _, start, end in stages], order)
    moved, place = [], 0
    for i in order:
        name, start, end = stages[i]
        length = len(trace.body[start:end].strip())
        moved.append((name, place, place + length))
        place += length + 2
    return replace(trace, body=body, stages=moved, turns=[])


_CONTROLS: dict[str, Callable[[ArmMaterial], Trace]] = {
    "len": plain_solution_of_equal_length,
    "dots": full_stops,
    "swap": trace_of_another_problem,
    MIXTURE: long_or_short,
}
