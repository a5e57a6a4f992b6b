r"""Arithmetic claims of the commonest form, judged at a glance: ``18 + 12 = 30``, ``7 * 45 = 315 miles.``,
``24 - 4 = 20, which is too much``.

Nine of ten claims in plain text are so. What is said here of one is what `synth.style.arithmetic_claims`
comes to by reading all tokens of its sides; where that
is not sure, nothing is said.
"""

import re
from fractions import Fraction

Number = Fraction | int
SIDE = 90
"""Characters of a side that are looked at."""
NO_EQUALITY = frozenset(("mod", "modulo", "remainder"))
FUNCTIONS = frozenset(
    "log ln exp sin cos tan cot sec csc arcsin arccos arctan sqrt gcd lcm mod max min abs det choose floor"
    " ceil".split()
)

_SIGN = "[-+*/\u2212\u00d7\u00b7\u00f7\u2217\u22c5]"
_NUMBER, _BACKWARDS = (
    r"[0-9]{1,9}(?:,[0-9]{3}){0,2}(?:\.[0-9]{1,6})?(?![0-9])",
    r"(?:[0-9]{1,6}\.)?(?:[0-9]{3},){0,2}[0-9]{1,9}",
)
# A left side read from its end: numbers and signs, up to the side's begin, the dash of a list, a bracket, the
# end of a sentence, or a word that no number stands at.
_LEFT = re.compile(
    rf" ?(?P<sum>{_BACKWARDS}(?: ?{_SIGN} ?{_BACKWARDS})*)"
    r"(?:\Z| {0,3}[\n=<>\u2248]| -(?:\n|\Z)| ?\((?!\\)| {1,3}[.,:;?!](?!\\)| {1,3}(?P<word>[A-Za-z]{2,20})(?=[\s(,.:;]|\Z))"  # noqa: E501
)
# A right side: numbers and signs, words that may be their unit, and what cannot belong to them: the end of
# the side, or of a clause and three tokens more. A number alone ends as well where a capital letter follows.
_TOKEN, _END = (
    r"(?: ?(?:[A-Za-z]{1,20}(?![A-Za-z])|[0-9]{1,9}(?![A-Za-z0-9.,])|\.(?![0-9])|[-+*/,:;?'\"]))",
    r" ?(?:[\n=<>\u2248]|\Z)",
)
_RIGHT = re.compile(
    rf" ?(?P<sum>-?{_NUMBER}(?:(?P<alone>[.,;:]? [A-Z])|(?: ?{_SIGN} ?{_NUMBER})*))"
    rf"(?(alone)|(?: [A-Za-z]{{2,20}}){{0,5}}(?:[.,;:?]?{_END}|[.,;:?](?= )(?:{_TOKEN}{{3}}|{_TOKEN}{{0,2}}{_END})))"  # noqa: E501
)
_NO_SUM, _WORDS = NO_EQUALITY | FUNCTIONS, re.compile("[a-z]+")
_SIGNS = re.compile(f" ?({_SIGN}) ?")


def short_verdict(text: str, backwards: str, place: int) -> bool | None:
    """Say whether the claim at an equals sign of *text* is true, None if it has not the commonest form.
    *backwards* is the text from its end.
    """
    begin = len(text) - place
    left = _LEFT.match(backwards, begin)
    if (
        left is None
        or text[place] != "="
        or left.end() - begin >= SIDE
        or ((word := left["word"]) and word[::-1].lower() in FUNCTIONS)
    ):
        return None
    right = _RIGHT.match(text, place + 1)
    if (
        right is None
        or right.end() - place >= SIDE
        or not _NO_SUM.isdisjoint(_WORDS.findall(right[0].lower()))
    ):
        return None
    said = right["sum"] if right["alone"] is None else right["sum"][: -len(right["alone"])]
    one, other = _SIGNS.split(left["sum"][::-1]), _SIGNS.split(said.removeprefix("-"))
    other[0] = f"-{other[0]}" if said[0] == "-" else other[0]
    if len(one) + len(other) == 2:
        return None
    try:
        value, given = _sum(one), _sum(other)
    except ZeroDivisionError:
        return None
    if value == given:
        return True
    decimals, own = (_decimals(side) for side in (other, one))
    return bool((decimals and rounds_to(value, given, decimals)) or (own and rounds_to(given, value, own)))


def _decimals(parts: list[str]) -> int:
    """Return how many decimals a side has that is one number, 0 for any other."""
    return len(parts[0].partition(".")[2]) if len(parts) == 1 else 0


def _sum(parts: list[str]) -> Number:
    """Return what numbers come to, with a sign between each and the next."""
    if len(parts) == 1:
        return number(parts[0])
    total: Number = 0
    product, last = number(parts[0]), "+"
    for sign, text in zip(parts[1::2], parts[2::2], strict=True):
        value = number(text)
        if sign in "+-\u2212":
            total = total + product if last == "+" else total - product
            product, last = value, "+" if sign == "+" else "-"
        elif sign in "/\u00f7":
            product = quotient(product, value)
        else:
            product = product * value
    return total + product if last == "+" else total - product


def number(text: str) -> Number:
    """Return the value of digits with separators of thousands and decimals."""
    if text.isdecimal():
        return int(text)
    whole, _, decimals = text.replace(",", "").partition(".")
    return Fraction(int(whole + decimals), 10 ** len(decimals)) if decimals else int(whole)


def quotient(one: Number, other: Number) -> Number:
    """Divide exactly by what is not 0; whole numbers, which most are,
    at a quarter of the time that two fractions take.
    """
    if isinstance(one, int) and isinstance(other, int):
        return Fraction(one, other) if one % other else one // other
    return Fraction(one) / other


def rounds_to(value: Number, given: Number, decimals: int) -> bool:
    """Say whether *value* is *given*, a number of so many decimals, when rounded,
    or when the rest is cut off.
    """
    unit = Fraction(1, 10**decimals)
    off = abs(Fraction(value)) - abs(Fraction(given))
    return (value < 0) == (given < 0) and (abs(off) <= unit / 2 or 0 <= off < unit)
