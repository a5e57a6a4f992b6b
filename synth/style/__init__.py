"""The ruler for style: lexicons, the split of a response, and scores of a trace."""

from synth.style.lexicon import KINDS, Lexicon, Pivot, load_lexicon
from synth.style.scores import StyleScores, style_scores
from synth.style.split import CLOSE, OPEN, SplitResponse, split_response

__all__ = ["CLOSE", "KINDS", "OPEN", "Lexicon", "Pivot", "SplitResponse", "StyleScores", "load_lexicon", "split_response", "style_scores"]
