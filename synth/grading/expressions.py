r"""Expressions in arithmetic, as a puzzle asks for them: ``\frac{6}{2} + 1``, ``5 × (8 − 2) = 30``,
``(4+6)*2 → 20``.

An expression is right if it is made of the same numbers as the gold one and has its value; what is said of
the value beside it has to be true.
"""

import re
from collections import Counter
from fractions import Fraction

from synth.arithmetic import evaluate
from synth.grading.numbers import plain_number
from synth.grading.typesetting import ascii_form
from synth.grading.words import unset

_NUMBERS = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_ARITHMETIC = re.compile(r"[\d\s.+*/()-]+")
_SIGNS = {
    "\\times": "*",
    "\\cdot": "*",
    "\\ast": "*",
    "\\div": "/",
    "\u00d7": "*",
    "\u00b7": "*",
    "\u22c5": "*",
    "\u2217": "*",
    "\u2715": "*",
    "\u00f7": "/",
    "\u2215": "/",
    "\u2044": "/",
    "\u2212": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\uff0b": "+",
    "\uff0a": "*",
    "\uff08": "(",
    "\uff09": ")",
    "\u2236": "/",
    "\uff1a": "/",
    "[": "(",
    "]": ")",
    "\\{": "(",
    "\\}": ")",
    "\\lbrack": "(",
    "\\rbrack": ")",
}
_FRACTION = re.compile(r"\\[dtc]?frac\s?\{([^{}]{1,80})\}\s?\{([^{}]{1,80})\}")
_SHORT_FRACTION = re.compile(r"\\[dtc]?frac\s?(\d)\s?(\d)")
_LETTER_X = re.compile(r"(?<=[\d)\s])[xX](?=[\s\d(])")
_COLON = re.compile(r"(?<=[\d)])\s?:\s?(?=[\d(])")
_FENCE = re.compile(r"```[a-z]{0,12}|`")
_GROUP = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SIZES = re.compile(r"\\(?:left|right|bigg?|Bigg?|big[lr]|displaystyle)(?![A-Za-z])|[$]|\\[()\[\]]")
# Words and signs that lead from an expression to its value.
_EQUALS = re.compile(
    r"\s*[,;:(\[]{0,2}\s*(?:=|\u2192|\u21d2|->|=>|\\(?:to|Rightarrow|rightarrow|implies)(?![A-Za-z])"
    r"|(?:(?:which|that|and\sit|it|this|and\sthis|and\sthat|and|thus|so)[\s,]{1,2})?(?:is\sequal\sto|equals|equal\sto|giving|making|yielding"
    r"|totall?ing|for\sa\stotal\sof|evaluates\sto|gives|makes|yields|comes\sto|results\sin"
    r"|is|ist|ergibt|est\s\u00e9gal\s\u00e0|donne|es\sigual\sa|da))\s*",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[-+\u2212]?\s?\d[\d,]*(?:\.\d+)?(?:\s?/\s?\d+)?")
_NAMED = re.compile(r"(?:[A-Za-z]{1,20}\s){0,3}[A-Za-z]{1,20}\s?[=:]\s*")
_SIDE_BY_SIDE = re.compile(r"(?<=\))\s?(?=\d)|(?<=[\d)])\s?(?=\([\d\s(]*\d)")
_IN_LINE = re.compile(
    r"(?=\\[dtc]?frac)\\[dtc]?frac\s?\{.{3,200}|[(\[\d\\$][^A-Za-z\n]{0,200}[-+*/\u00d7\u00f7\u00b7\u2212\u2013][^A-Za-z\n]{0,200}\d.{0,100}"
)
# Asterisks that make what stands between them bold; those between numbers are a power of Python's.
_EMPHASIS = re.compile(r"\A\s*\*\*|\*\*(?=\s*(?:[^\s\d(.+*/-]|\Z))")
_LONGEST, _LAST_LINES = 600, 6


def same_expression(stated: str, gold: str) -> bool:
    """Say whether an expression has the value of the gold one, is made of its numbers,
    and is said to have no other value.
    """
    if len(stated) > _LONGEST:
        return False
    own, claims = _parts(stated)
    right, _ = _parts(gold)
    value = evaluate(own) if _ARITHMETIC.fullmatch(own) and "**" not in own and "//" not in own else None
    if value is None or value != evaluate(right) or _numbers(own) != _numbers(right):
        return False
    return all(claim == value for claim in claims)


def last_expression(text: str) -> str | None:
    """Return the expression in the last line that has one, where nothing announces it."""
    for line in reversed(text.rstrip().split("\n")[-_LAST_LINES:]):
        if found := _IN_LINE.search(line[-_LONGEST:]):
            return found[0].strip()
    return None


def _parts(text: str) -> tuple[str, list[Fraction]]:
    """Return the expression that a text begins with, and the values that are said of it."""
    plain = _arithmetic(text)
    # "24 = (7+5)*2" says the value first.
    first, _, rest = plain.partition("=")
    named = _NAMED.match(plain)
    if named and not _NUMBERS.search(named[0]):
        plain = plain[named.end() :]
    elif (
        _VALUE.fullmatch(first.strip())
        and (begun := _ARITHMETIC.match(rest))
        and re.search(r"\d\s*[-+*/)]", begun[0])
    ):
        value = plain_number(first.strip())
        own, claims = _parts(rest)
        return own, [*claims, *([value] if value is not None else [])]
    found = _ARITHMETIC.match(plain)
    if found is None:
        return plain, []
    own, rest = found[0], plain[found.end() :]
    while own.count("(") > own.count(")") and own.rstrip().endswith("("):  # "(4+5)*2 (= 18)"
        own = own.rstrip()[:-1]
    own, rest = own.strip().rstrip("."), rest.strip()
    claims = []
    while led := _EQUALS.match(rest):
        rest = rest[led.end() :]
        if (value_text := _VALUE.match(rest)) is None:
            break
        value = plain_number(value_text[0])
        claims += [value] if value is not None else []
        rest = rest[value_text.end() :].lstrip(" )]")
    return (
        (own, claims)
        if claims or not rest or not re.match(r"[\^!%\\]|[A-Za-z]?\d|[a-z](?![a-z])", rest)
        else (plain, claims)
    )


def _arithmetic(text: str) -> str:
    plain = _FENCE.sub("", _EMPHASIS.sub("", unset(text))).replace("->", "\u2192")
    for _ in range(4):
        plain = _SHORT_FRACTION.sub(r"(\1/\2)", _FRACTION.sub(r"((\1)/(\2))", plain))
    plain = _SIZES.sub("", plain)
    for sign, plain_sign in _SIGNS.items():
        plain = plain.replace(sign, plain_sign)
    plain = ascii_form(plain).replace("\\times ", "*").replace("{", "(").replace("}", ")")
    plain = _COLON.sub("/", plain)
    return _SIDE_BY_SIDE.sub("*", _GROUP.sub("", _LETTER_X.sub("*", plain))).strip(" \n*_\"'.")


def _numbers(expression: str) -> Counter[Fraction]:
    return Counter(Fraction(number) for number in _NUMBERS.findall(expression))
