r"""Numbers and what stands beside them and makes them others: units, halves of the day, scales,
directions, percent and points.

    7:05 p.m.   10 million   30^\circ S   15 percentage points   5 hours   \$12   12 cm   0.12 m

A unit left out, or added, changes nothing; two units that conflict do.
Texts are in the wording of `formula_form`.
"""

import re
from fractions import Fraction
from typing import NamedTuple

from synth.grading.formula import rational
from synth.grading.numbers import OTHER_SCALES_OF
from synth.grading.units import Unit, read_unit

_CLOCK = re.compile(
    r"(?:(?:\\text|at)\s)?(?P<hour>\d{1,2})\s?(?:[:.h]\s?(?P<minute>[0-5]\d)(?:\s?:\s?[0-5]\d)?)?\s*(?P<half>a\.?\s?m\b\.?|p\.?\s?m\b\.?|o'?clock|uhr"
    r"|hrs|hours?)?"
    r"\s*(?P<part>in the (?:morning|afternoon|evening)|at (?:night|noon|midnight)|noon|midnight)?",
    re.IGNORECASE,
)
_NOON = {"noon": 12 * 60, "12 noon": 12 * 60, "midday": 12 * 60, "midnight": 0, "12 midnight": 0}
_SCALES = {
    "hundred": 2,
    "thousand": 3,
    "lakh": 5,
    "lac": 5,
    "million": 6,
    "mn": 6,
    "mio": 6,
    "crore": 7,
    "billion": 9,
    "bn": 9,
    "trillion": 12,
    "\u4e07": 4,
    "\u842c": 4,
    "\u4ebf": 8,
    "\u5104": 8,
}
_TEXT = re.compile(r"\\text\{([^{}]*)\}")
_UNIT_FRACTION = re.compile(
    r"\\frac\s?\{\s?\\text\{([^{}]*)\}\s?\}\s?\{\s?\\text\{([^{}]*)\}(\^\{?\d\}?)?\s?\}"
)
_CURRENCY = re.compile(
    r"\s*([-+]?)\s*(\\dollar|[\u20ac\u00a3\u00a5\u20b9]|\\text\{\s?(?:US|USD|EUR|GBP|Rs\.?|INR|CNY|RMB)\s?\}|(?:USD|EUR|GBP|INR|RMB|CNY"
    r"|Rs\.?)(?![A-Za-z]))\s*",
)
_DEGREES = r"\^\s?(?:\\circ(?![A-Za-z])|\{\s?\\circ\s?\})"
# Where what belongs to the number ends: at a word of two letters or more, a command for words, a degree,
# a percent sign.
_WORDS_BEGIN = re.compile(
    rf"\\text\{{|%|{_DEGREES}|(?<![A-Za-z\\])[A-Za-z\u00b5\u4e00-\u9fff]{{2,}}|[\u20ac\u00a3\u00a5\u20b9\u2103\u2109\u4e00-\u9fff]|\\dollar"
)
_LETTER_UNIT = re.compile(
    r"([-+]?[\d./ ]*\d)\s*([mgshLlNJWVAKCFkM](?:\s?/\s?[a-z]{1,3})?(?:\s?\^\s?\{?[23]\}?)?)"
)
_NUMERIC = re.compile(r"[-+\d\s./{}()]|\\(?:frac|times|div|sqrt|pi)(?![A-Za-z])|[*]|\^(?!\{?\\circ)")
_DIRECTIONS = {
    "n": "north",
    "s": "south",
    "e": "east",
    "w": "west",
    "ne": "northeast",
    "nw": "northwest",
    "se": "southeast",
    "sw": "southwest",
}
_DIRECTION = re.compile(
    r"(?<![a-z])((?:north|south)[-\s]?(?:east|west)|north|south|east|west|above|below|up|down|left|right|clockwise|counter-?clockwise"
    r"|anti-?clockwise)(?:ern|wards?)?(?![a-z])"
)
_DEGREES_OF = re.compile(r"(?:\bdegrees?\s+)(C|F|celsius|fahrenheit)(?![a-z])", re.IGNORECASE)
_SCALES_OF_DEGREES = {"c": "celsius", "f": "fahrenheit"}
_TURNED, _WARM = (("angle", 1),), ((("celsius", 1),), (("fahrenheit", 1),))
_FUNCTION = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_ANOTHER_NUMBER = re.compile(r"(?<![\w^.(-])\d")
_POINTS = re.compile(r"(?:percent(?:age)?|%|basis)[-\s]?points?|\bbps\b|\bp\.?p\.?\b|\bpts?\b", re.IGNORECASE)
_PERCENT = re.compile(r"%|\bper\s?cent\b|\bpercent\b|\bprozent\b|\bpour\s?cent\b", re.IGNORECASE)
_PART = r"(\d{1,9}(?:\.\d{1,9})?)\s*(?:\\text\{\s*)?([A-Za-z]{1,12})\s*,?\s*\}?"
_FEET_AND_INCHES = re.compile(r"(\d{1,3})\s?'\s?(\d{1,2}(?:\.\d{1,4})?)\s?(?:''|\"|\u2033|\u201d)?")
_COMPOUND_PART = re.compile(_PART)
_COMPOUND = re.compile(rf"{_PART}(?:\s*,?\s*(?:\\text\{{)?\s*(?:and)?\s*\}}?\s*{_PART}){{1,2}}")
_BASE = re.compile(
    r"\(?\s*(?:\\text\{)?\s*(?P<digits>[0-9A-Fa-f]{1,60}(?:\.[0-9A-Fa-f]{1,30})?)\}?\s*\)?\s*"
    r"(?:_\s?\{?\s?(?:\\text\{\s?)?\(?(?P<base>\d{1,2}|[a-z]{3,12})\)?\s?\}?\s?\}?"
    r"|\(?\s?(?:\\text\{)?\s*\(?\s?(?:in\s)?base\}?[\s{-]{0,3}(?P<said>\d{1,2}|[a-z]{3,12})\)?\}?\s?\)?)"
)
_PREFIXED = re.compile(r"0(?P<kind>[xXbBoO])(?P<digits>[0-9A-Fa-f]{1,60})")
_BASES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "sixteen": 16,
    "binary": 2,
    "octal": 8,
    "decimal": 10,
    "hex": 16,
    "hexadecimal": 16,
}


