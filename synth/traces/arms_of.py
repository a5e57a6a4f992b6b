"""From problems, or from traces that were read, to the rows of every arm.

What arms share is drawn once for a problem, whatever arms are asked for: `hc_w` is `hc` but for its last line. Problems are taken in
batches, so that pivots are found in many texts at a time.
"""

import functools
import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from synth.arithmetic import evaluate, number_text
from synth.errors import StylerepError
from synth.formats import CLOSE, OPEN
from synth.problems import Problem, prompt
from synth.seeding import generator
from synth.style import KINDS, Lexicon, Pivot, load_lexicon, read_trace
from synth.traces.alterations import DOSES, dots, other_order, reorder
from synth.traces.arms import Arm, TraceRow, parse_arms
from synth.traces.writing.assemble import write_body, write_conclusion
from synth.traces.writing.phrasebook import Phrasebook, load_phrasebook
from synth.traces.writing.plain import longer_body, plain_body, plain_conclusion
from synth.traces.writing.plan import TracePlan, draw_plan
from synth.traces.writing.target import StyleTarget, style_target

BATCH = 256
Span = tuple[str, int, int]
T = TypeVar("T")
_NONE = [0] * len(KINDS)


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace in two parts and the text after it.

    `body` is all before the `conclusion`, which states the answer and may be empty; `final` follows the trace and states the answer.
    `stages` are those of the body, None where the style scorer is to read them; `turns` are spans of wrong turns in the body.
    """

    body: str
    conclusion: str
    final: str
    stages: list[Span] | None = None
    turns: list[tuple[int, int]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The trace as a whole."""
        return "\n\n".join(part for part in (self.body, self.conclusion) if part)


@dataclass(frozen=True, slots=True)
class ArmInput:
    """A problem and what its arms are made of.

    `make` returns the base trace with or without pivots and with the right or a wrong answer stated, `plain` the plain solution, of so
    many words at least, likewise; `wrong` is the wrong answer that is stated.
    """

    problem: Problem
    wrong: str | None
    make: Callable[[bool, str], Trace]
    plain: Callable[[int, str], Trace]


class Rendering:
    """Renders arms of problems in a style.

    `template_hash` identifies wordings and style target together.
    """

    def __init__(self, arms: Sequence[Arm], book: Phrasebook, style: StyleTarget, seed: int) -> None:
        self.arms, self.style, self.seed = list(arms), style, seed
        self.book = book.fewer_pivots(style.pivot_phrases) if style.pivot_phrases else book
        self.lexicon = load_lexicon(book.language)
        self.template_hash = hashlib.sha256(f"{self.book.digest} {style.digest}".encode()).hexdigest()[:16]

    def rows(self, problems: Iterable[Problem]) -> Iterator[dict[str, TraceRow]]:
        """Yield the rows of each problem, by arm."""
        maker = RowMaker(self.arms, self.lexicon, self.seed, self.book.language, self.template_hash)
        for batch in batches(problems, BATCH):
            yield from maker.rows(self._items(batch))
        yield from maker.finish()

    def _items(self, batch: Sequence[Problem]) -> list[ArmInput]:
        steps_needed = any(arm.needs_steps for arm in self.arms)
        if steps_needed and (bare := next((problem for problem in batch if not problem.steps), None)):
            raise StylerepError(f"{bare.id}: the source {bare.source} gives no worked steps, of which traces are rendered; only the arm nt can be made of it.")
        if not steps_needed:
            return [ArmInput(problem, None, _nothing, _nothing) for problem in batch]
        if not any(arm.base == "hc" for arm in self.arms):
            return [ArmInput(problem, self._wrong(problem), _nothing, functools.partial(self._plain, problem)) for problem in batch]
        found = iter(self.lexicon.find_each([step.text for problem in batch for step in problem.steps]))
        return [self._item(problem, [_counts(next(found)) for _ in problem.steps]) for problem in batch]

    def _item(self, problem: Problem, native: Sequence[Sequence[int]]) -> ArmInput:
        plan = draw_plan(problem, self.style, self.book, generator("plan", self.template_hash, self.seed, problem.id), native)
        return ArmInput(problem, self._wrong(problem), functools.partial(self._write, plan), functools.partial(self._plain, problem))

    def _wrong(self, problem: Problem) -> str | None:
        return wrong_answer(problem, self.seed) if any(arm.wrong for arm in self.arms) else None

    def _plain(self, problem: Problem, words: int, stated: str) -> Trace:
        rng = generator("plain", self.template_hash, self.seed, problem.id)
        conclusion = plain_conclusion(self.book, rng)
        # As long as it is with the right answer, so that the body is the same whatever is stated.
        own_words = self.book.words(conclusion.fill({"stated": problem.answer}))
        body = longer_body(problem, self.book, words - own_words, rng) if words else plain_body(problem)
        return Trace(body, conclusion.fill({"stated": stated}), final_sentence(stated), [("exploration", 0, len(body))])

    def _write(self, plan: TracePlan, pivots: bool, stated: str) -> Trace:
        body = write_body(plan, self.book, pivots)
        return Trace(body.text, write_conclusion(plan, self.book, stated, pivots), final_sentence(stated), body.stages, body.turns)


