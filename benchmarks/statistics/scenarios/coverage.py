"""How often intervals hold the truth, by number of items."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

import numpy as np

from benchmarks.statistics.rows import FLIPS, ITEMS, RESAMPLES, Array, Rng, Scenario
from benchmarks.statistics.scenarios.counting import batched, each, holds, over_unique
from benchmarks.statistics.scenarios.true_data import STYLES, answered, counted, heavy, skewed, templated
from harness_ext.stats import (
    PairedCounts,
    bootstrap_many,
    clustered_mean,
    hodges_lehmann,
    length_controlled,
    matched_odds_ratio,
    posterior_difference,
    recovered_share,
)
from harness_ext.stats import two_by_two as tables
from harness_ext.stats.proportion import quantile


def pairs_cover(discordance: float, difference: float, rng: Rng, n: int, draws: int) -> Array:
    """Take Newcombe at 95 % and 90 %, Bonett-Price and Tango at 95 %;
    Tango's by the score that its interval inverts.
    """
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
    return over_unique(
        lambda first, second: holds(
            posterior_difference(PairedCounts(0, first, second, n - first - second)).interval, difference
        ),
        b,
        c,
    )


def odds_cover(ratio: float, rng: Rng, n: int, draws: int) -> Array:
    """Take the exact interval of the matched odds ratio, discordance 0.2."""
    _, b, c, _ = counted(rng, n, draws, 0.2, 0.2 * (ratio - 1) / (ratio + 1))
    return over_unique(
        lambda first, second: holds(matched_odds_ratio(PairedCounts(0, first, second, n)).interval, ratio),
        b,
        c,
    )


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
    """Take the interval of the difference at equal length, 0.3; residuals are skewed,
    and wider where lengths differ more.
    """
    length = rng.normal(0.1, 0.4, n)
    return holds(
        length_controlled(0.3 + 0.8 * length + (0.5 + np.abs(length)) * skewed(rng, (n,)), length).interval,
        0.3,
    )


def share_covers(rates: Sequence[float], rng: Rng, n: int) -> list[float]:
    """Take the interval of the recovered share as reported, and Fieller's; NaN where it is undefined."""
    base, whole, part = answered(rng, n, rates)
    true = (rates[2] - rates[0]) / (rates[1] - rates[0])
    found = recovered_share(part, whole, base, draws=RESAMPLES, seed=int(rng.integers(1 << 31)))
    low, high = found.settings.get("fieller_low"), found.settings.get("fieller_high")
    fieller = (
        float(low <= true <= high) if isinstance(low, float) and isinstance(high, float) else float("nan")
    )
    return [holds(found.interval, true), fieller]


def coverage() -> Iterator[Scenario]:
    """Yield the intervals of one pair of runs."""
    section, columns = "Coverage of intervals, by number of items", (30, *ITEMS)
    for rate, difference in ((0.05, 0.0), (0.2, 0.0), (0.2, 0.05), (0.4, 0.1)):
        where = f"discordance {rate:g}, difference {difference:g}"
        levels = {"Newcombe 95%": 0.95, "Newcombe 90%": 0.9, "Bonett-Price 95%": 0.95, "Tango 95%": 0.95}
        names = {f"{which}, {where}": level for which, level in levels.items()}
        yield Scenario(section, names, "coverage", columns, partial(pairs_cover, rate, difference))
    for rate, difference in ((0.05, 0.0), (0.2, 0.05)):
        name = f"posterior 95%, discordance {rate:g}, difference {difference:g}"
        yield Scenario(
            section, {name: 0.95}, "coverage", columns, partial(posterior_covers, rate, difference), 8
        )
    for ratio in (1, 2):
        yield Scenario(
            section,
            {f"matched odds ratio 95%, discordance 0.2, ratio {ratio}": 0.95},
            "coverage",
            columns,
            partial(odds_cover, ratio),
        )
    for rate in (0.5, 0.8, 0.97):
        yield Scenario(
            section,
            {f"Wilson 95%, accuracy {rate:g}": 0.95},
            "coverage",
            columns,
            partial(wilson_covers, rate),
        )
    for name, style in STYLES.items():
        yield Scenario(
            section, {f"BCa 95%, {name}": 0.95}, "coverage", columns, batched(partial(bca_covers, style)), 5
        )
    run = each(lambda rng, n: holds(hodges_lehmann(heavy(rng, (n,))).interval, 0.0))
    yield Scenario(section, {"Hodges-Lehmann 95%, heavy tails": 0.95}, "coverage", columns[:3], run, 10)
    run = each(lambda rng, n: holds(hodges_lehmann(skewed(rng, (n,))).interval, exponential_pseudomedian()))
    yield Scenario(
        section, {"Hodges-Lehmann 95%, differences of skewness 2": 0.95}, "coverage", columns[:3], run, 10
    )
    names = {f"cluster-robust t {level:.0%}, items / 10 templates": level for level in (0.95, 0.9)}
    yield Scenario(section, names, "coverage", ITEMS, each(clusters_cover), 5)
    yield Scenario(section, {"length-controlled 95%": 0.95}, "coverage", columns, each(length_covers), 4)
    for gain, rates in (("0.32", (0.364, 0.684, 0.642)), ("0.12", (0.768, 0.89, 0.834))):
        names = {f"recovered share 95%, {which}, gain {gain}": 0.95 for which in ("as reported", "Fieller")}
        yield Scenario(section, names, "coverage", columns, each(partial(share_covers, rates)), 10)
