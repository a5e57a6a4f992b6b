r"""Arithmetic claims of a trace: which ``a op b = c`` it makes, in text or LaTeX, and which of them are true.

A claim is two sides of an equals sign that are both made of numbers alone, at least one of them with
an operation: ``18 + 12 = 30``, ``45 ÷ 30 = 1.5 hours``, ``\frac{36}{20} = \frac{9}{5}``,
``$3 \times 4^2 = 48$``; in a chain each equals sign is one. Units and ``\text{…}`` are passed over. A
variable on either side, a factorial, a modulus or a function makes it no claim. A side given in
decimals is true if the other comes to them when rounded or cut off; under ``≈``, within 1 %.
"""

import contextlib
import functools
import itertools
import re
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from synth.style.characters import BoolArray, Characters, Codes, IntArray, Texts, among
from synth.style.short_sums import (
    FUNCTIONS,
    NO_EQUALITY,
    SIDE,
    Number,
    number,
    quotient,
    rounds_to,
    short_verdict,
)

# Characters of a right side that are read first, and tokens after its arithmetic that are looked at.
_HEAD, _LOOKED_AT = 36, 4
_END = ("end", "")
_MAX_DIGITS, _MAX_POWER, _MAX_DEPTH = 24, 64, 16
_TOKEN = re.compile(
    r"""(?P<number>\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)
    |(?P<frac>\\[dt]?frac)
    |(?P<op>\\times|\\cdot|\\div|[-+*/^\u2212\u00d7\u00b7\u00f7\u2217\u22c5])
    |(?P<open>[({\[]|\\left\s?[(\[])
    |(?P<close>[)}\]]|\\right\s?[)\]])
    |(?P<percent>\\?%)
    |(?P<power>[\u00b2\u00b3])
    |(?P<blank>\s+|\\[,;:!\s()\[\]]|\\?\$|\u20ac|\u00a3|\*\*|&|\\(?:quad|qquad|displaystyle)(?![a-z]))
    |(?P<word>\\(?:text|mathrm|textbf)\s?\{[^{}]{0,40}\}|[A-Za-z\u00b0]{2,}[\u00b2\u00b3]?|\u00b0|[\u3040-\ufaff]+)
    |(?P<other>\\[A-Za-z]+|.)""",
    re.VERBOSE | re.DOTALL,
)
# The same without groups, which findall returns at a tenth of the cost of match objects.
_WORDS = re.compile(r"\s+|" + re.sub(r"\(\?P<\w+>", "(?:", _TOKEN.pattern), _TOKEN.flags)
_PLAIN = re.compile(
    r"\s?(-?\d{1,20}(?:,\d{3})*(?:\.\d{1,20})?)(?=[.,;:]?(?:\s?\n|\s?\Z|\s[A-Z]|\s?\\[)\]]|\s=\s?\d))"
)
# A right side that comes to a letter or a function before anything ends: no arithmetic, whatever follows.
_VARIABLE = re.compile(
    r"(?:\{[ \d+*/^.-]*\}|\([ \d+*/^.-]*\)|[ $({\[+*/^-]|\d(?:\.\d)?|\\(?:times|cdot|left|[dt]?frac)(?![A-Za-z])|\\[(\[])*(?:[A-Za-z](?![A-Za-z\u00b0])"  # noqa: E501
    r"|\\(?!(?:[dt]?frac|times|cdot|div|left|right|text|mathrm|q?quad|displaystyle|approx|le|ge|lt|gt|implies|Rightarrow|to|equiv|neq|sim))[A-Za-z])"
)
# The same of a left side read backwards, where no text in LaTeX can hide the letter or its index.
_VARIABLE_BACKWARDS = re.compile(
    r"(?:\)[ \d+*/^.-]*\(|[ $)}\]+*/^-]|\d(?:\.\d)?)*(?:[A-Za-z](?![A-Za-z\u00b0\\])|_)"
)
_OPERATION = re.compile(
    r"[-+*/^\u2212\u00d7\u00b7\u00f7\u2217\u22c5\u00b2\u00b3(]|\\(?:times|cdot|div|[dt]?frac)"
)
_SIGNS = {
    "\\times": "*",
    "\\cdot": "*",
    "\\div": "/",
    "\u2212": "-",
    "\u00d7": "*",
    "\u00b7": "*",
    "\u00f7": "/",
    "\u2217": "*",
    "\u22c5": "*",
}
_END_OF_SIDE = re.compile(
    r"[\n=\u2248<>\u2264\u2265\u2260\u2192\u21d2]|\\(?:approx|leq?|geq?|lt|gt|implies|Rightarrow|to|equiv|neq|sim|\\)(?![A-Za-z])"
)
_LAST_END_OF_SIDE = re.compile(rf".*(?:{_END_OF_SIDE.pattern})", re.DOTALL)
# Letters that touch a number are a unit only where they are one of these: 2xy is a product,
# 5 xy may be five of something.
_UNITS = frozenset("cm mm km ft in yd mi kg mg lb oz ml mph hr hrs min mins sec am pm th st nd rd".split())
_PUNCTUATION = ",.:;?!\"'\uff0c\u3002\uff1a\uff1b\uff1f\uff01\u3001"
_LAST_PUNCTUATION = (": ", ". ", ", ", "; ", "? ", "! ")
_NO_UNITS: frozenset[str] = frozenset()
_INDEX, _DEGREE = 0x5F, 0xB0
_BEFORE = "0123456789)}%]\u00b2\u00b3$\\"
_AFTER = "0123456789.(-{\\$\u2212\u20ac\u00a3["


