r"""The value of a formula, exact where it is a rational number, else at points drawn once and for all for its letters.

Two formulas without letters are equal if their values are; with letters, if they are at four points (Schwartz 1980: two different
polynomials agree at a random point with a probability of at most their degree over the number of points, here some 10^6).
Nothing is evaluated by Python or sympy, and what is read is bounded: 400 characters, 10 brackets deep, powers of at most 20,000 bits.
"""

import cmath
import functools
import hashlib
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from synth.grading.same_formula import DEEPEST, LONGEST

Value = Fraction | complex
Node = tuple[Any, ...]
POINTS = 4
_TOLERANCE = 1e-11
_MOST_BITS, _LARGEST_EXPONENT, _LARGEST_FACTORIAL = 20_000, 10_000, 300

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"\d{1,100}(?:\.\d{1,100})?(?!\d)|\.\d{1,100}")
_NAME = re.compile(r"\\([A-Za-z]+)")
_SUBSCRIPT = re.compile(r"_(?:\{([^{}]{1,20})\}|(\w))")
_TEXT_LETTER = re.compile(r"\\text\{\s*([A-Za-z])\s*\}")
_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi"
    " Psi Omega ell".split()
)
_INVERSE = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "cot": lambda z: 1 / cmath.tan(z), "sec": lambda z: 1 / cmath.cos(z),
    "csc": lambda z: 1 / cmath.sin(z), "arcsin": cmath.asin, "arccos": cmath.acos, "arctan": cmath.atan, "ln": cmath.log, "exp": cmath.exp,
    "sinh": cmath.sinh, "cosh": cmath.cosh, "tanh": cmath.tanh, "log": cmath.log,
}  # fmt: skip


class NotReadError(ValueError):
    """A formula that is no formula, or one of a kind that is not read here."""


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
            return _value(self.node, point)
        except (ArithmeticError, ValueError):
            return None


@functools.lru_cache(maxsize=8192)
def read_formula(text: str) -> Formula | None:
    """Read a formula in the wording of `formula_form`, None if it cannot be."""
    if len(text) > LONGEST or not text:
        return None
    reader = _Reader(text)
    try:
        node = reader.sum()
        reader.skip()
        if reader.at != len(text):
            return None
    except (NotReadError, RecursionError):
        return None
    return Formula(node, frozenset(reader.letters))


def same_value(one: Formula, other: Formula) -> bool | None:
    """Say whether two formulas are equal, None if they have no value where it would show."""
    return same_values([(one.at(point), other.at(point)) for point in range(POINTS)])


def same_values(pairs: list[tuple[Value | None, Value | None]]) -> bool | None:
    """Say whether the two values of each pair are the same, None if half of them or more lack one."""
    known = [(one, other) for one, other in pairs if one is not None and other is not None]
    if any(not close(one, other) for one, other in known):
        return False
    return True if 2 * len(known) > len(pairs) else None


