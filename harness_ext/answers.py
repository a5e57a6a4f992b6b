"""Finds the final answer of a response and judges it."""

import re
from fractions import Fraction

from synth.arithmetic import evaluate
from synth.style import split_response

# A sign counts only where nothing stands before it that makes it a minus: "5-3" ends in 3.
_NUMBER = r"(?:(?<![\w)\]}.])[-+−])?\s*[$€£]?\s*(?:\d[\d,]*\.?\d*|\.\d+)(?:\s*/\s*\d+)?"
_STATED = re.compile(rf"answer\s*(?:is|:|=)\s*(?:\**|\$*|:)*\s*(?:\\boxed\{{)?\s*({_NUMBER})", re.IGNORECASE)
_BOXED = re.compile(rf"\\boxed\{{\s*({_NUMBER})")
_ANY = re.compile(_NUMBER)
# A final answer stands at the end; a response that loops for megabytes is not read whole.
_TAIL = 20_000


def final_number(response: str) -> str | None:
    r"""Return the number a response ends up with, as text, or None if it gives none.

    A response cut off inside its trace has no answer. Otherwise the last of, in this order:
    ``\boxed{…}``, "the answer is …", any number.
    """
    text = split_response(response).answer[-_TAIL:]
    for pattern in (_BOXED, _STATED):
        if found := pattern.findall(text):
            return str(found[-1]).strip()
    found = _ANY.findall(text)
    return str(found[-1]).strip() if found else None


def number_value(text: str) -> Fraction | None:
    """Return the exact value of a number as people write it: ``$1,234.50``, ``−3``, ``1/2``."""
    plain = re.sub(r"[\s,$€£]", "", text).replace("−", "-").rstrip(".")
    sign = -1 if plain.startswith("-") else 1
    parts = [re.sub(r"^0+(?=\d)", "", part) for part in plain.lstrip("+-").split("/")]
    value = evaluate("/".join(parts)) if all(parts) else None
    return None if value is None else sign * value


def is_right(stated: str | None, gold: str) -> bool:
    """Say whether two numbers, as text, have the same value; nothing stated is never right."""
    if stated is None:
        return False
    value = number_value(stated)
    return value is not None and value == number_value(gold)