class ArithmeticClaim(NamedTuple):
    """One claim: the place of its equals sign in the text, and whether it is true."""

    place: int
    true: bool


class _Side(NamedTuple):
    """The value of one side, its number of operations,
    the digits after its point if it is one decimal number, and its units.
    """

    value: Number
    operations: int
    decimals: int
    units: frozenset[str]
    added: bool


class _NotArithmeticError(Exception):
    """A side holds more than numbers."""


def find_claims(text: str, characters: Characters) -> list[ArithmeticClaim]:
    """Return the arithmetic claims of *text* in its order; nothing in it is evaluated by Python itself."""
    return _claims(text, _candidates(Texts.lay([text]), characters).tolist())


def find_claims_each(texts: Texts, characters: Characters) -> list[list[ArithmeticClaim]]:
    """Return the arithmetic claims of each text: the same as `find_claims` of each."""
    places = _candidates(texts, characters)
    own = (places - texts.starts[texts.owners(places)]).tolist()
    return [
        _claims(text, own[begin:end])
        for text, (begin, end) in zip(
            texts.each, itertools.pairwise(texts.edges(places).tolist()), strict=True
        )
    ]


def _claims(text: str, places: list[int]) -> list[ArithmeticClaim]:
    claims = []
    backwards = text[::-1] if places else ""
    for place in places:
        true = short_verdict(text, backwards, place)
        if true is None:
            true = _verdict(
                *_without_words(*_left_side(text, place)), _right_side(text, place + 1), text[place] == "="
            )
        if true is not None:
            claims.append(ArithmeticClaim(place, true))
    return claims


def _without_words(side: str, opens_line: bool) -> tuple[str, bool]:
    """Return a left side from its last punctuation on, which no arithmetic reaches beyond: shorter,
    and more often the same as another.
    """
    if "\\" in side or "(" in side:
        return side, opens_line
    place = max(map(side.rfind, _LAST_PUNCTUATION))
    return (side[place:], False) if place > 0 else (side, opens_line)


# Traces say the same sums again and again: three of four are remembered.
@functools.lru_cache(maxsize=20_000)
def _verdict(left_side: str, opens_line: bool, right_side: str, exact: bool) -> bool | None:
    """Say whether the claim that two sides make is true, None if they make none."""
    right = None if _ends_in_variable(left_side) else _right(right_side)
    left = _left(left_side, opens_line, not right.operations) if right else None
    if left is None or right is None or left.operations + right.operations == 0 or _converts(left, right):
        return None
    return _true(left, right, exact)


def claim_span(text: str, claim: ArithmeticClaim) -> tuple[int, int]:
    """Return where a claim that was found in *text* begins and ends: from its first number to its last,
    units after that left out.
    """
    before, after = _reach(*_left_side(text, claim.place), _right_side(text, claim.place + 1))
    return claim.place - before, claim.place + 1 + after


@functools.lru_cache(maxsize=20_000)
def _reach(left_side: str, opens_line: bool, right_side: str) -> tuple[int, int]:
    """Return how many characters before its sign a claim begins, and how many after it ends."""
    tokens = _tokens(left_side, opens_line)
    before = len(left_side) - _places(left_side)[_first(tokens) - len(tokens)][0]
    if plain := _PLAIN.match(right_side):
        return before, plain.end(1)
    stop = _END_OF_SIDE.search(right_side)
    side = right_side[: stop.start()] if stop else right_side
    parser = _Parser([*_tokens(side, opens_line=False), _END])
    parser.sum(0)
    return before, _places(side)[parser.at - 1][1]


