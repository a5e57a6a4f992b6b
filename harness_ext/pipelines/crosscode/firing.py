"""Where features fire, by part of a response, against chance: the share of tokens that the part has."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from harness_ext.pipelines.crosscode.reading import CrosscoderReading, Numbers
from harness_ext.pipelines.crosscode.token_parts import TOKEN_PARTS
from harness_ext.stats import Result, paired_t

METHOD = "linearised-share-t"


@dataclass(frozen=True, slots=True)
class FiringCounts:
    """Of each problem: how many of its `tokens` are of each part, (problems, parts) with all tokens as the
    last column, and how many `firings` of some features are, likewise.
    """

    problems: list[Hashable]
    tokens: Numbers
    firings: Numbers


def firing_counts(reading: CrosscoderReading, features: npt.NDArray[np.bool_]) -> FiringCounts:
    """Count, problem by problem, on tokens of which part the *features* (a mask) fire; the rows of several
    arms of one problem are one cluster.
    """
    problems = list(dict.fromkeys(one.row.row["id"] for one in reading.rows))
    place = {problem: number for number, problem in enumerate(problems)}
    tokens, firings = (np.zeros((len(problems), len(TOKEN_PARTS) + 1)) for _ in range(2))
    for one in reading.rows:
        at = place[one.row.row["id"]]
        parts = np.concatenate([one.parts, one.parts.any(1, keepdims=True)], axis=1)
        tokens[at] += parts.sum(0)
        firings[at] += parts[one.token[features[one.feature]]].sum(0)
    return FiringCounts(problems, tokens, firings)


def excess(counts: FiringCounts, part: int) -> Numbers | None:
    """Return for each problem what it adds to the share of firings that a part has, less the share of tokens
    (problems); the mean is that difference of shares, and the spread that of its linearisation (Cochran 1977,
    Sampling Techniques, 6.3). None where nothing fires.

    With a, f firings in the part and in all, p, n tokens likewise, S = Σa/Σf and C = Σp/Σn, a problem adds
    S − C + (a − S f)/mean f − (p − C n)/mean n.
    """
    fired, tokens = counts.firings[:, -1], counts.tokens[:, -1]
    if not fired.sum() or not tokens.sum():
        return None
    share = counts.firings[:, part].sum() / fired.sum()
    chance = counts.tokens[:, part].sum() / tokens.sum()
    return np.asarray(
        share
        - chance
        + (counts.firings[:, part] - share * fired) / fired.mean()
        - (counts.tokens[:, part] - chance * tokens) / tokens.mean()
    )


def mean_excess(values: Sequence[float] | Numbers) -> Result:
    """Return the mean of such values over problems, with a t interval."""
    return replace(paired_t(values), method=METHOD)
