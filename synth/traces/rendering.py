"""From problems to the rows of every arm, in a style.

What arms share is drawn once for a problem, whatever arms are asked for:
`hc_w` is `hc` but for its last line.
"""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from synth.errors import StylerepError
from synth.problems import Problem, Step
from synth.problems.worked_solution import arithmetic_claims
from synth.seeding import generator
from synth.style import KINDS, Pivot, cut_steps, load_lexicon
from synth.traces.arm_traces import ArmInput, Make
from synth.traces.arms import Arm, TraceRow, parse_arms
from synth.traces.sampled_traces import SampledTraces
from synth.traces.taken_apart import TakenApart
from synth.traces.trace import Trace, final_sentence
from synth.traces.trace_rows import BATCH, RowMaker, batches
from synth.traces.writing.assemble import write_body, write_conclusion
from synth.traces.writing.phrasebook import Phrasebook, load_phrasebook
from synth.traces.writing.plain import longer_body, plain_body, plain_conclusion
from synth.traces.writing.plan import TracePlan, draw_plan
from synth.traces.writing.target import StyleTarget, style_target
from synth.traces.wrong_answers import wrong_answer

_NONE = [0] * len(KINDS)


class Rendering:
    """Renders arms of problems in a style.

    `template_hash` identifies wordings and style target together.
    """

    def __init__(
        self,
        arms: Sequence[Arm],
        book: Phrasebook,
        style: StyleTarget,
        seed: int,
        sampled: SampledTraces | None = None,
    ) -> None:
        self.arms, self.style, self.seed, self._sampled = list(arms), style, seed, sampled
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
        bases = {arm.base for arm in self.arms}
        filled = self._sampled is not None and self._sampled.fills
        planned = "hc" in bases or (filled and any(base.endswith("_hc") for base in bases))
        steps_needed = planned or filled or any(arm.needs_steps for arm in self.arms)
        if steps_needed and (bare := next((problem for problem in batch if not problem.steps), None)):
            raise StylerepError(
                f"{bare.id}: the source {bare.source} gives no worked steps, of which traces are rendered;"
                " only the arm nt can be made of it."
            )
        if not steps_needed:
            items = [ArmInput(problem, self._wrong(problem), _nothing, _nothing) for problem in batch]
        elif not planned:
            items = [
                ArmInput(problem, self._wrong(problem), _nothing, functools.partial(self._plain, problem))
                for problem in batch
            ]
        else:
            found = iter(self.lexicon.find_each([step.text for problem in batch for step in problem.steps]))
            items = [self._item(problem, [_counts(next(found)) for _ in problem.steps]) for problem in batch]
        return items if self._sampled is None else list(self._with_sampled(items, self._sampled))

    def _item(self, problem: Problem, native: Sequence[Sequence[int]]) -> ArmInput:
        return ArmInput(
            problem,
            self._wrong(problem),
            functools.partial(self._write, self._plan(problem, native)),
            functools.partial(self._plain, problem),
        )

    def _plan(self, problem: Problem, native: Sequence[Sequence[int]]) -> TracePlan:
        rng = generator("plan", self.template_hash, self.seed, problem.id)
        return draw_plan(problem, self.style, self.book, rng, native)

    def _with_sampled(self, items: Iterable[ArmInput], sampled: SampledTraces) -> Iterator[ArmInput]:
        """Give each item what its arms of a model's own trace start from; leave out, or fill, those of
        unsolved problems.
        """
        wrong_wanted = any(arm.wrong and arm.base.startswith(sampled.arm) for arm in self.arms)
        structured = f"{sampled.arm}_hc"
        for item in items:
            whole = sampled.take(item.problem, item.wrong if wrong_wanted else None, self.lexicon)
            if whole is not None:
                made: dict[str, Make] = {sampled.arm: whole.trace}
                if any(arm.base == structured for arm in self.arms):
                    made[structured] = self._structured(item.problem, whole)
            elif sampled.fills:
                made = {sampled.arm: functools.partial(_filled, item), structured: item.make}
            else:
                continue
            yield replace(item, sampled=made)

    def _structured(self, problem: Problem, whole: TakenApart) -> Make:
        """Return what puts stages and pivots to the steps of a model's trace, which stay as they are."""
        steps = tuple(Step(text, arithmetic_claims(text)) for text in cut_steps(whole.body)[0])
        native = [_counts(found) for found in self.lexicon.find_each([step.text for step in steps])]
        plan = self._plan(replace(problem, steps=steps), native)

        def make(pivots: bool, answer: str) -> Trace:
            written = self._write(plan, pivots, answer)
            own = whole.stating(whole.conclusion, answer) if whole.conclusion else None
            conclusion = write_conclusion(plan, self.book, answer, pivots, own)
            return replace(written, conclusion=conclusion, final=whole.stating(whole.final, answer))

        return make

    def _wrong(self, problem: Problem) -> str | None:
        return wrong_answer(problem, self.seed) if any(arm.wrong for arm in self.arms) else None

    def _plain(self, problem: Problem, words: int, stated: str) -> Trace:
        rng = generator("plain", self.template_hash, self.seed, problem.id)
        conclusion = plain_conclusion(self.book, rng)
        # As long as it is with the right answer, so that the body is the same whatever is stated.
        own_words = self.book.words(conclusion.fill({"stated": problem.answer}))
        body = longer_body(problem, self.book, words - own_words, rng) if words else plain_body(problem)
        return Trace(
            body, conclusion.fill({"stated": stated}), final_sentence(stated), [("exploration", 0, len(body))]
        )

    def _write(self, plan: TracePlan, pivots: bool, stated: str) -> Trace:
        body = write_body(plan, self.book, pivots)
        return Trace(
            body.text,
            write_conclusion(plan, self.book, stated, pivots),
            final_sentence(stated),
            body.stages,
            body.turns,
        )


def render(
    problems: Iterable[Problem],
    arms: Sequence[str],
    seed: int = 0,
    *,
    dials: Mapping[str, float] | None = None,
    language: str = "en",
) -> list[dict[str, TraceRow]]:
    """Return the rows of some problems, by arm, in the default style with some *dials* set; for whole data
    sets see `synth.traces.synthesis.synth`.
    """
    return list(
        Rendering(parse_arms(arms), load_phrasebook(language), style_target(dials=dials), seed).rows(problems)
    )


def _counts(pivots: Sequence[Pivot]) -> list[int]:
    return [sum(pivot.kind == kind for pivot in pivots) for kind in KINDS] if pivots else _NONE


def _filled(item: ArmInput, _: bool, stated: str) -> Trace:
    return item.plain(0, stated)


def _nothing(*_: object) -> Trace:
    return Trace("", "", "")
