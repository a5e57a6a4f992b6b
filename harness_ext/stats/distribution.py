"""Compares a run's style with another's as distributions: all features together, and each by itself."""

from math import sqrt

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, check_draws, check_equivalence, flat, matrix
from harness_ext.stats.proportion import Interval
from harness_ext.stats.result import Result
from harness_ext.stats.tails import t

_BLOCK = 1 << 21
_TIE = 1e-12


def energy_distance(
    x: npt.ArrayLike, y: npt.ArrayLike, draws: int = 999, seed: int = 0, *, paired: bool = False
) -> Result:
    """Return the energy distance of two samples of feature vectors, shapes (n, p) and (m, p),
    with a permutation p.

    The estimate is 2 E|X − Y| − E|X − X'| − E|Y − Y'| in Euclidean norm (Székely & Rizzo 2013, J Stat Plan
    Inference 143:1249), 0 only where the samples agree; features are first divided by their standard
    deviation over both samples together, and features that never vary say nothing. `coefficient` is the
    estimate over 2 E|X − Y|, 0 to 1. Labels are permuted over all rows, or with *paired*, where row i of both
    is the same item, swapped within items. p = (c + 1)/(draws + 1). Time and memory grow as (n + m)².
    """
    first, second = _features(x, y, paired=paired)
    check_draws(draws)
    n, m = len(first), len(second)
    rows = np.concatenate([first, second])
    scale = rows.std(axis=0)
    rows = rows / np.where(scale > _TIE * np.abs(rows).max(axis=0), scale, np.inf)
    from scipy.spatial.distance import cdist  # takes a while to import

    distances = cdist(rows, rows)
    signs = np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)])
    rng = np.random.default_rng(seed)
    estimate = float(-(signs @ distances @ signs))
    between = float(2 * distances[:n, n:].mean())
    form = (
        distances[:n, :n] - distances[:n, n:] - distances[n:, :n] + distances[n:, n:] if paired else distances
    )
    reached, step = 0, max(1, _BLOCK // len(form))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = (
            rng.choice([-1 / n, 1 / n], size=(size, n))
            if paired
            else rng.permuted(np.tile(signs, (size, 1)), axis=1)
        )
        reached += int((-((drawn @ form) * drawn).sum(axis=1) >= estimate - _TIE * between).sum())
    settings = {
        "rows": f"{n}+{m}",
        "features": rows.shape[1],
        "draws": draws,
        "seed": seed,
        "paired": paired,
        "coefficient": estimate / between if between else 0.0,
    }
    return Result(
        estimate, None, (reached + 1) / (draws + 1), n if paired else n + m, "energy-distance", settings
    )


def feature_tost(
    x: npt.ArrayLike, y: npt.ArrayLike, margin: float, alpha: float = 0.05, *, paired: bool = True
) -> list[Result]:
    """Test for each feature, a column, whether the means of two runs are equivalent within ± *margin* pooled
    standard deviations.

    The estimate is (mean x − mean y)/s with s² the mean of the two variances; its 1 − 2·alpha interval, s
    taken as known, is that of the paired t, or of Welch's (1947, Biometrika 34:28). `p` is the larger of two
    one-sided (Schuirmann 1987). No feature is adjusted for the others: equivalence of all of them needs no
    split of alpha (Berger 1982, Technometrics 24:295). A feature that does not vary in either run has no
    standardised difference: NaN, with a note.
    """
    first, second = _features(x, y, paired=paired)
    check_equivalence(margin, alpha)
    return [_column_tost(one, two, margin, alpha, paired) for one, two in zip(first.T, second.T, strict=True)]


def _column_tost(x: FloatArray, y: FloatArray, margin: float, alpha: float, paired: bool) -> Result:
    n, m = len(x), len(y)
    method, units = ("feature-tost-paired", n) if paired else ("feature-tost-welch", n + m)
    settings: dict[str, object] = {"margin": float(margin), "alpha": alpha}
    if min(n, m) < 2 or (flat(x) and flat(y)):
        return Result(
            float("nan"),
            None,
            None,
            units,
            method,
            settings,
            "the feature does not vary within the runs, or there is one row only",
        )
    var_x, var_y = float(x.var(ddof=1)), float(y.var(ddof=1))
    scale = sqrt((var_x + var_y) / 2)
    estimate = float(x.mean() - y.mean()) / scale
    if paired:
        error, df = float((x - y).std(ddof=1)) / sqrt(n) / scale, float(n - 1)
    else:
        part_x, part_y = var_x / n, var_y / m
        error = sqrt(part_x + part_y) / scale
        df = (part_x + part_y) ** 2 / (part_x**2 / (n - 1) + part_y**2 / (m - 1))
    if error < _TIE:
        return Result(
            estimate,
            None,
            None,
            units,
            method,
            settings,
            "all differences are equal: their spread cannot be estimated",
        )
    half = float(t.ppf(1 - alpha, df)) * error
    p = float(t.sf((margin - abs(estimate)) / error, df))
    return Result(
        estimate,
        Interval(estimate - half, estimate + half, 1 - 2 * alpha),
        p,
        units,
        method,
        {**settings, "df": df},
    )


def _features(x: npt.ArrayLike, y: npt.ArrayLike, *, paired: bool) -> tuple[FloatArray, FloatArray]:
    first, second = matrix("x", x), matrix("y", y)
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"x and y differ in their number of features: {first.shape[1]} and {second.shape[1]}"
        )
    if paired and len(first) != len(second):
        raise ValueError(f"paired rows are as many in x as in y, got {len(first)} and {len(second)}")
    return first, second
