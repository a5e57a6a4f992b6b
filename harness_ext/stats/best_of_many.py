"""The best of many estimates is, on average, better than what it estimates: the winner's curse."""

import numpy as np

from harness_ext.stats.arrays import FloatArray, check_level


def chosen_level(level: float, rows: int) -> float:
    """Return the level of each row's interval at which that of the chosen one holds its truth with *level*,
    whichever of so many is chosen, and however they depend on each other (Bonferroni).

    The intervals of Andrews, Kitagawa & McCloskey (2024, Q J Econ 139:305) are shorter, and take estimates to
    be normal with a known covariance.
    """
    check_level(level)
    if rows < 1:
        raise ValueError(f"there is at least one row, got {rows}")
    return 1 - (1 - level) / rows


def luck_of_best(drawn: FloatArray) -> float:
    """Return by how much the best of some rows would, on average, exceed its truth if all were equally good:
    the mean over draws of the greatest deviation, from bootstrap means of shape (draws, rows).
    """
    if drawn.ndim != 2 or not drawn.size:
        raise ValueError(f"drawn is of shape (draws, rows), got {drawn.shape}")
    return float(np.max(drawn - drawn.mean(axis=0), axis=1).mean())
