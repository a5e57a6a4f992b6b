"""Paired differences that may be looked at after every item, and stopped at any time.

The items stand in an order that does not depend on their outcomes, such as one by a hash. Then the error
rates hold at all times at once, whatever made one stop; evidence once reached is kept. `population` is the
number of items of the test set, where the question is what the whole of it would show; None where the items
stand for all others like them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, check_equivalence
from harness_ext.stats.e_values import e_holm, p_of_e
from harness_ext.stats.effect import Effect, Verdict
from harness_ext.stats.equivalence import tost_level
from harness_ext.stats.proportion import Interval, between_0_and_1
from harness_ext.stats.result import Result
from harness_ext.stats.wealth import Betting, Wealth, begin, bet

_TESTS = 4
"""Of each pair: better, worse, not below -margin, not above margin."""
_LARGEST = 700.0
"""The log of the largest e-value that is given as a number."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """Pairs of runs of which item after item is seen, with the evidence so far.

    `different`, `above` and `below` are the logs of the greatest e-values so far, shape (pairs,): of a
    difference other than 0, adjusted over the pairs by `e_holm`; of one above -`margin`; of one below it.
    """

    margin: float
    alpha: float
    tests: Wealth
    different: FloatArray
    above: FloatArray
    below: FloatArray

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many items of each pair were seen, shape (pairs,)."""
        return self.tests.n[::_TESTS]

    @property
    def population(self) -> FloatArray:
        """How many items each pair has in all, shape (pairs,); infinite where they stand for others."""
        return self.tests.population[::_TESTS]

    @property
    def estimates(self) -> FloatArray:
        """The mean difference of each pair so far, shape (pairs,); NaN before the first item."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.tests.total[::_TESTS] / self.counts)

    @property
    def verdicts(self) -> list[Verdict]:
        """What the evidence so far supports, one for each pair; the words are those of `decide`."""
        bar = -log(self.alpha)
        words = {
            (True, True): Verdict.DIFFERENT_WITHIN_MARGIN,
            (True, False): Verdict.DIFFERENT,
            (False, True): Verdict.EQUIVALENT,
            (False, False): Verdict.INCONCLUSIVE,
        }
        within = np.minimum(self.above, self.below) >= bar
        return [words[bool(one), bool(two)] for one, two in zip(self.different >= bar, within, strict=True)]

    @property
    def likely_ends(self) -> FloatArray:
        """After how many items each pair would be settled if evidence grew on as it has so far, at most all
        of them, shape (pairs,); infinite where nothing speaks for an end.
        """
        bar = -log(self.alpha)
        evidence = np.maximum(self.different, np.minimum(self.above, self.below))
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.where(evidence >= bar, self.counts, np.ceil(self.counts * bar / evidence))
        return np.asarray(np.minimum(np.where(evidence > 0, ends, np.inf), self.population))

    def see(self, values: npt.ArrayLike) -> "Sequences":
        """Return the sequences after more items: differences from -1 to 1, shape (pairs, items), NaN at the
        end of a pair that has fewer.

        Raises ValueError for another shape, values out of range, and more items than the population has.
        """
        x = np.asarray(values, dtype=np.float64)
        pairs = len(self.different)
        if x.ndim != 2 or len(x) != pairs:
            raise ValueError(f"values are of shape ({pairs}, items), got {x.shape}")
        there = ~np.isnan(x)
        if not (np.abs(x[there]) <= 1).all() or (there[:, 1:] & ~there[:, :-1]).any():
            raise ValueError("differences lie between -1 and 1, with NaN at the end of a pair alone")
        seen = self.counts + there.sum(axis=1)
        if (seen > self.population).any():
            raise ValueError(f"more items than the population has: {seen} of {self.population}")
        if not x.shape[1]:
            return self
        signs = np.tile([1.0, -1.0, 1.0, -1.0], pairs)[:, None]
        tests, logs = bet(self.tests, np.repeat(x, _TESTS, axis=0) * signs)
        better, worse, above, below = (logs[place::_TESTS] for place in range(_TESTS))
        apart = np.logaddexp(better, worse) - log(2)
        if pairs > 1:
            with np.errstate(divide="ignore"):
                apart = np.log(e_holm(np.exp(np.minimum(apart, _LARGEST))))
        return replace(
            self,
            tests=tests,
            different=np.maximum(self.different, apart.max(axis=1)),
            above=np.maximum(self.above, above.max(axis=1)),
            below=np.maximum(self.below, below.max(axis=1)),
        )


def sequences(
    pairs: int,
    margin: float,
    population: int | Sequence[int] | None = None,
    alpha: float = 0.05,
    method: Betting = "betting",
) -> Sequences:
    """Return so many pairs of which no item was seen yet; *population* is one for all, or one for each.

    *margin*, between 0 and 1, and *method* (`harness_ext.stats.wealth.begin`) are chosen before looking.
    *alpha* is the size of the test of a difference and of the two one-sided tests of equivalence.
    """
    between_0_and_1("a margin", margin)
    check_equivalence(margin, alpha)
    sizes = np.asarray(np.inf if population is None else population, dtype=np.float64)
    if pairs < 1 or not (sizes >= 1).all():
        raise ValueError(f"needs 1 pair and 1 item or more, got {pairs} and {population}")
    bounds = np.tile([0.0, 0.0, -margin, -margin], pairs)
    of_tests = np.repeat(np.broadcast_to(sizes, (pairs,)), _TESTS)
    none = np.zeros(pairs)
    return Sequences(margin, alpha, begin(bounds, margin, of_tests, method), none, none, none)


def effect_of_sequence(
    differences: npt.ArrayLike,
    margin: float = 0.05,
    population: int | None = None,
    method: Betting = "betting",
) -> Effect:
    """Return the mean difference of items, shape (items,), from -1 to 1 in the order in which they were seen,
    with intervals and p-values that hold at all times at once.

    *margin* tunes the bets, and costs no validity. p is 1 over the greatest e-value (Ville); its e-process
    is the mean of that of a better and of a worse first run. An interval holds the bounds that neither of two
    tests, each of half of 1 - level, has ever rejected: one point once the population is exhausted.
    """
    x = np.asarray(differences, dtype=np.float64)[None]
    seen = sequences(1, margin, population, method=method).see(x)  # checks them
    if not x.size:
        raise ValueError("a sequence has at least one item")
    n, mean = x.shape[1], float(x.mean())

    def at_level(level: float) -> Interval:
        low, high = sequence_intervals(x, margin, population, level, method)
        return Interval(float(low[0]), float(high[0]), level)

    def p_of(signed: FloatArray, bound: float) -> float:
        if not -1 < bound < 1:
            raise ValueError(f"a bound of a difference lies between -1 and 1, got {bound}")
        return _p_of_log(float(bet(begin([bound], margin, population, method), signed)[1].max()))

    return Effect(
        estimate=mean,
        n=n,
        p=_p_of_log(float(seen.different[0])),
        method=f"confidence-sequence-{method}",
        at_level=at_level,
        above=lambda bound: p_of(x, bound),
        error=None,
        settings=_settings(x, margin, population),
        below=lambda bound: p_of(-x, -bound),
    )


def sequence_intervals(
    differences: npt.ArrayLike,
    margin: float = 0.05,
    population: int | Sequence[int] | None = None,
    level: float = 0.95,
    method: Betting = "betting",
    bits: int = 20,
) -> tuple[FloatArray, FloatArray]:
    """Return the lower and upper limits of the mean differences of several pairs, each of shape (pairs,).

    *differences* are of shape (pairs, items), NaN at the end of a pair that has fewer; limits are those of
    `effect_of_sequence`, too wide by at most 2 to the power of minus *bits* times 2.
    """
    x = np.asarray(differences, dtype=np.float64)
    bar = log(2 / (1 - between_0_and_1("a confidence level", level)))
    sizes = np.broadcast_to(
        np.asarray(np.inf if population is None else population, dtype=np.float64), len(x)
    )
    both, of_both = np.concatenate([x, -x]), np.concatenate([sizes, sizes])
    low, high = np.full(len(both), -1.0), np.full(len(both), 1.0)
    for _ in range(bits):
        middle = (low + high) / 2
        rejected = bet(begin(middle, margin, of_both, method), both)[1].max(axis=1) >= bar
        low, high = np.where(rejected, middle, low), np.where(rejected, high, middle)
    means = np.nanmean(x, axis=1)
    exhausted = (~np.isnan(x)).sum(axis=1) == sizes
    lows, highs = np.minimum(low[: len(x)], means), np.maximum(-low[len(x) :], means)
    return np.where(exhausted, means, lows), np.where(exhausted, means, highs)


def sequence_equivalence(
    differences: npt.ArrayLike,
    margin: float,
    population: int | None = None,
    alpha: float = 0.05,
    method: Betting = "betting",
) -> Result:
    """Test at any time whether the difference lies inside ± *margin*: `tost_counts` for a sequence.

    The interval, of level 1 - 2 *alpha*, lies inside where p, the greater of two one-sided ones, is below
    alpha.
    """
    effect = effect_of_sequence(differences, margin, population, method)
    return _against_margin(effect, "equivalence", effect.p_inside(margin), alpha)


def sequence_noninferiority(
    differences: npt.ArrayLike,
    margin: float,
    population: int | None = None,
    alpha: float = 0.05,
    method: Betting = "betting",
) -> Result:
    """Test at any time whether the first run is less than *margin* below the second: one of the two tests of
    `sequence_equivalence`.
    """
    effect = effect_of_sequence(differences, margin, population, method)
    return _against_margin(effect, "noninferiority", effect.p_above(-margin), alpha)


def _against_margin(effect: Effect, question: str, p: float, alpha: float) -> Result:
    level = tost_level(alpha)
    interval = effect.at_level(level) if effect.at_level else None
    method = effect.method.replace("confidence-sequence", f"sequential-{question}")
    return Result(effect.estimate, interval, p, effect.n, method, {**effect.settings, "alpha": alpha})


def _settings(x: FloatArray, margin: float, population: int | None) -> dict[str, object]:
    return {
        "b": int((x > 0).sum()),
        "c": int((x < 0).sum()),
        "margin": margin,
        "population": population or "many",
    }


def _p_of_log(evidence: float) -> float:
    return p_of_e(exp(min(evidence, _LARGEST)))
