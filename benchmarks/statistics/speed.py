"""How fast many pairs of runs are compared, beside scipy and evalsig."""

import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import permutation_test

from benchmarks.statistics.rows import Array, Rng, origin, put
from harness_ext.stats import (
    bca_interval,
    benjamini_hochberg,
    bootstrap_many,
    detectable_difference,
    holm,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    paired_counts,
    paired_t,
    sign_flip,
    sign_flip_many,
)


def outcomes(rng: Rng, runs: int = 20, tasks: int = 10, items: int = 2000) -> npt.NDArray[np.bool_]:
    """Return right answers, shape (tasks, runs, items): runs differ in ability, items in difficulty."""
    ability = rng.normal(0, 0.15, (tasks, runs, 1))
    return np.asarray(
        rng.random((tasks, runs, items)) < expit(ability + rng.normal(0.4, 2, (tasks, 1, items)))
    )


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
    options: dict[str, Any] = {
        "vectorized": True,
        "batch": batch,
        "random_state": np.random.default_rng(seed),
    }
    return np.array(
        [
            permutation_test((row,), mean, permutation_type="samples", n_resamples=draws, **options).pvalue
            for row in rows
        ]
    )


def scipy_bca(rows: Array, draws: int, batch: int | None, seed: int) -> Array:
    """Return scipy's BCa interval of each row."""
    options: dict[str, Any] = {
        "vectorized": True,
        "batch": batch,
        "random_state": np.random.default_rng(seed),
    }
    return np.array(
        [
            scipy_bootstrap((row,), mean, n_resamples=draws - 1, method="BCa", **options).confidence_interval
            for row in rows
        ]
    )


def farthest(one: Array, other: Array) -> float:
    """Return the greatest difference of two arrays."""
    return float(np.abs(one - other).max())


