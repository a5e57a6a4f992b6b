r"""The answer that a text states: in a box, in words, or as its last number."""

import re
from fractions import Fraction

from synth.arithmetic import evaluate

# A sign counts only where nothing stands before it that makes it a minus: "5-3" ends in 3.
_NUMBER = r"(?:(?<![\w)\]}.])[-+−])?\s*[$€£]?\s*(?:\d[\d,]*\.?\d*|\.\d+)(?:\s*/\s*\d+)?"
_STATED = re.compile(rf"answer\s*(?:is|:|=)\s*(?:\**|\$*|:)*\s*(?:\\boxed\{{)?\s*({_NUMBER})", re.IGNORECASE)
_BOXED = re.compile(rf"\\boxed\{{\s*({_NUMBER})")
_ANY = re.compile(_NUMBER)
# A final answer stands at the end; a response that loops for megabytes is not read whole.
_TAIL = 20_000
_LONGEST_BOX = 400
_DECORATION = re.compile(r"\\(?:left|right|text|mathrm|textbf|displaystyle|[,;:! ])|[\s${}*\\]")


def stated_number(text: str) -> str | None:
    r"""Return the number that *text* ends up with, as it is written, or None if there is none.

    That is the last of, in this order: ``\boxed{…}``, "the answer is …", any number.
    """
    tail = text[-_TAIL:]
    for pattern in (_BOXED, _STATED, _ANY):
        if found := pattern.findall(tail):
            return str(found[-1]).strip()
    return None


def last_box(text: str) -> str | None:
    r"""Return what stands in the last ``\boxed{…}`` of *text*, braces balanced, or None if there is none that ends."""
    begin = text.rfind("\\boxed{")
    if begin < 0:
        return None
    begin += len("\\boxed{")
    depth = 1
    for i, character in enumerate(text[begin : begin + _LONGEST_BOX]):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return text[begin : begin + i].strip()
    return None


def number_value(text: str) -> Fraction | None:
    """Return the exact value of a number as people write it: ``$1,234.50``, ``−3``, ``1/2``."""
    plain = re.sub(r"[\s,$€£]", "", text).replace("−", "-").rstrip(".")
    sign = -1 if plain.startswith("-") else 1
    parts = [re.sub(r"^0+(?=\d)", "", part) for part in plain.lstrip("+-").split("/")]
    value = evaluate("/".join(parts)) if all(parts) else None
    return None if value is None else sign * value


def plain_form(text: str) -> str:
    """Return a formula without its spaces, dollar signs, braces and typesetting commands, to compare wordings."""
    return _DECORATION.sub("", text.replace("dfrac", "frac").replace("tfrac", "frac"))
