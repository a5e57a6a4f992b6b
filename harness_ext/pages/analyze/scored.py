"""Scores responses with the style scorer, `synth.style`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness_ext.pages.analyze.responses import Response
from synth.formats import split_response
from synth.style import StyleReading
from synth.style.metrics import read_each, style_metrics
from synth.style.profile import StyleProfile
from synth.style.scores import AT_ONCE, StyleScores

STRIP = 200
"""Columns of a stage strip: parts of equal length into which a trace is cut to be drawn."""


@dataclass(frozen=True, slots=True)
class ScoredResponse:
    """A response and all its scores.

    `metrics` has each score under its metric name; `step_validity` and `answer_consistency` are None where
    there is nothing to judge. `strip` has the stage of each of 200 parts of the trace, empty without a trace.
    `no_answer` says why nothing can be an answer.
    """

    response: Response
    language: str
    scores: StyleScores
    metrics: dict[str, float | None]
    strip: bytes
    no_answer: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return one flat object, as ``stylerep analyze --json`` writes it."""
        one = self.response
        where = {
            "file": one.file,
            "row": one.row,
            "sample": one.sample,
            "model": one.model,
            "task": one.task,
            "is_correct": one.is_correct,
        }
        return {**where, "language": self.language, "no_answer": self.no_answer, **self.metrics}


def score_responses(
    responses: Iterable[Response], reference: StyleProfile, language: str | None = None
) -> Iterator[ScoredResponse]:
    """Score responses in their order, some at a time; the language is told from each text unless it is
    given.
    """
    for some in _some_at_a_time(responses):
        splits = [split_response(response.text) for response in some]
        for response, split, reading in zip(some, splits, read_each(splits, language), strict=True):
            metrics = style_metrics(split, reading, reference)
            yield ScoredResponse(
                response, reading.lexicon.language, reading.scores, metrics, _strip(reading), split.no_answer
            )


def _some_at_a_time(responses: Iterable[Response]) -> Iterator[list[Response]]:
    """Yield as many responses as are read together, and a longer one alone."""
    some, characters = list[Response](), 0
    for response in responses:
        if some and characters + len(response.text) > AT_ONCE:
            yield some
            some, characters = [], 0
        some.append(response)
        characters += len(response.text)
    if some:
        yield some


def _strip(reading: StyleReading) -> bytes:
    if not len(reading.units.starts):
        return b""
    places = np.linspace(0, len(reading.text), STRIP, endpoint=False)
    unit = np.maximum(np.searchsorted(reading.units.starts, places, side="right") - 1, 0)
    return reading.unit_stages[unit].astype(np.uint8).tobytes()