class RowMaker:
    """Makes the rows of all arms of items, in the order of the items."""

    def __init__(self, arms: Sequence[Arm], lexicon: Lexicon, seed: int, template: str, template_hash: str) -> None:
        self._arms, self._lexicon, self._seed, self._template, self._hash = arms, lexicon, seed, template, template_hash
        self._needs_other = any(arm.needs_other for arm in arms)
        self._before: Trace | None = None
        self._waiting: ArmInput | None = None

    def rows(self, items: Sequence[ArmInput]) -> Iterator[dict[str, TraceRow]]:
        """Yield the rows of a batch; the first item waits for the second where another problem's trace is needed."""
        if self._waiting is not None:
            items, self._waiting = [self._waiting, *items], None
        if self._needs_other and self._before is None and len(items) == 1:
            self._waiting = items[0]
            return
        made: list[dict[str, tuple[Trace, str]]] = []
        for i, item in enumerate(items):
            own = self._own(item)
            if self._needs_other and self._before is None:
                self._before = self._own(items[i + 1])
            made.append(self._arms_of(item, own))
            self._before = own
        yield from self._as_rows(items, made)

    def finish(self) -> Iterator[dict[str, TraceRow]]:
        """Raise StylerepError if an item still waits for another problem."""
        if self._waiting is not None:
            raise StylerepError("The arms swap and insert need the trace of another problem, and there is only one problem.")
        yield from ()

    def _own(self, item: ArmInput) -> Trace:
        return item.make(True, item.problem.answer)

    def _arms_of(self, item: ArmInput, own: Trace) -> dict[str, tuple[Trace, str]]:
        """Return the trace and the stated answer of each arm."""
        made = {}
        for arm in self._arms:
            stated = item.problem.answer
            if arm.wrong:
                if item.wrong is None:
                    raise StylerepError(f"{item.problem.id}: no wrong answer is known for this problem, which the arm {arm.name} would state.")
                stated = item.wrong
            rng = generator("arm", arm.dose or arm.control, arm.fraction, self._seed, item.problem.id)
            made[arm.name] = (self._arm(arm, item, own, stated, rng), stated)
        return made

    def _arm(self, arm: Arm, item: ArmInput, own: Trace, stated: str, rng: random.Random) -> Trace:  # noqa: PLR0911 (one return for each sort of arm)
        final = own.final or final_sentence(stated)
        if not arm.base:
            return Trace("", "", final_sentence(stated), [])
        if arm.base == "sbs":
            return item.plain(0, stated)
        if arm.control == "len":
            return item.plain(len(own.text.split()), stated)
        if arm.control == "dots":
            return Trace(dots(len(own.text.split())), "", final, [])
        if arm.control == "swap":
            other = self._other()
            return replace(other, final=final)
        if arm.dose:
            other_text = self._other().body if arm.needs_other else ""
            return replace(own, body=DOSES[arm.dose](own.body, arm.fraction, rng, other_text, self._lexicon), stages=None, turns=[])
        trace = own if arm.pivots and not arm.wrong else item.make(arm.pivots, stated)
        return self._shuffled(trace, item.problem.id) if arm.shuffled else trace

    def _other(self) -> Trace:
        if self._before is None:
            raise StylerepError("The arms swap and insert need the trace of another problem.")
        return self._before

    def _shuffled(self, trace: Trace, identifier: str) -> Trace:
        stages = trace.stages if trace.stages is not None else read_trace(trace.body, self._lexicon).stages
        order = other_order(len(stages), generator("shuf", self._seed, identifier))
        body = reorder(trace.body, [(start, end) for _, start, end in stages], order)
        moved, place = [], 0
        for i in order:
            name, start, end = stages[i]
            length = len(trace.body[start:end].strip())
            moved.append((name, place, place + length))
            place += length + 2
        return replace(trace, body=body, stages=moved, turns=[])

    def _as_rows(self, items: Sequence[ArmInput], made: Sequence[dict[str, tuple[Trace, str]]]) -> Iterator[dict[str, TraceRow]]:
        """Find the pivots of all texts at once, and make the rows."""
        texts = [trace.text for by_arm in made for trace, _ in by_arm.values()]
        pivots = iter(self._lexicon.find_each(texts))
        text = iter(texts)
        for item, by_arm in zip(items, made, strict=True):
            yield {arm.name: self._row(item.problem, arm, *by_arm[arm.name], next(text), next(pivots)) for arm in self._arms}

    def _row(self, problem: Problem, arm: Arm, trace: Trace, stated: str, text: str, pivots: Sequence[tuple[str, str, int, int]]) -> TraceRow:
        return TraceRow(
            id=problem.id,
            source=problem.source,
            question=problem.question,
            answer=problem.answer,
            arm=arm.name,
            prompt=[{"role": "user", "content": prompt(problem.question, problem.answer_type)}],
            trace=text,
            response=f"{OPEN}\n{text}\n{CLOSE}\n\n{trace.final}" if text else trace.final,
            stated_answer=stated,
            is_correct=not arm.wrong,
            stages=[{"stage": name, "start": start, "end": end} for name, start, end in self._stages(trace, text)],
            pivots=[{"kind": kind, "phrase": phrase, "start": start, "end": end} for kind, phrase, start, end in pivots],
            template=self._template,
            template_hash=self._hash,
            lexicon_version=self._lexicon.signature,
            seed=self._seed,
            answer_type=problem.answer_type,
            wrong_turns=[{"start": start, "end": end} for start, end in trace.turns],
            meta=meta_text(problem),
        )

    def _stages(self, trace: Trace, text: str) -> list[Span]:
        """Return the stages of a trace: as planned, or as the style scorer reads them where the trace was altered or is a model's."""
        if not text:
            return []
        if trace.stages is None:
            return read_trace(text, self._lexicon).stages
        stages = list(trace.stages)
        if not trace.conclusion:
            return stages
        begin = len(text) - len(trace.conclusion)
        if stages and stages[-1][0] == "synthesis":
            return [*stages[:-1], ("synthesis", stages[-1][1], len(text))]
        return [*stages, ("synthesis", begin, len(text))]


def _counts(pivots: Sequence[Pivot]) -> list[int]:
    return [sum(pivot.kind == kind for pivot in pivots) for kind in KINDS] if pivots else _NONE


def _nothing(*_: object) -> Trace:
    return Trace("", "", "")


def meta_text(problem: Problem) -> str:
    """Return what the source says of a problem as JSON."""
    return json.dumps(dict(problem.meta), ensure_ascii=False, default=str)


def wrong_answer(problem: Problem, seed: int) -> str | None:
    """Draw the wrong answer that the arms with a wrong conclusion state: a number near the right one, else one that the source knows.

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


def final_sentence(stated: str) -> str:
    """Return the sentence that the prompt asks a response to end with."""
    return f"The answer is {stated}."


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of *size* items, the last one shorter."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def render(
    problems: Iterable[Problem], arms: Sequence[str], seed: int = 0, *, dials: Mapping[str, float] | None = None, language: str = "en"
) -> list[dict[str, TraceRow]]:
    """Return the rows of some problems, by arm, in the default style with some *dials* set; for whole data sets see `synth.traces.synthesis.synth`."""
    return list(Rendering(parse_arms(arms), load_phrasebook(language), style_target(dials=dials), seed).rows(problems))
