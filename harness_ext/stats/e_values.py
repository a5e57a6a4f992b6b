"""Several e-values at once. An e-value has a mean of at most 1 where its hypothesis holds: 20 is evidence at
alpha 0.05, and the mean of several is again one, however they depend on each other (Vovk & Wang 2021,
Ann Stat 49:1736).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray


def p_of_e(e: float) -> float:
    """Return the p-value of an e-value of 0 or more, 1 / e but at most 1: of an e-process at its greatest,
    one that holds at any time (Ville 1939).
    """
    if not e >= 0:
        raise ValueError(f"an e-value is 0 or more, got {e}")
    return 1.0 if e <= 1 else 1 / e


def e_holm(e_values: npt.ArrayLike) -> FloatArray:
    """Return e-values adjusted to control the family-wise error, in the order given, shape (tests, …).

    A hypothesis is rejected at alpha where its adjusted e-value is 1 / alpha or more. By closed testing with
    means: the smallest mean of the e-value and any others (Vovk & Wang 2021, algorithm 1); never less than
    Holm's step-down of 1 / e. Every column of further axes is a family of its own.
    """
    e = _checked(e_values)
    order = np.argsort(e, axis=0)
    ascending = np.take_along_axis(e, order, axis=0)
    adjusted = ascending.copy()
    smaller = np.zeros(e.shape[1:])
    for count, smallest in enumerate(ascending, 1):  # with the count smallest, those above them
        smaller = smaller + smallest
        adjusted[count:] = np.minimum(adjusted[count:], (ascending[count:] + smaller) / (count + 1))
    found = np.empty_like(e)
    np.put_along_axis(found, order, adjusted, axis=0)
    return found


def e_bh(e_values: Sequence[float]) -> list[float]:
    """Return e-values adjusted to control the false discovery rate, in the order given, whatever their
    dependence (Wang & Ramdas 2022, J R Stat Soc B 84:822).

    A hypothesis is found at alpha where its adjusted e-value is 1 / alpha or more.
    """
    e = _checked(e_values)
    if e.ndim != 1:
        raise ValueError(f"e_values are a vector, got shape {e.shape}")
    order = np.argsort(-e)
    scaled = e[order] * np.arange(1, len(e) + 1) / len(e)
    adjusted = np.empty_like(e)
    adjusted[order] = np.maximum.accumulate(scaled[::-1])[::-1]
    return [float(one) for one in adjusted]


def _checked(e_values: npt.ArrayLike) -> FloatArray:
    e = np.asarray(e_values, dtype=np.float64)
    if e.ndim < 1 or not e.size or not (e >= 0).all():
        raise ValueError(f"e-values are 0 or more, at least one of them, got {e}")
    return e
