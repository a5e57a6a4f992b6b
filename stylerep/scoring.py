"""Is a response right, and what is the style of its trace."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_ext.pages.drawing import KIND_COLOURS
from harness_ext.scoring.scores import scored
from synth.errors import StylerepError
from synth.formats import split_response
from synth.grading.answers import stated_answer
from synth.grading.same_formula import warm_up
from synth.problems.problem import ANSWER_TYPES
from synth.schema import shown
from synth.style import Pivot, StyleReading, load_lexicon, read_trace
from synth.style.adherence import style_adherence
from synth.style.language import language_of
from synth.style.metrics import read_response
from synth.style.profile import SHIPPED, StyleProfile, load_profile

if TYPE_CHECKING:
    from harness_ext.pages.analyze import StyleAnalysis

__all__ = ["Pivot", "Score", "TraceStyle", "analyze", "read_style", "score"]
_REFERENCE = "long-reasoning"


@dataclass(frozen=True, slots=True)
class TraceStyle:
    """The style of one trace. Spans are (…, start, end) in characters of `trace`.

    `pivots` are phrases that turn the reasoning, from left to right, each with ``kind`` (realization,
    verification, exploration or integration), ``phrase``, ``start`` and ``end``. `stages` are (framing,
    exploration, verification or synthesis, start, end), without gaps. `claims` are the arithmetic statements,
    (true?, start, end). `features` holds every score by its metric name: densities per 100 words, shares and
    orders from 0 to 1, lengths in words. `adherence`, 0 to 1, says how close the style is to a reference
    profile's, whatever the length.
    """

    trace: str
    language: str
    pivots: tuple[Pivot, ...]
    stages: tuple[tuple[str, int, int], ...]
    claims: tuple[tuple[bool, int, int], ...]
    features: Mapping[str, float] = field(repr=False)
    adherence: float

    def __str__(self) -> str:
        """Say in a line what there is: words, pivots by kind, stages, adherence."""
        kinds: dict[str, int] = {}
        for pivot in self.pivots:
            kinds[pivot.kind] = kinds.get(pivot.kind, 0) + 1
        listed = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        stages = " > ".join(stage for stage, _, _ in self.stages) or "none"
        pivots = (
            f"{len(self.pivots)}"
            f" pivot{'' if len(self.pivots) == 1 else 's'}{f' ({listed})' if listed else ''}"
        )
        words = f"{self.features['trace_words']:.0f} word{'' if self.features['trace_words'] == 1 else 's'}"
        return f"{words}; {pivots}; stages: {stages}; adherence {self.adherence:.2f}"

    def _repr_html_(self) -> str:
        """Show the trace in a notebook, its pivots marked by kind."""
        parts, at = [], 0
        for pivot in self.pivots:
            colour = KIND_COLOURS[pivot.kind]
            marked = escape(self.trace[pivot.start : pivot.end])
            mark = (
                f'<b title="{pivot.kind}" style="background: {colour}38; border-bottom: 2px solid'
                f' {colour}">{marked}</b>'
            )
            parts += [escape(self.trace[at : pivot.start]), mark]
            at = pivot.end
        return f'<div style="white-space: pre-wrap">{"".join(parts)}{escape(self.trace[at:])}</div>'


@dataclass(frozen=True, slots=True)
class Score:
    """One response: whether it is right, and its style.

    `correct` is None where no answer was given to judge by, `stated_answer` where the response states none.
    `metrics` holds what the tasks report, under the same names (``acc``, ``answered``, ``trace_words``,
    ``style_adherence``, …), without ``acc`` where `correct` is None.
    """

    response: str = field(repr=False)
    correct: bool | None
    stated_answer: str | None
    style: TraceStyle
    metrics: Mapping[str, float] = field(repr=False)

    @property
    def trace(self) -> str:
        """The text that the model reasons in, without its final answer and its tags."""
        return self.style.trace

    @property
    def pivots(self) -> tuple[Pivot, ...]:
        """The pivots of the trace, from left to right."""
        return self.style.pivots

    def __str__(self) -> str:
        """Say in a line whether the response is right, and what its style is."""
        verdict = {True: "right", False: "wrong", None: "not judged"}[self.correct]
        stated = "states no answer" if self.stated_answer is None else f"states {self.stated_answer}"
        return f"{verdict} ({stated}); {self.style}"


def score(
    response: str,
    answer: str | float | None = None,
    *,
    answer_type: str = "number",
    meta: Mapping[str, Any] | None = None,
) -> Score:
    """Judge one response and read the style of its trace, as the tasks do.

    Args:
        response: what a model wrote, with the think tags of any known family, or none.
        answer: the right answer; if left out, only the style is read.
        answer_type: how answers are read and compared: ``number``, ``option`` (a letter), ``text``,
            ``expression``, ``latex`` or ``gym``.
        meta: what the problem says of itself: ``{"options": [...]}`` for texts of options, the item for
            ``gym``, a ``proof``, which adds ``explanation_f1``.

    Returns:
        A `Score`. Whatever a model writes is scored; it never makes this fail.

    Raises:
        StylerepError: for a response that is no text, or an answer type that there isn't.

    Example:
        s = stylerep.score("<think>2 + 3 = 5. Wait, is it?</think>The answer is 5.", answer="5")
        print(s.correct, [pivot.phrase for pivot in s.pivots])

    """
    _check_text("response", response)
    if answer_type not in ANSWER_TYPES:
        raise StylerepError(f"answer_type is one of {', '.join(ANSWER_TYPES)}, found {shown(answer_type)}.")
    if answer is not None and (isinstance(answer, bool) or not isinstance(answer, str | Real)):
        raise StylerepError(f"answer: expected a text or a number, found {shown(answer)}.")
    if answer_type == "latex":
        warm_up()
    split = split_response(response)
    reading = read_response(split)
    metrics = scored(split, reading, "" if answer is None else str(answer), answer_type, meta)
    right = metrics["acc"] == 1.0
    if answer is None:
        del metrics["acc"]
    return Score(
        response=response,
        correct=None if answer is None else right,
        stated_answer=stated_answer(split, answer_type),
        style=_style(reading, _REFERENCE),
        metrics=metrics,
    )


def read_style(
    trace: str, *, language: str | None = None, reference: str | Path = _REFERENCE, closed: bool = True
) -> TraceStyle:
    """Read the style of one trace: a text of reasoning by itself, without tags and final answer.

    Args:
        trace: the text.
        language: of its lexicon, ``en`` or ``zh``; told from the trace if left out.
        reference: the style profile that ``adherence`` is measured against: ``long-reasoning``, ``instruct``,
            or a file that ``stylerep analyze --profile`` wrote.
        closed: False for a trace that was cut off, whose last words are no conclusion.

    Returns:
        A `TraceStyle`; that of an empty trace has no pivots and zeros.

    Raises:
        StylerepError: for a trace that is no text, or a language or profile that there isn't.

    Example:
        style = stylerep.read_style("First, 2 + 3 = 5. Wait, let me check that: 5 - 3 = 2.")
        print(style.features["pivot_density"], style.adherence)

    """
    _check_text("trace", trace)
    return _style(read_trace(trace, load_lexicon(language or language_of(trace)), closed=closed), reference)


def analyze(
    sources: str | Path | Sequence[str | Path],
    *,
    reference: str | Path = _REFERENCE,
    language: str | None = None,
    learnability: str | Path | Sequence[str | Path] = (),
) -> "StyleAnalysis":
    """Read the style of all responses in files, run folders and Hub data sets, as ``stylerep analyze`` does.

    Args:
        sources: one or several files (.jsonl, .jsonl.gz, .json, .csv, .parquet), run folders, folders of such
            files, or Hub data sets ``org/name[:split]``. Fields are found by their names.
        reference: as for `read_style`.
        language: of all traces, ``en`` or ``zh``; told from each one if left out.
        learnability: tables of `stylerep.learnability`, of one student; the rows that it read have their mean
            surprisal in nats a token and their mean rank among their metrics.

    Returns:
        ``scored`` (each response with its scores), ``groups`` (summaries by model, right and wrong),
        ``associations`` (what goes with a right answer at the same length), ``notes`` and a ``signature``.

    Raises:
        StylerepError: for what can't be read, with its file and line.

    Example:
        found = stylerep.analyze("runs/hc")
        print(len(found.scored), found.groups[0].model)

    """
    from harness_ext.pages.analyze import analyze as run

    several = [sources] if isinstance(sources, str | Path) else sources
    tables = [learnability] if isinstance(learnability, str | Path) else learnability
    return run([str(one) for one in several], None, str(reference), language, [Path(one) for one in tables])


def _style(reading: StyleReading, reference: str | Path) -> TraceStyle:
    profile = _shipped(str(reference)) if str(reference) in SHIPPED else load_profile(reference)
    return TraceStyle(
        trace=reading.text,
        language=reading.lexicon.language,
        pivots=tuple(reading.pivots),
        stages=tuple(reading.stages),
        claims=tuple(reading.claim_spans),
        features=reading.scores.features(),
        adherence=style_adherence(reading.scores, profile.rates),
    )


@functools.cache
def _shipped(name: str) -> StyleProfile:
    return load_profile(name)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise StylerepError(f"{name}: expected a text, found {shown(value)}.")
