r"""The values of numbers as people and LaTeX write them.

    1{,}234    $12    3 1/2 cups    50%    3 million    0.1\overline{6}    6 \times 10^{-3} \text{ m/s²}
    7/3 ≈ 2.33

Every pattern is bounded, so that the time is linear in what is read.
"""

import functools
import re
from fractions import Fraction
from typing import NamedTuple

from synth.grading.left_sides import names_a_value
from synth.grading.typesetting import CONTINENTAL, ascii_form, raised, without_groups, without_repeats

_LONGEST_NUMBER, _LONGEST_PLAIN = 200, 60
_PLAIN_NUMBER = re.compile(
    r"[-+\u2212]?\s?[$\u20ac\u00a3]?\s?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d)\.)?(?:\s?/\s?\d+)?"
)
# A sign counts only where nothing stands before it that makes it a minus: "5-3" ends in 3.
_SIGN = r"(?:(?<![\w)\]}.])[-+\u2212]\s{0,2})?"
_WHOLE = (
    r"(?:[1-9]\d{0,2}(?:(?:,|\{,\}|,\\!|\\,|['\u2019\u00a0\u2009\u202f])\d{3}){1,20}(?!\d)|\d{1,3}(?:\\?_\d{3}){1,20}(?![\d_])"
    r"|\d{1,2}(?:,\d\d){1,9},\d{3}(?!\d)|\d+)"
)
_REPEATS = r"(?:\d{0,30}(?:\\(?:overline|bar|dot)\s?\{?\d{1,40}\}?|\(\d{1,40}\))|\d{1,60}(?:\.\.\.|\u2026|\\ldots|\\dots))"  # noqa: E501
# Scales in other languages than English; "billion" is not one of them,
# for it is a thousand times as much there.
OTHER_SCALES_OF = {
    "tausend": 3,
    "mil": 3,
    "mille": 3,
    "mila": 3,
    "duizend": 3,
    "tusen": 3,
    "tusind": 3,
    "tys": 3,
    "tysi\u0119cy": 3,
    "ribu": 3,
    "bin": 3,
    "\u0442\u044b\u0441": 3,
    "\u0442\u044b\u0441\u044f\u0447": 3,
    "\u0442\u044b\u0441\u044f\u0447\u0430": 3,
    "\u0442\u044b\u0441\u044f\u0447\u0438": 3,
    "mio": 6,
    "millionen": 6,
    "mill\u00f3n": 6,
    "millones": 6,
    "milh\u00e3o": 6,
    "milh\u00f5es": 6,
    "milione": 6,
    "milioni": 6,
    "miljoen": 6,
    "miljoner": 6,
    "millioner": 6,
    "mln": 6,
    "milion": 6,
    "miliony": 6,
    "milion\u00f3w": 6,
    "juta": 6,
    "milyon": 6,
    "\u043c\u043b\u043d": 6,
    "\u043c\u0438\u043b\u043b\u0438\u043e\u043d": 6,
    "\u043c\u0438\u043b\u043b\u0438\u043e\u043d\u0430": 6,
    "\u043c\u0438\u043b\u043b\u0438\u043e\u043d\u043e\u0432": 6,
    "mrd": 9,
    "milliarde": 9,
    "milliarden": 9,
    "milliard": 9,
    "milliards": 9,
    "miliardo": 9,
    "miliardi": 9,
    "miljard": 9,
    "miljarder": 9,
    "miliard": 9,
    "milyar": 9,
    "\u043c\u043b\u0440\u0434": 9,
    "\u043c\u0438\u043b\u043b\u0438\u0430\u0440\u0434": 9,
    "\u043c\u0438\u043b\u043b\u0438\u0430\u0440\u0434\u0430": 9,
    "\u043c\u0438\u043b\u043b\u0438\u0430\u0440\u0434\u043e\u0432": 9,
}
OTHER_SCALES = "|".join(sorted(OTHER_SCALES_OF, key=len, reverse=True))
_POWER = r"(?:[eE][-+]?\d{1,3}(?!\w)|\s?(?:\\times|\\cdot|[\u00d7*x])\s?10\s?\^\s?\{?[-+\u2212]?\d{1,3}\}?)"
_SCALE = (
    r"(?:\s?(?:hundred|thousand|million|billion|trillion|lakh|crore|dozen)s?\b"
    rf"|\s(?i:{OTHER_SCALES})(?!\w)|(?<=\d)(?:[kM]|bn)(?![\w/^])|\s?[\u4e07\u842c\u4ebf\u5104])"
)
NUMBER = (
    rf"{_SIGN}(?:[$\u20ac\u00a3\u00a5\uffe5]|\\\$)?\s{{0,2}}"
    rf"(?:\\[dt]?frac\s?\{{\s?[-+]?\d{{1,60}}\s?\}}\s?\{{\s?\d{{1,60}}\s?\}}|\d{{1,9}} \d{{1,9}}/\d{{1,9}}(?![\d/])"  # noqa: E501
    rf"|(?:{_WHOLE}(?:\.{_REPEATS}|(?:\.|\{{,\}}(?=\d{{1,2}}(?!\d)|\d{{4}}))\d+)?|\.\d+)(?:\s?/\s?\d+|{_POWER})?)"
    rf"(?:\s?\\?[%\uff05]|\spercent\b|{_SCALE})?"
)
_RELATION = re.compile(r"(?<![<>!:=])=(?!=)")
APPROXIMATE = re.compile(
    r"\\(?:approx(?:eq)?|simeq|cong|sim|doteq|thickapprox)(?![A-Za-z])(?:\s?=)?|[\u2248\u2243\u2245]"
)
_LETTER = re.compile(r"[A-Za-z](?:_(?:\w|\{\s?\w{1,8}\s?\}))?")
_NO_LEFT_SIDE = re.compile(
    r"[,;<>\u2260\u2264\u2265]|\\(?:neq?|leq?|geq?|lt|gt|in|pm)(?![a-z])|\b(?:or|and)\b"
)

