"""The style scorer: lexicons, stages, and scores of a trace."""

from synth.style.lexicon import KINDS, LANGUAGES, STAGES, Lexicon, Pivot, load_lexicon
from synth.style.scores import StyleReading, StyleScores, read_trace, read_traces, style_scores
from synth.style.stages import cut_steps
from synth.style.strip import without_pivots

__all__ = [
    "KINDS",
    "LANGUAGES",
    "STAGES",
    "Lexicon",
    "Pivot",
    "StyleReading",
    "StyleScores",
    "cut_steps",
    "load_lexicon",
    "read_trace",
    "read_traces",
    "style_scores",
    "without_pivots",
]
