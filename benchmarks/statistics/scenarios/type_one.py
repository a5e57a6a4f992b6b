"""How often tests reject what is true."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.statistics.rows import ALPHA, FLIPS, ITEMS, Array, Rng, Scenario
from benchmarks.statistics.scenarios.counting import batched, each, over_unique
from benchmarks.statistics.scenarios.true_data import STYLES, counted, judged, templated
from harness_ext.stats import (
    PairedCounts,
    clustered_mean,
    cochran_q,
    energy_distance,
    firth_logistic,
    firth_p,
    friedman,
    holm,
    logistic,
    mcnemar_exact,
    paired_t,
    sign_flip_many,
)
from harness_ext.stats import two_by_two as tables


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
    return float(
        test(rng.random((n, 4)) < chances if samples == 1 else rng.binomial(samples, chances) / samples).p
        <= ALPHA
    )


def clusters_reject(rng: Rng, n: int, count: int) -> list[float]:
    """Take a cluster-robust t, and beside it a paired t that takes all items as independent."""
    d, codes = templated(rng, n, count)
    return [
        float((one.p if one.p is not None else 1.0) <= ALPHA)
        for one in (clustered_mean(d, codes), paired_t(d))
    ]


def holm_rejects(shared: bool, rng: Rng, n: int, size: int) -> Array:
    """Say whether any of six hypotheses is rejected: six arms against one control on the same items,
    or six pairs of runs of their own.
    """
    if shared:
        right = rng.random((size, 7, n)) < rng.beta(0.8, 0.8, (size, 1, n))
        b, c = (right[:, 1:] & ~right[:, :1]).sum(axis=2), (~right[:, 1:] & right[:, :1]).sum(axis=2)
    else:
        _, b, c, _ = counted(rng, n, 6 * size, 0.2).reshape(4, size, 6)
    return np.array([min(holm(row.tolist())) <= ALPHA for row in tables.midp(b, c)], dtype=np.float64)


def energy_rejects(rng: Rng, n: int) -> list[float]:
    """Take the energy distance of four skewed features of one style, paired and not."""
    item = rng.gamma(2, 1, (n, 4))
    x, y, z = (
        item * rng.lognormal(0, 0.5, (n, 4)),
        item * rng.lognormal(0, 0.5, (n, 4)),
        rng.gamma(2, 1, (n, 4)) * rng.lognormal(0, 0.5, (n, 4)),
    )
    seed = int(rng.integers(1 << 31))
    ps = energy_distance(x, y, 199, seed, paired=True).p, energy_distance(x, z, 199, seed).p
    return [float(p <= ALPHA) for p in ps if p is not None]


def logistic_rejects(rng: Rng, n: int) -> list[float]:
    """Test the style's coefficient by plain and Firth's Wald p and the penalised likelihood ratio;
    NaN without a finite estimate.
    """
    x, y = judged(rng, n)
    fits = logistic(x, y), firth_logistic(x, y)
    ps = [*(fit.p(1) if fit else None for fit in fits), firth_p(x, y, 1)]
    return [float("nan") if p is None else float(p <= ALPHA) for p in ps]


def type_one() -> Iterator[Scenario]:
    """Yield the tests of a true null hypothesis."""
    section = "Type-I error at 0.05, by number of items"
    for rate in (0.05, 0.2, 0.4):
        names = {f"McNemar {which}, discordance {rate:g}": ALPHA for which in ("mid-p", "exact")}
        yield Scenario(section, names, "type-I", ITEMS, partial(midp_rejects, rate))
    for name, style in STYLES.items():
        yield Scenario(
            section,
            {f"{test}, {name}": ALPHA for test in ("sign flip", "paired t")},
            "type-I",
            ITEMS,
            batched(partial(flips_reject, style)),
            2,
        )
    yield Scenario(
        section,
        {"Cochran Q, 4 arms": ALPHA},
        "type-I",
        ITEMS,
        each(lambda rng, n: arms_rejects(rng, n, cochran_q, 1)),
        4,
    )
    friedmans = each(lambda rng, n: arms_rejects(rng, n, friedman, 4))
    yield Scenario(section, {"Friedman, 4 arms, shares of 4 samples": ALPHA}, "type-I", ITEMS, friedmans, 4)
    names = {
        "cluster-robust t, items / 10 templates": ALPHA,
        "paired t in spite of items / 10 templates": ALPHA,
    }
    yield Scenario(section, names, "type-I", ITEMS, each(lambda rng, n: clusters_reject(rng, n, n // 10)), 3)
    names = {"cluster-robust t, 10 templates": ALPHA, "paired t in spite of 10 templates": ALPHA}
    yield Scenario(section, names, "type-I", ITEMS, each(lambda rng, n: clusters_reject(rng, n, 10)), 3)
    yield Scenario(
        section,
        {"Holm, any of 6 arms against one control": ALPHA},
        "type-I",
        ITEMS,
        batched(partial(holm_rejects, True)),
        2,
    )
    yield Scenario(
        section,
        {"Holm, any of 6 separate pairs": ALPHA},
        "type-I",
        ITEMS,
        batched(partial(holm_rejects, False)),
    )
    section, few = "Type-I error at 0.05, few items", (50, 100, 200)
    names = {"energy distance, 4 features, paired": ALPHA, "energy distance, 4 features, not paired": ALPHA}
    yield Scenario(section, names, "type-I", few, each(energy_rejects), 5)
    names = {
        f"style in a logistic model, {which}": ALPHA
        for which in ("Wald", "Firth, Wald", "Firth, likelihood ratio")
    }
    yield Scenario(section, names, "type-I", few, each(logistic_rejects), 5)