_WRAPPERS = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt)|mbox|hbox|boldsymbol|bm|bold|emph|underline|operatorname|boxed|fbox)\s?\{([^{}]*)\}"
)
_TYPESETTING = re.compile(r"\\(?:left|right|displaystyle|bf|rm|it|large|Large|huge|limits)(?![A-Za-z])|\\!")
_SPACES = re.compile(r"\\(?:[,;:> ]|q?quad(?![A-Za-z])|thinspace(?![A-Za-z]))|~")
_ORDINAL = re.compile(
    r"(?<=\d)\s?\^\s?\{?\s?(?:\\(?:text|mathrm|textrm)\s?\{\s?)?(?:st|nd|rd|th)\s?\}{0,2}(?![a-z])"
)
_DEGREES = re.compile(r"\^\s?(?:\\circ|\{\s?\\circ\s?\})|\\degree|\u00b0")
_OPTION = re.compile(r"\(?[A-J][).:]\s+(?=[-+$.\d\\])")
_SHAPE = re.compile(
    r"(?P<sign>[-+]?)\s?(?:US)?(?:[$\u20ac\u00a3\u00a5\u20b9]|USD|RMB|Rs\.?)?\s?(?P<sign2>[-+]?)\s?"
    r"(?:(?P<mixed>\d{1,60})\s?(?:\\frac\s?\{\s?(?P<over>\d{1,60})\s?\}\s?\{\s?(?P<under>\d{1,60})\s?\}|\s(?P<over2>\d{1,60})\s?/\s?(?P<under2>\d{1,60}))"
    r"|\\frac\s?(?:\{\s?(?P<top>[-+]?[\d.,]{1,60})\s?\}|(?P<top1>\d))\s?(?:\{\s?(?P<bottom>[\d.,]{1,60})\s?\}|(?P<bottom1>\d))"
    r"|(?:(?P<number>\d[\d,.'\u2019 ]*|\.\d+)(?:\s?/\s?(?P<divisor>\d[\d,]*))?)?"
    r"(?:(?(number)\s?(?:\\times|\\cdot|\*|x)\s?)10\s?\^\s?(?:\{\s?)?(?P<power>[-+]?\d{1,3})\s?\}?"
    r"|(?<=\d)[eE](?P<exponent>[-+]?\d{1,3}))?)"
    r"\s?(?:(?P<percent>\\?%|percent\b|per\scent\b|prozent\b|pour\scent\b)"
    rf"|(?P<scale>hundred\b|thousand\b|lakhs?\b|millions?\b|crores?\b|billions?\b|trillions?\b|dozen\b|k\b|(?-i:(?<=\d)M\b)|bn\b|(?:{OTHER_SCALES})(?!\w)|[\u4e07\u842c\u4ebf\u5104]))?"
    r"\s?(?![\d^])(?P<unit>.*)",
    re.DOTALL | re.IGNORECASE,
)
_GROUPED = re.compile(
    r"\d+|[1-9]\d{0,2}(?:,\d{3})+|\d{1,2}(?:,\d\d)+,\d{3}|\d{1,3}(?:['\u2019]\d{3})+|\d{1,3}(?: \d{3})+"
)
_DIGITS_ALONE = re.compile(r"[-+\u2212\d\s,./$\u20ac\u00a3]*")
_SCALES = {
    "hundred": 2,
    "thousand": 3,
    "k": 3,
    "m": 6,
    "lakh": 5,
    "million": 6,
    "crore": 7,
    "billion": 9,
    "bn": 9,
    "trillion": 12,
    "\u4e07": 4,
    "\u842c": 4,
    "\u4ebf": 8,
    "\u5104": 8,
}
# What follows a number and leaves it as it is: apples, cm^2, km/h, dollars per day.
# A lone letter is a unit only where units have it.
_UNIT = re.compile(
    r"(?:(?:[^\W\d_]{2,20}|[mgshLlNJWVAKCF\u20ac\u00a3\u00a5\u20b9\u4e00-\u9fff])(?:\s?\^\s?\{?-?\d\}?)?[.$]?(?:\s?/\s?|\s|-|\\(?:cdot|times)\s?|\Z)){1,6}"
)
_NO_UNIT = re.compile(
    r"\b(?:or|and|to|times|plus|minus|over|sqrt|pi|mod|than|not)\b|\b(?:remainder|squared|cubed|factorial|base)\b|[\u6216\u548c\u81f3\u5230]",
    re.IGNORECASE,
)
_POINTS = re.compile(r"(?:percent(?:age)?|%)[-\s]?points?\b", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d{1,30}),(\d{1,30})(?![,.]?\d)")
_DOTS_OF_THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2}(?:\.\d{3}){1,9})(?![,.]?\d)")


