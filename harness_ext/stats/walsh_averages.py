"""Order statistics of the n(n+1)/2 Walsh averages (x_i + x_j)/2, i ≤ j, without making them all."""

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray

_FEW = 250
"""Up to so many different values, all of their averages are made."""


class WalshAverages:
    """The Walsh averages of numbers, shape (n,), by rank: time n log n for each, memory n."""

    def __init__(self, x: FloatArray) -> None:
        self._values, counts = np.unique(x, return_counts=True)
        self._counts = counts.astype(np.int64)
        self._before = np.append(0, np.cumsum(self._counts))
        n = len(self._values)
        self._all = self._ranked(np.arange(n), np.full(n, n)) if n <= _FEW else None

    def at(self, rank: int) -> float:
        """Return the Walsh average of that rank, from 1 to n(n+1)/2."""
        if self._all is not None:
            return _pick(*self._all, rank)
        x = self._values
        low, high = float(x[0]), float(x[-1])
        below, few, many = 0, 0, self._count(high)[1]
        # Halve the range until few averages are left in it; no value has two partners of one average,
        # so that equal ones are few too.
        while many - few > 4 * len(x) and low < (middle := low + (high - low) / 2) < high:
            count, pairs = self._count(middle)
            if count >= rank:
                high, many = middle, pairs
            else:
                low, below, few = middle, count, pairs
        begins = (
            np.maximum(x.searchsorted(2 * low - x, side="right"), np.arange(len(x)))
            if few
            else np.arange(len(x))
        )
        return _pick(*self._ranked(begins, x.searchsorted(2 * high - x, side="right")), rank - below)

    def _count(self, limit: float) -> tuple[int, int]:
        """Return how many averages are no larger than a limit, and of how many pairs of different values."""
        x = self._values
        partners = x.searchsorted((2 * limit - x)[::-1], side="right")[::-1]
        own = int(x.searchsorted(limit, side="right"))
        return (
            int(self._counts @ self._before[partners] + self._before[own]) // 2,
            int(partners.sum() + own) // 2,
        )

    def _ranked(
        self, begins: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
    ) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Return the averages of each value with those from one place to another, in order,
        and how many there are up to each.
        """
        sizes = np.maximum(ends - begins, 0)
        first = np.repeat(np.arange(len(sizes)), sizes)
        second = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes - begins, sizes)
        averages = (self._values[first] + self._values[second]) / 2
        own = self._counts[first]
        times = np.where(first == second, own * (own + 1) // 2, own * self._counts[second])
        order = averages.argsort()
        return averages[order], np.cumsum(times[order])


def _pick(averages: FloatArray, up_to: npt.NDArray[np.int64], rank: int) -> float:
    return float(averages[min(int(up_to.searchsorted(rank)), len(averages) - 1)])
