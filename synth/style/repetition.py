"""Repetition: how much of a trace was said before, and whether it ends in a loop."""

from synth.style.stages import Units

_SHORTEST = 20
_TAIL, _NEEDLE, _TIMES = 10_000, 60, 4


def repetition(text: str, units: Units) -> float:
    """Return the share of *text* (by characters, 0 to 1) in units of 20 characters or more that stood in it
    before, word for word.
    """
    if not text:
        return 0.0
    seen: set[str] = set()
    again = 0
    long = units.ends - units.starts >= _SHORTEST
    for start, end in zip(units.starts[long].tolist(), units.ends[long].tolist(), strict=True):
        unit = text[start:end].rstrip()
        if unit in seen:
            again += end - start
        else:
            seen.add(unit)
    return again / len(text)


def looping(text: str) -> bool:
    """Say whether *text* ends in a loop: its last 60 characters stand at least four times in its last 10,000.

    The very last characters may be cut anywhere in a loop, which changes nothing.
    """
    return len(text) >= _NEEDLE * _TIMES and text[-_TAIL:].count(text[-_NEEDLE:]) >= _TIMES
