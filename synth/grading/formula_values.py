"""The value of the tree of a formula: a fraction where it is rational and can be computed,
else a complex number.

What is computed is bounded: powers have at most 20,000 bits, factorials are those of numbers up to 300.
"""

import cmath
import functools
import hashlib
import math
import operator
from collections.abc import Callable
from fractions import Fraction

from synth.grading.formula_tree import Node

Value = Fraction | complex
POINTS, POSITIVE_POINTS = 5, 3
_MOST_BITS, _LARGEST_EXPONENT, _LARGEST_FACTORIAL = 20_000, 10_000, 300
_CONSTANTS: dict[str, complex] = {
    "pi": complex(math.pi),
    "degree": complex(math.pi / 180),
    "e": complex(math.e),
    "i": 1j,
}
_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "cot": lambda z: 1 / cmath.tan(z),
    "sec": lambda z: 1 / cmath.cos(z),
    "csc": lambda z: 1 / cmath.sin(z),
    "arcsin": cmath.asin,
    "arccos": cmath.acos,
    "arctan": cmath.atan,
    "ln": cmath.log,
    "exp": cmath.exp,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "log": cmath.log,
}


_ARITHMETIC: dict[str, Callable[..., Value]] = {
    "add": operator.add,
    "mul": operator.mul,
    "div": operator.truediv,
}


@functools.lru_cache(maxsize=1024)
def drawn(name: str, point: int) -> Fraction:
    """Return the value of a letter at a point: a positive one at the first points, then a negative one,
    then either.
    """
    digest = int.from_bytes(hashlib.blake2b(f"{name}|{point}".encode(), digest_size=8).digest(), "big")
    size = Fraction(1_000_003 + digest % 2_000_003, 1_000_000)
    return -size if point == POSITIVE_POINTS or (point > POSITIVE_POINTS and digest & (1 << 60)) else size


def value_of(node: Node, point: int) -> Value:
    """Return the value of a tree at one of the points;
    raises ArithmeticError or ValueError if it has none there or is too large.
    """
    kind = node[0]
    if kind == "num":
        value: Value = node[1]
    elif kind == "letter":
        value = drawn(node[1], point)
    elif kind in _CONSTANTS:
        value = _CONSTANTS[kind]
    elif kind == "call":
        value = _finite(_FUNCTIONS[node[1]](complex(value_of(node[2], point))))
    else:
        value = _bounded(_combined(kind, [value_of(child, point) for child in node[1:]]))
    return value


def _combined(kind: str, values: list[Value]) -> Value:
    first, second = values[0], values[-1]
    if kind in _ARITHMETIC:
        exact = isinstance(first, Fraction) and isinstance(second, Fraction)
        value = (
            _ARITHMETIC[kind](first, second) if exact else _ARITHMETIC[kind](complex(first), complex(second))
        )
    elif kind == "mod":
        if not (isinstance(first, Fraction) and isinstance(second, Fraction) and second > 0):
            raise ValueError(kind)
        value = first % second
    elif kind == "neg":
        value = -first
    elif kind == "abs":
        value = abs(first) if isinstance(first, Fraction) else complex(abs(first))
    elif kind == "pow":
        value = _power(first, second)
    elif kind == "root":
        value = _root(first, second)
    elif kind == "log":
        value = _finite(cmath.log(complex(first)) / cmath.log(complex(second)))
    else:
        value = _counted(kind, values)
    return value


def _counted(kind: str, values: list[Value]) -> Fraction:
    """Return a factorial, the double one (5!! = 5 · 3 · 1), or a binomial coefficient."""
    whole = [
        int(value)
        for value in values
        if isinstance(value, Fraction) and value.denominator == 1 and 0 <= value <= _LARGEST_FACTORIAL
    ]
    if len(whole) != len(values):
        raise ValueError(kind)
    if kind == "double factorial":
        return Fraction(math.prod(range(whole[0], 0, -2)))
    return Fraction(math.factorial(whole[0]) if kind == "factorial" else math.comb(whole[0], whole[1]))


def _finite(value: complex) -> complex:
    if not cmath.isfinite(value):
        raise ValueError("no value")
    return value


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(exponent, Fraction) and exponent.denominator == 1 and abs(exponent) <= _LARGEST_EXPONENT:
        if not isinstance(base, Fraction):
            return _finite(base ** int(exponent))
        if abs(exponent) * max(base.numerator.bit_length(), base.denominator.bit_length()) <= _MOST_BITS:
            return base ** int(exponent)
        raise ValueError("too large")
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator <= 12:
        root = _root(base, Fraction(exponent.denominator))
        return _power(root, Fraction(exponent.numerator))
    return _finite(complex(base) ** complex(exponent))


def _root(value: Value, index: Value) -> Value:
    if not isinstance(index, Fraction) or index.denominator != 1 or not 2 <= index <= 100:
        return _finite(complex(value) ** (1 / complex(index)))
    if isinstance(value, Fraction) and (exact := _exact_root(value, int(index))) is not None:
        return exact
    if isinstance(value, Fraction) and value < 0 and index % 2:
        return complex(-(float(-value) ** (1 / int(index))))
    return _finite(complex(value) ** (1 / int(index)))


def _exact_root(value: Fraction, index: int) -> Fraction | None:
    """Return the root of a rational number if that is rational;
    the real one of a negative number with an odd index.
    """
    if value < 0:
        positive = _exact_root(-value, index) if index % 2 else None
        return -positive if positive is not None else None
    parts = []
    for part in (value.numerator, value.denominator):
        if part.bit_length() > 1000:
            return None
        near = math.isqrt(part) if index == 2 else round(part ** (1 / index))
        exact = next((one for one in (near - 1, near, near + 1) if one >= 0 and one**index == part), None)
        if exact is None:
            return None
        parts.append(exact)
    return Fraction(parts[0], parts[1])


def _bounded(value: Value) -> Value:
    if (
        isinstance(value, Fraction)
        and max(value.numerator.bit_length(), value.denominator.bit_length()) > 2 * _MOST_BITS
    ):
        raise ValueError("too large")
    return _finite(value) if isinstance(value, complex) else value
