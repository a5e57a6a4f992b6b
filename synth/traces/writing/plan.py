"""The plan of a styled trace: what is said in each stage, and in which order.

The number and places of pivots are drawn first; what each of them leads to is something that suits its kind:
a realization rejects a wrong turn or goes back to the problem, an exploration sees a step another way, a
verification computes again, an integration puts results together. Between them stands what the style lacks
(`synth.traces.writing.trace_page`).
"""

import itertools
import random
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from synth.problems.problem import Problem
from synth.style import KINDS, STAGES
from synth.traces.writing.content import Content, Item, StepContent, take_apart
from synth.traces.writing.phrasebook import Form, Phrasebook
from synth.traces.writing.pivot_schedule import EXPLORATION, INTEGRATION, REALIZATION, VERIFICATION, Schedule
from synth.traces.writing.target import StyleTarget, TraceTarget
from synth.traces.writing.trace_page import TraceLine, TracePage

# How much can be said without saying it twice, in words: when exploring and verifying a calculation, of a
# check or wrong turn, and in any stage besides.
_EXPLORING, _VERIFYING, _PER_CHECK, _BESIDES = 85, 65, 25, 50
# The least share of a trace that exploration is taken to have when its steps say how long the trace must be.
_LEAST_EXPLORATION = 0.45
_LEAST_STAGE, _LEAST_SHARE = 6, 0.1
# A pivot comes with the sentence whose middle is past its place.
_HALF_SENTENCE = 7
# Measured on GSM8K: the share of its planned length that a trace reaches, and what the style scorer reads as
# verification beyond what was meant as such.
_SHORTER, _READ_AS_CHECK = 0.9, 0.13
# A wrong turn is taken up to so many words before its place,
# and at the last step up to this share of the trace.
_TURN_REACH, _LAST_REACH = 60, 0.2
# A synthesis of this many words names the results on the way.
_RECAP = 34
# Characters to a word, with its space.
_LETTERS = 5.7
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")

Say = Callable[[StepContent, Iterator[Item], "int | None"], bool]


@dataclass(frozen=True, slots=True)
class TracePlan:
    """Everything in a trace but the stated answer: `lines`, then a conclusion with or without a lead."""

    lines: list[TraceLine]
    conclusion: Form
    conclusion_lead: Form | None


def draw_plan(
    problem: Problem,
    style: StyleTarget,
    book: Phrasebook,
    rng: random.Random,
    native: Sequence[Sequence[int]] = (),
) -> TracePlan:
    """Draw the plan of one trace; the problem needs worked steps.

    *native* counts, for each step, the pivots of each kind that stand in it already (none, if left out).
    """
    planner = _Planner(take_apart(problem), style, book, rng, native)
    planner.frame()
    planner.explore()
    planner.verify()
    lead = planner.conclude()
    conclusions = book.macros["conclusion"].forms
    return TracePlan(planner.page.lines, conclusions[int(rng.random() * len(conclusions))], lead)


