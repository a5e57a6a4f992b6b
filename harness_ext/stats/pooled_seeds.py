"""How much trainings of one arm differ, learned from all arms of a study.

Few seeds say little about how much seeds differ; many arms of as few seeds say more. What they have in common
is taken to be the standard deviation between trainings in logits. A shift in logits moves an accuracy by the
shift times v, the mean of p(1 - p) over items, which is the residual mean square of right and wrong answers
too. So the seeds' mean square of an arm with n items is expected to be v (1 + n κ v), κ being the variance
in logits, whether the arm is near the floor or at 50 %. How far mean squares lie from that, more than chance
lets them, says how little it weighs beside a pair's own (`harness_ext.stats.moderated`). An arm whose seeds
differ far more than the others' is left out, and judged alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, matrix
from harness_ext.stats.crossed import mean_squares
from harness_ext.stats.moderated import Prior, fitted_prior

FEWEST = 3
"""Arms of several seeds."""
CAUTION = 1.0
"""By how many standard errors the spread between arms is taken above its estimate (`fitted_prior`)."""
OUTSTANDING = 0.05
"""At which level, over all arms (Bonferroni), an arm's seeds differ more than the others'."""
_NOTHING = 1e-12


class ArmSpread(NamedTuple):
    """The mean squares of seeds and residual of an arm, how many seeds and items it has, and the least step
    between its outcomes (1 for right and wrong).
    """

    seed: float
    residual: float
    seeds: int
    items: int
    step: float = 1.0

    @property
    def ratio(self) -> float:
        """The seeds' mean square over the residual one. A mean is rounded to a step, so that several are
        equal by chance: the variance of that rounding is added, since 0 has no logarithm.
        """
        return (self.seed + self.step**2 / (12 * self.items)) / self.residual


@dataclass(frozen=True, slots=True)
class SeedPool:
    """What many arms say of how much trainings differ.

    `df` is the prior's degrees of freedom, above 0 to infinity, and `scale` its factor (d0 and s0²).
    `logit_sd` is the standard deviation between trainings in logits, `points` the same as a difference of
    accuracies, 0 to 1, in the root mean square over arms. `arms` of them had `own_df` degrees of freedom
    together. `outstanding` are the places of those that are judged alone.
    """

    df: float
    scale: float
    logit_sd: float
    points: float
    arms: int
    own_df: int
    outstanding: tuple[int, ...] = ()

    def prior(self, *runs: npt.ArrayLike) -> Prior | None:
        """Return the prior of the seeds' mean square of a difference of runs, each of shape (seeds, items),
        whose trainings are independent; None where the seeds of one stand out. A run that stands beside each
        seed adds nothing.
        """
        return self.prior_of([arm_spread(run) for run in runs])

    def prior_of(self, arms: Sequence[ArmSpread]) -> Prior | None:
        """Return the prior as `prior` does, from the arms' mean squares."""
        varied = [arm for arm in arms if arm.residual > _NOTHING]
        if any(self.stands_out(arm) for arm in varied):
            return None
        # seeds can't differ less than answers do by chance
        expected = sum(max(1.0, self.scale * self._expected(arm)) * arm.residual for arm in varied)
        return Prior(self.df, expected, float(self.own_df))

    def stands_out(self, arm: ArmSpread) -> bool:
        """Whether seeds of an arm differ more than the pool lets expect if all arms were alike."""
        from scipy.special import fdtrc  # takes a while to import

        tail = fdtrc(arm.seeds - 1, self.own_df, arm.ratio / self._expected(arm))
        return bool(tail * self.arms <= OUTSTANDING)

    def _expected(self, arm: ArmSpread) -> float:
        return 1 + arm.items * self.logit_sd**2 * arm.residual


def arm_spread(outcomes: npt.ArrayLike) -> ArmSpread:
    """Return the mean squares of an arm's outcomes from 0 to 1, shape (seeds, items), two each or more."""
    x = matrix("outcomes", outcomes)
    seed, _, residual = mean_squares(x)
    steps = np.diff(np.unique(x))
    return ArmSpread(seed, residual, len(x), x.shape[1], float(steps.min()) if len(steps) else 0.0)


def pool_seeds(arms: Sequence[npt.ArrayLike]) -> SeedPool:
    """Return what arms, each of shape (seeds, items) of outcomes from 0 to 1, say of how much trainings
    differ; one seed, or the same outcomes for all seeds, say nothing.

    Each training counts once: the arms' own mean squares enter, not those of their differences, which share
    arms. Raises ValueError where fewer than three say anything.
    """
    tables = [matrix("arms", arm) for arm in arms]
    return pool_spreads([arm_spread(x) if min(x.shape) > 1 else None for x in tables])


def pool_spreads(arms: Sequence[ArmSpread | None]) -> SeedPool:
    """Return the pool of arms from their mean squares; None says nothing. See `pool_seeds`."""
    told = {place: arm for place, arm in enumerate(arms) if arm and arm.residual > _NOTHING}
    if len(told) < FEWEST:
        raise ValueError(f"at least {FEWEST} arms of several seeds are needed, got {len(told)}")
    first = _pool(list(told.values()))
    alike = [arm for arm in told.values() if not _beyond_others(arm, first)]
    pool = first if len(alike) < FEWEST else _pool(alike)
    outstanding = tuple(place for place, arm in told.items() if pool.stands_out(arm))
    return SeedPool(pool.df, pool.scale, pool.logit_sd, pool.points, pool.arms, pool.own_df, outstanding)


def _beyond_others(arm: ArmSpread, pool: SeedPool) -> bool:
    """Whether an arm stands out from the others of a pool that it is part of, whose mean ratio of found to
    expected mean squares is 1.
    """
    own = arm.seeds - 1
    found = arm.ratio / pool._expected(arm)
    others = (pool.own_df - own * found) / (pool.own_df - own)
    if others <= 0:
        return True
    from scipy.special import fdtrc  # takes a while to import

    return bool(fdtrc(own, pool.own_df - own, found / others) * pool.arms <= OUTSTANDING)


def _pool(arms: Sequence[ArmSpread]) -> SeedPool:
    v, n = np.array([arm.residual for arm in arms]), np.array([arm.items for arm in arms])
    ratios, df = np.array([arm.ratio for arm in arms]), np.array([arm.seeds - 1 for arm in arms])
    kappa = _kappa(ratios, n * v, df)
    d0, scale = fitted_prior(ratios / (1 + kappa * n * v), df, CAUTION)
    points = sqrt(float((kappa * v**2).mean()))
    return SeedPool(d0, scale, sqrt(kappa), points, len(arms), int(df.sum()))


def _kappa(ratios: FloatArray, slopes: FloatArray, df: npt.NDArray[np.int64]) -> float:
    """Return the κ with which ratios are 1 + κ times their slopes in the mean, weighed by degrees of freedom;
    0 where they are less than 1 without it.
    """
    from scipy.optimize import brentq  # takes a while to import

    def excess(kappa: float) -> float:
        return float(np.average(ratios / (1 + kappa * slopes), weights=df)) - 1

    if excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, float((ratios / slopes).max()), xtol=1e-12))