class Number(NamedTuple):
    """A number that was read: how it is written without name, unit and typesetting, and its value; a second
    one if it is a percentage or in millions.

    `near` are the approximations of it that stand beside it.
    """

    text: str
    values: tuple[Fraction, ...]
    near: tuple[Fraction, ...] = ()


def number_value(text: str) -> Fraction | None:
    """Return the exact value of a number written in digits alone: ``$1,234.50``, ``−3``, ``1/2``,
    ``3 1/2``; see `read_number` for others.
    """
    number = read_number(text) if len(text) <= _LONGEST_NUMBER and _DIGITS_ALONE.fullmatch(text) else None
    return number.values[0] if number else None


def plain_number(text: str) -> Fraction | None:
    """Return the exact value of a text that is one number and nothing else (``$1,234.50``, ``-3``,
    ``1/2``), else None.
    """
    plain = text.strip()
    return number_value(plain) if len(plain) <= _LONGEST_PLAIN and _PLAIN_NUMBER.fullmatch(plain) else None


@functools.lru_cache(maxsize=4096)  # of many responses, answers are the same few numbers
def read_number(text: str) -> Number | None:
    """Read a text that is one number, whatever names it (``x =``) or follows it (units, approximations), else
    return None. Over 200 characters are none.
    """
    if len(text) > _LONGEST_NUMBER:
        return None
    exact, *others = (part for part in APPROXIMATE.split(text))
    if not exact.strip(" ($"):  # "≈ 2.33"
        return read_number(others[0]) if len(others) == 1 else None
    numbers = [_one_number(part) for part in (exact, *others)]
    if not others:
        return numbers[0]
    if numbers[0] is None or None in numbers:
        return (
            next((number for number in reversed(numbers) if number), None)
            if None in numbers[:1]
            else numbers[0]
        )
    near = [other for other in numbers[1:] if other and is_near(numbers[0].values[0], other)]
    return numbers[0]._replace(text=text.strip(), near=tuple(other.values[0] for other in near))


