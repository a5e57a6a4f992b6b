r"""Formulas compared by value, exact where it is a rational number,
else at points drawn once and for all for their letters.

Two formulas without letters are equal if their values are; with letters, if they are at five points (Schwartz
1980: two different polynomials agree at a random point with a probability of at most their degree over the
number of points, here some 10^6). Nothing is evaluated by Python or sympy.
"""

import functools
import math
from fractions import Fraction
from typing import NamedTuple

from synth.grading.formula_tree import Node, read_tree
from synth.grading.formula_values import POINTS, POSITIVE_POINTS, Value, drawn, value_of

__all__ = ["POINTS", "Formula", "Value", "close", "drawn", "rational", "read_formula", "real", "same_value"]

_TOLERANCE, _MIXED_TOLERANCE = 1e-11, 1e-13


class Formula(NamedTuple):
    """A formula as it was read: its tree, and the letters in it."""

    node: Node
    letters: frozenset[str]

    def exact(self) -> Fraction | None:
        """Return the value if it is a rational number that can be computed exactly."""
        value = self.at(0) if not self.letters else None
        return value if isinstance(value, Fraction) else None

    def at(self, point: int) -> Value | None:
        """Return the value at one of the points, None if there is none there."""
        try:
            return value_of(self.node, point)
        except (ArithmeticError, ValueError, RecursionError):
            return None


@functools.lru_cache(maxsize=8192)
def read_formula(text: str) -> Formula | None:
    """Read a formula in the wording of `formula_form`, None if it cannot be."""
    read = read_tree(text)
    return Formula(*read) if read else None


def same_value(one: Formula, other: Formula) -> bool | None:
    """Say whether two formulas are equal, None if they lack a value at half of the points or more."""
    points = POINTS if one.letters or other.letters else 1
    known = 0
    for point in range(points):
        own, right = one.at(point), other.at(point)
        # Roots and logarithms of negative numbers have several values: x√x is √(x³) where both are real.
        if (
            own is None
            or right is None
            or (point >= POSITIVE_POINTS and not (_is_real(own) and _is_real(right)))
        ):
            continue
        if not close(own, right):
            return False
        known += 1
    return True if 2 * known > points else None


def _is_real(value: Value) -> bool:
    return isinstance(value, Fraction) or abs(value.imag) <= _TOLERANCE * abs(value)


def close(one: Value, other: Value) -> bool:
    """Say whether two values are the same: exactly if they are rational, else but for rounding."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    # A decimal of ten digits is not the root that it comes near.
    tolerance = _MIXED_TOLERANCE if isinstance(one, Fraction) or isinstance(other, Fraction) else _TOLERANCE
    try:
        one, other = complex(one), complex(other)
    except OverflowError:
        return False
    return abs(one - other) <= tolerance * max(abs(one), abs(other), 1e-6)


def rational(text: str) -> Fraction | None:
    """Return the exact value of a formula, None if it is no rational number."""
    formula = read_formula(text)
    return formula.exact() if formula else None


def real(text: str) -> Fraction | float | None:
    """Return the value of a formula without letters, None if it is no real number."""
    formula = read_formula(text)
    value = formula.at(0) if formula and not formula.letters else None
    if value is None or isinstance(value, Fraction):
        return value
    return (
        value.real
        if abs(value.imag) <= _TOLERANCE * max(1.0, abs(value)) and math.isfinite(value.real)
        else None
    )
