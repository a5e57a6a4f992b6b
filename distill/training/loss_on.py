"""Says which tokens of a response the loss counts: all, or one part of what a row teaches."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from synth.errors import StylerepError

LOSS_ON = ("all", "steps", "pivots", "answer")
"""`pivots` are the pivot phrases of a trace, `steps` the rest of it with the tag that opens it, `answer` all
that follows the trace, the end of turn too. Each token belongs to one of the three.
"""
_NAME = re.compile(rf"(.+)_on_({'|'.join(LOSS_ON[1:])})")
_ON_POLICY = "_opd"


def tokens_left_out(
    row: Mapping[str, Any], text: str, spans: Sequence[tuple[int, int]], loss_on: str
) -> list[int]:
    """Return which tokens of *text* have no label (numbers from 0 on), in order; the last one stands for the
    end of turn, which follows them.

    *row* is a row of a trace data set, *text* what a model writes for it, and *spans* are its tokens'
    characters in *text*. A token that holds any character of a pivot belongs to it. Raises StylerepError for
    a row whose trace does not stand in *text* as it is.
    """
    if loss_on == "all":
        return []
    start = text.find(row["trace"])
    if start < 0:
        raise StylerepError(
            f"Row {row['id']}: its response does not hold its trace as it is, so --loss-on {loss_on} cannot"
            " tell which tokens count."
        )
    end = start + len(row["trace"]) if row["trace"] else 0
    pivots = [(start + pivot["start"], start + pivot["end"]) for pivot in row["pivots"]]
    parts = [_part(first, last, pivots, end) for first, last in spans]
    return [number for number, part in enumerate([*parts, "answer"]) if part != loss_on]


def _part(first: int, last: int, pivots: Sequence[tuple[int, int]], end: int) -> str:
    last = max(last, first + 1)
    if any(first < stop and last > start for start, stop in pivots):
        return "pivots"
    return "steps" if first < end else "answer"


def trained_arm(arm: str, loss_on: str, on_policy: bool = False) -> str:
    """Return what an arm is called when it is trained so: ``hc_on_steps``, ``hc_opd``; its own name for
    ``all``.
    """
    if on_policy:
        return f"{arm}{_ON_POLICY}"
    return arm if loss_on == "all" else f"{arm}_on_{loss_on}"


def is_on_policy(name: str) -> bool:
    """Say whether a trained arm learns from what the student writes for its problems: ``hc_opd``."""
    return name.endswith(_ON_POLICY) and name != _ON_POLICY


def taught_arm(name: str) -> tuple[str, str]:
    """Return the arm whose data is trained on, and what the loss counts, from the name of a trained arm."""
    if is_on_policy(name):
        return name.removesuffix(_ON_POLICY), "all"
    found = _NAME.fullmatch(name)
    return (found[1], found[2]) if found else (name, "all")