def is_near(exact: Fraction, other: Number) -> bool:
    """Say whether an approximation is right to the place of its last digit."""
    written = re.search(r"\d[\d,]*(?:\.(\d+))?", other.text)
    whole = written[0].partition(".")[0].replace(",", "") if written else ""
    place = (
        Fraction(1, 10 ** len(written[1]))
        if written and written[1]
        else Fraction(10 ** (len(whole) - len(whole.rstrip("0")) if whole.strip("0") else 0))
    )
    return abs(exact - other.values[0]) <= place


def _one_number(text: str) -> Number | None:
    plain = _plain(without_repeats(text))
    relations = list(_RELATION.finditer(plain))
    if relations and (
        _NO_LEFT_SIDE.search(plain[: relations[-1].start()]) or not plain[: relations[-1].start()].strip()
    ):
        return None
    before, plain = (
        (plain[: relations[-1].start()], plain[relations[-1].end() :].strip()) if relations else ("", plain)
    )
    side = _RELATION.split(before)[-1]
    if before and _LETTER.fullmatch(plain) and not re.search("[A-Za-z]", side):  # 2 = x
        before, side, plain = "", "", side.strip()
    shape = _SHAPE.fullmatch(_OPTION.sub("", plain, count=1))
    if shape is None or not names_a_value(
        before if "\\" in before and side.count("}") > side.count("{") else side, bool(shape["unit"])
    ):
        return None
    if not _is_unit(shape["unit"]) or (shape["percent"] and _POINTS.search(shape["percent"] + shape["unit"])):
        return None
    value = _value(shape)
    if value is None:
        return None
    end = shape.start("unit")
    written = shape.string[:end].strip()
    dozen = (shape["scale"] or "").lower() == "dozen"
    values = (
        (value, value / 100)
        if shape["percent"]
        else (
            (value, 12 * value)
            if dozen
            else (value, value * 10 ** _scale(shape["scale"]))
            if shape["scale"]
            else (value,)
        )
    )
    number = Number(written, values)
    if (
        before
        and "." in written
        and (own := _one_number(before))
        and value not in own.values
        and is_near(own.values[0], number)
    ):
        return Number(text.strip(), own.values, (value,))  # "7/3 = 2.33" is said of an approximation
    return number


def _scale(word: str) -> int:
    lower = word.lower()
    return _SCALES.get(lower) or OTHER_SCALES_OF.get(lower) or _SCALES[lower.removesuffix("s")]


def plain_form(text: str) -> str:
    """Return a formula without its spaces, dollar signs, braces and typesetting commands,
    to compare wordings.
    """
    return _DECORATION.sub("", text.replace("dfrac", "frac").replace("tfrac", "frac"))


_DECORATION = re.compile(r"\\(?:left|right|text|mathrm|textbf|displaystyle|[,;:! ])|[\s${}*\\]")


def with_points(text: str, foreign: bool) -> str:
    """Return a text with a point before decimals where it has a comma: ``1.234,50`` always, ``3,5`` and
    ``1.234`` if its language writes them so.

    What stands in brackets, ``(3,5)``, is a pair and stays one.
    """
    if "," not in text and not foreign:
        return text
    plain = CONTINENTAL.sub(lambda found: found[1].replace(".", "") + "." + found[2], text)
    if not foreign:
        return plain
    plain = _DOTS_OF_THOUSANDS.sub(lambda found: found[1].replace(".", ""), plain) if plain == text else plain
    return _DECIMAL_COMMA.sub(
        lambda found: found[0] if _in_brackets(found) else f"{found[1]}.{found[2]}", plain
    )


