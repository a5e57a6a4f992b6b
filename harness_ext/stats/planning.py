"""How many items does it take? Sample sizes for paired accuracies,
by formula and by simulating the decisions that are made later.

The *discordance* is the probability that exactly one of the two runs gets an item right, above 0 and at most
1; a difference cannot be greater. *power* is the probability of reaching the verdict, *alpha* the size of the
test; both lie between 0 and 1, and alpha below 1/2 where it is that of two one-sided tests.
"""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

import numpy as np

from harness_ext.stats import two_by_two as tables
from harness_ext.stats.equivalence import tost_level
from harness_ext.stats.paired import IntervalName, PairedCounts, interval_named
from harness_ext.stats.proportion import between_0_and_1, quantile, wilson_interval
from harness_ext.stats.result import Result
from harness_ext.stats.tails import norm

Question = Literal["difference", "equivalence"]


@dataclass(frozen=True, slots=True)
class SampleSizePlan:
    """How many items the formula asks for to answer a question with the `power` wanted,
    and the power that is `simulated` with so many.
    """

    question: Question
    items: int
    power: float
    simulated: Result


@dataclass(frozen=True, slots=True)
class Settlement:
    """How many items in all, not in addition, would settle an inconclusive table.

    `items` is the smaller of `for_difference` and `for_equivalence`, and `question` the one it answers; each
    is None where no number of items would do, and `reason` says why.
    """

    items: int | None
    question: Question | None
    for_difference: int | None
    for_equivalence: int | None
    reason: str = ""


