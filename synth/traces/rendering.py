"""From problems to the rows of every arm, in a style.

What arms share is drawn once for a problem, whatever arms are asked for:
`hc_w` is `hc` but for its last line.
"""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from synth.errors import StylerepError
from synth.problems import Problem
from synth.seeding import generator
from synth.style import KINDS, Pivot, load_lexicon
from synth.traces.arm_traces import ArmInput
from synth.traces.arms import Arm, TraceRow, parse_arms
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
            raise StylerepError(
                f"{bare.id}: the source {bare.source} gives no worked steps, of which traces are rendered;"
                " only the arm nt can be made of it."
            )
        if not steps_needed:
            return [ArmInput(problem, None, _nothing, _nothing) for problem in batch]
        if not any(arm.base == "hc" for arm in self.arms):
            return [
                ArmInput(problem, self._wrong(problem), _nothing, functools.partial(self._plain, problem))
                for problem in batch
            ]
        found = iter(self.lexicon.find_each([step.text for problem in batch for step in problem.steps]))
        return [self._item(problem, [_counts(next(found)) for _ in problem.steps]) for problem in batch]

    def _item(self, problem: Problem, native: Sequence[Sequence[int]]) -> ArmInput:
        plan = draw_plan(
            problem,
            self.style,
            self.book,
            generator("plan", self.template_hash, self.seed, problem.id),
            native,
        )
        return ArmInput(
            problem,
            self._wrong(problem),
            functools.partial(self._write, plan),
            functools.partial(self._plain, problem),
        )

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


def _nothing(*_: object) -> Trace:
    return Trace("", "", "")