def speed(
    pairs: int, seed: int, write: Path | None, draws: int = 10_000, size: Mapping[str, int] | None = None
) -> None:
    """Print what many pairs cost, beside scipy and evalsig on some of them,
    and how far their numbers lie apart.
    """
    rng = np.random.default_rng(seed)
    right = outcomes(rng, **(size or {}))
    tasks, runs, items = right.shape
    first, second = np.array(list(combinations(range(runs), 2))).T
    d = [answers[first] * 1.0 - answers[second] for answers in right]
    total = tasks * len(first)
    flips, p = timed(lambda: np.concatenate([sign_flip_many(x, draws, seed) for x in d]))
    boot, ends = timed(lambda: np.concatenate([bootstrap_many(x, draws, seed) for x in d]))
    most = peak()
    again = (
        np.concatenate([sign_flip_many(x, draws, seed + 1) for x in d]),
        np.concatenate([bootstrap_many(x, draws, seed + 1) for x in d]),
    )
    chosen = np.sort(rng.choice(total, min(pairs, total), replace=False))
    rows = np.concatenate(d)[chosen]
    error = rows.std(axis=1, ddof=1)[:, None] / sqrt(items)
    alone = (
        timed(lambda: [sign_flip(row, draws, seed) for row in rows])[0],
        timed(lambda: [bca_interval(row, 0.95, draws, seed) for row in rows])[0],
    )
    theirs, bounds = (
        min(
            (timed(partial(one, rows, draws, batch, seed)) for batch in (None, 500)),
            key=lambda found: found[0],
        )
        for one in (scipy_flips, scipy_bca)
    )
    p_scipy, ends_scipy = theirs[1], bounds[1]
    # Ours counts sums beyond either end, scipy's twice those beyond one:
    # its variance is that of twice a tail.
    chance = np.sqrt((p[chosen] * (1 - p[chosen]) + 2 * p[chosen] * (1 - p[chosen] / 2)) / draws)
    lines = [
        "",
        (
            f"`python -m benchmarks.statistics speed --pairs {len(chosen)} --seed {seed}`, {origin()},"
            f" {os.cpu_count()} shared cores, one thread."
        ),
        (
            f"{runs} runs × {tasks} tasks × {items:,} items: {total:,} pairs, {draws:,} flips or resamples"
            f" each; peak memory {most:.2f} GB."
        ),
        (
            f"scipy {version('scipy')} on {len(chosen)} of the same pairs, all resamples at once (its"
            " default) or in batches of 500, whichever is faster."
        ),
        "",
        "| | all pairs, s | ms a pair | a pair alone, ms | scipy, ms a pair | times as fast | a pair alone |",
        "|---|---|---|---|---|---|---|",
    ]
    costs: list[tuple[str, float, float, float]] = [
        ("sign flip", flips, alone[0], theirs[0]),
        ("BCa interval", boot, alone[1], bounds[0]),
    ]
    for name, whole, single, other in [*costs, ("both", flips + boot, sum(alone), theirs[0] + bounds[0])]:
        one, few, ref = whole / total, single / len(chosen), other / len(chosen)
        lines.append(
            f"| {name} | {whole:.1f} | {1e3 * one:.2f} | {1e3 * few:.0f} | {1e3 * ref:.0f} | {ref / one:,.0f}"
            f" | {ref / few:.1f} |"
        )
    in_errors, two_seeds = (
        farthest(p[chosen] / chance, p_scipy / chance),
        farthest(p[chosen], again[0][chosen]),
    )
    apart, seeds_apart = (
        farthest(ends[chosen] / error, other / error) for other in (ends_scipy, again[1][chosen])
    )
    lines += [
        "",
        (
            f"Greatest difference of p from scipy's: {farthest(p[chosen], p_scipy):.4f}, {in_errors:.1f}"
            f" Monte-Carlo standard errors; between two seeds of ours {two_seeds:.4f}."
        ),
        (
            f"Greatest difference of interval ends: {apart:.3f} standard errors of the mean; between two"
            f" seeds of ours {seeds_apart:.3f}."
        ),
        "",
        *beside_evalsig(right, chosen, (first, second), draws, seed),
        "",
    ]
    print("\n".join(lines), flush=True)
    if write:
        put(write, "speed", lines)


