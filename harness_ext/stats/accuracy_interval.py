"""The interval of an accuracy: Wilson's for one run of right and wrong answers, of several draws too, else
over seeds and items as draws from many.
"""

import numpy.typing as npt

from harness_ext.stats.arrays import matrix
from harness_ext.stats.crossed import crossed_mean
from harness_ext.stats.effect import right
from harness_ext.stats.means import paired_t
from harness_ext.stats.pooled_seeds import SeedPool
from harness_ext.stats.proportion import Interval, wilson_interval
from harness_ext.stats.share_interval import share_interval


def accuracy_interval(
    outcomes: npt.ArrayLike, level: float = 0.95, draws: int | None = None, pool: SeedPool | None = None
) -> Interval | None:
    """Return the interval of a mean outcome between 0 and 1, shape (seeds, items), cut off at 0 and 1.

    Wilson's for one run of right and wrong, `share_interval` for one with several *draws* an item, else over
    seeds and items as draws from many (`crossed_mean`, with what a *pool* says of seeds).
    """
    values = matrix("outcomes", outcomes)
    if len(values) > 1:
        return _cut_off(crossed_mean(values, level, pool.prior(values) if pool else None).interval)
    answers = right(values[0])
    if answers is None and draws is not None:
        return share_interval(values[0], draws, level)
    return (
        _cut_off(paired_t(values[0], level).interval)
        if answers is None
        else wilson_interval(int(answers.sum()), len(answers), level)
    )


def _cut_off(interval: Interval | None) -> Interval | None:
    return interval and Interval(max(0.0, interval.low), min(1.0, interval.high), interval.level)