class Quantity(NamedTuple):
    """A number or formula, and what was written beside it; what was not is None or empty."""

    core: str
    number: Fraction | None
    scale: int
    percent: str
    direction: str
    unit: Unit | None
    # minutes since midnight; "half" or "24" if it is told in which half of the day
    clock: tuple[int, str] | None
    words: bool


class InBase(NamedTuple):
    """Digits, and the base that they are in."""

    digits: str
    base: int


def in_base(text: str) -> InBase | None:
    r"""Return digits with the base that is written beside them (``101_2``, ``101_{\text{two}}``, ``101 (base
    2)``, ``0x1F``), None if none is.
    """
    plain = _TEXT.sub(r"\1", text).strip()
    if prefixed := _PREFIXED.fullmatch(plain):
        return InBase(
            prefixed["digits"].upper().lstrip("0") or "0", {"x": 16, "b": 2, "o": 8}[prefixed["kind"].lower()]
        )
    found = _BASE.fullmatch(plain)
    if found is None:
        return None
    said = found["base"] or found["said"]
    base = int(said) if said.isdigit() else _BASES.get(said.lower(), 0)
    digits = found["digits"].upper().lstrip("0") or "0"
    if not 2 <= base <= 16 or any(int(digit, 16) >= base for digit in digits.replace(".", "")):
        return None
    return InBase(digits, base)


def same_base(stated: str, gold: str) -> bool | None:
    """Say whether two numbers have the same digits in the same base, None if neither names one.

    A base that one of them leaves out is the other's, but for one in base ten, which needs no name: a
    question that asks for another base says so.
    """
    own, right = in_base(stated), in_base(gold)
    if own is None and right is None:
        return None
    if own is None or right is None:
        named, bare = (own, gold) if own else (right, stated)
        if named is None or not re.fullmatch(r"[0-9A-Fa-f.]{1,90}", digits := bare.strip().upper()):
            return False
        return (named.base == 10 or own is None) and named.digits == (digits.lstrip("0") or "0")
    return own == right


