"""What probes change in a trace: numbers and names made wrong, pivots exchanged, equations said otherwise."""

import random
import re
from collections.abc import Sequence

from harness_ext.pipelines.probe.items import ProbeItem
from synth.style import KINDS, Lexicon, Pivot

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
_NAME = re.compile(r"(?<!\w)(?:[A-Z]\w*\d\w*|[A-Z][a-z]+)(?!\w)")
_EQUATION = re.compile(
    r"(?P<left>\d[\d.,\s+*/×÷()-]*[\d)])\s*=\s*(?P<right>\d+(?:\.\d+)?)(?![\d.,]*\s*[=+*/×÷-])"
)


def corruption(
    item: ProbeItem, text: str, others: Sequence[str], rng: random.Random
) -> tuple[int, int, str] | None:
    """Return what to put into a sentence to make it wrong: (start, end, text); None where nothing can be.

    A number becomes another of as many digits: the result of the last equation, else the last number. Where
    the answer is no number, the stated answer, or else the last name that the question has, becomes another:
    one of *others*, or a name of the question of the same shape.
    """
    if item.answer_type not in ("text", "option") and (found := list(_NUMBER.finditer(text))):
        after = text.rfind("=")
        chosen = next((one for one in found if one.start() > after), found[-1]) if after >= 0 else found[-1]
        return chosen.start(), chosen.end(), _other_number(chosen[0], item.answer, rng)
    names = list(dict.fromkeys(_NAME.findall(item.question)))
    wanted = [name for name in (item.stated, item.answer) if name and not _NUMBER.fullmatch(name)]
    for name in dict.fromkeys(wanted):
        if place := _last(text, name):
            pool = [one for one in (*names, *others) if one != name and _shape(one) == _shape(name)]
            pool = pool or [one for one in others if one != name]
            if pool:
                return *place, rng.choice(list(dict.fromkeys(pool)))
    for one in reversed(list(_NAME.finditer(text))):
        pool = [name for name in names if name != one[0] and _shape(name) == _shape(one[0])]
        if one[0] in names and pool:
            return one.start(), one.end(), rng.choice(pool)
    return None


def everywhere_after(trace: str, place: int, old: str, new: str) -> str:
    """Return a trace with each whole word *old* from a place on made *new*."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(old)}(?![\w]|\.\d)")
    return trace[:place] + pattern.sub(lambda _: new, trace[place:])


def exchanged_pivots(
    trace: str, pivots: Sequence[Pivot], lexicon: Lexicon, rng: random.Random, within: bool
) -> str:
    """Return a trace with each pivot made another phrase of its kind (*within*) or of another kind."""
    by_kind = {
        kind: [phrase.wording for phrase in lexicon.pivots if phrase.label == kind and not phrase.guarded]
        for kind in KINDS
    }
    for pivot in sorted(pivots, key=lambda one: one.start, reverse=True):
        kinds = [pivot.kind] if within else [kind for kind in KINDS if kind != pivot.kind]
        pool = [text for kind in kinds for text in by_kind[kind] if text != pivot.phrase]
        if not pool:
            continue
        new = rng.choice(pool)
        if trace[pivot.start : pivot.start + 1].isupper():
            new = new[:1].upper() + new[1:]
        trace = trace[: pivot.start] + new + trace[pivot.end :]
    return trace


def said_otherwise(text: str) -> str | None:
    """Return a sentence with its last equation in other words (``19 + 4 = 23`` becomes ``23 is what 19 + 4
    comes to``), None where it has none.
    """
    found = list(_EQUATION.finditer(text))
    if not found:
        return None
    last = found[-1]
    return f"{text[: last.start()]}{last['right']} is what {last['left']} comes to{text[last.end() :]}"


def _other_number(text: str, answer: str, rng: random.Random) -> str:
    digits = [place for place, letter in enumerate(text) if letter.isdigit()]
    for _ in range(50):
        changed = list(text)
        for place in digits if len(digits) < 3 else digits[:2]:
            changed[place] = rng.choice(
                "123456789" if place == digits[0] and len(digits) > 1 else "0123456789"
            )
        if (new := "".join(changed)) not in (text, answer):
            return new
    return text[:-1] + str((int(text[-1]) + 1) % 10)


def _last(text: str, name: str) -> tuple[int, int] | None:
    places = [one.span() for one in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
    return places[-1] if places else None


def _shape(name: str) -> str:
    """Return of a name which letters are capitals, small or digits, runs taken together."""
    return re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d+", "0", name)))