def close(one: Value, other: Value) -> bool:
    """Say whether two values are the same: exactly if they are rational, else but for rounding."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    try:
        one, other = complex(one), complex(other)
    except OverflowError:
        return False
    return abs(one - other) <= _TOLERANCE * max(abs(one), abs(other), 1e-6)


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
    return value.real if abs(value.imag) <= _TOLERANCE * max(1.0, abs(value)) and math.isfinite(value.real) else None


class _Reader:
    """Reads a formula from the left, one place ahead."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.letters: set[str] = set()

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def next(self) -> str:
        """Return what comes next: a command as a whole, else one character; "" at the end."""
        self.skip()
        name = _NAME.match(self.text, self.at)
        return name[0] if name else self.text[self.at : self.at + 2] if self.text.startswith("\\", self.at) else self.text[self.at : self.at + 1]

    def take(self, *tokens: str) -> str:
        """Go beyond the next token if it is one of *tokens*, and return it; else return ""."""
        token = self.next()
        if token not in tokens or not token:
            return ""
        self.at += len(token)
        return token

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise NotReadError(token)

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST + 2:
            raise NotReadError("too deep")
        sign = self.take("+", "-")
        node = self.product()
        node = ("neg", node) if sign == "-" else node
        while sign := self.take("+", "-"):
            term = self.product()
            node = ("add", node, term if sign == "+" else ("neg", term))
        self.depth -= 1
        return node

    def product(self) -> Node:
        node, divided = self.signed(), False
        while True:
            if self.text.startswith("**", self.at):
                raise NotReadError("**")
            sign = self.take("*", "\\times", "/", "\\div")
            if sign:
                factor = self.signed()
                node = ("mul", node, factor) if sign in ("*", "\\times") else ("div", node, factor)
                divided = sign == "/"
            elif self.begins_factor():
                if divided:  # 1/2x is read in two ways
                    raise NotReadError("ambiguous")
                before = self.text[self.at - 1 : self.at]
                if self.next().isdigit() and (before.isdigit() or before.isspace()):
                    raise NotReadError("two numbers side by side")
                node = ("mul", node, self.power())
            else:
                return node

    def signed(self) -> Node:
        if sign := self.take("+", "-"):
            if self.next() in ("+", "-"):
                raise NotReadError("two signs")
            return ("neg", self.power()) if sign == "-" else self.power()
        return self.power()

    def begins_factor(self) -> bool:
        token = self.next()
        if token.startswith("\\"):
            return token[1:] in _FUNCTIONS or token[1:] in _GREEK or token in ("\\frac", "\\sqrt", "\\pi", "\\binom", "\\text")
        return token.isalnum() and token.isascii() or token in ("(", "{", "[")

    def power(self) -> Node:
        node = self.base()
        while True:
            if self.text.startswith("^{\\circ}", self.at) or self.text.startswith("^\\circ", self.at):
                self.at += 8 if self.text.startswith("^{", self.at) else 6
                node = ("mul", node, ("degree",))
            elif self.take("^"):
                node = ("pow", node, self.exponent())
                if self.next() == "^":
                    raise NotReadError("stacked powers")
            elif self.take("!"):
                node = ("factorial", node)
            else:
                return node

    def exponent(self) -> Node:
        if self.next() == "{":
            return self.argument()
        sign = self.take("-", "+")
        node = self.base()
        return ("neg", node) if sign == "-" else node

    def argument(self) -> Node:
        """Return what a command is applied to: what stands in braces, or one digit, letter or command."""
        if self.take("{"):
            node = self.sum()
            self.expect("}")
            return node
        token = self.next()
        if token.isdigit() and token.isascii():
            self.at += 1
            return ("num", Fraction(token))
        return self.base()

    def base(self) -> Node:
        token = self.next()
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            node: Node = ("num", Fraction(number[0]))
            if "." not in number[0] and self.next() == "\\frac":
                return self.mixed(node)
            return node
        for opening, closing in (("(", ")"), ("[", "]"), ("{", "}"), ("|", "|")):
            if token == opening:
                self.at += 1
                node = self.sum()
                self.expect(closing)
                return ("abs", node) if opening == "|" else node
        if token.isascii() and token.isalpha():
            self.at += 1
            return self.symbol(token)
        if token == "\\text" and (letter := _TEXT_LETTER.match(self.text, self.at)):
            self.at = letter.end()
            return self.symbol(letter[1])
        if token.startswith("\\"):
            self.at += len(token)
            return self.command(token[1:])
        raise NotReadError(token)

    def mixed(self, whole: Node) -> Node:
        """Return a number and the fraction behind it: their sum if both of its parts are numbers, else their product."""
        self.take("\\frac")
        top, bottom = self.argument(), self.argument()
        both = top[0] == bottom[0] == "num" and top[1] < bottom[1]
        return ("add" if both else "mul", whole, ("div", top, bottom))

    def symbol(self, name: str) -> Node:
        if subscript := _SUBSCRIPT.match(self.text, self.at):
            self.at = subscript.end()
            name = f"{name}_{subscript[1] or subscript[2]}"
        if name in ("e", "i"):
            return (name,)
        self.letters.add(name)
        return ("letter", name)

    def command(self, name: str) -> Node:
        if name == "pi":
            return ("pi",)
        if name in _GREEK:
            return self.symbol(name)
        if name == "frac":
            return ("div", self.argument(), self.argument())
        if name == "binom":
            return ("binom", self.argument(), self.argument())
        if name == "sqrt":
            if self.take("["):
                index = self.sum()
                self.expect("]")
                return ("root", self.argument(), index)
            return ("root", self.argument(), ("num", Fraction(2)))
        if name in _FUNCTIONS:
            return self.function(name)
        raise NotReadError(name)

    def function(self, name: str) -> Node:
        base: Node | None = None
        if name == "log" and self.take("_"):
            base = self.argument()
        exponent = self.exponent() if self.take("^") else None
        if exponent == ("neg", ("num", Fraction(1))) and name in _INVERSE:
            name, exponent = _INVERSE[name], None
        self.skip()
        if self.next() in ("(", "{", "["):
            argument = self.power()
        else:
            argument = self.signed()
            while self.begins_factor() and self.next()[1:] not in _FUNCTIONS and self.next() != "(":
                argument = ("mul", argument, self.power())
            if self.take("/"):
                argument = ("div", argument, self.power())
        node: Node = ("log", argument, base) if base else ("call", name, argument)
        return ("pow", node, exponent) if exponent else node


