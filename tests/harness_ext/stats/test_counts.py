import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from harness_ext.stats import (
    PairedCounts,
    holm,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    wilson_interval,
)

counts = st.builds(PairedCounts, *[st.integers(0, 60)] * 3, st.integers(1, 60))


@given(counts)
def test_exact_mcnemar_agrees_with_statsmodels(table: PairedCounts) -> None:
    expected = mcnemar([[table.both, table.first], [table.second, table.neither]], exact=True).pvalue
    assert mcnemar_exact(table) == pytest.approx(expected, abs=1e-10)


@given(st.integers(0, 200), st.integers(1, 200), st.sampled_from([0.9, 0.95, 0.99]))
def test_wilson_agrees_with_statsmodels(successes: int, n: int, level: float) -> None:
    successes = min(successes, n)
    interval = wilson_interval(successes, n, level)
    assert (interval.low, interval.high) == pytest.approx(
        proportion_confint(successes, n, 1 - level, "wilson"), abs=1e-10
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_agrees_with_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]), abs=1e-10)


def test_published_examples() -> None:
    # Bentur et al. 2009, in Fagerland, Lydersen & Laake (2013): exact p .0703, mid-p .0391.
    bentur = PairedCounts(1, 1, 7, 12)
    assert mcnemar_exact(bentur) == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar_midp(bentur) == pytest.approx(0.0391, abs=5e-5)
    # Cavo et al. 2012, from the tests of the R package contingencytables, chapter 8: -0.1186 to -0.0046.
    cavo = newcombe_interval(PairedCounts(59, 6, 16, 80))
    assert (cavo.low, cavo.high) == pytest.approx((-0.1186, -0.0046), abs=5e-5)


@given(counts)
def test_swapping_the_runs_flips_the_sign(table: PairedCounts) -> None:
    swapped = PairedCounts(table.both, table.second, table.first, table.neither)
    assert mcnemar_midp(swapped) == mcnemar_midp(table)
    one, other = newcombe_interval(table), newcombe_interval(swapped)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)


@given(counts)
def test_bounds(table: PairedCounts) -> None:
    assert 0 < mcnemar_midp(table) <= mcnemar_exact(table) <= 1
    wide = newcombe_interval(table)
    assert -1 <= wide.low <= wide.high <= 1
    assert wide.low - 1e-12 <= table.difference <= wide.high + 1e-12


@given(counts, st.integers(1, 40))
def test_items_that_both_get_right_do_not_change_the_test(table: PairedCounts, more: int) -> None:
    assert mcnemar_midp(
        PairedCounts(table.both + more, table.first, table.second, table.neither)
    ) == mcnemar_midp(table)


@pytest.mark.parametrize("bad", [(-1, 0, 0, 5), (0, 0, 0, 0)])
def test_impossible_counts_are_refused(bad: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="counts"):
        PairedCounts(*bad)
