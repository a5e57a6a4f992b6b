"""Compares the style of two conditions item by item, also at equal length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness_ext.compare.pairing import FloatArray, Key, Pair
from harness_ext.runs.run_folder import Run
from harness_ext.stats import (
    Interval,
    Result,
    bootstrap_many,
    hodges_lehmann,
    length_controlled,
    sign_flip_many,
)
from synth.processes.workers import Workers
from synth.progress import each

STYLE = ("answered", "pivot_density", "pivot_kinds", "stage_coverage", "style_adherence", "trace_words")
_LENGTH = "trace_words"
_NOT_CONTROLLED = ("answered", _LENGTH)
_DRAWS = 10_000
_LEVEL = 0.95
_AT_ONCE = 192


@dataclass(frozen=True, slots=True)
class StyleEffect:
    """The difference of one style score: mean with BCa interval and sign-flip p, pseudomedian, and what
    remains at equal length.

    The last is None for length itself, and where lengths differ so much that equal length lies outside the
    middle nine tenths of their differences: a regression would have to guess. Seeds are averaged per item.
    `p_adjusted` is the mean's p adjusted by Benjamini and Hochberg over all style scores of a report.
    """

    metric: str
    mean: Result
    median: Result
    at_equal_length: Result | None
    p_adjusted: float = 1.0


def style_means(runs: Sequence[Run], key: Key, items: Sequence[str]) -> dict[str, float]:
    """Return the mean, over runs and items, of every style score that all have."""
    places = [run.tasks[key].places(items) for run in runs]
    names = _common(runs, key, places)
    values = {
        name: [
            value
            for run, own in zip(runs, places, strict=True)
            for value in run.tasks[key].scores(name, own).tolist()
        ]
        for name in names
    }
    return {name: sum(each) / len(each) for name, each in values.items()}


def shared_scores(pair: Pair) -> list[str]:
    """Return the style scores that every item of both conditions has."""
    runs = (*pair.first, *pair.second)
    return _common(runs, pair.key, [run.tasks[pair.key].places(pair.items) for run in runs])


def _common(runs: Sequence[Run], key: Key, places: Sequence[npt.NDArray[np.intp]]) -> list[str]:
    return [
        name
        for name in STYLE
        if all(run.tasks[key].have_all(name, own) for run, own in zip(runs, places, strict=True))
    ]


def style_effects(pairs: Sequence[Pair], seed: int, workers: Workers) -> list[list[StyleEffect]]:
    """Return, for each pair, the difference of every style score that both conditions have. One resampling
    serves all pairs.
    """
    found: list[list[StyleEffect]] = [[] for _ in pairs]
    pieces = [
        (some, seed)
        for some in _together([draft for place, pair in enumerate(pairs) for draft in _drafts(place, pair)])
    ]
    worked = each(workers.each(_effects, pieces), "comparing style", len(pieces), "sets of scores")
    for (some, _), effects in zip(pieces, worked, strict=True):
        for one, effect in zip(some, effects, strict=True):
            found[one.place].append(effect)
    return found


@dataclass(frozen=True, slots=True)
class _StyleDraft:
    """The differences of a style score of the pair at a place among many, and those of log length, None where
    it is not controlled for length.
    """

    place: int
    score: str
    differences: FloatArray
    lengths: FloatArray | None


def _effects(piece: "tuple[Sequence[_StyleDraft], int]") -> list[StyleEffect]:
    """Return the effects of scores that have as many items."""
    some, seed = piece
    differences = np.array([one.differences for one in some])
    p_values, intervals = (
        sign_flip_many(differences, _DRAWS, seed),
        bootstrap_many(differences, _DRAWS, seed, _LEVEL),
    )
    found = []
    for one, p, (low, high) in zip(some, p_values, intervals, strict=True):
        d = one.differences
        interval = None if np.isnan(low) else Interval(float(low), float(high), _LEVEL)
        note = "" if interval else "all differences are equal"
        mean = Result(
            float(d.mean()),
            interval,
            float(p),
            len(d),
            "sign-flip+bca",
            {"draws": _DRAWS, "seed": seed},
            note,
        )
        controlled = None if one.lengths is None else length_controlled(d, one.lengths)
        found.append(StyleEffect(one.score, mean, hodges_lehmann(d), controlled))
    return found


def _drafts(place: int, pair: Pair) -> Iterator[_StyleDraft]:
    values = {name: [side.mean(axis=0) for side in pair.values(name)] for name in shared_scores(pair)}
    lengths = length_differences(*values[_LENGTH]) if _LENGTH in values else None
    for name, (one, two) in values.items():
        yield _StyleDraft(place, name, one - two, None if name in _NOT_CONTROLLED else lengths)


def _together(drafts: Sequence[_StyleDraft]) -> Iterator[list[_StyleDraft]]:
    """Yield scores of pairs that have as many items,
    so many that what resampling needs for each stays small beside what it needs for all.
    """
    by_items: dict[int, list[_StyleDraft]] = {}
    for one in drafts:
        by_items.setdefault(len(one.differences), []).append(one)
    for same in by_items.values():
        for start in range(0, len(same), _AT_ONCE):
            yield same[start : start + _AT_ONCE]


def length_differences(one: FloatArray, two: FloatArray) -> FloatArray | None:
    """Return the differences of log length of the items; None where equal length lies outside the middle nine
    tenths of them, or there are fewer than 3.
    """
    differences = np.log1p(one) - np.log1p(two)
    low, high = np.quantile(differences, [0.05, 0.95])
    return differences if len(differences) > 2 and low <= 0 <= high else None
