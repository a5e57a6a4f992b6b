"""How often the ranks of rows, and means over tasks, are held."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations

import numpy as np

from benchmarks.statistics.rows import ALPHA, Rng, Scenario
from benchmarks.statistics.scenarios.counting import each, holds
from harness_ext.stats import effect_of_runs, mean_interval, rank_intervals, shown_above, wilson_interval


def ranks() -> Iterator[Scenario]:
    """Yield intervals of ranks, and of a mean over tasks."""
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
