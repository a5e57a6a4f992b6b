"""Permutation and bootstrap inference for means of paired differences,
one pair of runs or thousands of them at once.

The same draws serve all pairs, so that many pairs cost one matrix product. Numbers depend on the data and the
seed alone, up to rounding: not on how many pairs stand beside a pair, nor on memory. Differences that are
multiples of 1/k, k up to 64 (right or wrong, or averages of k samples), go through the product as whole
numbers in single precision, where sums are exact; all others in double precision, where sums are told apart
from 1e-9 of the sum of absolute differences.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, check_draws, check_level, flat, matrix, vector
from harness_ext.stats.crossed import NO_SPREAD, too_few
from harness_ext.stats.proportion import Interval
from harness_ext.stats.result import Result
from harness_ext.stats.tails import norm

_BLOCK = 1 << 21
"""How many numbers a block of draws may hold."""
_EXACT_IN_SINGLE = 1 << 24
_TIE = 1e-9
_MOST_SAMPLES = 64
_MOST_KEPT = 1 << 25
"""How many weights are kept between calls, two bytes each."""
Numbers = npt.NDArray[np.floating[Any]]


def sign_flip(d: npt.ArrayLike, draws: int = 10_000, seed: int = 0) -> Result:
    """Test a mean difference of 0 by flipping signs (Fisher 1935, The Design of Experiments,
    section 21), two-sided.

    Exact where, under the null, either run could have had either outcome of an item, so that differences are
    symmetric about 0. All 2^n sign patterns are counted where they are no more than *draws*; otherwise p = (c
    + 1)/(draws + 1) (Phipson & Smyth 2010, Stat Appl Genet Mol Biol 9:39).
    """
    x = vector("d", d)
    p = float(sign_flip_many(x[None], draws, seed)[0])
    if _enumerable(len(x), draws):
        return Result(float(x.mean()), None, p, len(x), "sign-flip-exact", {"patterns": 2 ** len(x)})
    return Result(float(x.mean()), None, p, len(x), "sign-flip", {"draws": draws, "seed": seed})


def sign_flip_many(differences: npt.ArrayLike, draws: int = 10_000, seed: int = 0) -> FloatArray:
    """Return the p of `sign_flip` for each row of *differences*, shape (pairs, items),
    all over the same flips.
    """
    x = matrix("differences", differences)
    check_draws(draws)
    pairs, n = x.shape
    exact = _enumerable(n, draws)
    total = 2**n if exact else draws
    rng = np.random.default_rng(seed)
    counts = np.zeros(pairs, dtype=np.int64)
    groups = _lattices(x)
    for start, size in _blocks(total, pairs, n):
        signs = _patterns(start, size, n) if exact else _signs(rng, size, n)
        for rows, numbers, _ in groups:
            observed = np.abs(numbers.sum(axis=1, dtype=np.float64))
            if numbers.dtype == np.float64:
                observed -= _TIE * np.abs(numbers).sum(axis=1)
            sums = numbers @ signs.astype(numbers.dtype, copy=False).T
            counts[rows] += (np.abs(sums, out=sums) >= observed[:, None].astype(numbers.dtype)).sum(axis=1)
    return counts / total if exact else (counts + 1) / (draws + 1)


def bca_interval(d: npt.ArrayLike, level: float = 0.95, draws: int = 10_000, seed: int = 0) -> Result:
    """Return a mean difference with its BCa bootstrap interval, items resampled (Efron 1987, JASA 82:171)."""
    x = vector("d", d)
    low, high = bootstrap_many(x[None], draws, seed, level)[0]
    settings = {"draws": draws, "seed": seed}
    if flat(x):
        return Result(
            float(x.mean()), None, None, len(x), "bca-bootstrap", {**settings, "level": level}, NO_SPREAD
        )
    return Result(
        float(x.mean()), Interval(float(low), float(high), level), None, len(x), "bca-bootstrap", settings
    )


def bootstrap_many(
    differences: npt.ArrayLike, draws: int = 10_000, seed: int = 0, level: float = 0.95
) -> FloatArray:
    """Return BCa intervals, shape (pairs, 2), of the row means of *differences*,
    all over the same resampled items.

    The bias correction counts ties half, and the acceleration is the mean's closed form Σu³/(6 (Σu²)^1.5)
    over residuals u (Efron 1987, JASA 82:171). NaN in rows of equal differences.
    Memory grows as pairs × draws.
    """
    x = matrix("differences", differences)
    check_draws(draws)
    check_level(level)
    intervals = np.full((len(x), 2), np.nan)
    for rows, sums, observed, scale in _resampled(x, draws, seed):
        residuals = x[rows] - x[rows].mean(axis=1, keepdims=True)
        intervals[rows] = bca_bounds(sums, observed, acceleration(residuals), level) / scale
    intervals[[flat(row) for row in x]] = np.nan
    return intervals


def hierarchical_bootstrap(
    values: npt.ArrayLike, level: float = 0.95, draws: int = 10_000, seed: int = 0
) -> Result:
    """Return the mean of differences, shape (seeds, items),
    with a percentile interval that resamples seeds and items.

    Seeds and items are crossed, as all seeds see the same items: both are resampled, and a cell has the
    product of their weights (the pigeonhole bootstrap, Owen 2007, Ann Appl Stat 1:386). One seed fewer than
    there are is drawn, which takes the downward bias out of the seeds' variance (Rao & Wu 1988, JASA 83:231).
    The cell-by-cell residual variance counts two to three times, which errs to the safe side and is small
    beside the items'. With few seeds a percentile interval is too short where seeds differ much:
    `crossed_mean` has the t quantile for that. One seed says nothing about seeds: its interval is None.
    `n` counts items.
    """
    x = matrix("values", values)
    check_draws(draws)
    check_level(level)
    seeds, n = x.shape
    settings: dict[str, object] = {"seeds": seeds, "draws": draws, "seed": seed}
    note = too_few(x)
    if note:
        return Result(
            float(x.mean()), None, None, n, "pigeonhole-bootstrap", {**settings, "level": level}, note
        )
    rng = np.random.default_rng(seed)
    picked = _weights(rng, draws, seeds, seeds - 1)
    means = np.empty(draws)
    for start, size in _blocks(draws, seeds, n):
        by_seed = x @ _weights(rng, size, n, n).T
        means[start : start + size] = (picked[start : start + size].T * by_seed).sum(axis=0)
    low, high = np.quantile(means / ((seeds - 1) * n), [(1 - level) / 2, (1 + level) / 2])
    return Result(
        float(x.mean()), Interval(float(low), float(high), level), None, n, "pigeonhole-bootstrap", settings
    )


def resamples(x: FloatArray, draws: int, seed: int) -> FloatArray:
    """Return sums of the rows of *x* over resampled items, shape (rows, draws): all rows over the same
    items.
    """
    sums = np.empty((len(x), draws))
    for rows, part, _, scale in _resampled(x, draws, seed):
        sums[rows] = part / (scale / x.shape[1])
    return sums


def acceleration(residuals: FloatArray) -> FloatArray:
    """Return BCa's acceleration of row means from their residuals,
    or of any statistic from its jackknife influence (rows).
    """
    cubes, squares = (residuals**3).sum(axis=-1), (residuals**2).sum(axis=-1)
    return np.asarray(np.divide(cubes, 6 * squares**1.5, out=np.zeros_like(cubes), where=squares > 0))


def bca_bounds(draws: Numbers, estimates: FloatArray, accelerations: FloatArray, level: float) -> FloatArray:
    """Return the BCa bounds, shape (rows, 2), from *draws*, shape (rows, draws),
    of which ties with the estimate count half.
    """
    count = draws.shape[1]
    ordered: Numbers = np.sort(draws, axis=1)
    band = _TIE * (ordered[:, 9 * count // 10] - ordered[:, count // 10])
    below = (ordered < (estimates - band).astype(draws.dtype)[:, None]).sum(axis=1)
    tied = (ordered <= (estimates + band).astype(draws.dtype)[:, None]).sum(axis=1) - below
    bias = norm.ppf(((below + tied / 2) / count).clip(0.5 / count, 1 - 0.5 / count))[:, None]
    shifted = bias + norm.ppf([(1 - level) / 2, (1 + level) / 2])
    share = norm.cdf(bias + shifted / (1 - accelerations[:, None] * shifted))
    place = share * (count - 1)
    before = np.floor(place).astype(np.intp)
    left = np.take_along_axis(ordered, before, axis=1).astype(np.float64)
    right = np.take_along_axis(ordered, np.minimum(before + 1, count - 1), axis=1)
    return np.asarray(left + (place - before) * (right - left))


def _enumerable(n: int, draws: int) -> bool:
    return n < 63 and 2**n <= draws


def _blocks(total: int, pairs: int, n: int) -> Iterator[tuple[int, int]]:
    step = max(1, _BLOCK // max(pairs, n))
    for start in range(0, total, step):
        yield start, min(step, total - start)


def _patterns(start: int, size: int, n: int) -> npt.NDArray[np.float32]:
    codes = np.arange(start, start + size)[:, None] >> np.arange(n)
    return (1 - 2 * (codes & 1)).astype(np.float32)


def _signs(rng: np.random.Generator, size: int, n: int) -> npt.NDArray[np.float32]:
    """Return random signs, a row per draw, eight to a byte;
    whole 64-bit words per row make the stream independent of blocks.
    """
    words = np.frombuffer(rng.bytes(size * ((n + 63) // 64) * 8), dtype=np.uint8).reshape(size, -1)
    signs = np.unpackbits(words, axis=1, count=n).astype(np.float32)
    signs *= -2
    signs += 1
    return signs


def _weights(rng: np.random.Generator, size: int, n: int, picks: int) -> FloatArray:
    """Return how often each of n is drawn in *picks* draws with replacement, a row per resample."""
    picked = rng.integers(0, n, size=(size, picks)) + n * np.arange(size)[:, None]
    return np.bincount(picked.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


@lru_cache(maxsize=1)
def _kept_weights(seed: int, draws: int, n: int) -> npt.NDArray[np.uint16]:
    """Return the weights of all resamples of *n* items, kept for the next comparison of as many."""
    rng = np.random.default_rng(seed)
    return np.concatenate([_weights(rng, size, n, n).astype(np.uint16) for _, size in _blocks(draws, 1, n)])


def _resampled(
    x: FloatArray, draws: int, seed: int
) -> Iterator[tuple[npt.NDArray[np.intp], Numbers, FloatArray, int]]:
    """Yield, for rows of one lattice, their indices, resampled sums, observed sums,
    and what divides a sum into a mean of *x*.
    """
    pairs, n = x.shape
    groups = _lattices(x)
    sums: list[Numbers] = [np.empty((len(rows), draws), dtype=numbers.dtype) for rows, numbers, _ in groups]
    kept = _kept_weights(seed, draws, n) if draws * n <= _MOST_KEPT else None
    rng = np.random.default_rng(seed)
    for start, size in _blocks(draws, pairs, n):
        weights = _weights(rng, size, n, n) if kept is None else kept[start : start + size]
        for (_, numbers, _), target in zip(groups, sums, strict=True):
            target[:, start : start + size] = numbers @ weights.astype(numbers.dtype, copy=False).T
    for (rows, numbers, unit), target in zip(groups, sums, strict=True):
        yield rows, target, numbers.sum(axis=1, dtype=np.float64), unit * n


def _lattices(x: FloatArray) -> list[tuple[npt.NDArray[np.intp], Numbers, int]]:
    """Group rows by the least k whose multiple is whole: row indices, numbers, k;
    the rest in double precision with k = 1.
    """
    left = np.arange(len(x))
    groups: list[tuple[npt.NDArray[np.intp], Numbers, int]] = []
    for unit in range(1, _MOST_SAMPLES + 1):
        likely = left[_whole(x[left, :32] * unit)]
        found = likely[
            _whole(x[likely] * unit) & (np.abs(x[likely]).max(axis=1) * unit * x.shape[1] < _EXACT_IN_SINGLE)
        ]
        if len(found):
            groups.append((found, np.rint(x[found] * unit).astype(np.float32), unit))
            left = np.setdiff1d(left, found, assume_unique=True)
        if not len(left):
            return groups
    return [*groups, (left, x[left], 1)]


def _whole(x: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether all numbers in a row are whole, up to the rounding of a difference of averages."""
    return np.asarray((np.abs(x - np.rint(x)) <= 1e-12 * np.abs(x)).all(axis=1))
