"""Scores responses with the ruler of `synth.style`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness_ext.analyze.responses import Response
from synth.style import Reading, SplitResponse, load_lexicon, read_trace, split_response
from synth.style.adherence import style_adherence
from synth.style.consistency import answer_consistency
from synth.style.language import language_of
from synth.style.profile import StyleProfile
from synth.style.scores import StyleScores

STRIP = 200
"""Columns of a stage strip: parts of equal length into which a trace is cut to be drawn."""


@dataclass(frozen=True, slots=True)
class ScoredResponse:
    """A response and all its scores.

    `metrics` has each score under its metric name; `step_validity` and `answer_consistency` are None where
    there is nothing to judge. `strip` has the stage of each of 200 parts of the trace, empty without a trace.
    """

    response: Response
    language: str
    scores: StyleScores
    metrics: dict[str, float | None]
    strip: bytes

    def as_json(self) -> dict[str, Any]:
        """Return one flat object, as ``stylerep analyze --json`` writes it."""
        one = self.response
        where = {"file": one.file, "row": one.row, "sample": one.sample, "model": one.model, "task": one.task, "is_correct": one.is_correct}
        return {**where, "language": self.language, **self.metrics}


def score_responses(responses: Iterable[Response], reference: StyleProfile, language: str | None = None) -> Iterator[ScoredResponse]:
    """Score responses one after the other; the language is told from each text unless it is given."""
    for response in responses:
        split = split_response(response.text)
        spoken = language or language_of(split.trace)
        reading = read_trace(split.trace, load_lexicon(spoken), closed=not split.truncated)
        yield ScoredResponse(response, spoken, reading.scores, _metrics(split, reading, reference), _strip(reading))


def _metrics(split: SplitResponse, reading: Reading, reference: StyleProfile) -> dict[str, float | None]:
    scores = reading.scores
    return {
        "trace_present": float(split.tagged),
        "trace_closed": float(split.closed),
        "truncated": float(split.truncated),
        "style_adherence": style_adherence(scores, reference.rates),
        **scores.features(),
        "step_validity": scores.step_validity,
        "arithmetic_claims": float(scores.claims),
        "answer_consistency": answer_consistency(split),
    }


def _strip(reading: Reading) -> bytes:
    if not len(reading.units.starts):
        return b""
    places = np.linspace(0, len(reading.text), STRIP, endpoint=False)
    unit = np.maximum(np.searchsorted(reading.units.starts, places, side="right") - 1, 0)
    return reading.unit_stages[unit].astype(np.uint8).tobytes()
