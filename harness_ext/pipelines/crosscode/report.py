"""Sums up what crosscoders make of rows held out: whose features there are, and where they fire."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from distill.crosscoder.measures import CrosscoderQuality
from harness_ext.pipelines.crosscode.classes import CLASSES, EDGES, MOST_ERROR, MOST_MADE, classes_of
from harness_ext.pipelines.crosscode.contexts import FiringContext, top_contexts
from harness_ext.pipelines.crosscode.firing import excess, firing_counts, mean_excess
from harness_ext.pipelines.crosscode.reading import CrosscoderReading
from harness_ext.pipelines.crosscode.token_parts import TOKEN_PARTS
from harness_ext.stats import Result, holm

LEANING = 0.05
"""The share of live features that are `leaning`: those with the largest relative norms."""
CARRYING = 0.5
"""The share of the adapter's change that the `carrying` features carry, the fewest that do."""
GROUPS = ("new", "unconfirmed", "leaning", "carrying", "shared")
"""Features that are looked at together: three classes, and those that lean most to the adapter or carry most
of what it changed, of which there are some even where no feature is new.
"""
_FEATURES = 40
"""Features of a crosscoder that are shown one by one."""
_BINS = 50
_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class FiringShare:
    """Of the `firings` of a group's features, the `share` that is on tokens of a part, and by `chance` the
    share of tokens that are; `excess` is share less chance with a 95 % interval over problems, and `p` is
    adjusted by Holm over the parts of one group. None where nothing fires.
    """

    group: str
    part: str
    features: int
    firings: int
    share: float
    chance: float
    excess: Result
    p: float | None

    @property
    def above(self) -> bool:
        """Whether the features are shown to fire there more than by chance, at .05 after Holm."""
        return self.p is not None and self.p <= _LEVEL and self.excess.estimate > 0


@dataclass(frozen=True, slots=True)
class FiringDifference:
    """How much larger the excess of a group at a part is in a crosscoder than in the first one, on the same
    problems; `p` is adjusted by Holm over all of a report.
    """

    crosscoder: str
    first: str
    group: str
    part: str
    difference: Result
    p: float | None


@dataclass(frozen=True, slots=True)
class ReportedFeature:
    """A feature: its class, on how many tokens it fires, its relative decoder norm, the ratios of latent
    scaling, the share of the adapter's change that it carries, the part on which it fires most beyond chance
    (by `share` less `chance`), and where it fires.
    """

    feature: int
    kind: str
    fired: int
    relative: float
    error_ratio: float | None
    made_ratio: float | None
    carried: float
    part: str
    share: float
    chance: float
    contexts: list[FiringContext]


@dataclass(frozen=True, slots=True)
class ReportedCrosscoder:
    """A crosscoder on rows held out: how well it describes them, how many features of each of `CLASSES` and
    `dead` ones there are, a histogram of relative norms (50 bins from 0 to 1), and where groups fire.
    """

    name: str
    model: str
    adapter: str
    layers: tuple[int, ...]
    rows: int
    quality: CrosscoderQuality
    counts: dict[str, int]
    dead: int
    histogram: list[int]
    shares: list[FiringShare]
    features: list[ReportedFeature]

    @property
    def share_new(self) -> float:
        """The share of new features among those that fire."""
        live = sum(self.counts.values())
        return self.counts["new"] / live if live else 0.0


@dataclass(frozen=True, slots=True)
class CrosscodeReport:
    """Crosscoders, and how the others differ from the first on the same problems."""

    crosscoders: list[ReportedCrosscoder]
    differences: list[FiringDifference]

    def to_json(self) -> dict[str, Any]:
        """Return the report whole, as JSON holds it, with the signature of each estimate."""
        return {
            "classes": {"edges": list(EDGES), "error_ratio": MOST_ERROR, "made_ratio": MOST_MADE},
            "leaning": LEANING,
            "carrying": CARRYING,
            "crosscoders": [
                {
                    **asdict(one),
                    "share_new": one.share_new,
                    "shares": [
                        {**asdict(share), "above": share.above, "signature": share.excess.signature}
                        for share in one.shares
                    ],
                }
                for one in self.crosscoders
            ],
            "differences": [
                {**asdict(one), "signature": one.difference.signature} for one in self.differences
            ],
        }


def report_of(
    readings: Sequence[tuple[str, str, str, tuple[int, ...], CrosscoderReading]],
) -> CrosscodeReport:
    """Sum up readings of the same rows, each with a name, model, adapter and layers."""
    made = [_reported(*one) for one in readings]
    (first, *_, before), *others = readings
    found = [one for name, *_, reading in others for one in _differences(first, before, name, reading)]
    adjusted = iter(holm([one.p for one in found if one.p is not None]))
    found = [one if one.p is None else replace(one, p=next(adjusted)) for one in found]
    return CrosscodeReport(made, found)


