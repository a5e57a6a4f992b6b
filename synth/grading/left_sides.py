r"""What stands left of an equals sign: what has the value on its right (``x``, ``f(2)``, ``3 + 4``, "total"),
or half of an equation (``5x - 10``).
"""

import re

_APPLIED = re.compile(r"[A-Za-z]'{0,3}\([^()]{0,40}\)")
_INDEXED = re.compile(r"(?<![A-Za-z\\])([A-Za-z])(?:_\s?(?:\{[^{}]{1,12}\}|\w)|\d{1,3}(?!\s?[A-Za-z^]))")
_CHOSEN = re.compile(r"\d\s?\}?_?\{?[CP]_?\{?\s?\d")
_UNITS = re.compile(r"(?<=\d)\s?(?:km|cm|mm|kg|mg|ml|mL|ft|in|lb|lbs|oz|mi|yd|hr|hrs)(?![A-Za-z])")
_LETTER_UNITS = re.compile(r"(?<=\d)\s(?:m|g|h|s|l|L)(?![A-Za-z])")
_EULER = re.compile(r"(?<![A-Za-z\\])e(?=\s?\^)")
_OVER_A_RANGE = re.compile(r"\\(?:sum|prod|int|lim|max|min|inf|sup)(?![a-z])")
_APPLYING = re.compile(r"\\(?:sqrt|[dtc]?frac|log|ln|sin|cos|tan|lfloor|lceil)(?![a-z])")
_GREEK = re.compile(
    r"\\(?:alpha|beta|gamma|delta|theta|lambda|mu|rho|sigma|tau|phi|varphi|psi|omega)(?![a-z])"
)
# The sine of an angle is asked for, that of x is part of an equation.
_OF_AN_ANGLE = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z^])[^-+*/^]{1,30}\Z")
_WORDS = re.compile(
    r"\\?[A-Za-z]{3,}|(?<![A-Za-z\\])(?:[Ss]o|is|of|by|at|to|we|if|be|it|or|[Ii]n)(?![A-Za-z])"
)
_NAMES = re.compile(r"[A-Za-z]{1,2}")
_OPERATOR = re.compile(r"[-+*/^!\u2212\u00d7\u00b7\u00f7]|\\(?:times|cdot|div)(?![a-z])")


def names_a_value(side: str, has_unit: bool = False) -> bool:
    r"""Say whether a left side may have the value that stands right of it: a name, words, arithmetic, or
    letters added or multiplied (``m + n``).

    A letter with a coefficient, a power or a number beside it (``2x``, ``x^2``,
    ``x - 2``) makes an equation, which states no number.
    """
    if _OVER_A_RANGE.search(side):
        return True
    indexed = {found[0] for found in _INDEXED.finditer(side)}
    plain = _INDEXED.sub(r"\1", _APPLIED.sub("f", _EULER.sub("", _CHOSEN.sub("", _UNITS.sub("", side)))))
    if has_unit:
        plain = _LETTER_UNITS.sub("", plain)
    applied = _APPLYING.search(plain) is not None
    greek = set(_GREEK.findall(plain))
    plain = _WORDS.sub(" ", plain)
    names = greek | set(_NAMES.findall(plain))
    if not names:
        return True
    if re.search(r"\d", plain):
        return False
    if all(len(name) > 2 or name.isupper() for name in names) and _OF_AN_ANGLE.match(side.strip()):
        return True
    return len(names) > 1 or len(indexed) > 1 or not (applied or _OPERATOR.search(plain))
