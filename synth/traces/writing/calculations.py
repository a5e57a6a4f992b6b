"""Other ways to look at a calculation, all of them true, and wrong results with what gives them away.

Each function takes a `Calculation` and returns the texts that a wording fills in, or None where it has
nothing to say. Numbers are exact.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from synth.arithmetic import evaluate, number_text

Number = int | Fraction
_SIMPLE = re.compile(
    r"\(?\s*(\d{1,12}(?:\.\d{1,6})?|\.\d{1,6})\s*([-+*/])\s*(\d{1,12}(?:\.\d{1,6})?|\.\d{1,6})\s*\)?"
)
_INVERSE = {"+": "-", "-": "+", "*": "/", "/": "*"}


@dataclass(frozen=True, slots=True)
class Calculation:
    """A single operation on two numbers that are 0 or more, ``left symbol right = result``.

    `text` is the calculation without its result, such as ``12 * 4``;
    `texts` are the variables that every wording about it may use.
    """

    left: Number
    symbol: str
    right: Number
    result: Number
    text: str = field(init=False, compare=False)
    texts: Mapping[str, str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        left, right = write(self.left), write(self.right)
        text = f"{left} {self.symbol} {right}"
        object.__setattr__(self, "text", text)
        object.__setattr__(
            self, "texts", {"calculation": text, "result": write(self.result), "left": left, "right": right}
        )


def read_calculation(expression: str, result: str) -> Calculation | None:
    """Read a claim that is one true operation; None for any other."""
    found = _SIMPLE.fullmatch(expression.strip())
    if found is None:
        return None
    left, symbol, right = _number(found[1]), found[2], _number(found[3])
    if symbol == "/" and right == 0:
        return None
    value = operate(left, symbol, right)
    stated = int(result) if result.isdecimal() and len(result) < 15 else evaluate(result)
    return Calculation(left, symbol, right, value) if stated == value else None


def operate(left: Number, symbol: str, right: Number) -> Number:
    """Return the exact result of an operation, an int where it is whole."""
    if symbol == "+":
        return left + right
    if symbol == "-":
        return left - right
    if symbol == "*":
        return left * right
    value = (
        Fraction(left, right)
        if isinstance(left, int) and isinstance(right, int)
        else Fraction(left) / Fraction(right)
    )
    return value.numerator if value.denominator == 1 else value


def write(number: Number) -> str:
    """Write a number as text: an integer, a finite decimal, or ``a/b``."""
    return str(number) if isinstance(number, int) else number_text(number)


def undo(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Go back from the result with the inverse operation."""
    if c.symbol in "*/" and c.right == 0:
        return None
    undone = f"{write(c.result)} {_INVERSE[c.symbol]} {write(c.right)}"
    return {**c.texts, "undone": undone} if "/" not in write(c.result) else None


def neighbour(c: Calculation, rng: random.Random) -> dict[str, str] | None:
    """Show that a number near the result is wrong, by going back from it."""
    wrong = wrong_result(c, rng)
    if wrong is None:
        return None
    gives = operate(wrong, _INVERSE[c.symbol], c.right)
    return {
        **c.texts,
        "wrong": write(wrong),
        "undone": f"{write(wrong)} {_INVERSE[c.symbol]} {write(c.right)}",
        "gives": write(gives),
    }


