"""Errors and coverage over seeds and over families."""

from collections.abc import Iterator
from functools import partial

from benchmarks.statistics.rows import ALPHA, RESAMPLES, Rng, Scenario
from benchmarks.statistics.scenarios.counting import each, holds
from benchmarks.statistics.scenarios.true_data import families, seeded
from harness_ext.stats import crossed_mean, hierarchical_bootstrap, random_effects


def families_cover(tau: float, mean: float, rng: Rng, count: int) -> list[float]:
    """Take the mean over families at 95 % and 90 %, and the prediction of one family more."""
    effects, errors, further = families(rng, count, tau, mean)
    wide, narrow = random_effects(effects, errors), random_effects(effects, errors, 0.9)
    return [
        holds(wide.result.interval, mean),
        holds(narrow.result.interval, mean),
        holds(wide.prediction, further),
    ]


def seeds_and_families() -> Iterator[Scenario]:
    """Yield what speaks of seeds and of families."""
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