def _places(side: str) -> list[tuple[int, int]]:
    """Return where the tokens of a side stand."""
    return [found.span() for found in _TOKEN.finditer(side) if found.lastgroup != "blank"]


def _converts(left: _Side, right: _Side) -> bool:
    """Say whether an equation is one of units: 3 hours + 24 minutes = 204 minutes, 2 feet = 2 * 12 inches."""
    if left.added or right.added:
        return len(left.units | right.units) > 1
    return not left.operations and bool(left.units) and not left.units & right.units


def _candidates(texts: Texts, characters: Characters) -> IntArray:
    """Return the equals signs that have something numeric on both sides."""
    codes, text = characters.codes, texts.joined
    if "=" not in text and "\u2248" not in text:
        return np.zeros(0, np.intp)
    places: IntArray = (
        ((codes == ord("=")) | (codes == 0x2248)).nonzero()[0] if "\u2248" in text else characters.equals
    )
    before, after = places - 1, places + 1
    for _ in range(2):
        before -= codes[before] == 0x20
        after += codes[after] == 0x20
    owner = texts.owners(places)
    inside = (before > texts.starts[owner]) & (after < texts.ends[owner])
    places, before, after = places[inside], before[inside], after[inside]
    # A unit may stand before the sign, a variable may not: two letters, or one that closes a LaTeX group. Nor
    # may x_1 or f(x), or 2x after it.
    last, second, third = codes[before], codes[before - 1], codes[before - 2]
    letters, variable = (
        _letters(last) & _letters(second),
        _letters(second) & ~(_letters(third) | (third == _DEGREE)),
    )
    named = (among(last, "0123456789") & (second == _INDEX)) | (among(last, ")]") & variable)
    following, then = codes[after + 1], codes[after + 2]
    product = among(codes[after], "0123456789") & _letters(following) & ~(_letters(then) | (then == _DEGREE))
    kept: IntArray = places[
        (among(last, _BEFORE) | letters) & among(codes[after], _AFTER) & ~named & ~product
    ]
    return kept


def _letters(codes: Codes) -> BoolArray:
    lower = codes | 0x20
    letters: BoolArray = (lower >= 0x61) & (lower <= 0x7A)
    return letters


@functools.lru_cache(maxsize=4096)
def _kind(word: str) -> str:
    """Return the kind of a token, which its text alone decides."""
    found = _TOKEN.fullmatch(word)
    return (found and found.lastgroup) or "other"


def _tokens(text: str, opens_line: bool) -> list[tuple[str, str]]:
    """Split a side into (kind, text), blanks and a dash that opens a line left out."""
    words = _WORDS.findall(text)
    kinds = list(map(_kind, words))
    if "word" in kinds:
        for i in range(1, len(kinds)):
            if kinds[i] == "word" and kinds[i - 1] == "number" and words[i] not in _UNITS:
                kinds[i] = "other"
    tokens = [token for token in zip(kinds, words, strict=True) if token[0] != "blank"]
    return tokens[_dashes(kinds, words) :] if opens_line and tokens and tokens[0][1] == "-" else tokens


def _dashes(kinds: list[str], words: list[str]) -> int:
    """Return how many dashes, each with a blank after it, stand before anything else."""
    dashes, dash = 0, False
    for kind, word in zip(kinds, words, strict=True):
        if kind == "blank":
            dashes += dash
            dash = False
        elif word != "-" or dash:
            break
        else:
            dash = True
    return dashes


def _left_side(text: str, place: int) -> tuple[str, bool]:
    """Return what stands before an equals sign up to the sign or line break before it,
    and whether it opens a line.
    """
    begin = max(0, place - SIDE)
    side = text[begin:place]
    if "\\\\\\" in side:  # which two of three backslashes break a line is told from the left
        ends = [end.end() for end in _END_OF_SIDE.finditer(side)]
        last = ends[-1] if ends else 0
    else:
        end = _LAST_END_OF_SIDE.match(side)
        last = end.end() if end else 0
    return (side[last:], side[last - 1] == "\n") if last else (side, begin == 0)


