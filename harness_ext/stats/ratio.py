"""The share of a gain that another run recovers, or keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, check_draws, check_level, vector
from harness_ext.stats.proportion import Interval
from harness_ext.stats.resampling import acceleration, bca_bounds, resamples
from harness_ext.stats.result import Result
from harness_ext.stats.tails import t


def recovered_share(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    base: npt.ArrayLike,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Result:
    """Return (mean a − mean base)/(mean b − mean base) over outcomes of the same items,
    with a BCa interval, items resampled.

    With a the run on hard-coded style, b the one on emergent traces and base the model before training it is
    the share of the gain that style alone recovers; with a the wrong-conclusion run and b the hard-coded one,
    the share kept. A share above 1 or below 0 is possible. The paired bootstrap (Efron 1987, JASA 82:171)
    resamples items, thus all three runs together; BCa's acceleration is the jackknife's. Fieller's interval
    (1954, J R Stat Soc B 16:175), from the paired covariance on n − 1 degrees of freedom, stands beside it as
    `fieller_low` and `fieller_high`, and the gain b − base with its t interval as `gain`, `gain_low`,
    `gain_high`. Where a resample has no gain, or one of the other sign, ratios have no order and Fieller's is
    the interval: `interval` says which. Where the gain's interval holds 0, which is where Fieller's has no
    bounds, the share is undefined: the estimate is NaN, the interval None and the note says so.
    """
    return recovered_shares([(a, b, base)], level, draws, seed)[0]


def recovered_shares(
    outcomes: Sequence[tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]],
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> list[Result]:
    """Return `recovered_share` of many (a, b, base), those of as many items over the same resamples,
    which are made once for all.
    """
    check_level(level)
    check_draws(draws)
    found = [_without_resamples(*one, level, draws, seed) for one in outcomes]
    by_items: dict[int, list[int]] = {}
    for place, one in enumerate(found):
        if isinstance(one, _ShareDraws):
            by_items.setdefault(one.parts.shape[1], []).append(place)
    results = {place: one for place, one in enumerate(found) if isinstance(one, Result)}
    for places in by_items.values():
        shares = [one for place in places if isinstance(one := found[place], _ShareDraws)]
        sums = resamples(np.concatenate([one.parts for one in shares]), draws, seed).reshape(
            len(shares), 2, draws
        )
        for place, one, own in zip(places, shares, sums, strict=True):
            results[place] = _with_resamples(one, own, level)
    return [results[place] for place in range(len(found))]


def fieller(
    numerator: float,
    denominator: float,
    var_n: float,
    var_d: float,
    cov: float,
    df: float,
    level: float = 0.95,
) -> Interval | None:
    """Return Fieller's interval (1954, J R Stat Soc B 16:175) of a ratio of two means,
    given their variances and covariance.

    It holds every θ for which numerator − θ·denominator does not differ from 0 by a t test on *df* degrees of
    freedom. None where the denominator does not differ from 0 at that level: then the set is unbounded.
    ValueError for impossible (co)variances.
    """
    check_level(level)
    if not df > 0:
        raise ValueError(f"degrees of freedom are positive, got {df}")
    if (
        not np.isfinite([numerator, denominator, var_n, var_d, cov]).all()
        or min(var_n, var_d) < 0
        or cov * cov > var_n * var_d * (1 + 1e-9)
    ):
        raise ValueError(f"no such variances and covariance: {var_n}, {var_d}, {cov}")
    square = float(t.ppf((1 + level) / 2, df)) ** 2
    lead = denominator * denominator - square * var_d
    if lead <= 0:
        return None
    middle = numerator * denominator - square * cov
    last = numerator * numerator - square * var_n
    reach = sqrt(max(middle * middle - lead * last, 0.0))
    return Interval((middle - reach) / lead, (middle + reach) / lead, level)


@dataclass(frozen=True, slots=True)
class _ShareDraws:
    """A share before its interval: the differences of both runs from the base, shape (2, items),
    and what is said of it.
    """

    parts: FloatArray
    share: float
    gain: float
    bounds: Interval
    settings: dict[str, object]
    notes: list[str]


def _without_resamples(
    a: npt.ArrayLike, b: npt.ArrayLike, base: npt.ArrayLike, level: float, draws: int, seed: int
) -> Result | _ShareDraws:
    """Return the share as far as it is known before items are resampled: all of it where none is needed."""
    runs = [vector(name, values) for name, values in (("a", a), ("b", b), ("base", base))]
    n = len(runs[2])
    if len({len(run) for run in runs}) > 1:
        raise ValueError(f"a, b and base differ in length: {[len(run) for run in runs]}")
    parts = np.stack([runs[0] - runs[2], runs[1] - runs[2]])
    numerator, gain = (float(mean) for mean in parts.mean(axis=1))
    settings: dict[str, object] = {"draws": draws, "seed": seed, "gain": gain}
    spread = np.cov(parts) / n if n > 1 else np.zeros((2, 2))
    half = float(t.ppf((1 + level) / 2, n - 1)) * sqrt(spread[1, 1]) if n > 1 else np.inf
    settings |= {"gain_low": gain - half, "gain_high": gain + half}
    bounds = (
        fieller(numerator, gain, spread[0, 0], spread[1, 1], spread[0, 1], n - 1, level) if n > 1 else None
    )
    if bounds is None:
        note = f"undefined: the gain's {level:.0%} interval, {gain - half:.3g} to {gain + half:.3g}, holds 0"
        return Result(float("nan"), None, None, n, "recovered-share", {**settings, "level": level}, note)
    share = numerator / gain
    settings |= {"fieller_low": bounds.low, "fieller_high": bounds.high}
    notes = ["the second run is worse than the base: a share of a loss"] if gain < 0 else []
    residuals = parts[0] - share * parts[1]
    if np.abs(residuals).max() <= 1e-12 * np.abs(parts).max():
        return Result(
            share,
            None,
            None,
            n,
            "recovered-share",
            {**settings, "level": level},
            "; ".join([*notes, "the share is the same in all resamples"]),
        )
    return _ShareDraws(parts, share, gain, bounds, settings, notes)


def _with_resamples(one: _ShareDraws, sums: FloatArray, level: float) -> Result:
    """Return a share with its interval, from sums of its parts over resampled items, shape (2, draws)."""
    parts, share, gain, settings, notes = one.parts, one.share, one.gain, one.settings, one.notes
    n, draws = parts.shape[1], sums.shape[1]
    left = parts.sum(axis=1, keepdims=True) - parts
    crossed = int((sums[1] * gain <= 0).sum())
    if crossed or (left[1] * gain <= 0).any():
        notes.append(
            f"Fieller's interval: {crossed} of {draws} resamples have no gain, or one of the other sign"
        )
        return Result(
            share,
            one.bounds,
            None,
            n,
            "recovered-share",
            {**settings, "interval": "fieller"},
            "; ".join(notes),
        )
    without = left[0] / left[1]
    low, high = bca_bounds(
        (sums[0] / sums[1])[None], np.array([share]), acceleration((without.mean() - without)[None]), level
    )[0]
    return Result(
        share,
        Interval(float(low), float(high), level),
        None,
        n,
        "recovered-share",
        {**settings, "interval": "bca"},
        "; ".join(notes),
    )
