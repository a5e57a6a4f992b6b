"""Traces whose opening marker stands in the prompt: a chat template may end with it,
and the response then begins within the trace.
"""

import re

from synth.formats.format_file import marker_pattern, response_formats
from synth.formats.markers import markers

_TAIL = 400


def prompt_opening(prompt: str) -> str:
    """Return the marker that a prompt ends with if it opens a trace, with the white space after it;
    else nothing.

    A response to such a prompt that never closes the trace was cut off within it,
    which nothing in the response itself tells.
    """
    tail, known = prompt[-_TAIL:], markers()
    end = len(tail.rstrip())
    last = next(reversed([*known.find(tail)]), None)
    if last is not None and last.marker.opens and last.end >= end:
        return tail[last.start :]
    texts = [text for one in known.lines if one.alone for text in one.open]
    return next(
        (tail[end - len(text.rstrip()) :] for text in texts if tail[:end].endswith(text.rstrip())), ""
    )


def closing_of(opening: str) -> str:
    """Return the marker that closes a trace which a marker, as `prompt_opening` returns it, opens."""
    text = opening.strip()
    for one in response_formats().formats:
        for number, marker in enumerate(one.open):
            if re.fullmatch(marker_pattern(marker.strip()), text):
                closing = one.close[number] if len(one.open) <= len(one.close) else one.close[0]
                return (
                    closing.replace(
                        "*", text[len(marker.partition("*")[0]) : len(text) - len(marker.partition("*")[2])]
                    )
                    if "*" in marker
                    else closing
                )
    return text.replace("<", "</", 1) if text.startswith("<") else text.replace("[", "[/", 1)


def with_opening(prompt: str, response: str) -> str:
    """Return a response with the marker that its prompt ends with,
    if that opens a trace and the response does not open one itself.
    """
    opening = prompt_opening(prompt)
    if not opening or response.lstrip().startswith(opening.strip()):
        return response
    return opening + response
