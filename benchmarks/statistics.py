"""Whether the tests and intervals of harness_ext/stats keep what they promise, and how fast many pairs of runs are compared.

    python -m benchmarks.statistics montecarlo [--draws 20000] [--seed 0] [--write docs/statistics.md]    # about 8 minutes on one core
    python -m benchmarks.statistics speed [--pairs 10] [--seed 0] [--write docs/statistics.md]            # about 2 minutes on one core

`montecarlo` draws data whose truth is known, calls the functions of the package on them, and counts. The same seed gives the same table; a scenario's
data depend on the seed and its own name alone. Beyond the tolerances of `TOLERANCE` an entry is printed as outside, with the reason of `REASONS`; without
one the command ends with an error. `--write` puts the result between the comments of its name in a page.

`speed` compares 20 runs pairwise over 10 tasks of 2,000 items, beside scipy's functions and evalsig, if it is installed, on a few of the same pairs.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import norm, permutation_test

from harness_ext.stats import (
    PairedCounts,
    Verdict,
    bca_interval,
    benjamini_hochberg,
    bootstrap_many,
    clustered_mean,
    cochran_q,
    crossed_mean,
    decide,
    detectable_difference,
    effect_of_counts,
    energy_distance,
    firth_logistic,
    firth_p,
    friedman,
    hierarchical_bootstrap,
    hodges_lehmann,
    holm,
    length_controlled,
    logistic,
    matched_odds_ratio,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    paired_counts,
    paired_t,
    plan,
    posterior_difference,
    random_effects,
    recovered_share,
    sign_flip,
    sign_flip_many,
    tables,
    tost_clustered,
    tost_means,
)
from harness_ext.stats.proportion import Interval, quantile

Array = npt.NDArray[Any]
Rng = np.random.Generator
Run = Callable[[Rng, Any, int], npt.ArrayLike]
"""From a generator, a column and a number of draws to 0s and 1s, a column for each name; NaN where the method gave no answer."""
TOLERANCE = {"type-I": 0.01, "coverage": 0.015, "power": 0.02}
ALPHA, FLIPS, RESAMPLES = 0.05, 1999, 599
ITEMS = (200, 500, 2000)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One or more rows of the table: what is measured, over which columns, how, and what part of the draws it gets."""

    section: str
    names: Mapping[str, float]
    """The rows, and what each should be."""
    kind: str
    columns: tuple[Any, ...]
    run: Run
    part: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A measured share, from how many draws, and what it should be."""

    value: float
    draws: int
    nominal: float
    tolerance: float

    @property
    def error(self) -> float:
        """The Monte-Carlo standard error."""
        return sqrt(self.value * (1 - self.value) / self.draws) if self.draws else float("nan")

    @property
    def inside(self) -> bool:
        """Whether the share is within the tolerance."""
        return abs(self.value - self.nominal) <= self.tolerance + 1e-12

    def __str__(self) -> str:
        shown = f"{self.value:.3f} ± {self.error:.3f}"
        return shown if self.inside else f"**{shown}** outside"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    section: str
    name: str
    cells: Mapping[str, Cell]

    @property
    def outside(self) -> list[str]:
        """The columns whose entries are outside."""
        return [column for column, cell in self.cells.items() if not cell.inside]


# Data whose truth is known


def counted(rng: Rng, n: int, draws: int, discordance: float, difference: float = 0.0, accuracy: float = 0.6) -> npt.NDArray[np.int64]:
    """Return *draws* tables of n items, shape (4, draws): both right, only the first, only the second, neither."""
    cells = [accuracy - discordance / 2, (discordance + difference) / 2, (discordance - difference) / 2, 1 - accuracy - discordance / 2]
    return np.asarray(rng.multinomial(n, cells, size=draws).T)


def binary(rng: Rng, size: tuple[int, ...], discordance: float = 0.2, difference: float = 0.0) -> Array:
    """Return differences of right and wrong answers: 1, 0 or -1."""
    u = rng.random(size)
    return (u < (discordance + difference) / 2) * 1.0 - (u > 1 - (discordance - difference) / 2)


def exchangeable(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences of two runs of one style, as a density of pivots: skewed over items and within them, alike in both runs."""
    return np.asarray(rng.gamma(2, 1, size) * (rng.lognormal(0, 0.8, size) - rng.lognormal(0, 0.8, size)))


