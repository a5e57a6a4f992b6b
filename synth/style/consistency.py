"""Whether a trace comes to the answer that is given after it."""

import functools
import re

from synth.formats import SplitResponse
from synth.grading.final_answer import last_box, number_value, plain_form, stated_number

_TAIL, _LAST_WORDS = 600, 160
_NUMBERS = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:/\d+)?")
_value = functools.lru_cache(maxsize=4096)(number_value)  # traces end with the same few numbers


def answer_consistency(split: SplitResponse) -> float | None:
    """Return 1.0 if the trace's own conclusion is the answer given, 0.0 if it is another,
    None where one is missing.

    The answer given is what stands in the last box of the answer part, else its last number. A trace
    concludes with its own box, else with the numbers of its last 160 characters, of which one must be the
    answer; an answer that is no number must stand in the end of the trace, typesetting aside.
    """
    tail = split.derivation[-_TAIL:]
    given = (last_box(split.answer) or stated_number(split.answer)) if tail and split.answer else None
    if given is None:
        return None
    value = _value(given)
    if value is None:
        return float(plain_form(given) in plain_form(tail))
    own = last_box(tail)
    numbers = (
        [own] if own is not None else _NUMBERS.findall(tail[-_LAST_WORDS:]) or _NUMBERS.findall(tail)[-1:]
    )
    return float(any(_value(number) == value for number in numbers)) if numbers else None
