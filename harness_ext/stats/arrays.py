"""What every function over arrays asks of its input."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def vector(name: str, values: npt.ArrayLike, at_least: int = 1) -> FloatArray:
    """Return *values* as a float64 vector; ValueError unless it is one of at least that many finite
    numbers.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) < at_least:
        raise ValueError(f"{name} is a vector of at least {at_least} numbers, got shape {array.shape}")
    return _finite(name, array)


def matrix(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return *values* as a float64 matrix; ValueError unless it has rows and columns of finite numbers."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} is a matrix with rows and columns, got shape {array.shape}")
    return _finite(name, array)


def check_level(level: float) -> None:
    """Raise ValueError unless a confidence level lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, got {level}")


def check_equivalence(margin: float, alpha: float) -> None:
    """Raise ValueError unless the margin is positive and finite, and alpha,
    the size of each one-sided test, below 0.5.
    """
    if not 0 < margin < np.inf:
        raise ValueError(f"a margin is positive and finite, got {margin}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha lies between 0 and 0.5, got {alpha}")


def check_draws(draws: int) -> None:
    """Raise ValueError unless at least one draw is asked for."""
    if draws < 1:
        raise ValueError(f"at least one draw is needed, got {draws}")


def flat(values: FloatArray) -> bool:
    """Whether all numbers are equal, up to rounding, so that no spread can be estimated."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _finite(name: str, array: FloatArray) -> FloatArray:
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    return array
