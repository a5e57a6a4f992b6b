"""The interval of a row that was chosen for being the best."""

import numpy as np
import pytest

from harness_ext.stats import chosen_level, luck_of_best, wilson_interval


def test_the_chosen_ones_interval_holds_its_truth_and_its_own_does_not() -> None:
    rng, rows, n, truth = np.random.default_rng(0), 20, 200, 0.6
    best = rng.binomial(n, truth, size=(2000, rows)).max(axis=1)
    covered = {}
    for level in (0.95, chosen_level(0.95, rows)):
        limits = {count: wilson_interval(int(count), n, level) for count in np.unique(best)}
        covered[level] = np.mean([limits[count].low <= truth <= limits[count].high for count in best])
    own, adjusted = covered.values()
    assert own < 0.8
    assert adjusted >= 0.95


def test_luck_is_what_the_best_of_equals_shows_too_much() -> None:
    rng = np.random.default_rng(1)
    right = rng.random((400, 10)) < 0.5
    drawn = rng.multinomial(400, np.full(400, 1 / 400), 4000) @ right / 400
    simulated = rng.binomial(400, 0.5, size=(20_000, 10)).max(axis=1).mean() / 400 - 0.5
    assert luck_of_best(drawn) == pytest.approx(simulated, rel=0.1)
    assert luck_of_best(drawn[:, :1]) == pytest.approx(0, abs=1e-12)
    assert luck_of_best(np.repeat(drawn[:, :1], 5, axis=1)) == pytest.approx(0, abs=1e-12)


def test_a_single_row_is_not_chosen_and_what_cannot_be_is_refused() -> None:
    assert chosen_level(0.95, 1) == pytest.approx(0.95)
    assert chosen_level(0.9, 10) == pytest.approx(0.99)
    with pytest.raises(ValueError, match="at least one row"):
        chosen_level(0.95, 0)
    with pytest.raises(ValueError, match="level"):
        chosen_level(1.0, 3)
    with pytest.raises(ValueError, match="draws, rows"):
        luck_of_best(np.zeros(3))