def groups_of(reading: CrosscoderReading) -> dict[str, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return the features of each of `GROUPS`, as masks (features)."""
    classes = classes_of(reading)
    live = classes >= 0
    order = np.argsort(-np.where(live, reading.relative, -1.0), kind="stable")
    heavy = np.argsort(-reading.carried, kind="stable")
    enough = int(np.searchsorted(np.cumsum(reading.carried[heavy]), CARRYING)) + 1
    chosen = {
        "leaning": _mask(order[: math.ceil(LEANING * live.sum())], len(classes)),
        "carrying": _mask(heavy[: min(enough, int(live.sum()))], len(classes)),
    }
    return {group: chosen.get(group, classes == _number(group)) for group in GROUPS}


def _number(label: str) -> int:
    return CLASSES.index(label) if label in CLASSES else -2


def _mask(features: Any, count: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    found = np.zeros(count, dtype=bool)
    found[features] = True
    return found


def _reported(
    name: str, model: str, adapter: str, layers: tuple[int, ...], reading: CrosscoderReading
) -> ReportedCrosscoder:
    classes = classes_of(reading)
    live = classes >= 0
    return ReportedCrosscoder(
        name,
        model,
        adapter,
        layers,
        len(reading.rows),
        reading.quality,
        {label: int((classes == number).sum()) for number, label in enumerate(CLASSES)},
        int((~live).sum()),
        np.histogram(reading.relative[live], bins=_BINS, range=(0, 1))[0].tolist(),
        [share for group, mask in groups_of(reading).items() for share in _shares(group, mask, reading)],
        _features(reading, classes),
    )


def _shares(group: str, features: Any, reading: CrosscoderReading) -> list[FiringShare]:
    counts = firing_counts(reading, features)
    fired, tokens = counts.firings.sum(0), counts.tokens.sum(0)
    found = []
    for number, part in enumerate(TOKEN_PARTS):
        values = excess(counts, number)
        if values is not None and tokens[number]:
            result = mean_excess(values)
            found.append(
                FiringShare(
                    group,
                    part,
                    int(features.sum()),
                    int(fired[-1]),
                    float(fired[number] / fired[-1]),
                    float(tokens[number] / tokens[-1]),
                    result,
                    result.p,
                )
            )
    adjusted = iter(holm([one.p for one in found if one.p is not None]))
    return [one if one.p is None else replace(one, p=next(adjusted)) for one in found]


def _differences(
    first: str, before: CrosscoderReading, name: str, reading: CrosscoderReading
) -> list[FiringDifference]:
    found = []
    theirs = groups_of(before)
    for group, features in groups_of(reading).items():
        counts, other = firing_counts(reading, features), firing_counts(before, theirs[group])
        if counts.problems != other.problems:
            raise ValueError("crosscoders are compared on the same rows")
        for number, part in enumerate(TOKEN_PARTS):
            mine, its = excess(counts, number), excess(other, number)
            if mine is not None and its is not None and counts.tokens[:, number].any():
                result = mean_excess(mine - its)
                found.append(FiringDifference(name, first, group, part, result, result.p))
    return found


def _features(reading: CrosscoderReading, classes: Any) -> list[ReportedFeature]:
    """Return the new features, those that fire most first, then those that carry most of the change."""
    new = np.flatnonzero(classes == CLASSES.index("new"))
    others = np.flatnonzero((classes >= 0) & (classes != CLASSES.index("new")))
    order = [
        *new[np.argsort(-reading.fired[new], kind="stable")],
        *others[np.argsort(-reading.carried[others], kind="stable")],
    ]
    return [_feature(reading, classes, int(feature)) for feature in order[:_FEATURES]]


def _feature(reading: CrosscoderReading, classes: Any, feature: int) -> ReportedFeature:
    counts = firing_counts(reading, _mask([feature], len(classes)))
    share = counts.firings.sum(0)[:-1] / max(1.0, counts.firings.sum(0)[-1])
    chance = counts.tokens.sum(0)[:-1] / max(1.0, counts.tokens.sum(0)[-1])
    best = int(np.argmax(share - chance))
    error, made = (float(one[feature]) for one in (reading.error_ratio, reading.made_ratio))
    return ReportedFeature(
        feature,
        CLASSES[classes[feature]],
        int(reading.fired[feature]),
        float(reading.relative[feature]),
        error if math.isfinite(error) else None,
        made if math.isfinite(made) else None,
        float(reading.carried[feature]),
        TOKEN_PARTS[best],
        float(share[best]),
        float(chance[best]),
        top_contexts(reading, feature),
    )
