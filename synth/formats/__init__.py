"""How models write traces and answers: where a trace ends and what follows it, for every format in
``formats.yaml`` and every model family.
"""

from synth.formats.control_tokens import control_tokens
from synth.formats.format_file import ResponseFormat, response_formats
from synth.formats.prompts import closing_of, prompt_opening, with_opening
from synth.formats.split import CLOSE, OPEN, SplitResponse, split_response, trace_text

__all__ = [
    "CLOSE",
    "OPEN",
    "ResponseFormat",
    "SplitResponse",
    "closing_of",
    "control_tokens",
    "prompt_opening",
    "response_formats",
    "split_response",
    "trace_text",
    "with_opening",
]