def split(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Do the operation in two parts: by tens and ones, or for a quotient by a round part."""
    if (
        not (isinstance(c.left, int) and isinstance(c.right, int) and isinstance(c.result, int))
        or c.result < 0
    ):
        return None
    if c.symbol in "+-" and c.right > 10 and c.right % 10:
        tens = c.right - c.right % 10
        middle = operate(c.left, c.symbol, tens)
        if isinstance(middle, int) and middle >= 0:
            first, second = (
                f"{c.left} {c.symbol} {tens} = {middle}",
                f"{middle} {c.symbol} {c.right % 10} = {c.result}",
            )
            return {**c.texts, "first": first, "second": second, "part": str(tens), "rest": str(c.right % 10)}
    if (
        c.symbol == "*"
        and 10 < max(c.left, c.right) < 10_000
        and max(c.left, c.right) % 10
        and min(c.left, c.right) > 1
    ):
        big, small = max(c.left, c.right), min(c.left, c.right)
        unit = 10 ** (len(str(big)) - 1)
        part, rest = big - big % unit, big % unit
        first = f"{part} * {small} = {part * small} and {rest} * {small} = {rest * small}"
        return {
            **c.texts,
            "first": first,
            "second": f"{part * small} + {rest * small} = {c.result}",
            "part": str(part),
            "rest": str(rest),
        }
    if c.symbol == "/" and c.right > 1 and c.result > 10 and c.result % 10:
        part = (c.result - c.result % 10) * c.right
        first = (
            f"{part} / {c.right} = {c.result - c.result % 10} and {c.left - part} / {c.right} ="
            f" {c.result % 10}"
        )
        return {
            **c.texts,
            "first": first,
            "second": f"{c.result - c.result % 10} + {c.result % 10} = {c.result}",
            "part": str(part),
            "rest": str(c.left - part),
        }
    return None


def halves(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Multiply by half of an even factor and double."""
    if (
        c.symbol != "*"
        or not isinstance(c.left, int)
        or not isinstance(c.right, int)
        or c.right % 2
        or c.right < 4
        or not c.left
    ):
        return None
    half = c.left * (c.right // 2)
    return {**c.texts, "first": f"{c.left} * {c.right // 2} = {half}", "second": f"{half} * 2 = {c.result}"}


def swapped(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Exchange the two numbers of a sum or product."""
    if c.symbol not in "+*" or c.left == c.right:
        return None
    return {**c.texts, "exchanged": f"{write(c.right)} {c.symbol} {write(c.left)}"}


def repeated(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Write a small product as a sum."""
    if (
        c.symbol != "*"
        or not isinstance(c.left, int)
        or not isinstance(c.right, int)
        or not 2 <= min(c.left, c.right) <= 5
        or max(c.left, c.right) < 2
    ):
        return None
    times, term = min(c.left, c.right), max(c.left, c.right)
    return {**c.texts, "sum": " + ".join([str(term)] * times)}


def rounded(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Do the operation with a round number and correct it."""
    if (
        c.symbol not in "+-"
        or not (isinstance(c.left, int) and isinstance(c.right, int))
        or c.right % 10 < 7
        or c.right < 10
    ):
        return None
    up = c.right + 10 - c.right % 10
    middle = operate(c.left, c.symbol, up)
    if not isinstance(middle, int) or middle < 0:
        return None
    first, second = (
        f"{c.left} {c.symbol} {up} = {middle}",
        f"{middle} {_INVERSE[c.symbol]} {up - c.right} = {c.result}",
    )
    return {**c.texts, "first": first, "second": second, "round": str(up)}


def last_digit(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Compare the last digit of the result with what the last digits give."""
    if (
        c.symbol == "/"
        or not (isinstance(c.left, int) and isinstance(c.right, int) and isinstance(c.result, int))
        or c.result < 10
        or c.right < 10 > c.left
    ):
        return None
    left, right = c.left % 10, c.right % 10
    if c.symbol == "-" and left < right:
        left += 10
    value = operate(left, c.symbol, right)
    return {**c.texts, "digits": f"{left} {c.symbol} {right} = {write(value)}", "digit": str(c.result % 10)}


def size(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Say whether the result is more or less than the first number."""
    if c.result == c.left:
        return None
    return {**c.texts, "compared": "more than" if c.result > c.left else "less than"}


def near_double(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Add two numbers that are close by doubling one."""
    if (
        c.symbol != "+"
        or not (isinstance(c.left, int) and isinstance(c.right, int))
        or not 0 < abs(c.right - c.left) <= 9
        or min(c.left, c.right) < 5
    ):
        return None
    small, more = min(c.left, c.right), abs(c.right - c.left)
    return {
        **c.texts,
        "first": f"{small} + {small} = {2 * small}",
        "second": f"{2 * small} + {more} = {write(c.result)}",
        "small": str(small),
        "more": str(more),
    }


def count_up(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Subtract by counting up from the smaller number over the next ten."""
    if c.symbol != "-" or not (isinstance(c.left, int) and isinstance(c.right, int)) or not c.right % 10:
        return None
    ten = c.right + 10 - c.right % 10
    if not c.right < ten < c.left:
        return None
    first = f"{ten} - {c.right} = {ten - c.right} and {c.left} - {ten} = {c.left - ten}"
    return {
        **c.texts,
        "ten": str(ten),
        "first": first,
        "second": f"{ten - c.right} + {c.left - ten} = {write(c.result)}",
    }


def one_less(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Multiply by one less and add once more."""
    if (
        c.symbol != "*"
        or not (isinstance(c.left, int) and isinstance(c.right, int))
        or not 3 <= min(c.left, c.right) <= 20
    ):
        return None
    times, term = min(c.left, c.right), max(c.left, c.right)
    middle = (times - 1) * term
    return {
        **c.texts,
        "first": f"{times - 1} * {term} = {middle}",
        "second": f"{middle} + {term} = {write(c.result)}",
        "times": str(times),
        "fewer": str(times - 1),
    }


def halve_twice(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Divide by an even number in two steps, the first a halving."""
    if (
        c.symbol != "/"
        or not (isinstance(c.left, int) and isinstance(c.right, int) and isinstance(c.result, int))
        or c.right % 2
        or c.right < 4
        or c.left % 2
    ):
        return None
    return {
        **c.texts,
        "first": f"{c.left} / 2 = {c.left // 2}",
        "second": f"{c.left // 2} / {c.right // 2} = {c.result}",
    }


def decimal(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Multiply by a decimal as a whole number and move the point."""
    if c.symbol != "*" or isinstance(c.left, int) is isinstance(c.right, int):
        return None
    part, whole = (c.left, c.right) if isinstance(c.right, int) else (c.right, c.left)
    power = next((p for p in (10, 100, 1000) if (part * p) == int(part * p)), None)
    if power is None or not whole:
        return None
    digits = int(part * power)
    return {
        **c.texts,
        "first": f"{digits} * {whole} = {digits * whole}",
        "second": f"{digits * whole} / {power} = {write(c.result)}",
    }


def between(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Show that the result lies between those of the tens below and above."""
    if (
        not (isinstance(c.left, int) and isinstance(c.right, int))
        or c.left < 11
        or not c.left % 10
        or c.symbol == "/"
        or c.right == 0
    ):
        return None
    low, high = c.left - c.left % 10, c.left - c.left % 10 + 10
    below, above = operate(low, c.symbol, c.right), operate(high, c.symbol, c.right)
    if below < 0:
        return None
    return {
        **c.texts,
        "below": f"{low} {c.symbol} {c.right} = {write(below)}",
        "above": f"{high} {c.symbol} {c.right} = {write(above)}",
        "low": write(below),
        "high": write(above),
    }


def other_number(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Find the second number from the result and the first."""
    if (c.symbol in "*" and not c.left) or (c.symbol == "/" and not c.result) or "/" in write(c.result):
        return None
    found = (
        f"{write(c.result)} - {write(c.left)}" if c.symbol == "+" else f"{write(c.left)} - {write(c.result)}"
    )
    if c.symbol == "*":
        found = f"{write(c.result)} / {write(c.left)}"
    elif c.symbol == "/":
        found = f"{write(c.left)} / {write(c.result)}"
    return {**c.texts, "found": found}


def bracketed(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Show by going back that a number below is too small and one above too big."""
    if (
        not isinstance(c.result, int)
        or not isinstance(c.right, int)
        or c.right == 0
        or c.symbol == "*"
        or c.result < 2
    ):
        return None
    low, high = c.result - 1, c.result + 1
    inverse = _INVERSE[c.symbol]
    down, up = operate(low, inverse, c.right), operate(high, inverse, c.right)
    if down < 0 or "/" in write(down):
        return None
    return {
        **c.texts,
        "low": str(low),
        "down": f"{low} {inverse} {c.right} = {write(down)}",
        "high": str(high),
        "up": f"{high} {inverse} {c.right} = {write(up)}",
    }


def table(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Go through the last multiples up to a product, or up to what is divided."""
    if c.symbol == "*" and isinstance(c.left, int) and isinstance(c.right, int):
        times, term = min(c.left, c.right), max(c.left, c.right)
    elif (
        c.symbol == "/" and isinstance(c.left, int) and isinstance(c.right, int) and isinstance(c.result, int)
    ):
        times, term = c.result, c.right
    else:
        return None
    if not 3 <= times <= 1000 or term < 2:
        return None
    return {
        **c.texts,
        "multiples": ", ".join(f"{n} * {term} = {n * term}" for n in range(times - 2, times + 1)),
    }


def by_tens(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Add or subtract ten by ten."""
    if (
        c.symbol not in "+-"
        or not (isinstance(c.left, int) and isinstance(c.right, int))
        or not 10 < c.right < 40
    ):
        return None
    value, rest, steps = c.left, c.right, []
    while rest:
        part = min(10, rest)
        after = operate(value, c.symbol, part)
        if not isinstance(after, int) or after < 0:
            return None
        steps.append(f"{value} {c.symbol} {part} = {after}")
        value, rest = after, rest - part
    return {**c.texts, "steps": ", ".join(steps)}


def parity(c: Calculation, _: random.Random) -> dict[str, str] | None:
    """Compare whether numbers are even or odd."""
    if c.symbol == "/" or not (
        isinstance(c.left, int) and isinstance(c.right, int) and isinstance(c.result, int)
    ):
        return None
    names = {
        name: "odd" if number % 2 else "even"
        for name, number in (("one", c.left), ("other", c.right), ("whole", c.result))
    }
    return {**c.texts, **names}


def wrong_result(c: Calculation, rng: random.Random) -> Number | None:
    """Draw a wrong result that going back from gives a plain number, or None if there is none."""
    if c.symbol in "*/" and c.right == 0:
        return None
    # A product is missed by one multiple, so that going back gives a whole number.
    steps: list[Number] = [c.right] if c.symbol == "*" else [1] if c.symbol == "/" else [1, 2, 10]
    wrong = c.result + (1 if rng.random() < 0.5 else -1) * steps[int(rng.random() * len(steps))]
    gives = operate(wrong, _INVERSE[c.symbol], c.right)
    if wrong <= 0 or gives < 0 or gives == c.left or "/" in write(gives) or "/" in write(wrong):
        return None
    return wrong


def _number(text: str) -> Number:
    if text.isdecimal():
        return int(text)
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value


Look = Callable[[Calculation, random.Random], dict[str, str] | None]
EXPLORING: tuple[Look, ...] = (
    split,
    halves,
    swapped,
    repeated,
    rounded,
    size,
    near_double,
    count_up,
    one_less,
    halve_twice,
    decimal,
    bracketed,
    table,
    by_tens,
)
"""Ways to do a calculation; the name of each is that of its macro."""
VERIFYING: tuple[Look, ...] = (undo, neighbour, last_digit, between, other_number, parity)
"""Ways to check one."""