def read_quantity(text: str) -> Quantity | None:
    """Read a number or a formula with what stands beside it,
    None if there is nothing beside it that could change it.
    """
    plain = _UNIT_FRACTION.sub(r"\\text{ \1/\2}\3", text).strip()
    if clock := _clock(_TEXT.sub(r" \1 ", plain)):
        return Quantity("", None, 1, "", "", None, clock, True)
    if parts := _compound(plain):
        return parts
    sign, currency = "", ""
    if money := _CURRENCY.match(plain):
        sign, currency, plain = money[1], _TEXT.sub(r"\1", money[2]).strip(" ."), plain[money.end() :]
    begins = _words_begin(plain)
    if begins is None and not currency:
        return None
    core, rest = (plain, "") if begins is None else (plain[:begins], plain[begins:])
    words = _TEXT.sub(r" \1 ", rest)
    words = " ".join(
        re.sub(_DEGREES, " degree ", words)
        .replace("{", "")
        .replace("}", "")
        .replace("\\times", " ")
        .replace("\\dollar", " dollar ")
        .split()
    )
    if _ANOTHER_NUMBER.search(words) or re.search(
        r"[=<>\\]|\b(?:or|and|mod|times|plus|minus|remainder|if|for|where)\b", words
    ):
        return None
    core = re.sub(r"\\times\s*\Z", "", sign + core.strip().rstrip("\\ ")).strip()
    if not core or _FUNCTION.search(core) or re.search(r"[A-Za-z]{3,}", re.sub(r"\\[A-Za-z]+", "", core)):
        return None
    scale, words = _scale(words)
    points, percent = _POINTS.search(words), _PERCENT.search(words)
    unit = read_unit(currency or _unit_words(words))
    kind = "points" if points else "percent" if percent else ""
    return Quantity(
        core, rational(core), scale, kind, _direction(words), None if kind else unit, None, bool(words)
    )


def _compound(plain: str) -> Quantity | None:
    """Read a quantity in two units or three, ``1 hour 30 minutes``, as one of the first unit."""
    if feet := _FEET_AND_INCHES.fullmatch(plain):
        plain = f"{feet[1]} ft {feet[2]} in"
    if not _COMPOUND.fullmatch(plain):
        return None
    parts = [
        (Fraction(number), read_unit("inch" if unit == "in" else unit))
        for number, unit in _COMPOUND_PART.findall(plain)
    ]
    first = parts[0][1]
    if first is None or any(unit is None or unit.measures != first.measures for _, unit in parts):
        return None
    total = sum((number * unit.size / first.size for number, unit in parts if unit), Fraction(0))
    return Quantity("", total, 1, "", "", first, None, True)


def same_quantity(stated: Quantity, gold: Quantity) -> bool | None:
    """Say whether two quantities are the same; None if nothing beside the numbers tells them apart, and their
    cores are to be compared as formulas.
    """
    if stated.clock or gold.clock:
        return _same_clock(stated, gold)
    if (stated.direction and gold.direction and stated.direction != gold.direction) or {
        stated.percent,
        gold.percent,
    } == {"percent", "points"}:
        return False
    factor = _factor(stated, gold)
    if factor is None:
        return False
    if stated.number is None or gold.number is None:
        same_kind = stated.scale == gold.scale and bool(stated.percent) == bool(gold.percent)
        return None if factor == 1 and (same_kind or max(stated.scale, gold.scale) == 1) else False
    own, right = _values(stated), _values(gold)
    if len(own) > 1 and len(right) > 1:
        return own[-1] * factor == right[-1]
    return any(one * factor in right for one in own)


def _factor(stated: Quantity, gold: Quantity) -> Fraction | None:
    """Return how many of the gold unit one of the stated unit is, 1 if one is left out;
    None if they measure different things.
    """
    if (stated.percent and gold.unit) or (gold.percent and stated.unit):
        return None
    if not (stated.unit and gold.unit):
        return Fraction(1)
    units, measures = {stated.unit, gold.unit}, {stated.unit.measures, gold.unit.measures}
    # A degree is one of any scale, and pounds are money or mass.
    if (_TURNED in measures and measures & set(_WARM)) or units == {read_unit("pounds"), read_unit("gbp")}:
        return Fraction(1)
    return stated.unit.size / gold.unit.size if len(measures) == 1 else None


