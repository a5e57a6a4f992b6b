"""The ruler for style: lexicons, the split of a response, stages, and scores of a trace."""

from synth.style.lexicon import KINDS, LANGUAGES, STAGES, Lexicon, Pivot, load_lexicon
from synth.style.scores import Reading, StyleScores, read_trace, style_scores
from synth.style.split import CLOSE, OPEN, SplitResponse, split_response
from synth.style.stages import cut_steps
from synth.style.strip import without_pivots

__all__ = [
    "CLOSE",
    "KINDS",
    "LANGUAGES",
    "OPEN",
    "STAGES",
    "Lexicon",
    "Pivot",
    "Reading",
    "SplitResponse",
    "StyleScores",
    "cut_steps",
    "load_lexicon",
    "read_trace",
    "split_response",
    "style_scores",
    "without_pivots",
]
