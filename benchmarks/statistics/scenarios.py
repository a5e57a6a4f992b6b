"""Data whose truth is known, and what the functions of the package make of them."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import norm

from benchmarks.statistics.rows import ALPHA, FLIPS, ITEMS, RESAMPLES, Array, Rng, Run, Scenario
from harness_ext.stats import (
    PairedCounts,
    Verdict,
    bootstrap_many,
    clustered_mean,
    cochran_q,
    crossed_mean,
    decide,
    effect_of_counts,
    effect_of_runs,
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
    mean_interval,
    paired_t,
    plan,
    posterior_difference,
    random_effects,
    rank_intervals,
    recovered_share,
    shown_above,
    sign_flip_many,
    tost_clustered,
    tost_means,
    wilson_interval,
)
from harness_ext.stats import two_by_two as tables
from harness_ext.stats.proportion import Interval, quantile

# Data whose truth is known


def counted(
    rng: Rng, n: int, draws: int, discordance: float, difference: float = 0.0, accuracy: float = 0.6
) -> npt.NDArray[np.int64]:
    """Return *draws* tables of n items, shape (4, draws): both right, only the first,
    only the second, neither.
    """
    cells = [
        accuracy - discordance / 2,
        (discordance + difference) / 2,
        (discordance - difference) / 2,
        1 - accuracy - discordance / 2,
    ]
    return np.asarray(rng.multinomial(n, cells, size=draws).T)


def binary(rng: Rng, size: tuple[int, ...], discordance: float = 0.2, difference: float = 0.0) -> Array:
    """Return differences of right and wrong answers: 1, 0 or -1."""
    u = rng.random(size)
    return (u < (discordance + difference) / 2) * 1.0 - (u > 1 - (discordance - difference) / 2)


def exchangeable(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences of two runs of one style, as a density of pivots:
    skewed over items and within them, alike in both runs.
    """
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
    """Return differences of right and wrong answers to n items of *count* templates of unequal sizes,
    and each item's template.

    Half of the templates favour the first run by 25 points, half the second:
    an intra-cluster correlation of 0.21.
    """
    shares = rng.lognormal(0, 0.8, count)
    sizes = 1 + rng.multinomial(n - count, shares / shares.sum())
    codes = np.repeat(np.arange(count), sizes)
    lean = (rng.choice([-0.25, 0.25], count) + mean)[codes]
    u = rng.random(n)
    return (u < 0.15 + lean / 2) * 1.0 - (u > 0.85 + lean / 2), codes.tolist()


def seeded(rng: Rng, seeds: int, n: int, spread: float, mean: float = 0.0) -> Array:
    """Return differences, shape (seeds, n), of right and wrong answers of two runs for each seed.

    Items differ in difficulty and in which run they suit, by 10 points; *spread* is the standard deviation of
    the true difference between seeds.
    """
    level = rng.uniform(0.3, 0.7, n)
    lean = mean + rng.choice([-0.1, 0.1], n) + np.clip(rng.normal(0, spread, (seeds, 1)), -0.4, 0.4)
    return (rng.random((seeds, n)) < level + lean / 2) * 1.0 - (rng.random((seeds, n)) < level - lean / 2)


def families(rng: Rng, count: int, tau: float, mean: float = 0.0) -> tuple[Array, Array, float]:
    """Return effects of families on 200 to 1,000 items of discordance 0.2, their errors as of
    `effect_of_counts`, and the true effect of one family more.
    """
    true = np.clip(rng.normal(mean, tau, count + 1), -0.2, 0.2)
    n = rng.choice([200, 500, 1000], count)
    chances = np.stack(
        [np.full(count, 0.5), 0.1 + true[:-1] / 2, 0.1 - true[:-1] / 2, np.full(count, 0.3)], axis=1
    )
    both, b, c, neither = rng.multinomial(n, chances).T
    low, high = tables.newcombe(both, b, c, neither, 1.0)
    return (b - c) / n, (high - low) / 2, float(true[count])