@functools.lru_cache(maxsize=1024)
def drawn(name: str, point: int) -> Fraction:
    """Return the value of a letter at a point: a positive one, but at the last point, where half of the letters have negative ones."""
    digest = int.from_bytes(hashlib.blake2b(f"{name}|{point}".encode(), digest_size=8).digest(), "big")
    size = Fraction(1_000_003 + digest % 2_000_003, 1_000_000)
    return -size if point == POINTS - 1 and digest & (1 << 60) else size


def _value(node: Node, point: int) -> Value:
    kind = node[0]
    match kind:
        case "num":
            return node[1]  # type: ignore[no-any-return]  # a tree of tuples
        case "letter":
            return drawn(node[1], point)
        case "pi":
            return complex(math.pi)
        case "degree":
            return complex(math.pi / 180)
        case "e":
            return complex(math.e)
        case "i":
            return 1j
        case "call":
            return _call(node[1], _value(node[2], point))
    values = [_value(child, point) for child in node[1:]]
    return _bounded(_combined(kind, values))


def _combined(kind: str, values: list[Value]) -> Value:
    first, second = values[0], values[-1]
    if kind not in ("neg", "abs", "factorial", "binom", "pow", "root", "log") and not (isinstance(first, Fraction) and isinstance(second, Fraction)):
        first, second = complex(first), complex(second)
    match kind:
        case "neg":
            return -first
        case "abs":
            return abs(first) if isinstance(first, Fraction) else complex(abs(first))
        case "add":
            return first + second  # type: ignore[operator]
        case "mul":
            return first * second  # type: ignore[operator]
        case "div":
            return first / second  # type: ignore[operator]
        case "pow":
            return _power(first, second)
        case "root":
            return _root(first, second)
        case "log":
            return _rounded(cmath.log(complex(first)) / cmath.log(complex(second)))
        case "factorial" | "binom":
            if not all(isinstance(value, Fraction) and value.denominator == 1 and 0 <= value <= _LARGEST_FACTORIAL for value in values):
                raise ValueError(kind)
            whole = [int(value) for value in values]  # type: ignore[arg-type]
            return Fraction(math.factorial(whole[0]) if kind == "factorial" else math.comb(whole[0], whole[1]))
    raise ValueError(kind)


def _call(name: str, value: Value) -> Value:
    return _rounded(_FUNCTIONS[name](complex(value)))


def _rounded(value: complex) -> complex:
    if not cmath.isfinite(value):
        raise ValueError("no value")
    return value


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(exponent, Fraction) and exponent.denominator == 1 and abs(exponent) <= _LARGEST_EXPONENT:
        if not isinstance(base, Fraction):
            return _rounded(base ** int(exponent))
        if abs(exponent) * max(base.numerator.bit_length(), base.denominator.bit_length()) <= _MOST_BITS:
            return base ** int(exponent)
        raise ValueError("too large")
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator <= 12:
        root = _root(base, Fraction(exponent.denominator))
        return _power(root, Fraction(exponent.numerator))
    return _rounded(complex(base) ** complex(exponent))


def _root(value: Value, index: Value) -> Value:
    if not isinstance(index, Fraction) or index.denominator != 1 or not 2 <= index <= 100:
        return _rounded(complex(value) ** (1 / complex(index)))
    if isinstance(value, Fraction) and (exact := _exact_root(value, int(index))) is not None:
        return exact
    if isinstance(value, Fraction) and value < 0 and index % 2:
        return complex(-(float(-value) ** (1 / int(index))))
    return _rounded(complex(value) ** (1 / int(index)))


def _exact_root(value: Fraction, index: int) -> Fraction | None:
    """Return the root of a rational number if that is rational; the real one of a negative number with an odd index."""
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
    if isinstance(value, Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > 2 * _MOST_BITS:
        raise ValueError("too large")
    return _rounded(value) if isinstance(value, complex) else value
