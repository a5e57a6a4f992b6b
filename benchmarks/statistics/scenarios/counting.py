"""How a scenario is run draw by draw or many at once, and what is counted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.statistics.rows import Array, Rng, Run
from harness_ext.stats.proportion import Interval


def holds(interval: Interval | None, truth: float) -> float:
    """Return whether an interval holds the truth; NaN where there is none."""
    return float("nan") if interval is None else float(interval.low <= truth <= interval.high)


def over_unique(function: Callable[..., float], *columns: npt.NDArray[np.int64]) -> Array:
    """Return a function of counts for each draw, called once for each table."""
    found, back = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return np.array([function(*(int(cell) for cell in table)) for table in found])[back.ravel()]


def each(one: Callable[[Rng, Any], Any]) -> Run:
    """Return a run that makes one draw at a time."""
    return lambda rng, column, draws: np.array([one(rng, column) for _ in range(draws)], dtype=np.float64)


def batched(one: Callable[[Rng, int, int], Array]) -> Run:
    """Return a run that makes up to 250 draws at a time, so that resamples are shared by no more."""
    return lambda rng, n, draws: np.concatenate(
        [one(rng, n, min(250, draws - start)) for start in range(0, draws, 250)]
    )