def _right_side(text: str, begin: int) -> str:
    """Return what stands after an equals sign up to the next sign or line break, that one included."""
    end = _END_OF_SIDE.search(text, begin, begin + SIDE)
    return text[begin : end.end() + 2 if end else begin + SIDE]


def _ends_in_variable(side: str) -> bool:
    """Say at a glance, where that can be, that a left side ends in a variable, so that it is no
    arithmetic.
    """
    return _VARIABLE_BACKWARDS.match(side[::-1]) is not None and "\\text" not in side and "\\math" not in side


def _left(side: str, opens_line: bool, must_operate: bool) -> _Side | None:
    """Return the value of the arithmetic that *side* ends in, None if there is none."""
    if must_operate and not _OPERATION.search(side):
        return None
    tokens = _tokens(side, opens_line)
    first = _first(tokens)
    if first and tokens[first - 1][0] in ("other", "word", "frac"):
        kind, boundary = tokens[first - 1]
        variable = kind == "other" and (boundary.startswith("\\") or boundary not in _PUNCTUATION)
        if variable or kind == "frac" or boundary.lower() in FUNCTIONS:
            return None
    return _value(tokens[first:], whole=True)


def _first(tokens: list[tuple[str, str]]) -> int:
    """Return the number of the token that the arithmetic at the end of a side begins with."""
    first, depth = len(tokens), 0
    after = ""
    for i in range(len(tokens) - 1, -1, -1):
        kind, word = tokens[i]
        if kind == "word":
            unit = (
                i > 0
                and tokens[i - 1][0] in ("number", "close", "percent", "word")
                and after in ("", "op", "close", "word")
            )
            if not unit or word.lower() in FUNCTIONS:
                break
        elif kind == "close":
            depth += 1
        elif kind == "open":
            if depth == 0:
                break
            depth -= 1
        elif kind == "other":
            break
        first, after = i, kind
    return first


def _right(side: str) -> _Side | None:
    """Return the value of the arithmetic that *side* begins with, None if there is none."""
    if plain := _PLAIN.match(side):  # most right sides are one number
        return _Side(number(plain[1]), 0, len(plain[1].partition(".")[2]), _NO_UNITS, False)
    if _VARIABLE.match(side):
        return None
    end = _END_OF_SIDE.search(side)
    side = side[: end.start()] if end else side
    head = side[:_HEAD]
    # of what follows, mostly words, only text in LaTeX could change how the head is read
    if head != side and "\\te" not in head and "\\ma" not in head:
        with contextlib.suppress(IndexError):
            return _value(_tokens(head, opens_line=False)[:-3], whole=False, cut=True)
    return _value(_tokens(side, opens_line=False), whole=False)


def _value(tokens: list[tuple[str, str]], whole: bool, cut: bool = False) -> _Side | None:
    """Return what tokens come to, None if that is nothing;
    where more tokens were cut off that may matter, raise IndexError.
    """
    try:
        return _parse(tokens, whole, cut)
    except _NotArithmeticError:
        return None


def _parse(tokens: list[tuple[str, str]], whole: bool, cut: bool) -> _Side:
    parser = _Parser(tokens if cut else [*tokens, _END])
    value = parser.sum(0)
    end = parser.at
    while parser.tokens[parser.at][0] == "word":
        parser.at += 1
    if cut and parser.at + _LOOKED_AT > len(tokens):
        raise IndexError
    rest = tokens[parser.at :]
    if rest and (whole or rest[0][0] in ("op", "frac", "number", "open", "power") or _is_variable(rest)):
        raise _NotArithmeticError
    words = [word for kind, word in tokens[: parser.at + _LOOKED_AT] if kind == "word"]
    if words and any(word.lower() in NO_EQUALITY or word.lower() in FUNCTIONS for word in words):
        raise _NotArithmeticError
    units = (
        frozenset(_unit(word) for kind, word in tokens[: end + 1] if kind == "word") if words else _NO_UNITS
    )
    single = (
        next((word for kind, word in tokens if kind == "number"), "")
        if parser.numbers == 1 and not parser.operations
        else ""
    )
    return _Side(value, parser.operations, len(single.partition(".")[2]), units, parser.added)


def _unit(word: str) -> str:
    """Return a unit without LaTeX around it and without its plural."""
    plain = word.partition("{")[2].rstrip("}") if word.startswith("\\") else word
    return plain.strip().lower().rstrip("s")