def skewed(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences of mean 0 and skewness 2."""
    return np.asarray(rng.exponential(1, size) - 1)


def very_skewed(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences of mean 0 and skewness 6.2."""
    return np.asarray(rng.lognormal(0, 1, size) - np.exp(0.5))


def heavy(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences symmetric about 0 with the tails of a t distribution on 3 degrees of freedom."""
    return np.asarray(rng.standard_t(3, size))


STYLES: dict[str, Callable[[Rng, tuple[int, ...]], Array]] = {
    "right or wrong, discordance 0.2": binary,
    "two runs of one skewed style": exchangeable,
    "differences of skewness 2": skewed,
    "differences of skewness 6": very_skewed,
}


def templated(rng: Rng, n: int, count: int, mean: float = 0.0) -> tuple[Array, list[int]]:
    """Return differences of right and wrong answers to n items of *count* templates of unequal sizes, and each item's template.

    Half of the templates favour the first run by 25 points, half the second: an intra-cluster correlation of 0.21.
    """
    shares = rng.lognormal(0, 0.8, count)
    sizes = 1 + rng.multinomial(n - count, shares / shares.sum())
    codes = np.repeat(np.arange(count), sizes)
    lean = (rng.choice([-0.25, 0.25], count) + mean)[codes]
    u = rng.random(n)
    return (u < 0.15 + lean / 2) * 1.0 - (u > 0.85 + lean / 2), codes.tolist()


def seeded(rng: Rng, seeds: int, n: int, spread: float, mean: float = 0.0) -> Array:
    """Return differences, shape (seeds, n), of right and wrong answers of two runs for each seed.

    Items differ in difficulty and in which run they suit, by 10 points; *spread* is the standard deviation of the true difference between seeds.
    """
    level = rng.uniform(0.3, 0.7, n)
    lean = mean + rng.choice([-0.1, 0.1], n) + np.clip(rng.normal(0, spread, (seeds, 1)), -0.4, 0.4)
    return (rng.random((seeds, n)) < level + lean / 2) * 1.0 - (rng.random((seeds, n)) < level - lean / 2)


def families(rng: Rng, count: int, tau: float, mean: float = 0.0) -> tuple[Array, Array, float]:
    """Return effects of families on 200 to 1,000 items of discordance 0.2, their errors as of `effect_of_counts`, and the true effect of one family more."""
    true = np.clip(rng.normal(mean, tau, count + 1), -0.2, 0.2)
    n = rng.choice([200, 500, 1000], count)
    chances = np.stack([np.full(count, 0.5), 0.1 + true[:-1] / 2, 0.1 - true[:-1] / 2, np.full(count, 0.3)], axis=1)
    both, b, c, neither = rng.multinomial(n, chances).T
    low, high = tables.newcombe(both, b, c, neither, 1.0)
    return (b - c) / n, (high - low) / 2, float(true[count])


def answered(rng: Rng, n: int, rates: Sequence[float]) -> Array:
    """Return right answers, shape (runs, n), of runs with those accuracies; latent abilities correlate by 0.6 within an item."""
    latent = sqrt(0.6) * rng.normal(size=n) + sqrt(0.4) * rng.normal(size=(len(rates), n))
    return np.asarray((latent < norm.ppf(rates)[:, None]) * 1.0)


def judged(rng: Rng, n: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return a design of ones, a style that says nothing, log length and difficulty, correlated with each other, and right answers."""
    difficulty = rng.normal(size=n)
    length = 0.6 * difficulty + 0.8 * rng.normal(size=n)
    style = np.exp(0.5 * length + 0.5 * rng.normal(size=n))
    return np.column_stack([np.ones(n), style, length, difficulty]), rng.random(n) < expit(0.4 - difficulty - 0.3 * length)


# What is counted


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
    return lambda rng, n, draws: np.concatenate([one(rng, n, min(250, draws - start)) for start in range(0, draws, 250)])


def midp_rejects(discordance: float, rng: Rng, n: int, draws: int) -> Array:
    """Take McNemar's mid-p and the exact p."""
    _, b, c, _ = counted(rng, n, draws, discordance)
    exact = over_unique(lambda first, second: mcnemar_exact(PairedCounts(0, first, second, 1)), b, c)
    return np.stack([tables.midp(b, c), exact], axis=1) <= ALPHA


def flips_reject(style: Callable[[Rng, tuple[int, ...]], Array], rng: Rng, n: int, size: int) -> Array:
    """Take sign flips and paired t."""
    d = style(rng, (size, n))
    flipped = sign_flip_many(d, FLIPS, int(rng.integers(1 << 31)))
    t = np.array([one.p if (one := paired_t(row)).p is not None else 1.0 for row in d])
    return np.stack([flipped, t], axis=1) <= ALPHA


def arms_rejects(rng: Rng, n: int, test: Callable[[Any], Any], samples: int) -> float:
    """Test four arms alike, items of every difficulty, by outcomes or by shares of several samples."""
    chances = np.repeat(rng.random((n, 1)), 4, axis=1)
    return float(test(rng.random((n, 4)) < chances if samples == 1 else rng.binomial(samples, chances) / samples).p <= ALPHA)


def clusters_reject(rng: Rng, n: int, count: int) -> list[float]:
    """Take a cluster-robust t, and beside it a paired t that takes all items as independent."""
    d, codes = templated(rng, n, count)
    return [float((one.p if one.p is not None else 1.0) <= ALPHA) for one in (clustered_mean(d, codes), paired_t(d))]


def holm_rejects(shared: bool, rng: Rng, n: int, size: int) -> Array:
    """Say whether any of six hypotheses is rejected: six arms against one control on the same items, or six pairs of runs of their own."""
    if shared:
        right = rng.random((size, 7, n)) < rng.beta(0.8, 0.8, (size, 1, n))
        b, c = (right[:, 1:] & ~right[:, :1]).sum(axis=2), (~right[:, 1:] & right[:, :1]).sum(axis=2)
    else:
        _, b, c, _ = counted(rng, n, 6 * size, 0.2).reshape(4, size, 6)
    return np.array([min(holm(row.tolist())) <= ALPHA for row in tables.midp(b, c)], dtype=np.float64)


def energy_rejects(rng: Rng, n: int) -> list[float]:
    """Take the energy distance of four skewed features of one style, paired and not."""
    item = rng.gamma(2, 1, (n, 4))
    x, y, z = (item * rng.lognormal(0, 0.5, (n, 4)), item * rng.lognormal(0, 0.5, (n, 4)), rng.gamma(2, 1, (n, 4)) * rng.lognormal(0, 0.5, (n, 4)))
    seed = int(rng.integers(1 << 31))
    ps = energy_distance(x, y, 199, seed, paired=True).p, energy_distance(x, z, 199, seed).p
    return [float(p <= ALPHA) for p in ps if p is not None]


def logistic_rejects(rng: Rng, n: int) -> list[float]:
    """Test the style's coefficient by plain and Firth's Wald p and the penalised likelihood ratio; NaN without a finite estimate."""
    x, y = judged(rng, n)
    fits = logistic(x, y), firth_logistic(x, y)
    ps = [*(fit.p(1) if fit else None for fit in fits), firth_p(x, y, 1)]
    return [float("nan") if p is None else float(p <= ALPHA) for p in ps]


def tost_inside(margin: float, discordance: float, rng: Rng, n: int, draws: int) -> Array:
    """Test equivalence at a true difference of the margin, by three intervals, and non-inferiority at minus the margin by Newcombe's."""
    both, b, c, neither = counted(rng, n, draws, discordance, margin)
    z = quantile(1 - 2 * ALPHA)
    low, high = tables.newcombe(both, b, c, neither, z)
    centre, error = tables.bonett_price(b, c, n)
    tango = (tables.tango_score(b, c, n, -margin) > z) & (tables.tango_score(b, c, n, margin) < -z)
    bonett_price = (centre - z * error > -margin) & (centre + z * error < margin)
    # With the runs swapped the truth is minus the margin: the first run is inferior by just that.
    return np.stack([(low > -margin) & (high < margin), bonett_price, tango, -high > -margin], axis=1)


def means_inside(rng: Rng, n: int, margin: float) -> float:
    """Test equivalence of means of four samples an item at a true difference of the margin."""
    level = rng.uniform(0.2, 0.8, n)
    p = tost_means((rng.binomial(4, level + margin / 2) - rng.binomial(4, level - margin / 2)) / 4, margin).p
    return float(p is not None and p <= ALPHA)


def clusters_inside(rng: Rng, n: int) -> float:
    """Test equivalence over templated items at a true difference of the margin, 0.05."""
    p = tost_clustered(*templated(rng, n, n // 10, 0.05), 0.05).p
    return float(p is not None and p <= ALPHA)


def pairs_cover(discordance: float, difference: float, rng: Rng, n: int, draws: int) -> Array:
    """Take Newcombe at 95 % and 90 %, Bonett-Price and Tango at 95 %; Tango's by the score that its interval inverts."""
    both, b, c, neither = counted(rng, n, draws, discordance, difference)
    z = quantile(0.95)
    ends = [tables.newcombe(both, b, c, neither, quantile(level)) for level in (0.95, 0.9)]
    newcombe = [(low <= difference) & (difference <= high) for low, high in ends]
    centre, error = tables.bonett_price(b, c, n)
    tango = np.abs(tables.tango_score(b, c, n, difference)) <= z
    return np.stack([*newcombe, np.abs(centre - difference) <= z * error, tango], axis=1).astype(np.float64)


def posterior_covers(discordance: float, difference: float, rng: Rng, n: int, draws: int) -> Array:
    """Take the posterior's interval at 95 %."""
    _, b, c, _ = counted(rng, n, draws, discordance, difference)
    return over_unique(lambda first, second: holds(posterior_difference(PairedCounts(0, first, second, n - first - second)).interval, difference), b, c)


def odds_cover(ratio: float, rng: Rng, n: int, draws: int) -> Array:
    """Take the exact interval of the matched odds ratio, discordance 0.2."""
    _, b, c, _ = counted(rng, n, draws, 0.2, 0.2 * (ratio - 1) / (ratio + 1))
    return over_unique(lambda first, second: holds(matched_odds_ratio(PairedCounts(0, first, second, n)).interval, ratio), b, c)


def wilson_covers(rate: float, rng: Rng, n: int, draws: int) -> Array:
    """Take Wilson's interval at 95 %."""
    low, high = tables.wilson(rng.binomial(n, rate, draws), n, quantile(0.95))
    return ((low <= rate) & (rate <= high)).astype(np.float64)


def bca_covers(style: Callable[[Rng, tuple[int, ...]], Array], rng: Rng, n: int, size: int) -> Array:
    """Take BCa intervals at 95 % of a mean of 0."""
    bounds = bootstrap_many(style(rng, (size, n)), FLIPS, int(rng.integers(1 << 31)))
    return np.where(np.isnan(bounds[:, 0]), np.nan, (bounds[:, 0] <= 0) & (bounds[:, 1] >= 0))


@cache
def exponential_pseudomedian() -> float:
    """Return the median of the mean of two draws of `skewed`: that of gamma(2, 1/2), less 1."""
    from scipy.stats import gamma

    return float(gamma.ppf(0.5, 2, scale=0.5)) - 1


def clusters_cover(rng: Rng, n: int) -> list[float]:
    """Take cluster-robust intervals at 95 % and 90 %, n / 10 templates, a true mean of 0.05."""
    d, codes = templated(rng, n, n // 10, 0.05)
    return [holds(clustered_mean(d, codes, level).interval, 0.05) for level in (0.95, 0.9)]


def length_covers(rng: Rng, n: int) -> float:
    """Take the interval of the difference at equal length, 0.3; residuals are skewed, and wider where lengths differ more."""
    length = rng.normal(0.1, 0.4, n)
    return holds(length_controlled(0.3 + 0.8 * length + (0.5 + np.abs(length)) * skewed(rng, (n,)), length).interval, 0.3)


def share_covers(rates: Sequence[float], rng: Rng, n: int) -> list[float]:
    """Take the interval of the recovered share as reported, and Fieller's; NaN where it is undefined."""
    base, whole, part = answered(rng, n, rates)
    true = (rates[2] - rates[0]) / (rates[1] - rates[0])
    found = recovered_share(part, whole, base, draws=RESAMPLES, seed=int(rng.integers(1 << 31)))
    low, high = found.settings.get("fieller_low"), found.settings.get("fieller_high")
    fieller = float(low <= true <= high) if isinstance(low, float) and isinstance(high, float) else float("nan")
    return [holds(found.interval, true), fieller]


def families_cover(tau: float, mean: float, rng: Rng, count: int) -> list[float]:
    """Take the mean over families at 95 % and 90 %, and the prediction of one family more."""
    effects, errors, further = families(rng, count, tau, mean)
    wide, narrow = random_effects(effects, errors), random_effects(effects, errors, 0.9)
    return [holds(wide.result.interval, mean), holds(narrow.result.interval, mean), holds(wide.prediction, further)]


def powers(question: Any, discordance: float, difference: float, margin: float, rng: Rng, column: str, draws: int) -> Array:
    """Decide on the number of items that `plan` gives: as `plan` simulates it, or the verdicts of `decide` on fresh tables."""
    planned = plan(question, discordance, difference, accuracy=0.6, margin=margin, draws=draws, seed=int(rng.integers(1 << 31)))
    if column == "simulated by plan":
        return np.arange(draws) < round(planned.simulated.estimate * draws)
    wanted = {"difference": (Verdict.DIFFERENT,), "equivalence": (Verdict.EQUIVALENT,)}[question] + (Verdict.DIFFERENT_WITHIN_MARGIN,)

    def reached(*cells: int) -> float:
        effect = effect_of_counts(PairedCounts(*cells))
        assert effect.p is not None
        return float(decide(effect, effect.p, margin) in wanted)

    return over_unique(reached, *counted(rng, planned.items, draws, discordance, difference))


def scenarios() -> Iterator[Scenario]:
    """Yield everything that is measured, in the order of the page."""
    yield from _type_one()
    yield from _tost()
    yield from _coverage()
    yield from _seeds_and_families()
    for question, discordance, difference, margin in (
        ("difference", 0.2, 0.05, 0.5),
        ("difference", 0.1, 0.03, 0.5),
        ("difference", 0.4, 0.1, 0.5),
        ("equivalence", 0.2, 0.0, 0.05),
        ("equivalence", 0.1, 0.0, 0.02),
        ("equivalence", 0.4, 0.0, 0.1),
        ("equivalence", 0.2, 0.02, 0.05),
        ("equivalence", 0.05, 0.0, 0.05),
    ):
        items = plan(question, discordance, difference, accuracy=0.6, margin=margin, draws=1).items  # type: ignore[arg-type]
        within = f" within ± {margin:g}" if question == "equivalence" else ""
        name = f"{question}{within}, discordance {discordance:g}, true difference {difference:g}: {items:,} items"
        run = partial(powers, question, discordance, difference, margin)
        yield Scenario("Power at the planned number of items (0.8)", {name: 0.8}, "power", ("simulated by plan", "verdicts"), run, 4)


def _type_one() -> Iterator[Scenario]:
    section = "Type-I error at 0.05, by number of items"
    for rate in (0.05, 0.2, 0.4):
        names = {f"McNemar {which}, discordance {rate:g}": ALPHA for which in ("mid-p", "exact")}
        yield Scenario(section, names, "type-I", ITEMS, partial(midp_rejects, rate))
    for name, style in STYLES.items():
        yield Scenario(section, {f"{test}, {name}": ALPHA for test in ("sign flip", "paired t")}, "type-I", ITEMS, batched(partial(flips_reject, style)), 2)
    yield Scenario(section, {"Cochran Q, 4 arms": ALPHA}, "type-I", ITEMS, each(lambda rng, n: arms_rejects(rng, n, cochran_q, 1)), 4)
    friedmans = each(lambda rng, n: arms_rejects(rng, n, friedman, 4))
    yield Scenario(section, {"Friedman, 4 arms, shares of 4 samples": ALPHA}, "type-I", ITEMS, friedmans, 4)
    names = {"cluster-robust t, items / 10 templates": ALPHA, "paired t in spite of items / 10 templates": ALPHA}
    yield Scenario(section, names, "type-I", ITEMS, each(lambda rng, n: clusters_reject(rng, n, n // 10)), 3)
    names = {"cluster-robust t, 10 templates": ALPHA, "paired t in spite of 10 templates": ALPHA}
    yield Scenario(section, names, "type-I", ITEMS, each(lambda rng, n: clusters_reject(rng, n, 10)), 3)
    yield Scenario(section, {"Holm, any of 6 arms against one control": ALPHA}, "type-I", ITEMS, batched(partial(holm_rejects, True)), 2)
    yield Scenario(section, {"Holm, any of 6 separate pairs": ALPHA}, "type-I", ITEMS, batched(partial(holm_rejects, False)))
    section, few = "Type-I error at 0.05, few items", (50, 100, 200)
    names = {"energy distance, 4 features, paired": ALPHA, "energy distance, 4 features, not paired": ALPHA}
    yield Scenario(section, names, "type-I", few, each(energy_rejects), 5)
    names = {f"style in a logistic model, {which}": ALPHA for which in ("Wald", "Firth, Wald", "Firth, likelihood ratio")}
    yield Scenario(section, names, "type-I", few, each(logistic_rejects), 5)


def _tost() -> Iterator[Scenario]:
    section, columns = "Size of equivalence tests at the margin, 0.05", (*ITEMS, 5000)
    for margin in (0.02, 0.05, 0.1):
        for rate in (0.05, 0.2, 0.4):
            if rate >= margin:
                where = f"margin {margin:g}, discordance {rate:g}"
                tests = "TOST Newcombe", "TOST Bonett-Price", "TOST Tango", "non-inferiority Newcombe"
                yield Scenario(section, {f"{test}, {where}": ALPHA for test in tests}, "type-I", columns, partial(tost_inside, margin, rate))
    for margin in (0.05, 0.1):
        run = each(partial(means_inside, margin=margin))
        yield Scenario(section, {f"TOST t, means of 4 samples, margin {margin:g}": ALPHA}, "type-I", columns, run, 4)
    yield Scenario(section, {"TOST cluster-robust, items / 10 templates, margin 0.05": ALPHA}, "type-I", columns, each(clusters_inside), 5)


def _coverage() -> Iterator[Scenario]:
    section, columns = "Coverage of intervals, by number of items", (30, *ITEMS)
    for rate, difference in ((0.05, 0.0), (0.2, 0.0), (0.2, 0.05), (0.4, 0.1)):
        where = f"discordance {rate:g}, difference {difference:g}"
        levels = {"Newcombe 95%": 0.95, "Newcombe 90%": 0.9, "Bonett-Price 95%": 0.95, "Tango 95%": 0.95}
        names = {f"{which}, {where}": level for which, level in levels.items()}
        yield Scenario(section, names, "coverage", columns, partial(pairs_cover, rate, difference))
    for rate, difference in ((0.05, 0.0), (0.2, 0.05)):
        name = f"posterior 95%, discordance {rate:g}, difference {difference:g}"
        yield Scenario(section, {name: 0.95}, "coverage", columns, partial(posterior_covers, rate, difference), 8)
    for ratio in (1, 2):
        yield Scenario(section, {f"matched odds ratio 95%, discordance 0.2, ratio {ratio}": 0.95}, "coverage", columns, partial(odds_cover, ratio))
    for rate in (0.5, 0.8, 0.97):
        yield Scenario(section, {f"Wilson 95%, accuracy {rate:g}": 0.95}, "coverage", columns, partial(wilson_covers, rate))
    for name, style in STYLES.items():
        yield Scenario(section, {f"BCa 95%, {name}": 0.95}, "coverage", columns, batched(partial(bca_covers, style)), 5)
    run = each(lambda rng, n: holds(hodges_lehmann(heavy(rng, (n,))).interval, 0.0))
    yield Scenario(section, {"Hodges-Lehmann 95%, heavy tails": 0.95}, "coverage", columns[:3], run, 10)
    run = each(lambda rng, n: holds(hodges_lehmann(skewed(rng, (n,))).interval, exponential_pseudomedian()))
    yield Scenario(section, {"Hodges-Lehmann 95%, differences of skewness 2": 0.95}, "coverage", columns[:3], run, 10)
    names = {f"cluster-robust t {level:.0%}, items / 10 templates": level for level in (0.95, 0.9)}
    yield Scenario(section, names, "coverage", ITEMS, each(clusters_cover), 5)
    yield Scenario(section, {"length-controlled 95%": 0.95}, "coverage", columns, each(length_covers), 4)
    for gain, rates in (("0.32", (0.364, 0.684, 0.642)), ("0.12", (0.768, 0.89, 0.834))):
        names = {f"recovered share 95%, {which}, gain {gain}": 0.95 for which in ("as reported", "Fieller")}
        yield Scenario(section, names, "coverage", columns, each(partial(share_covers, rates)), 10)


def _seeds_and_families() -> Iterator[Scenario]:
    section, columns = "Type-I error at 0.05, 200 items, by number of seeds", (2, 3, 5)
    spreads = {"no": 0.0, "moderate": 0.02, "large": 0.05, "very large": 0.15}

    def crossed(spread: float, rng: Rng, seeds: int) -> float:
        p = crossed_mean(seeded(rng, seeds, 200, spread)).p
        return float(p is not None and p <= ALPHA)

    def pigeonhole(spread: float, mean: float, level: float, rng: Rng, seeds: int) -> float:
        found = hierarchical_bootstrap(seeded(rng, seeds, 200, spread, mean), level, RESAMPLES, int(rng.integers(1 << 31)))
        return holds(found.interval, mean)

    def pigeonhole_rejects(spread: float, rng: Rng, seeds: int) -> float:
        return 1 - pigeonhole(spread, 0.0, 0.95, rng, seeds)

    def crossed_covers(spread: float, rng: Rng, seeds: int) -> list[float]:
        x = seeded(rng, seeds, 200, spread, 0.05)
        return [holds(crossed_mean(x, level).interval, 0.05) for level in (0.95, 0.9)]

    for name, spread in spreads.items():
        yield Scenario(section, {f"crossed t, {name} seed variance": ALPHA}, "type-I", columns, each(partial(crossed, spread)), 5)
    for name, spread in spreads.items():
        yield Scenario(section, {f"pigeonhole bootstrap, {name} seed variance": ALPHA}, "type-I", columns, each(partial(pigeonhole_rejects, spread)), 5)
    section = "Coverage of intervals, 200 items, by number of seeds"
    for name in ("moderate", "large", "very large"):
        names = {f"crossed t {level:.0%}, {name} seed variance": level for level in (0.95, 0.9)}
        yield Scenario(section, names, "coverage", columns, each(partial(crossed_covers, spreads[name])), 10)
        run = each(partial(pigeonhole, spreads[name], 0.05, 0.95))
        yield Scenario(section, {f"pigeonhole bootstrap 95%, {name} seed variance": 0.95}, "coverage", columns, run, 10)
    section, columns = "Type-I error at 0.05, by number of families", (3, 5, 10)
    for tau in (0.0, 0.03):
        run = each(lambda rng, count, tau=tau: 1 - families_cover(tau, 0.0, rng, count)[0])  # type: ignore[misc]
        yield Scenario(section, {f"random effects, effects vary by {tau:g}": ALPHA}, "type-I", columns, run, 5)
    section = "Coverage of intervals, by number of families"
    for tau in (0.0, 0.03):
        names = {f"random effects {level:.0%}, effects vary by {tau:g}": level for level in (0.95, 0.9)}
        names[f"prediction 95% of one family more, effects vary by {tau:g}"] = 0.95
        yield Scenario(section, names, "coverage", columns, each(partial(families_cover, tau, 0.05)), 10)


def measured(scenario: Scenario, draws: int, seed: int) -> Iterator[Row]:
    """Yield the rows of a scenario."""
    number = max(2, draws // scenario.part)
    found = []
    for column in scenario.columns:
        rng = np.random.default_rng([seed, crc32(f"{scenario.section}|{'|'.join(scenario.names)}|{column}".encode())])
        found.append(np.asarray(scenario.run(rng, column, number), dtype=np.float64).reshape(number, len(scenario.names)))
    for i, (name, nominal) in enumerate(scenario.names.items()):
        cells = {}
        for column, values in zip(scenario.columns, found, strict=True):
            defined = values[~np.isnan(values[:, i]), i]
            if len(defined):
                shown = f"{column:,}" if isinstance(column, int) else str(column)
                cells[shown] = Cell(float(defined.mean()), len(defined), nominal, TOLERANCE[scenario.kind])
        yield Row(scenario.section, name, cells)


REASONS: dict[str, str] = {
    "Type-I*: McNemar exact*": "The exact p is discrete and conservative by construction, the more so the fewer items are discordant; mid-p mends that.",
    "Type-I*: sign flip, right*": "On right and wrong answers sign flips are the exact McNemar test by simulation, and as conservative.",
    "*: paired t in spite of*": "Shown for contrast, never used so: items of one template are not independent, and a test that takes them so is wrong.",
    "*: * skewness 6*": "Flips, t and BCa need symmetric differences or many items. These are neither; the error fades as items grow.",
    "Type-I*: cluster-robust*": (
        "Just beyond the tolerance: ten templates of very unequal sizes hold the correlation within templates only roughly; or chance, at 0.040."
    ),
    "*Firth, Wald": "Wald's p from Firth's fit is conservative with few items: report the likelihood ratio, which is inside.",
    "Size*margin 0.05, discordance 0.05": (
        "Here the second run is never right alone and one count decides: steps of whole items, and a skewed binomial that Newcombe's and "
        "Bonett-Price's intervals follow less well than Tango's, which errs to the safe side."
    ),
    "Size*": (
        "Too few items: the 90 % interval is about as wide as the margins or wider, so that hardly anything is declared equivalent. "
        "An error to the safe side only; the one-sided non-inferiority test of the same counts has its size."
    ),
    "Coverage*: matched odds*": "An exact interval, conservative by construction.",
    "Coverage*: BCa*": "BCa has no t quantile and undercovers with few items, most for skewed, heavy tails.",
    "Coverage*: length*": "Thirty items, skewed and heteroscedastic residuals: HC3 is slightly short.",
    "Coverage*: recovered*": "At 30 items the bootstrap is slightly short; and where the gain is often undefined, what is left is a selection.",
    "Coverage*discordance*": "Few discordant items (1 to 10 are expected): discrete, and erring to the safe side.",
    "*crossed t*": (
        "Conservative where seeds hardly vary: the residual variance is left in the seeds' part, with its wide t quantile. Taking it out gives "
        "tests of the right size there and too large ones where seeds do vary (up to .085 with three seeds, commit b588368). An error to the safe side."
    ),
    "*pigeonhole*": (
        "It counts the residual variance two to three times and overcovers where that dominates; where seeds dominate, percentiles of few "
        "seeds undercover. It is therefore never used for verdicts."
    ),
    "*: prediction*": (
        "With few families the variance between them is hardly known; a prediction overcovers where they agree and undercovers where they "
        "differ. A rough guide."
    ),
    "*: random effects*": (
        "The Hartung-Knapp factor is held at 1 or more: where families agree, or are three, the interval is too wide. An error to the safe side."
    ),
    "Power*": "Few discordant items: the normal approximation asks for too few items. `plan` shows the simulated power beside.",
}
"""Why rows, by a pattern of section and name, have entries outside the tolerance."""


def reason(row: Row) -> str | None:
    """Return the pattern of the reason why entries of a row are outside."""
    return next((pattern for pattern in REASONS if fnmatchcase(f"{row.section}: {row.name}", pattern)), None)


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows as Markdown, a table for each section, and then why entries are outside."""
    lines: list[str] = []
    for section in dict.fromkeys(row.section for row in rows):
        part = [row for row in rows if row.section == section]
        columns = sorted(dict.fromkeys(column for row in part for column in row.cells), key=lambda name: (len(name), name))
        lines += [f"### {section}", "", "| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
        lines += [f"| {row.name} | " + " | ".join(str(row.cells.get(column, "")) for column in columns) + " |" for row in part]
        lines.append("")
    cells = [cell for row in rows for cell in row.cells.values()]
    inside = sum(cell.inside for cell in cells)
    lines += ["### Entries outside, and why", "", f"{inside} of {len(cells)} entries are inside; the {len(cells) - inside} others:", ""]
    why: dict[str, list[Row]] = {}
    for row in rows:
        if row.outside:
            why.setdefault(reason(row) or "", []).append(row)
    for pattern, concerned in why.items():
        names = "; ".join(f"{row.name} ({', '.join(row.outside)})" for row in concerned)
        lines.append(f"- {REASONS.get(pattern, 'Not explained.')} Concerned: {names}.")
    return lines


def origin() -> str:
    """Return the date and the commit."""
    found = subprocess.run([shutil.which("git") or "git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return f"{date.today().isoformat()}, commit {found.stdout.strip() or 'unknown'}"


def put(page: Path, name: str, lines: Sequence[str]) -> None:
    """Write lines between the comments of a name in a page."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(opening)
    _, closed, after = rest.partition(closing)
    if not found or not closed:
        raise SystemExit(f"{page} has no {opening} … {closing}")
    page.write_text("\n".join([before + opening, *lines, closing]) + after, encoding="utf-8")


def montecarlo(draws: int, seed: int, write: Path | None, only: str = "*") -> list[Row]:
    """Print the Monte-Carlo table, and write it into a page."""
    rows: list[Row] = []
    began = time.monotonic()
    for scenario in scenarios():
        if any(fnmatchcase(f"{scenario.section}: {name}", only) for name in scenario.names):
            start = time.monotonic()
            rows += measured(scenario, draws, seed)
            print(f"{time.monotonic() - start:6.1f} s  {'; '.join(scenario.names)}", file=sys.stderr, flush=True)
    head = f"`python -m benchmarks.statistics montecarlo --draws {draws} --seed {seed}`, {origin()}, {time.monotonic() - began:.0f} s on one core."
    lines = ["", head, "", *table(rows), ""]
    print("\n".join(lines), flush=True)
    if write:
        put(write, "montecarlo", lines)
    return rows


# Speed


def outcomes(rng: Rng, runs: int = 20, tasks: int = 10, items: int = 2000) -> npt.NDArray[np.bool_]:
    """Return right answers, shape (tasks, runs, items): runs differ in ability, items in difficulty."""
    ability = rng.normal(0, 0.15, (tasks, runs, 1))
    return np.asarray(rng.random((tasks, runs, items)) < expit(ability + rng.normal(0.4, 2, (tasks, 1, items))))


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a call takes, and its result."""
    began = time.perf_counter()
    found = call()
    return time.perf_counter() - began, found


def peak() -> float:
    """Return the most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def mean(x: Array, axis: int) -> Array:
    """Return means, for scipy's resampling."""
    return np.asarray(x.mean(axis=axis))


def scipy_flips(rows: Array, draws: int, batch: int | None, seed: int) -> Array:
    """Return scipy's p of each row."""
    options: dict[str, Any] = {"vectorized": True, "batch": batch, "random_state": np.random.default_rng(seed)}
    return np.array([permutation_test((row,), mean, permutation_type="samples", n_resamples=draws, **options).pvalue for row in rows])


def scipy_bca(rows: Array, draws: int, batch: int | None, seed: int) -> Array:
    """Return scipy's BCa interval of each row."""
    options: dict[str, Any] = {"vectorized": True, "batch": batch, "random_state": np.random.default_rng(seed)}
    return np.array([scipy_bootstrap((row,), mean, n_resamples=draws - 1, method="BCa", **options).confidence_interval for row in rows])


def farthest(one: Array, other: Array) -> float:
    """Return the greatest difference of two arrays."""
    return float(np.abs(one - other).max())


def speed(pairs: int, seed: int, write: Path | None, draws: int = 10_000, size: Mapping[str, int] | None = None) -> None:
    """Print what many pairs cost, beside scipy and evalsig on some of them, and how far their numbers lie apart."""
    rng = np.random.default_rng(seed)
    right = outcomes(rng, **(size or {}))
    tasks, runs, items = right.shape
    first, second = np.array(list(combinations(range(runs), 2))).T
    d = [answers[first] * 1.0 - answers[second] for answers in right]
    total = tasks * len(first)
    flips, p = timed(lambda: np.concatenate([sign_flip_many(x, draws, seed) for x in d]))
    boot, ends = timed(lambda: np.concatenate([bootstrap_many(x, draws, seed) for x in d]))
    most = peak()
    again = np.concatenate([sign_flip_many(x, draws, seed + 1) for x in d]), np.concatenate([bootstrap_many(x, draws, seed + 1) for x in d])
    chosen = np.sort(rng.choice(total, min(pairs, total), replace=False))
    rows = np.concatenate(d)[chosen]
    error = rows.std(axis=1, ddof=1)[:, None] / sqrt(items)
    alone = timed(lambda: [sign_flip(row, draws, seed) for row in rows])[0], timed(lambda: [bca_interval(row, 0.95, draws, seed) for row in rows])[0]
    theirs, bounds = (
        min((timed(partial(one, rows, draws, batch, seed)) for batch in (None, 500)), key=lambda found: found[0]) for one in (scipy_flips, scipy_bca)
    )
    p_scipy, ends_scipy = theirs[1], bounds[1]
    # Ours counts sums beyond either end, scipy's twice those beyond one: its variance is that of twice a tail.
    chance = np.sqrt((p[chosen] * (1 - p[chosen]) + 2 * p[chosen] * (1 - p[chosen] / 2)) / draws)
    lines = [
        "",
        f"`python -m benchmarks.statistics speed --pairs {len(chosen)} --seed {seed}`, {origin()}, {os.cpu_count()} shared cores, one thread.",
        f"{runs} runs × {tasks} tasks × {items:,} items: {total:,} pairs, {draws:,} flips or resamples each; peak memory {most:.2f} GB.",
        f"scipy {version('scipy')} on {len(chosen)} of the same pairs, all resamples at once (its default) or in batches of 500, whichever is faster.",
        "",
        "| | all pairs, s | ms a pair | a pair alone, ms | scipy, ms a pair | times as fast | a pair alone |",
        "|---|---|---|---|---|---|---|",
    ]
    costs: list[tuple[str, float, float, float]] = [("sign flip", flips, alone[0], theirs[0]), ("BCa interval", boot, alone[1], bounds[0])]
    for name, whole, single, other in [*costs, ("both", flips + boot, sum(alone), theirs[0] + bounds[0])]:
        one, few, ref = whole / total, single / len(chosen), other / len(chosen)
        lines.append(f"| {name} | {whole:.1f} | {1e3 * one:.2f} | {1e3 * few:.0f} | {1e3 * ref:.0f} | {ref / one:,.0f} | {ref / few:.1f} |")
    in_errors, two_seeds = farthest(p[chosen] / chance, p_scipy / chance), farthest(p[chosen], again[0][chosen])
    apart, seeds_apart = (farthest(ends[chosen] / error, other / error) for other in (ends_scipy, again[1][chosen]))
    lines += [
        "",
        f"Greatest difference of p from scipy's: {farthest(p[chosen], p_scipy):.4f}, {in_errors:.1f} Monte-Carlo standard errors; between two seeds of ours "
        f"{two_seeds:.4f}.",
        f"Greatest difference of interval ends: {apart:.3f} standard errors of the mean; between two seeds of ours {seeds_apart:.3f}.",
        "",
        *beside_evalsig(right, chosen, (first, second), draws, seed),
        "",
    ]
    print("\n".join(lines), flush=True)
    if write:
        put(write, "speed", lines)


def beside_evalsig(right: npt.NDArray[np.bool_], chosen: npt.NDArray[np.int64], pairs: tuple[Any, Any], draws: int, seed: int) -> list[str]:
    """Return a table of the same quantities by evalsig and by us, on the same pairs."""
    try:
        from evalsig import inference
        from evalsig.inference.mde import mde

        named = f"evalsig {version('evalsig')}"
    except (ImportError, PackageNotFoundError):
        return ["evalsig is not installed, and left out."]
    which = [(right[i // len(pairs[0])][pairs[0][i % len(pairs[0])]], right[i // len(pairs[0])][pairs[1][i % len(pairs[0])]]) for i in chosen]
    # Its difference is second minus first.
    arrays = [(second * 1.0, first * 1.0) for first, second in which]
    counts = [paired_counts(*pair) for pair in which]
    rows = [first - second for second, first in arrays]
    error = np.array([row.std(ddof=1) / sqrt(len(row)) for row in rows])[:, None]
    n = len(which)

    def limits(found: Sequence[Any]) -> Array:
        return np.array([(one.interval.low, one.interval.high) if hasattr(one, "interval") else one.ci for one in found], dtype=np.float64)

    seconds, permuted = timed(lambda: [inference.paired_permutation_test(*pair, n_resamples=draws, rng=seed) for pair in arrays])
    quick, mcnemar = timed(lambda: [inference.mcnemar_test(*pair) for pair in arrays])
    own, both = timed(lambda: [(mcnemar_midp(one := paired_counts(*pair)), newcombe_interval(one)) for pair in which])
    exact = np.array([mcnemar_exact(one) for one in counts])
    few = [(one[:40], other[:40]) for one, other in which]
    t, t_own = [inference.paired_t_test(*pair) for pair in arrays], [paired_t(row) for row in rows]
    flipped = np.array([sign_flip(row, draws, seed).p for row in rows])
    bca = limits([bca_interval(row, 0.95, draws, seed) for row in rows])
    midp, newcombe = np.array([p for p, _ in both]), np.array([(one.low, one.high) for _, one in both])
    p_few = np.array([inference.mcnemar_test(other * 1.0, one * 1.0).p_value for one, other in few])
    p_theirs, p_t = np.array([one.p_value for one in mcnemar]), np.array([one.p_value for one in t])
    discordance = np.array([(one.first + one.second) / one.n for one in counts])
    detect = np.array([detectable_difference(one.n, rate) or np.nan for one, rate in zip(counts, discordance, strict=True)])
    detect_theirs = np.array([mde(float(row.std(ddof=1)), len(row)).mde for row in rows])
    adjusted = max(
        farthest(np.array(ours(midp.tolist())), inference_adjusted(theirs, midp))
        for ours, theirs in ((holm, "holm"), (benjamini_hochberg, "benjamini_hochberg"))
    )
    p_flipped, p_few_ours = np.array([one.p_value for one in permuted]), np.array([mcnemar_exact(paired_counts(*pair)) for pair in few])
    apart = farthest(flipped / (chance := np.sqrt(2 * flipped * (1 - flipped) / draws)), p_flipped / chance)
    beyond = "beyond 25 discordant items it takes chi-square with a continuity correction, which approximates our exact p; we report mid-p"
    found = [
        ("p, sign flip", f"{farthest(flipped, p_flipped):.4f}, {apart:.1f} Monte-Carlo standard errors", "same, up to random flips"),
        ("p, paired t", f"{farthest(np.array([one.p for one in t_own], dtype=np.float64), p_t):.0e}", "same"),
        ("interval, paired t", f"{farthest(limits(t_own), limits(t)):.0e}", "same"),
        ("Holm's and Benjamini-Hochberg's adjusted p", f"{adjusted:.0e}", "same"),
        ("p, McNemar, first 40 items", f"{farthest(p_few_ours, p_few):.0e} from exact", "same as our exact p, for up to 25 discordant items"),
        ("p, McNemar", f"{farthest(exact, p_theirs):.4f} from exact, {farthest(midp, p_theirs):.4f} from mid-p", f"no: {beyond}"),
        ("interval of the difference", f"{farthest(newcombe / error, limits(mcnemar) / error):.3f} standard errors", "no: it takes Wald's, we Newcombe's"),
        ("bootstrap interval", f"{farthest(bca / error, limits(permuted) / error):.3f} standard errors", "no: it takes percentiles, we BCa"),
        ("smallest detectable difference", f"{farthest(detect, detect_theirs):.5f}", "no: it takes one standard deviation, we one under each hypothesis"),
    ]
    return [
        f"Beside {named}, on the same {n} pairs (discordance {discordance.min():.2f} to {discordance.max():.2f}):",
        "",
        "| quantity | greatest difference | same? |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in found),
        "",
        f"It takes {1e3 * seconds / n:.0f} ms a pair for its permutation test with bootstrap interval, {1e3 * quick / n:.2f} ms for McNemar's p and interval "
        f"(we {1e3 * own / n:.2f} ms for mid-p and Newcombe's interval).",
    ]


def inference_adjusted(name: str, p: Array) -> Array:
    """Return p adjusted by evalsig."""
    from evalsig.inference import multiplicity

    return np.asarray(getattr(multiplicity, name)(p).p_adjusted)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    table_of = commands.add_parser("montecarlo")
    table_of.add_argument("--draws", type=int, default=20_000, help="data sets of the quick scenarios; slower ones get a part of them")
    table_of.add_argument("--only", default="*", help="a pattern of sections and names")
    pace = commands.add_parser("speed")
    pace.add_argument("--pairs", type=int, default=10, help="how many pairs scipy and evalsig get")
    for command in (table_of, pace):
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--write", type=Path, help="a page to write the result into")
    given = parser.parse_args(arguments)
    if given.command == "speed":
        speed(given.pairs, given.seed, given.write)
        return
    rows = montecarlo(given.draws, given.seed, given.write, given.only)
    unexplained = [row.name for row in rows if row.outside and not reason(row)]
    if unexplained:
        raise SystemExit(f"outside without a reason: {'; '.join(unexplained)}")


if __name__ == "__main__":
    main()
