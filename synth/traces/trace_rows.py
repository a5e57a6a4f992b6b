"""From what arms are made of to their rows, batch by batch: pivots are found in many texts at a time."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from synth.errors import StylerepError
from synth.formats import CLOSE, OPEN
from synth.problems import Problem, prompt
from synth.style import Lexicon, read_trace
from synth.traces.arm_traces import ArmInput, ArmMaterial, arm_trace
from synth.traces.arms import Arm, TraceRow
from synth.traces.trace import Span, Trace

BATCH = 256
"""How many problems are taken at a time."""
T = TypeVar("T")


class RowMaker:
    """Makes the rows of all arms of items, in the order of the items."""

    def __init__(
        self, arms: Sequence[Arm], lexicon: Lexicon, seed: int, template: str, template_hash: str
    ) -> None:
        self._arms, self._lexicon, self._seed, self._template, self._hash = (
            arms,
            lexicon,
            seed,
            template,
            template_hash,
        )
        self._needs_other = any(arm.needs_other for arm in arms)
        self._before: Trace | None = None
        self._waiting: ArmInput | None = None

    def rows(self, items: Sequence[ArmInput]) -> Iterator[dict[str, TraceRow]]:
        """Yield the rows of a batch; the first item waits for the second where another problem's trace is
        needed.
        """
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
            raise StylerepError(
                "The arms swap and insert need the trace of another problem, and there is only one problem."
            )
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
                    raise StylerepError(
                        f"{item.problem.id}: no wrong answer is known for this problem, which the arm"
                        f" {arm.name} would state."
                    )
                stated = item.wrong
            made[arm.name] = (
                arm_trace(ArmMaterial(arm, item, own, self._other, stated, self._lexicon, self._seed)),
                stated,
            )
        return made

    def _other(self) -> Trace:
        if self._before is None:
            raise StylerepError("The arms swap and insert need the trace of another problem.")
        return self._before

    def _as_rows(
        self, items: Sequence[ArmInput], made: Sequence[dict[str, tuple[Trace, str]]]
    ) -> Iterator[dict[str, TraceRow]]:
        """Find the pivots of all texts at once, and make the rows."""
        texts = [trace.text for by_arm in made for trace, _ in by_arm.values()]
        pivots = iter(self._lexicon.find_each(texts))
        text = iter(texts)
        for item, by_arm in zip(items, made, strict=True):
            yield {
                arm.name: self._row(item.problem, arm, *by_arm[arm.name], next(text), next(pivots))
                for arm in self._arms
            }

    def _row(
        self,
        problem: Problem,
        arm: Arm,
        trace: Trace,
        stated: str,
        text: str,
        pivots: Sequence[tuple[str, str, int, int]],
    ) -> TraceRow:
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
            stages=[
                {"stage": name, "start": start, "end": end} for name, start, end in self._stages(trace, text)
            ],
            pivots=[
                {"kind": kind, "phrase": phrase, "start": start, "end": end}
                for kind, phrase, start, end in pivots
            ],
            template=self._template,
            template_hash=self._hash,
            lexicon_version=self._lexicon.signature,
            seed=self._seed,
            answer_type=problem.answer_type,
            wrong_turns=[{"start": start, "end": end} for start, end in trace.turns],
            meta=meta_text(problem),
        )

    def _stages(self, trace: Trace, text: str) -> list[Span]:
        """Return the stages of a trace: as planned, or as the style scorer reads them where the trace was
        altered or is a model's.
        """
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


def meta_text(problem: Problem) -> str:
    """Return what the source says of a problem as JSON."""
    return json.dumps(dict(problem.meta), ensure_ascii=False, default=str)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of *size* items, the last one shorter."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
