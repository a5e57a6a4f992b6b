"""Exact arithmetic on the small expressions that worked solutions are made of.

Nothing here calls ``eval``: an expression is parsed and walked, so text from a model or a data file
can be judged safely. Values are exact (`fractions.Fraction`), so ``0.1 + 0.2`` is ``0.3``.
"""

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

_BINARY: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_MAX_CHARACTERS = 200
_SIMPLE = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([-+*/])\s*(\d+(?:\.\d+)?|\.\d+)\s*")
_INVERSE = {"+": "-", "-": "+", "*": "/", "/": "*"}


def evaluate(expression: str) -> Fraction | None:
    """Return the exact value of a sum, difference, product or quotient, or None if it is not one.

    Takes numbers, ``+ - * /``, signs and parentheses, up to 200 characters; a division by zero is
    None as well.
    """
    if len(expression) > _MAX_CHARACTERS:
        return None
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Fraction(str(number))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left), _value(right))
    raise ValueError("not plain arithmetic")


def number_text(value: Fraction) -> str:
    """Write a number as an integer or a finite decimal where it has one, else as ``a/b``."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = 1
    while (value * 10**digits).denominator != 1:
        digits += 1
    return f"{float(value):.{digits}f}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on two plain numbers, ``left operator right``, and its exact result."""

    left: Fraction
    operator: str
    right: Fraction
    result: Fraction

    def undo(self, result: Fraction) -> tuple[str, Fraction]:
        """Return the inverse operation on *result*, as text, and what it gives.

        It gives ``left`` exactly when *result* is right, which makes it a true check.
        """
        expression = f"{number_text(result)} {_INVERSE[self.operator]} {number_text(self.right)}"
        match self.operator:
            case "+":
                return expression, result - self.right
            case "-":
                return expression, result + self.right
            case "*":
                return expression, result / self.right
            case _:
                return expression, result * self.right

    def text(self) -> str:
        """Return the operation without its result, such as ``12 * 4``."""
        return f"{number_text(self.left)} {self.operator} {number_text(self.right)}"


def operation(expression: str) -> Operation | None:
    """Read an expression that is a single operation that can be undone, or return None."""
    found = _SIMPLE.fullmatch(expression)
    result = evaluate(expression)
    if found is None or result is None:
        return None
    left, right = evaluate(found[1]), evaluate(found[3])
    if left is None or right is None or (found[2] in "*/" and right == 0):
        return None
    return Operation(left, found[2], right, result)