class _Planner:
    """One plan in the making."""

    def __init__(
        self,
        content: Content,
        style: StyleTarget,
        book: Phrasebook,
        rng: random.Random,
        native: Sequence[Sequence[int]],
    ) -> None:
        self._content, self._book, self._rng = content, book, rng
        self._target = target = style.draw(rng)
        self._step_words = [book.words(part.step.text) for part in content.steps]
        framing, exploration, verification, synthesis = target.shares
        self._shares = (
            _SHORTER * framing,
            exploration + _READ_AS_CHECK * verification,
            (1 - _READ_AS_CHECK) * verification,
            synthesis,
        )
        self._total = _length(content, target, book, sum(self._step_words))
        self._end = _SHORTER * self._total
        self._schedule = Schedule(
            target,
            self._end,
            style.wrong_turns,
            [sum(kind) for kind in zip(*native, strict=True)] or [0] * len(KINDS),
            rng,
        )
        self.page = TracePage(
            target,
            book,
            self._schedule,
            STAGES[0],
            int(target.questions * self._end / 100 + rng.random()),
            rng,
        )
        self._backtracks = int(target.backtracks * self._total / 100 + rng.random())
        self._verify_budget = self._shares[2] * self._total
        self._verified = self._turns = self._framed = 0
        self._to_repeat = target.repetition * self._total * _LETTERS
        self._equations: list[str] = []
        self._facts = deque(content.facts)
        # A step that holds a pivot of its own is not said twice: its pivot was not planned.
        self._plain_steps = (
            [part for part, counts in zip(content.steps, native, strict=True) if not any(counts)]
            if native
            else content.steps
        )
        self._restated: deque[StepContent] = deque()
        self._said: set[tuple[str, object]] = set()

    def frame(self) -> None:
        """Say what the problem gives and asks."""
        page, content, budget = self.page, self._content, self._shares[0] * self._total
        ask_words = self._book.words(content.ask) + 5
        if budget > ask_words + 12:
            page.say(("begin", {}))
        for fact in content.facts:
            if page.words + ask_words + self._book.words(fact) >= budget:
                break
            page.say(("given", {"fact": fact}), self._due())
        page.say(("asked", {"ask": page.asked(content.ask)}), self._due())
        while page.words + 6 < budget and page.say_fresh("outline", self._due()):
            pass

    def explore(self) -> None:
        """Take the steps in order, with wrong turns and other ways to see them between.

        The last step, which gives the result, ends the exploration: what comes after it looks back.
        """
        self.page.begin(STAGES[1])
        self._framed = self.page.words
        start, steps = self.page.words, self._content.steps
        room = max(0.0, self._shares[1] * self._total - sum(self._step_words))
        if len(steps) == 1:
            self._fill(steps[0], iter(()), start + room)
        for number, (part, taken) in enumerate(
            zip(steps, itertools.accumulate(self._step_words), strict=True), 1
        ):
            self._step(part)
            self._equations += [f"{c.text} = {c.texts['result']}" for c in part.calculations]
            if number < len(steps):
                self._fill(part, part.exploring(self._rng), start + taken + room * number / (len(steps) - 1))

    def verify(self) -> None:
        """Compute the steps again in other ways, up to the share of the trace that is verification."""
        page, shares, steps = self.page, self._shares, self._content.steps
        # Where there was less to explore than planned, the rest is shorter in proportion.
        if shares[1] > _LEAST_SHARE:
            self._total = self._end = (page.words - self._framed - self._verified) / shares[1]
        self._verify_budget = shares[2] * self._total
        self._schedule.no_more_turns()
        if self._verify_budget - self._verified < _LEAST_STAGE:
            return
        end = page.words + self._verify_budget - self._verified
        page.begin(STAGES[2])
        self._facts, self._restated = deque(self._content.facts), deque(self._plain_steps)
        queue = _in_turn([part.verifying(self._rng) for part in steps])
        kind = VERIFICATION if self._schedule.take(VERIFICATION) else None
        while page.words + 5 < end and self._verify_once(
            steps[-1], queue, kind if kind is not None else self._due()
        ):
            kind = None

    def conclude(self) -> Form | None:
        """Say what pivots are left for, and what was found; return the lead of the conclusion,
        where an integration is left.
        """
        page, schedule = self.page, self._schedule
        for kind in (REALIZATION, VERIFICATION, EXPLORATION):
            while schedule.take(kind):
                page.begin(page.stage)
                if not self._say_unsaid(kind):
                    break
        page.begin(STAGES[3])
        results = list(
            dict.fromkeys(
                result for part in reversed(self._content.steps) for result in reversed(part.results)
            )
        )[::-1]
        if self._shares[3] * self._total > _RECAP and len(results) > 1:
            led = schedule.left(INTEGRATION) > 1 and schedule.take(INTEGRATION)
            page.say(("recap", {"results": self._book.listing(results)}), INTEGRATION if led else None)
        return page.lead(INTEGRATION, True) if schedule.take(INTEGRATION) else None

    def _due(self, *kinds: int) -> int | None:
        """Take the next pivot if its place has come (and it is of one of the kinds, where these are
        named).
        """
        place = (self.page.words + _HALF_SENTENCE) / self._end
        return self._schedule.due(place, kinds) if kinds else self._schedule.due(place)

    def _fill(self, part: StepContent, others: Iterator[Item], end: float) -> None:
        """Stay with a step until the trace has `end` words, checks within exploration not counted."""
        while self.page.words + 5 < end + self._verified and self._explore_once(part, others):
            pass

    def _step(self, part: StepContent) -> None:
        """Write a step, after a wrong turn where one is due."""
        page, text = self.page, part.step.text
        reach = _LAST_REACH * self._total if part is self._content.steps[-1] else _TURN_REACH
        if self._schedule.turn_due((page.words + reach) / self._end):
            self._take_turn(part)
        if self._rng.random() * len(text) < self._to_repeat and any(part is one for one in self._plain_steps):
            self._to_repeat -= len(text)
            page.say_as_it_stands(text, self._due(EXPLORATION))
        else:
            page.say(("step", {"text": text}), self._due(EXPLORATION, REALIZATION))
            page.end_line_soon()

    def _take_turn(self, part: StepContent) -> None:
        """Take a wrong turn, and turn back at a realization; the words that reject it are a check."""
        turn = part.turn(self._rng)
        if turn is None:
            self._schedule.put_back(REALIZATION)
            return
        self._turns += 1
        self.page.say(turn.idea, self._due(EXPLORATION), self._turns)
        before = self.page.words
        self.page.say(turn.rejection, REALIZATION, self._turns)
        self._verified += self.page.words - before
        if self._backtracks:
            self._backtrack()

    def _backtrack(self) -> None:
        self._backtracks -= 1
        self.page.say(("backtrack", {}))

    def _check(self, part: StepContent) -> None:
        """Check a step within exploration."""
        page, before = self.page, self.page.words
        page.begin(STAGES[2])
        queue = part.verifying(self._rng)
        end = before + min(
            self._verify_budget - self._verified, self._verify_budget * (0.3 + 0.5 * self._rng.random())
        )
        kind: int | None = VERIFICATION
        while (kind is not None or page.words + 5 < end) and self._verify_once(part, queue, kind):
            kind = None
        # no check is left but to read the step again
        if kind is not None and self._schedule.take(VERIFICATION):
            page.say(("restate", {"text": part.step.text}), kind)
        self._verified += page.words - before
        page.begin(STAGES[1])
        page.onward = True

    def _explore_once(self, part: StepContent, others: Iterator[Item]) -> bool:
        """Say one thing about a step: what a due pivot leads to, else what the style lacks.
        False where nothing is left to say.
        """
        page, kind = self.page, self._due()
        if kind == VERIFICATION:
            self._check(part)
            return True
        if kind is None and page.say_again():
            return True
        if kind is None and page.may_ask:
            page.say(("question", {}))
        if self._backtracks and self._rng.random() < 0.2:
            self._backtrack()
        if kind == REALIZATION:
            order: tuple[Say, ...] = (self._fact, self._again, self._item)
        elif kind == INTEGRATION:
            order = (self._so_far, self._again, self._fact)
        elif kind == EXPLORATION or page.lacks_equations:
            order = (self._item, self._so_far, self._again)
        elif page.too_long:
            order = (self._again, self._aside, self._item, self._fact)
        elif page.rested or self._rng.random() < 0.4:
            order = (self._fact, self._item, self._again)
        else:
            order = (self._aside, self._fact, self._item)
        return self._first_of(order, part, others, kind)

    def _verify_once(self, part: StepContent, queue: Iterator[Item], kind: int | None) -> bool:
        """Say one thing that checks the steps; False where nothing is left to say."""
        page = self.page
        if kind is None and page.say_again():
            return True
        if kind is None and page.may_ask:
            page.say(("question", {}))
        if kind == REALIZATION:
            order: tuple[Say, ...] = (self._reread, self._item, self._restate)
        elif kind is not None or page.lacks_equations:
            order = (self._item, self._so_far, self._restate)
        elif page.too_long:
            order = (self._settle, self._item, self._restate, self._reread)
        elif page.rested or self._rng.random() < 0.5:
            order = (
                (self._restate, self._item, self._reread)
                if self._rng.random() < 0.5
                else (self._reread, self._item, self._restate)
            )
        else:
            order = (self._settle, self._item, self._restate)
        return self._first_of(order, part, queue, kind)

    def _first_of(
        self, order: Sequence[Say], part: StepContent, items: Iterator[Item], kind: int | None
    ) -> bool:
        """Say the first of some things that there is to say."""
        for say in order:
            if say(part, items, kind):
                return True
        if kind is not None:
            self._schedule.put_back(kind)
        return False

    def _say_unsaid(self, kind: int) -> bool:
        """Say something of any step that has not been said yet, for a pivot whose place the trace did not
        reach; False where all was said.
        """
        steps = self._content.steps
        for part in steps:
            if self._item(
                part, part.exploring(self._rng) if kind == EXPLORATION else part.verifying(self._rng), kind
            ):
                return True
        return self._restate(steps[0], iter(()), kind) or self._reread(steps[0], iter(()), kind)

    def _own(self, item: Item, kind: int | None) -> bool:
        """Say something that is no aside."""
        self.page.rested = False
        self.page.say(item, kind)
        return True

    def _item(self, _: StepContent, items: Iterator[Item], kind: int | None) -> bool:
        """See or check a step another way, each once."""
        for macro, values in items:
            key = (macro, values.get("calculation") or values.get("text"))
            if key not in self._said:
                self._said.add(key)
                return self._own((macro, values), kind)
        return False

    def _fact(self, _: StepContent, __: Iterator[Item], kind: int | None) -> bool:
        """Go back to a sentence of the question, each once: where a number comes from, else what it says."""
        if not self._facts:
            return False
        fact = self._facts.popleft()
        number = _NUMBER.search(fact)
        if number and self._rng.random() < 0.5:
            return self._own(("origin", {"number": number.group(), "fact": fact}), kind)
        return self._own(("given", {"fact": fact}), kind)

    def _again(self, part: StepContent, _: Iterator[Item], kind: int | None) -> bool:
        """Write a calculation of the step again, turned round or as it was, or its result, each once."""
        said = self._said
        for c in part.calculations:
            for macro in ("turned", "again"):
                if (macro, c.text) not in said:
                    said.add((macro, c.text))
                    return self._own((macro, c.texts), kind)
        for result in part.results[-1:]:
            if ("keep", result) not in said:
                said.add(("keep", result))
                return self._own(("keep", {"result": result}), kind)
        return False

    def _so_far(self, _: StepContent, __: Iterator[Item], kind: int | None) -> bool:
        """Write the last calculations in order, once after each step: in one sentence or,
        where sentences are too long, one each.
        """
        equations = self._equations[-4:]
        if len(equations) < 2 or ("so far", len(self._equations)) in self._said:
            return False
        self._said.add(("so far", len(self._equations)))
        if not self.page.too_long:
            return self._own(("so_far", {"equations": self._book.listing(equations)}), kind)
        for equation in equations:
            self._own(("equation", {"equations": equation}), kind)
            kind = None
        return True

    def _aside(self, _: StepContent, __: Iterator[Item], kind: int | None) -> bool:
        return self.page.say_aside("aside", kind)

    def _settle(self, _: StepContent, __: Iterator[Item], kind: int | None) -> bool:
        return self.page.say_aside("settled", kind)

    def _reread(self, _: StepContent, __: Iterator[Item], kind: int | None) -> bool:
        """Hold the steps against a sentence of the question, each once."""
        return bool(self._facts) and self._own(("reread", {"fact": self._facts.popleft()}), kind)

    def _restate(self, _: StepContent, __: Iterator[Item], kind: int | None) -> bool:
        """Say a step again, each once."""
        return bool(self._restated) and self._own(
            ("restate", {"text": self._restated.popleft().step.text}), kind
        )


def _length(content: Content, target: TraceTarget, book: Phrasebook, steps: int) -> float:
    """Return the words of a trace: the target's, but in no stage more than there is to say, and in
    exploration enough for the steps.
    """
    facts = sum(map(book.words, content.facts))
    calculations = [len(part.calculations) for part in content.steps]
    checks, turns = (
        sum(len(one) for one in each)
        for each in zip(*((part.step.checks, part.step.wrong_turns) for part in content.steps), strict=True)
    )
    sayable = (
        facts + book.words(content.ask) + _BESIDES,
        steps + facts + _EXPLORING * sum(calculations[:-1]) + _PER_CHECK * turns + _BESIDES,
        steps + facts + _VERIFYING * sum(calculations) + _PER_CHECK * checks + _BESIDES,
    )
    most = min(words / max(share, 0.02) for words, share in zip(sayable, target.shares, strict=False))
    return max(min(target.words, most), 1.1 * steps / max(target.shares[1], _LEAST_EXPLORATION))


def _in_turn(queues: list[Iterator[Item]]) -> Iterator[Item]:
    """Yield one item of each queue in turn until all are empty."""
    for items in itertools.zip_longest(*queues):
        yield from (item for item in items if item is not None)