def beside_evalsig(
    right: npt.NDArray[np.bool_], chosen: npt.NDArray[np.int64], pairs: tuple[Any, Any], draws: int, seed: int
) -> list[str]:
    """Return a table of the same quantities by evalsig and by us, on the same pairs."""
    try:
        from evalsig import inference
        from evalsig.inference.mde import mde

        named = f"evalsig {version('evalsig')}"
    except (ImportError, PackageNotFoundError):
        return ["evalsig is not installed, and left out."]
    which = [
        (
            right[i // len(pairs[0])][pairs[0][i % len(pairs[0])]],
            right[i // len(pairs[0])][pairs[1][i % len(pairs[0])]],
        )
        for i in chosen
    ]
    # Its difference is second minus first.
    arrays = [(second * 1.0, first * 1.0) for first, second in which]
    counts = [paired_counts(*pair) for pair in which]
    rows = [first - second for second, first in arrays]
    error = np.array([row.std(ddof=1) / sqrt(len(row)) for row in rows])[:, None]
    n = len(which)

    def limits(found: Sequence[Any]) -> Array:
        return np.array(
            [(one.interval.low, one.interval.high) if hasattr(one, "interval") else one.ci for one in found],
            dtype=np.float64,
        )

    seconds, permuted = timed(
        lambda: [inference.paired_permutation_test(*pair, n_resamples=draws, rng=seed) for pair in arrays]
    )
    quick, mcnemar = timed(lambda: [inference.mcnemar_test(*pair) for pair in arrays])
    own, both = timed(
        lambda: [(mcnemar_midp(one := paired_counts(*pair)), newcombe_interval(one)) for pair in which]
    )
    exact = np.array([mcnemar_exact(one) for one in counts])
    few = [(one[:40], other[:40]) for one, other in which]
    t, t_own = [inference.paired_t_test(*pair) for pair in arrays], [paired_t(row) for row in rows]
    flipped = np.array([sign_flip(row, draws, seed).p for row in rows])
    bca = limits([bca_interval(row, 0.95, draws, seed) for row in rows])
    midp, newcombe = np.array([p for p, _ in both]), np.array([(one.low, one.high) for _, one in both])
    p_few = np.array([inference.mcnemar_test(other * 1.0, one * 1.0).p_value for one, other in few])
    p_theirs, p_t = np.array([one.p_value for one in mcnemar]), np.array([one.p_value for one in t])
    discordance = np.array([(one.first + one.second) / one.n for one in counts])
    detect = np.array(
        [detectable_difference(one.n, rate) or np.nan for one, rate in zip(counts, discordance, strict=True)]
    )
    detect_theirs = np.array([mde(float(row.std(ddof=1)), len(row)).mde for row in rows])
    adjusted = max(
        farthest(np.array(ours(midp.tolist())), inference_adjusted(theirs, midp))
        for ours, theirs in ((holm, "holm"), (benjamini_hochberg, "benjamini_hochberg"))
    )
    p_flipped, p_few_ours = (
        np.array([one.p_value for one in permuted]),
        np.array([mcnemar_exact(paired_counts(*pair)) for pair in few]),
    )
    apart = farthest(flipped / (chance := np.sqrt(2 * flipped * (1 - flipped) / draws)), p_flipped / chance)
    beyond = (
        "beyond 25 discordant items it takes chi-square with a continuity correction, which approximates our"
        " exact p; we report mid-p"
    )
    found = [
        (
            "p, sign flip",
            f"{farthest(flipped, p_flipped):.4f}, {apart:.1f} Monte-Carlo standard errors",
            "same, up to random flips",
        ),
        ("p, paired t", f"{farthest(np.array([one.p for one in t_own], dtype=np.float64), p_t):.0e}", "same"),
        ("interval, paired t", f"{farthest(limits(t_own), limits(t)):.0e}", "same"),
        ("Holm's and Benjamini-Hochberg's adjusted p", f"{adjusted:.0e}", "same"),
        (
            "p, McNemar, first 40 items",
            f"{farthest(p_few_ours, p_few):.0e} from exact",
            "same as our exact p, for up to 25 discordant items",
        ),
        (
            "p, McNemar",
            f"{farthest(exact, p_theirs):.4f} from exact, {farthest(midp, p_theirs):.4f} from mid-p",
            f"no: {beyond}",
        ),
        (
            "interval of the difference",
            f"{farthest(newcombe / error, limits(mcnemar) / error):.3f} standard errors",
            "no: it takes Wald's, we Newcombe's",
        ),
        (
            "bootstrap interval",
            f"{farthest(bca / error, limits(permuted) / error):.3f} standard errors",
            "no: it takes percentiles, we BCa",
        ),
        (
            "smallest detectable difference",
            f"{farthest(detect, detect_theirs):.5f}",
            "no: it takes one standard deviation, we one under each hypothesis",
        ),
    ]
    return [
        (
            f"Beside {named}, on the same {n} pairs (discordance {discordance.min():.2f} to"
            f" {discordance.max():.2f}):"
        ),
        "",
        "| quantity | greatest difference | same? |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in found),
        "",
        (
            f"It takes {1e3 * seconds / n:.0f} ms a pair for its permutation test with bootstrap interval,"
            f" {1e3 * quick / n:.2f} ms for McNemar's p and interval (we {1e3 * own / n:.2f} ms for mid-p and"
            " Newcombe's interval)."
        ),
    ]


def inference_adjusted(name: str, p: Array) -> Array:
    """Return p adjusted by evalsig."""
    from evalsig.inference import multiplicity

    return np.asarray(getattr(multiplicity, name)(p).p_adjusted)