def decimal_comma(text: str) -> str | None:
    """Return a text that is a number with a comma before its decimals with a point there, None if it is none:
    ``3,5``, not ``1,234`` and not ``(3,5)``.
    """
    plain = with_points(text, foreign=False)
    plain = (
        plain
        if plain != text
        else _DECIMAL_COMMA.sub(
            lambda found: (
                found[0]
                if _in_brackets(found) or (len(found[2]) == 3 and found[1] != "0")
                else f"{found[1]}.{found[2]}"
            ),
            text,
        )
    )
    return plain if plain != text else None


def _in_brackets(found: re.Match[str]) -> bool:
    before, after = found.string[: found.start()].rstrip(" -+\u2212"), found.string[found.end() :].lstrip()
    return before.endswith(("(", "[", "\\{")) or after.startswith((")", "]", "\\}"))


def _plain(text: str) -> str:
    """Return a short text without typesetting and without what stands around it."""
    plain = raised(ascii_form(text))
    if "_" in plain:
        plain = without_groups(plain)
    if "\\" in plain or "{" in plain or "~" in plain:
        plain = (
            without_groups(plain)
            .replace("{,}", ",")
            .replace("\\$", "$")
            .replace("\\(", "")
            .replace("\\)", "")
            .replace("\\[", "")
            .replace("\\]", "")
        )
        plain = re.sub(r"\\[dtc]frac", r"\\frac", _TYPESETTING.sub("", _ORDINAL.sub("", plain)))
        for _ in range(3):
            plain = _WRAPPERS.sub(r" \1 ", plain)
        plain = _DEGREES.sub(" degrees", _SPACES.sub(" ", plain))
    plain = _DEGREES.sub(" degrees", plain)
    plain = (
        " ".join(plain.split()).strip("*_`\"'\u201c\u201d ").rstrip(".,;:\u3002").strip("*_`\"'\u201c\u201d ")
    )
    for opening, closing in (("$$", "$$"), ("$", "$"), ("{", "}"), ("(", ")")):
        if plain.startswith(opening) and plain.endswith(closing) and len(plain) > 2 * len(opening):
            plain = plain[len(opening) : -len(closing)].strip()
    return plain.rstrip(".,;").strip()


def _is_unit(unit: str) -> bool:
    return not unit or (_UNIT.fullmatch(unit) is not None and not _NO_UNIT.search(unit))


def _value(shape: re.Match[str]) -> Fraction | None:
    part = shape.groupdict()
    if part["sign"] and part["sign2"]:
        return None
    sign = -1 if "-" in (part["sign"], part["sign2"]) else 1
    try:
        if part["mixed"]:
            return sign * (
                int(part["mixed"])
                + Fraction(int(part["over"] or part["over2"]), int(part["under"] or part["under2"]))
            )
        top, bottom = part["top"] or part["top1"], part["bottom"] or part["bottom1"]
        if top and bottom:
            return sign * _decimal(top) / _decimal(bottom)
        power = part["power"] or part["exponent"]
        if part["number"] is None and power is None:
            return None
        value = _decimal(part["number"]) if part["number"] else Fraction(1)
        value /= _decimal(part["divisor"]) if part["divisor"] else 1
        return sign * value * Fraction(10) ** int(power or 0)
    except (ValueError, ZeroDivisionError):
        return None


def _decimal(text: str) -> Fraction:
    """Return the value of digits with a point and separators of thousands;
    raises ValueError where they stand anywhere else.
    """
    sign = -1 if text.startswith("-") else 1
    whole, _, decimals = text.strip().lstrip("+-").rstrip(",").partition(".")
    if (
        (whole and not _GROUPED.fullmatch(whole))
        or (decimals and not decimals.isdecimal())
        or not (whole or decimals)
    ):
        raise ValueError(text)
    digits = re.sub(r"\D", "", whole) + decimals
    return Fraction(sign * int(digits), 10 ** len(decimals))
