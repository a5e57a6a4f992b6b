"""Every score of one response under its metric name, as ``analyze`` and the tasks report them."""

from collections.abc import Sequence

from synth.formats import SplitResponse
from synth.style.adherence import style_adherence
from synth.style.consistency import answer_consistency
from synth.style.language import language_of
from synth.style.lexicon import load_lexicon
from synth.style.profile import StyleProfile
from synth.style.scores import StyleReading, read_trace, read_traces


def read_response(split: SplitResponse, language: str | None = None) -> StyleReading:
    """Read the trace of a response with the lexicon of its language,
    which is told from the trace unless it is given.
    """
    return read_trace(
        split.trace, load_lexicon(language or language_of(split.trace)), closed=not split.truncated
    )


def read_each(splits: Sequence[SplitResponse], language: str | None = None) -> list[StyleReading]:
    """Read the traces of many responses: the same as `read_response` of each,
    several times as fast where they are short.
    """
    traces = [split.trace for split in splits]
    lexicons = [load_lexicon(language or language_of(trace)) for trace in traces]
    return read_traces(traces, lexicons, [not split.truncated for split in splits])


def style_metrics(
    split: SplitResponse, reading: StyleReading, reference: StyleProfile
) -> dict[str, float | None]:
    """Return all scores of style; `step_validity` and `answer_consistency` are None where there is nothing to
    judge.
    """
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