def answered(rng: Rng, n: int, rates: Sequence[float]) -> Array:
    """Return right answers, shape (runs, n), of runs with those accuracies;
    latent abilities correlate by 0.6 within an item.
    """
    latent = sqrt(0.6) * rng.normal(size=n) + sqrt(0.4) * rng.normal(size=(len(rates), n))
    return np.asarray((latent < norm.ppf(rates)[:, None]) * 1.0)


def judged(rng: Rng, n: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return a design of ones, a style that says nothing, log length and difficulty,
    correlated with each other, and right answers.
    """
    difficulty = rng.normal(size=n)
    length = 0.6 * difficulty + 0.8 * rng.normal(size=n)
    style = np.exp(0.5 * length + 0.5 * rng.normal(size=n))
    return np.column_stack([np.ones(n), style, length, difficulty]), rng.random(n) < expit(
        0.4 - difficulty - 0.3 * length
    )


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
    return lambda rng, n, draws: np.concatenate(
        [one(rng, n, min(250, draws - start)) for start in range(0, draws, 250)]
    )


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


def families_cover(tau: float, mean: float, rng: Rng, count: int) -> list[float]:
    """Take the mean over families at 95 % and 90 %, and the prediction of one family more."""
    effects, errors, further = families(rng, count, tau, mean)
    wide, narrow = random_effects(effects, errors), random_effects(effects, errors, 0.9)
    return [
        holds(wide.result.interval, mean),
        holds(narrow.result.interval, mean),
        holds(wide.prediction, further),
    ]


def powers(
    question: Any, discordance: float, difference: float, margin: float, rng: Rng, column: str, draws: int
) -> Array:
    """Decide on the number of items that `plan` gives: as `plan` simulates it,
    or the verdicts of `decide` on fresh tables.
    """
    planned = plan(
        question,
        discordance,
        difference,
        accuracy=0.6,
        margin=margin,
        draws=draws,
        seed=int(rng.integers(1 << 31)),
    )
    if column == "simulated by plan":
        return np.arange(draws) < round(planned.simulated.estimate * draws)
    wanted = {"difference": (Verdict.DIFFERENT,), "equivalence": (Verdict.EQUIVALENT,)}[question] + (
        Verdict.DIFFERENT_WITHIN_MARGIN,
    )

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
    yield from _ranks()
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
        name = (
            f"{question}{within}, discordance {discordance:g}, true difference {difference:g}: {items:,}"
            " items"
        )
        run = partial(powers, question, discordance, difference, margin)
        yield Scenario(
            "Power at the planned number of items (0.8)",
            {name: 0.8},
            "power",
            ("simulated by plan", "verdicts"),
            run,
            4,
        )


def _type_one() -> Iterator[Scenario]:
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


def _tost() -> Iterator[Scenario]:
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


def _coverage() -> Iterator[Scenario]:
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


def _ranks() -> Iterator[Scenario]:
    section, columns = (
        "Coverage of rank intervals of all rows at once, 300 items, by number of rows",
        (
            3,
            6,
            12,
        ),
    )

    def ranks_covered(gap: float, rng: Rng, k: int) -> float:
        truth = 0.5 + gap * (np.arange(k) - (k - 1) / 2)
        difficulty = rng.random(300)
        noise = rng.uniform(-0.2, 0.2, (k, 300))
        right = ((difficulty + noise) % 1 < truth[:, None]).astype(float)
        effects = {(i, j): effect_of_runs(right[[i]], right[[j]]) for i, j in combinations(range(k), 2)}
        found = rank_intervals(right.mean(axis=1), shown_above(effects, k, ALPHA))
        best, worst = (
            [sum(other > own + (0 if ties else -1e-9) for other in truth) for own in truth]
            for ties in (True, False)
        )
        return float(
            all(
                one.best <= 1 + low and one.worst >= high
                for one, low, high in zip(found, best, worst, strict=True)
            )
        )

    for name, gap in (("equal rows", 0.0), ("rows 1 point apart", 0.01), ("rows 5 points apart", 0.05)):
        yield Scenario(
            section,
            {f"pairwise McNemar mid-p, Holm, {name}": 0.95},
            "coverage",
            columns,
            each(partial(ranks_covered, gap)),
            20,
        )
    section = "Coverage of the mean accuracy of 4 tasks, by items of each"

    def mean_covered(rates: Sequence[float], rng: Rng, n: int) -> float:
        counts = [int(rng.binomial(n, rate)) for rate in rates]
        return holds(
            mean_interval([count / n for count in counts], [wilson_interval(count, n) for count in counts]),
            float(np.mean(rates)),
        )

    for name, rates in (("0.2 to 0.8", (0.2, 0.4, 0.6, 0.8)), ("0 to 0.1", (0.0, 0.01, 0.05, 0.1))):
        yield Scenario(
            section,
            {f"MOVER of Wilson 95%, accuracies {name}": 0.95},
            "coverage",
            (30, 100, 500),
            each(partial(mean_covered, rates)),
            2,
        )


def _seeds_and_families() -> Iterator[Scenario]:
    section, columns = "Type-I error at 0.05, 200 items, by number of seeds", (2, 3, 5)
    spreads = {"no": 0.0, "moderate": 0.02, "large": 0.05, "very large": 0.15}

    def crossed(spread: float, rng: Rng, seeds: int) -> float:
        p = crossed_mean(seeded(rng, seeds, 200, spread)).p
        return float(p is not None and p <= ALPHA)

    def pigeonhole(spread: float, mean: float, level: float, rng: Rng, seeds: int) -> float:
        found = hierarchical_bootstrap(
            seeded(rng, seeds, 200, spread, mean), level, RESAMPLES, int(rng.integers(1 << 31))
        )
        return holds(found.interval, mean)

    def pigeonhole_rejects(spread: float, rng: Rng, seeds: int) -> float:
        return 1 - pigeonhole(spread, 0.0, 0.95, rng, seeds)

    def crossed_covers(spread: float, rng: Rng, seeds: int) -> list[float]:
        x = seeded(rng, seeds, 200, spread, 0.05)
        return [holds(crossed_mean(x, level).interval, 0.05) for level in (0.95, 0.9)]

    for name, spread in spreads.items():
        yield Scenario(
            section,
            {f"crossed t, {name} seed variance": ALPHA},
            "type-I",
            columns,
            each(partial(crossed, spread)),
            5,
        )
    for name, spread in spreads.items():
        yield Scenario(
            section,
            {f"pigeonhole bootstrap, {name} seed variance": ALPHA},
            "type-I",
            columns,
            each(partial(pigeonhole_rejects, spread)),
            5,
        )
    section = "Coverage of intervals, 200 items, by number of seeds"
    for name in ("moderate", "large", "very large"):
        names = {f"crossed t {level:.0%}, {name} seed variance": level for level in (0.95, 0.9)}
        yield Scenario(section, names, "coverage", columns, each(partial(crossed_covers, spreads[name])), 10)
        run = each(partial(pigeonhole, spreads[name], 0.05, 0.95))
        yield Scenario(
            section, {f"pigeonhole bootstrap 95%, {name} seed variance": 0.95}, "coverage", columns, run, 10
        )
    section, columns = "Type-I error at 0.05, by number of families", (3, 5, 10)
    for tau in (0.0, 0.03):
        run = each(lambda rng, count, tau=tau: 1 - families_cover(tau, 0.0, rng, count)[0])  # type: ignore[misc]
        yield Scenario(
            section, {f"random effects, effects vary by {tau:g}": ALPHA}, "type-I", columns, run, 5
        )
    section = "Coverage of intervals, by number of families"
    for tau in (0.0, 0.03):
        names = {f"random effects {level:.0%}, effects vary by {tau:g}": level for level in (0.95, 0.9)}
        names[f"prediction 95% of one family more, effects vary by {tau:g}"] = 0.95
        yield Scenario(section, names, "coverage", columns, each(partial(families_cover, tau, 0.05)), 10)
