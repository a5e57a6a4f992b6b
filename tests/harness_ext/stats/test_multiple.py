import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from harness_ext.stats.multiple import benjamini_hochberg, holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(p_values)
def test_benjamini_hochberg_agrees_with_statsmodels(values: list[float]) -> None:
    assert benjamini_hochberg(values) == pytest.approx(
        list(multipletests(values, method="fdr_bh")[1]), abs=1e-10
    )


@given(p_values)
def test_adjusting_keeps_the_order_and_lowers_nothing(values: list[float]) -> None:
    discovery, family = benjamini_hochberg(values), holm(values)
    assert all(
        p <= q * (1 + 1e-12) and q <= f * (1 + 1e-12) and f <= 1
        for p, q, f in zip(values, discovery, family, strict=True)
    )
    assert [p for _, p in sorted(zip(values, discovery, strict=True))] == sorted(discovery)


@given(st.permutations([0.001, 0.01, 0.02, 0.02, 0.3, 0.9]))
def test_the_order_given_does_not_matter(values: list[float]) -> None:
    known = dict(
        zip(
            [0.001, 0.01, 0.02, 0.02, 0.3, 0.9],
            benjamini_hochberg([0.001, 0.01, 0.02, 0.02, 0.3, 0.9]),
            strict=True,
        )
    )
    assert benjamini_hochberg(values) == [known[p] for p in values]


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_none_and_one(adjust: object) -> None:
    assert callable(adjust)
    assert adjust([]) == []
    assert adjust([0.2]) == [0.2]
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            adjust([0.5, bad])
