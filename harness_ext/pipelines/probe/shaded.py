"""Traces with each sentence beside its effect, for a page that shades them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness_ext.pipelines.probe.items import ProbeItem
from harness_ext.pipelines.probe.sentences import sentences_of

SHOWN = 20
"""Traces of each run that are shaded, the first."""
_BY = ("delete", "corrupt", "resample")
"""The probes by whose effect sentences can be shaded; the first that was made is taken."""


@dataclass(frozen=True, slots=True)
class ShadedPiece:
    """A piece of a trace: a sentence of a `kind` with its `effect` (None where it was not probed), or, of no
    kind, what stands between two.
    """

    text: str
    kind: str = ""
    effect: float | None = None


@dataclass(frozen=True, slots=True)
class ShadedTrace:
    """One trace in pieces, which together are its text; `by` is the probe whose effect is shown."""

    run: str
    task: str
    item: str
    by: str
    right: bool
    pieces: tuple[ShadedPiece, ...]


def shaded_traces(
    run: str, items: Sequence[ProbeItem], rows: Sequence[Mapping[str, Any]]
) -> list[ShadedTrace]:
    """Return the first traces of a run with the effects that its rows give their sentences."""
    found: dict[tuple[str, str, str], dict[int, float]] = {}
    for row in rows:
        known = row["sentence"] is not None and row["effect"] is not None
        if row["probe"] in _BY and known and row["kind"] != "pivot":
            key = row["probe"], row["task"], row["item"]
            found.setdefault(key, {})[row["sentence"]] = row["effect"]
    made = []
    for item in items[:SHOWN]:
        by = next((probe for probe in _BY if (probe, item.task, item.item) in found), "")
        effects = found.get((by, item.task, item.item), {})
        made.append(ShadedTrace(run, item.task, item.item, by, item.right, _pieces(item, effects)))
    return made


def _pieces(item: ProbeItem, effects: Mapping[int, float]) -> tuple[ShadedPiece, ...]:
    pieces, place = [], 0
    for number, one in enumerate(sentences_of(item)):
        if one.start > place:
            pieces.append(ShadedPiece(item.trace[place : one.start]))
        pieces.append(ShadedPiece(item.trace[one.start : one.end], one.kind, effects.get(number)))
        place = one.end
    if place < len(item.trace):
        pieces.append(ShadedPiece(item.trace[place:]))
    return tuple(pieces)