def _is_variable(rest: list[tuple[str, str]]) -> bool:
    """Say whether what follows a number belongs to it: a letter, a factorial, a modulus."""
    kind, word = rest[0]
    factorial = word == "!" and len(rest) > 1 and rest[1][0] in ("op", "close", "number")
    return kind == "other" and (factorial or word not in _PUNCTUATION)


class _Parser:
    """Recursive descent over tokens, the last of which is `_END`: sums of products of powers,
    exact and of bounded size.
    """

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at, self.operations, self.numbers, self.added = 0, 0, 0, False

    def sum(self, depth: int) -> Number:
        if depth > _MAX_DEPTH:
            raise _NotArithmeticError
        value = self.product(depth)
        while (sign := self.operator()) in ("+", "-"):
            self.at += 1
            self.operations += 1
            self.added = True
            other = self.product(depth)
            value = value + other if sign == "+" else value - other
        return value

    def product(self, depth: int) -> Number:
        value = self.signed(depth)
        while True:
            sign = self.operator()
            if sign in ("*", "/"):
                self.at += 1
            elif self.tokens[self.at][0] == "open" and self.tokens[self.at + 1][0] == "number":
                sign = "*"  # 2(3 + 4)
            else:
                return value
            self.operations += 1
            other = self.signed(depth)
            if sign == "/" and other == 0:
                raise _NotArithmeticError
            value = value * other if sign == "*" else quotient(value, other)

    def signed(self, depth: int) -> Number:
        kind, word = self.tokens[self.at]
        if kind == "number" and len(word) <= _MAX_DIGITS:  # a number alone, as most are, at once
            following, then = self.tokens[self.at + 1]
            if following not in ("percent", "power") and then != "^":
                self.at += 1
                self.numbers += 1
                return number(word)
        sign = self.operator()
        if sign in ("-", "+"):
            self.at += 1
            return -self.power(depth) if sign == "-" else self.power(depth)
        return self.power(depth)

    def power(self, depth: int) -> Number:
        base = self.atom(depth)
        kind, word = self.tokens[self.at]
        if kind == "percent":
            self.at += 1
            return quotient(base, 100)
        if kind == "power" or word == "^":
            self.at += 1
            exponent = (2 if word == "\u00b2" else 3) if kind == "power" else self.atom(depth)
            if (
                exponent.denominator != 1
                or not 0 <= exponent <= _MAX_POWER
                or max(abs(base.numerator), base.denominator) > 10**6
            ):
                raise _NotArithmeticError
            self.operations += 1
            raised: Number = base ** int(exponent)
            return raised
        return base

    def atom(self, depth: int) -> Number:
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "number" and len(word) <= _MAX_DIGITS:
            self.numbers += 1
            return number(word)
        if kind == "open":
            value = self.sum(depth + 1)
            self.close()
            return value
        if kind == "frac":
            above, below = self.group(depth), self.group(depth)
            if below == 0:
                raise _NotArithmeticError
            self.operations += 1
            return quotient(above, below)
        raise _NotArithmeticError

    def group(self, depth: int) -> Number:
        """Read one braced argument of a fraction."""
        if self.tokens[self.at] != ("open", "{"):
            raise _NotArithmeticError
        return self.atom(depth)

    def close(self) -> None:
        while self.tokens[self.at][0] == "word":
            self.at += 1
        if self.tokens[self.at][0] != "close":
            raise _NotArithmeticError
        self.at += 1

    def operator(self) -> str:
        """Return the operator that comes next, units before it passed over, or an empty string."""
        kind, word = self.tokens[self.at]
        if kind == "op":
            return _SIGNS.get(word, word)
        if kind != "word":
            return ""
        at = self.at
        while self.tokens[at][0] == "word" and self.tokens[at][1].lower() not in FUNCTIONS:
            at += 1
        if self.tokens[at][0] == "op" and self.tokens[at + 1][0] != "end":
            self.at = at
            return _SIGNS.get(self.tokens[at][1], self.tokens[at][1])
        return ""


def _true(left: _Side, right: _Side, exact: bool) -> bool:
    if left.value == right.value:
        return True
    if not exact:
        one, other = Fraction(left.value), Fraction(right.value)
        return abs(one - other) <= max(abs(one), abs(other)) / 100
    return any(
        rounds_to(other.value, side.value, side.decimals)
        for side, other in ((left, right), (right, left))
        if side.decimals
    )
