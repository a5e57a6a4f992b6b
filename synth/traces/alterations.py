"""What the dose arms and controls do to a trace, one that templates wrote or one that a model did.

A step is what the style scorer takes for one: a line, or a sentence of a long line. A fraction *f* of n
steps, digits or pivots is the nearest whole number to f · n. After Li et al. 2025 (arXiv:2502.07374), who
shuffle, delete and insert steps and corrupt digits and keywords; the dots are those of Pfau et al. 2024
(arXiv:2404.15758), the swapped traces those of Valmeekam et al. 2025 (arXiv:2505.13775).
"""

import random
import re
from collections.abc import Callable, Sequence

from synth.style import Lexicon, cut_steps, without_pivots

_DIGIT = re.compile(r"\d")
Alter = Callable[[str, float, random.Random, str, Lexicon], str]


def shuffle(text: str, fraction: float, rng: random.Random, _: str, __: Lexicon) -> str:
    """Exchange a fraction of the steps among their places, so that none of them stays (two at least,
    where there are two).
    """
    steps, gaps = cut_steps(text)
    chosen = sorted(rng.sample(range(len(steps)), _share(fraction, len(steps), least=2)))
    turned = list(chosen)
    rng.shuffle(turned)
    if any(a == b for a, b in zip(chosen, turned, strict=True)):
        # A turn by one place leaves none where it was.
        turned = chosen[1:] + chosen[:1]
    moved = list(steps)
    for place, source in zip(chosen, turned, strict=True):
        moved[place] = steps[source]
    return _together(moved, gaps)


def delete(text: str, fraction: float, rng: random.Random, _: str, __: Lexicon) -> str:
    """Delete a fraction of the steps."""
    steps, gaps = cut_steps(text)
    gone = set(rng.sample(range(len(steps)), _share(fraction, len(steps))))
    kept = [i for i in range(len(steps)) if i not in gone]
    return _together([steps[i] for i in kept], [gaps[i] for i in kept])


def insert(text: str, fraction: float, rng: random.Random, other: str, __: Lexicon) -> str:
    """Put steps of another problem's trace between the steps, as many as a fraction of these."""
    steps, gaps = cut_steps(text)
    strange, _ = cut_steps(other)
    for _ in range(_share(fraction, len(steps)) if strange else 0):
        place = rng.randint(0, len(steps))
        steps.insert(place, strange[rng.randrange(len(strange))])
        gaps.insert(place, "\n\n")
    return _together(steps, gaps)


def digits(text: str, fraction: float, rng: random.Random, _: str, __: Lexicon) -> str:
    """Change a fraction of the digits to other digits."""
    places = [found.start() for found in _DIGIT.finditer(text)]
    changed = list(text)
    for place in rng.sample(places, _share(fraction, len(places))):
        changed[place] = rng.choice([digit for digit in "0123456789" if digit != text[place]])
    return "".join(changed)


def keywords(text: str, fraction: float, rng: random.Random, _: str, lexicon: Lexicon) -> str:
    """Take out a fraction of the pivot phrases."""
    pivots = lexicon.find(text)
    chosen = set(rng.sample(range(len(pivots)), _share(fraction, len(pivots))))
    return without_pivots(text, (pivot for i, pivot in enumerate(pivots) if i in chosen))


DOSES: dict[str, Alter] = {
    "shuffle": shuffle,
    "delete": delete,
    "insert": insert,
    "digits": digits,
    "keywords": keywords,
}
"""Operations by name; each takes text, fraction (0 to 1), generator, the trace of another problem,
and lexicon.
"""


def reorder(text: str, spans: Sequence[tuple[int, int]], order: Sequence[int]) -> str:
    """Put parts of a text, given as spans that lie one after the other, into another order."""
    return "\n\n".join(text[spans[i][0] : spans[i][1]].strip() for i in order)


def other_order(n: int, rng: random.Random) -> list[int]:
    """Draw an order of n things that is not the order they have; with fewer than two there is none other."""
    order = list(range(n))
    while n > 1 and order == sorted(order):
        rng.shuffle(order)
    return order


def dots(words: int) -> str:
    """Return as many full stops as there are words."""
    return " ".join(["."] * words)


def _share(fraction: float, n: int, least: int = 0) -> int:
    k = int(fraction * n + 0.5)
    return min(n, max(k, least)) if k and n >= least else 0


def _together(steps: Sequence[str], gaps: Sequence[str]) -> str:
    """Join steps, each followed by its gap but the last."""
    return (
        "".join(
            step + gap for step, gap in zip(steps, [*[gap or "\n\n" for gap in gaps[:-1]], ""], strict=True)
        )
        if steps
        else ""
    )
