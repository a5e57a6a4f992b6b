"""How models write traces and answers: where a trace ends and what follows it."""

from synth.formats.split import CLOSE, OPEN, SplitResponse, split_response

__all__ = ["CLOSE", "OPEN", "SplitResponse", "split_response"]
