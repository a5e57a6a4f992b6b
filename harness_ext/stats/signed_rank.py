"""Wilcoxon's signed-rank test by the normal approximation, for many items."""

from math import sqrt

import numpy as np
from scipy.special import ndtr

from harness_ext.stats.arrays import FloatArray


def signed_rank_p(d: FloatArray) -> float:
    """Return the two-sided p of the signed-rank test of differences, shape (items,), not all 0:
    `scipy.stats.wilcoxon` without what it checks.

    Zeros take part in the ranks and not in the sum (Pratt 1959, JASA 54:655; variance by Cureton 1967, JASA
    62:1068); ties share their mean rank.
    """
    n = len(d)
    values, own, counts = np.unique(np.abs(d), return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    positive = float(ranks[own[d > 0]].sum())
    zeros, tied = (int(counts[0]), counts[1:]) if values[0] == 0 else (0, counts)
    ties = tied.astype(np.float64)
    mean = (n * (n + 1.0) - zeros * (zeros + 1.0)) / 4
    variance = (
        n * (n + 1.0) * (2.0 * n + 1)
        - zeros * (zeros + 1.0) * (2.0 * zeros + 1)
        - float((ties**3 - ties).sum()) / 2
    ) / 24
    return 2 * float(ndtr(-abs((positive - mean) / sqrt(variance))))
