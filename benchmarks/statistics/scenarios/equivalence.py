"""How often differences of the size of the margin are taken for equivalent."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.statistics.rows import ALPHA, ITEMS, Array, Rng, Scenario
from benchmarks.statistics.scenarios.counting import each
from benchmarks.statistics.scenarios.true_data import counted, templated
from harness_ext.stats import tost_clustered, tost_means
from harness_ext.stats import two_by_two as tables
from harness_ext.stats.proportion import quantile


def tost_inside(margin: float, discordance: float, rng: Rng, n: int, draws: int) -> Array:
    """Test equivalence at a true difference of the margin, by three intervals,
    and non-inferiority at minus the margin by Newcombe's.
    """
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


def equivalence() -> Iterator[Scenario]:
    """Yield the tests of equivalence and of non-inferiority."""
    section, columns = "Size of equivalence tests at the margin, 0.05", (*ITEMS, 5000)
    for margin in (0.02, 0.05, 0.1):
        for rate in (0.05, 0.2, 0.4):
            if rate >= margin:
                where = f"margin {margin:g}, discordance {rate:g}"
                tests = "TOST Newcombe", "TOST Bonett-Price", "TOST Tango", "non-inferiority Newcombe"
                yield Scenario(
                    section,
                    {f"{test}, {where}": ALPHA for test in tests},
                    "type-I",
                    columns,
                    partial(tost_inside, margin, rate),
                )
    for margin in (0.05, 0.1):
        run = each(partial(means_inside, margin=margin))
        yield Scenario(
            section, {f"TOST t, means of 4 samples, margin {margin:g}": ALPHA}, "type-I", columns, run, 4
        )
    yield Scenario(
        section,
        {"TOST cluster-robust, items / 10 templates, margin 0.05": ALPHA},
        "type-I",
        columns,
        each(clusters_inside),
        5,
    )
