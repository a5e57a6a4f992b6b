"""How much seeds differ, learned from many arms."""

from math import inf

import numpy as np
import pytest
from scipy.stats import t

from benchmarks.logits import answers, centre
from harness_ext.stats import accuracy_interval, effect_of_runs, pool_seeds
from harness_ext.stats.crossed import crossed_mean, mean_squares, variance_split
from harness_ext.stats.moderated import Prior
from harness_ext.stats.pooled_seeds import ArmSpread, SeedPool, arm_spread, pool_spreads

X = np.array([[1, 0, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1], [0, 0, 1, 1, 1, 1]], dtype=float)
Y = np.array([[0, 0, 1, 1, 0, 0], [1, 0, 0, 1, 0, 0], [0, 1, 1, 1, 1, 0]], dtype=float)
POOL = SeedPool(df=6.0, scale=0.9, logit_sd=0.5, points=0.04, arms=9, own_df=18)


def trained(seed: int, spreads: list[float], seeds: int = 3, items: int = 200) -> list[np.ndarray]:
    """Return outcomes of arms of accuracies from .1 to .9, with these standard deviations in logits."""
    rng = np.random.default_rng(seed)
    levels = np.linspace(0.1, 0.9, len(spreads))
    centres = [centre(level, float(np.hypot(1.5, one))) for level, one in zip(levels, spreads, strict=True)]
    return list(answers(centres, spreads, 0.0, (1, seeds, items), rng)[0, :-1].astype(float))


def test_the_prior_of_a_difference_is_that_of_its_sides() -> None:
    """Of right and wrong, an arm's expected mean square of seeds is v (1 + n κ v), times the scale."""
    v = [mean_squares(side)[2] for side in (X, Y)]
    by_hand = sum(max(1.0, 0.9 * (1 + 6 * 0.25 * one)) * one for one in v)
    prior = POOL.prior(X, Y)
    assert prior == Prior(6.0, pytest.approx(by_hand), 18.0)
    base = np.repeat(X[:1], 3, axis=0)
    alone = POOL.prior(X, base)
    assert alone == POOL.prior(X)
    assert alone is not None
    assert alone.variance == pytest.approx(max(1.0, 0.9 * (1 + 1.5 * v[0])) * v[0])


def test_seeds_differ_at_least_as_answers_do_by_chance() -> None:
    pool = SeedPool(df=6.0, scale=0.1, logit_sd=0.0, points=0.0, arms=9, own_df=18)
    prior = pool.prior(X)
    assert prior is not None
    assert prior.variance == mean_squares(X)[2]


def test_the_interval_by_hand() -> None:
    """Mean squares of seeds drawn towards the prior, and the t quantile on the degrees of freedom of both."""
    x = X - Y
    seed, item, rest = mean_squares(x)
    prior = POOL.prior(X, Y)
    assert prior is not None
    moderated = (6 * prior.variance + 2 * seed) / 8
    reach = np.hypot(
        t.ppf(0.975, 8) * np.sqrt(moderated / 18), t.ppf(0.975, 5) * np.sqrt(max(item - rest, 0) / 18)
    )
    effect = effect_of_runs(X, Y, POOL)
    interval = effect.result(0.95).interval
    assert interval is not None
    assert (interval.high - interval.low) / 2 == pytest.approx(reach)
    assert effect.method == "moderated-crossed-t"
    assert effect.settings["prior_df"] == 6.0
    assert effect.p_above(interval.low) == pytest.approx(0.025, rel=1e-6)
    assert effect.p_inside(max(-interval.low, interval.high)) == pytest.approx(0.025, rel=1e-6)
    assert "prior_df:6|" in effect.result().signature


def test_without_a_prior_or_with_one_that_weighs_nothing_all_is_as_it_was() -> None:
    alone, nothing = crossed_mean(X - Y), crossed_mean(X - Y, prior=Prior(0.0, 5.0))
    assert (alone.interval, alone.p) == (nothing.interval, nothing.p)
    assert alone.method == "crossed-t"
    assert effect_of_runs(X, Y).result() == effect_of_runs(X, Y, None).result()


def test_one_seed_stays_without_a_spread_of_its_own() -> None:
    assert "one seed" in crossed_mean(X[:1], prior=Prior(inf, 0.1)).note
    assert effect_of_runs(X[:1], Y[:1], POOL).method == "mcnemar-midp"


def test_an_accuracy_has_the_interval_of_its_moderated_spread() -> None:
    wanted = crossed_mean(X, prior=POOL.prior(X)).interval
    found = accuracy_interval(X, pool=POOL)
    assert wanted is not None
    assert found is not None
    assert (found.low, found.high) == (max(0.0, wanted.low), min(1.0, wanted.high))


def test_the_spread_between_trainings_is_found_again() -> None:
    pool = pool_seeds(trained(0, [0.4] * 150, seeds=4))
    assert pool.logit_sd == pytest.approx(0.4, rel=0.1)
    assert (pool.arms, pool.own_df) == (150, 450)
    assert pool.df > 10
    true = [variance_split(x).seed for x in trained(0, [0.4] * 150, seeds=4)]
    assert pool.points == pytest.approx(np.sqrt(np.mean(true)), rel=0.15)
    assert pool_seeds(trained(1, [0.0] * 150)).logit_sd < 0.1


def test_unequal_spreads_weigh_less() -> None:
    equal, unequal = (pool_seeds(trained(2, [0.2, spread] * 60, seeds=6)) for spread in (0.2, 0.6))
    assert unequal.df < 8 < equal.df


def test_an_arm_whose_seeds_stand_out_is_judged_alone() -> None:
    arms = trained(3, [0.2] * 11 + [3.0], seeds=6)
    pool, others = pool_seeds(arms), pool_seeds(arms[:-1])
    assert (pool.outstanding, others.outstanding) == ((11,), ())
    assert (pool.df, pool.logit_sd, pool.arms) == (others.df, others.logit_sd, 11)
    assert pool.prior(arms[11], arms[0]) is None
    assert effect_of_runs(arms[11], arms[0], pool).method == "crossed-t"
    assert effect_of_runs(arms[1], arms[0], pool).method == "moderated-crossed-t"


def test_arms_count_whatever_their_order_and_those_that_say_nothing_do_not() -> None:
    arms = trained(4, [0.3] * 6)
    pool = pool_seeds(arms)
    turned = pool_seeds([np.zeros((3, 200)), arms[0][:1], *arms[::-1]])
    assert (turned.arms, turned.own_df) == (6, 12)
    assert (turned.df, turned.logit_sd) == (pytest.approx(pool.df), pytest.approx(pool.logit_sd))


@pytest.mark.parametrize("arms", [[], [X, Y], [X, Y, X[:1]], [X, Y, np.ones((3, 6))]])
def test_fewer_than_three_arms_are_refused(arms: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="at least 3 arms of several seeds"):
        pool_seeds(arms)


def test_equal_means_are_rounded_and_not_equal() -> None:
    """Of n items right or wrong, a mean is known to 1/n: a variance of 1/(12 n²), n times which is added."""
    assert ArmSpread(0.0, 0.2, 3, 50).ratio == pytest.approx(1 / (12 * 50) / 0.2)
    assert arm_spread(X).step == 1
    assert arm_spread(X / 4).step == 0.25
    assert pool_spreads([ArmSpread(0.0, 0.2, 3, 50)] * 5).logit_sd == 0