def detectable_difference(
    n: int, discordance: float, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """Return the smallest difference that McNemar's test on *n* items finds with that power.

    The formula of `items_for_difference` solved for the difference. None where even the greatest one, the
    discordance itself, is not found.
    """
    if n < 1:
        raise ValueError(f"needs 1 item or more, got {n}")
    za, zb = quantile(1 - between_0_and_1("alpha", alpha)), float(norm.ppf(between_0_and_1("power", power)))
    _check_rates(0.0, discordance)
    inner = n + zb**2 - za**2
    if inner < 0:
        return None
    found = sqrt(discordance) * (za * sqrt(n) + zb * sqrt(inner)) / (n + zb**2)
    return found if found <= discordance else None


def items_for_difference(
    difference: float, discordance: float, power: float = 0.8, alpha: float = 0.05
) -> int:
    """Return how many items McNemar's two-sided test needs to find *difference*,
    which is not 0 (Connor 1987, Biometrics 43:207).
    """
    _check_rates(difference, discordance)
    if not difference:
        raise ValueError("no number of items shows a difference of 0")
    za, zb = quantile(1 - between_0_and_1("alpha", alpha)), float(norm.ppf(between_0_and_1("power", power)))
    return _at_least(((za * sqrt(discordance) + zb * sqrt(discordance - difference**2)) / difference) ** 2)


def items_for_equivalence(
    margin: float, discordance: float, true_difference: float = 0.0, power: float = 0.8, alpha: float = 0.05
) -> int:
    """Return how many items two one-sided tests need to show that the difference lies inside ± *margin*.

    By the normal approximation with the true variance, discordance - difference² (Liu, Hsueh, Hsieh & Chen
    2002, Stat Med 21:231); the probability that both tests reject is solved for n, so that a true difference
    of 0 needs no formula of its own. *true_difference* lies inside ± *margin*, which lies between 0 and 1.
    With few discordant items the approximation is rough: `plan` shows how rough.
    """
    _check_rates(true_difference, discordance)
    if abs(true_difference) >= between_0_and_1("a margin", margin):
        raise ValueError(
            f"no number of items shows equivalence where the true difference, {true_difference}, is not"
            f" inside the margin, {margin}"
        )
    z, wanted = quantile(tost_level(alpha)), between_0_and_1("power", power)
    near, far = margin - abs(true_difference), margin + abs(true_difference)

    def excess(root_n: float) -> float:
        return float(norm.cdf(near * root_n - z) + norm.cdf(far * root_n - z)) - 1 - wanted

    from scipy.optimize import brentq  # takes a while to import

    # In units of the standard deviation; at the upper end each test alone fails with at most half of 1 -
    # power.
    root_n = float(brentq(excess, 0.0, (z + float(norm.isf((1 - wanted) / 2)) + 1) / near, xtol=1e-12))
    return _at_least(root_n**2 * (discordance - true_difference**2))


def simulated_power(
    question: Question,
    n: int,
    discordance: float,
    difference: float = 0.0,
    *,
    accuracy: float = 0.5,
    margin: float | None = None,
    alpha: float = 0.05,
    interval: IntervalName = "newcombe",
    draws: int = 10_000,
    seed: int = 0,
) -> Result:
    """Return the share of simulated tables of *n* items in which the decision falls,
    with the 95 % Wilson interval of that share.

    A table is multinomial, with the mean *accuracy* of the two runs, between 0 and 1 and such that all four
    cells are possible. The decisions are those of `effect_of_counts` and `decide` for one pair: "difference"
    is mid-p at most *alpha*; "equivalence" is the interval named, of level 1 - 2 *alpha*, inside ± *margin*,
    which it needs. Where the truth is no difference, or one of the margin's size,
    the share is the size of that test.
    """
    if n < 1 or draws < 1:
        raise ValueError(f"needs 1 item and 1 draw or more, got {n} and {draws}")
    _check_rates(difference, discordance)
    cells = [
        accuracy - discordance / 2,
        (discordance + difference) / 2,
        (discordance - difference) / 2,
        1 - accuracy - discordance / 2,
    ]
    if not min(cells) >= -1e-12:
        raise ValueError(f"a mean accuracy of {accuracy} cannot go with a discordance of {discordance}")
    chances = np.maximum(cells, 0.0)
    drawn, times = np.unique(
        np.random.default_rng(seed).multinomial(n, chances / chances.sum(), size=draws),
        axis=0,
        return_counts=True,
    )
    settings: dict[str, object] = {
        "discordance": discordance,
        "difference": difference,
        "accuracy": accuracy,
        "alpha": alpha,
    }
    if question == "difference":
        decided = tables.midp(drawn[:, 1], drawn[:, 2]) <= between_0_and_1("alpha", alpha)
    elif question == "equivalence":
        if margin is None:
            raise ValueError("equivalence needs a margin")
        settings |= {"margin": margin, "interval": interval}
        interval_named(interval)
        decided = tables.inside(
            drawn, between_0_and_1("a margin", margin), quantile(tost_level(alpha)), interval
        )
    else:
        raise ValueError(f"a question is difference or equivalence, got {question}")
    found = int(times[decided].sum())
    return Result(
        found / draws,
        wilson_interval(found, draws),
        None,
        n,
        f"simulated-power-{question}",
        {**settings, "draws": draws, "seed": seed},
    )


def plan(
    question: Question,
    discordance: float,
    difference: float = 0.0,
    *,
    accuracy: float = 0.5,
    margin: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    interval: IntervalName = "newcombe",
    draws: int = 10_000,
    seed: int = 0,
) -> SampleSizePlan:
    """Return the number of items by formula, for a question as in `simulated_power`,
    and the power simulated at that number.
    """
    if question == "difference":
        items = items_for_difference(difference, discordance, power, alpha)
    elif margin is None:
        raise ValueError("equivalence needs a margin")
    else:
        items = items_for_equivalence(margin, discordance, difference, power, alpha)
    simulated = simulated_power(
        question,
        items,
        discordance,
        difference,
        accuracy=accuracy,
        margin=margin,
        alpha=alpha,
        interval=interval,
        draws=draws,
        seed=seed,
    )
    return SampleSizePlan(question, items, power, simulated)


def items_to_settle(
    counts: PairedCounts, margin: float, alpha: float = 0.05, power: float = 0.8
) -> Settlement:
    """Return how many items would settle an inconclusive table if the difference and the discordance are
    those observed.

    Those are estimates from the table itself, so the answer is a rough guide, and the rougher the closer the
    difference observed is to the point where one number grows without bound: 0 for showing a difference, the
    margin for showing equivalence.
    """
    between_0_and_1("a margin", margin)
    share, difference = (counts.first + counts.second) / counts.n, counts.difference
    if not share:
        return Settlement(
            None, None, None, None, "no item is discordant, so nothing says how much the runs may differ"
        )
    if not difference:
        items = items_for_equivalence(margin, share, difference, power, alpha)
        return Settlement(
            items,
            "equivalence",
            None,
            items,
            "the runs are equally accurate here, which no number of items shows to be a difference",
        )
    apart = items_for_difference(difference, share, power, alpha)
    if abs(difference) >= margin:
        return Settlement(
            apart, "difference", apart, None, "the difference observed is not inside the margin"
        )
    together = items_for_equivalence(margin, share, difference, power, alpha)
    return Settlement(
        min(apart, together), "difference" if apart < together else "equivalence", apart, together
    )


def _check_rates(difference: float, discordance: float) -> None:
    if not 0 < discordance <= 1 or not abs(difference) <= discordance:
        raise ValueError(
            f"needs a discordance above 0, at most 1, and no smaller than the difference, got {discordance}"
            f" and {difference}"
        )


def _at_least(n: float) -> int:
    """Return *n* rounded up, to 1 or more; an excess over an integer that is rounding error does not
    count.
    """
    return max(ceil(n - 1e-9 * max(n, 1.0)), 1)
