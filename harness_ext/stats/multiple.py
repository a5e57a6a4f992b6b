"""Several tests at once."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted to control the family-wise error (Holm 1979, Scand J Stat 6:65),
    in the order given.
    """
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(_ascending(p_values)):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted to control the false discovery rate (Benjamini & Hochberg 1995,
    J R Stat Soc B 57:289), in the order given.

    For tests that are independent, or positively dependent (Benjamini & Yekutieli 2001, Ann Stat 29:1165).
    """
    adjusted, running = [0.0] * len(p_values), 1.0
    for rank, i in reversed(list(enumerate(_ascending(p_values), 1))):
        running = min(running, len(p_values) / rank * p_values[i])
        adjusted[i] = running
    return adjusted


def _ascending(p_values: Sequence[float]) -> list[int]:
    """Return the indices in order of p; ValueError unless every p lies in [0, 1]."""
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values lie between 0 and 1, got {[p for p in p_values if not 0 <= p <= 1]}")
    return sorted(range(len(p_values)), key=lambda i: p_values[i])