def _values(one: Quantity) -> list[Fraction]:
    """Return the values that may be meant: ``50%`` is 50 and 0.5, ``3 million`` 3 and 3,000,000."""
    number = one.number or Fraction(0)
    if one.percent == "percent":
        return [number, number / 100]
    return [number, number * one.scale] if one.scale > 1 else [number]


def _words_begin(plain: str) -> int | None:
    """Return where the words beside a number begin, None if there are none."""
    found = _WORDS_BEGIN.search(plain)
    while found and plain[: found.start()].endswith(("_", "_{", "{", "^", "^{")):
        found = _WORDS_BEGIN.search(plain, found.end())
    if found and found.start() > 0:
        if found[0][0] == "\\" or not found[0][0].isalpha() or not _NUMERIC.sub("", plain[: found.start()]):
            return found.start()
        return None
    letter = _LETTER_UNIT.fullmatch(plain)
    return letter.start(2) if letter else None


def _scale(words: str) -> tuple[int, str]:
    first, _, rest = words.partition(" ")
    lower = first.lower().rstrip(".,")
    if lower in OTHER_SCALES_OF:
        scale, left = _scale(rest)
        return 10 ** OTHER_SCALES_OF[lower] * scale, left
    if lower == "dozen" or lower in _SCALES or lower.removesuffix("s") in _SCALES:
        scale, left = _scale(rest)
        return (
            12 if lower == "dozen" else 10 ** _SCALES.get(lower, _SCALES.get(lower.removesuffix("s"), 0))
        ) * scale, left
    return (1000, rest) if first == "k" and not rest else (1, words)


def _unit_words(words: str) -> str:
    """Return words without those that only lead to a unit."""
    plain = _DEGREES_OF.sub(lambda found: f" {_SCALES_OF_DEGREES[found[1][0].lower()]}", words)
    plain = _DIRECTION.sub(" ", re.sub(r"degree\s+[NSEW]{1,2}\b", "degree", plain))
    if plain.strip(" .") == "in":
        return "inch"
    return re.sub(r"^\s*(?:(?:of|a|the|more|about|whole|full|US)\s)+", "", plain)


def _direction(words: str) -> str:
    if found := _DIRECTION.search(words.lower()):
        return re.sub(r"[-\s]", "", found[1])
    last = re.search(r"degree\s+([NSEW]{1,2})\.?\Z", words)
    return _DIRECTIONS.get(last[1].lower(), "") if last else ""


def _clock(text: str) -> tuple[int, str] | None:
    plain = " ".join(text.replace("~", " ").split()).strip(" .")
    if plain.lower() in _NOON:
        return _NOON[plain.lower()], "half"
    found = _CLOCK.fullmatch(plain)
    if found is None:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    half, part = re.sub(r"[.\s]", "", (found["half"] or "").lower()), (found["part"] or "").lower()
    dotted = found["minute"] is not None and not re.match(r"\d{1,2}\s?:", plain)
    if (
        hour > 24
        or (not found["minute"] and half not in ("am", "pm", "oclock", "o'clock", "uhr") and not part)
        or (dotted and half not in ("am", "pm", "uhr"))
    ):
        return None
    if half in ("hours", "hour", "hrs") and not part:
        return None
    late = half == "pm" or "afternoon" in part or "evening" in part or "night" in part
    early = half == "am" or "morning" in part
    if (late and "midnight" not in part) or part.removeprefix("at ") == "noon":
        hour = hour % 12 + 12 if not ("night" in part and half != "pm" and hour < 6) else hour
    elif early or "midnight" in part:
        hour %= 12
    told = (
        "half"
        if late or early or part
        else "24"
        if int(found["hour"]) > 12 or int(found["hour"]) == 0 or half == "uhr"
        else ""
    )
    return hour % 24 * 60 + minute, told


def _same_clock(stated: Quantity, gold: Quantity) -> bool:
    if not (stated.clock and gold.clock):
        # "9" for "9 PM", as a unit may be left out.
        clock, other = (stated.clock, gold) if stated.clock else (gold.clock, stated)
        return (
            clock is not None
            and other.number is not None
            and not other.words
            and clock[0] % 720 == other.number % 12 * 60
        )
    (own, own_told), (right, right_told) = stated.clock, gold.clock
    if own == right:
        return True
    return {own_told, right_told} == {"half", ""} and own % 720 == right % 720
