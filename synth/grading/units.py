"""Units of measure: what each measures, and how large it is beside others of its kind."""

import re
from collections import Counter
from fractions import Fraction
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit: the powers of what it measures, and how many of the basic units it is.
    ``km/h`` is length/time, 5/18.
    """

    measures: tuple[tuple[str, int], ...]
    size: Fraction


_TABLE = """
length 1 m meter metre | 1000 km kilometer kilometre | 1/10 dm decimeter decimetre
length 1/100 cm centimeter centimetre | 1/1000 mm millimeter millimetre
length 1/1000000 um \u00b5m \u03bcm micrometer micrometre micron | 1/1000000000 nm nanometer nanometre
length 0.0254 inch inche | 0.3048 ft foot feet | 0.9144 yd yard
length 1609.344 mi mile
mass 1 g gram gramme | 1000 kg kilogram kilogramme kilo | 1/1000 mg milligram | 1000000 t ton tonne
mass 453.59237 lb lbs pound | 28.349523125 oz ounce
time 1 s sec second sekunde | 1/1000 ms millisecond | 60 min minute minuten | 3600 h hr hour stunde heure
time 86400 d day tag | 604800 week
months 1 month | 12 year yr
liquid 1 l liter litre | 1/1000 ml milliliter millilitre | 1/100 cl | 1/10 dl | 3.785411784 gallon gal
liquid 0.946352946 quart | 0.473176473 pint
celsius 1 celsius \u2103
fahrenheit 1 fahrenheit \u2109
kelvin 1 kelvin
energy 1 j joule | 1000 kj kilojoule
calories 1 cal calorie | 1000 kcal kilocalorie
energy 3600000 kwh
power 1 w watt | 1000 kw kilowatt | 1000000 megawatt
force 1 n newton | 1000 kn kilonewton
pressure 1 pa pascal | 1000 kpa kilopascal
voltage 1 v volt
current 1 ampere amp
resistance 1 ohm \\Omega
frequency 1 hz hertz | 1000 khz kilohertz | 1000000 mhz megahertz
dollars 1 dollar usd \\dollar | 1/100 cent
euros 1 euro eur \u20ac
pounds 1 gbp sterling \u00a3
yen 1 yen jpy \u00a5
rupees 1 rupee inr rs \u20b9
yuan 1 yuan rmb cny
angle 1 degree deg
radians 1 radian rad
"""
_COMPOUND = {
    "mph": "mi/h",
    "kph": "km/h",
    "kmh": "km/h",
    "kmph": "km/h",
    "mps": "m/s",
    "fps": "ft/s",
    "sqft": "ft^2",
    "hectare": "10000 m^2",
    "ha": "10000 m^2",
}
_BY_CASE = {
    "C": "celsius",
    "F": "fahrenheit",
    "K": "kelvin",
    "M": None,
    "L": "liter",
    "N": "newton",
    "A": "ampere",
    "J": "joule",
    "W": "watt",
    "V": "volt",
}
_ADJECTIVES = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_TOKEN = re.compile(
    r"[A-Za-z\u00b5\u03bc\u2103\u2109\u20ac\u00a3\u00a5\u20b9\\]+|\^\s?\{?\s?(-?\d)\s?\}?|/|\d+"
)
_MOST_TOKENS = 12


def _read_table() -> dict[str, tuple[str, Fraction]]:
    table: dict[str, tuple[str, Fraction]] = {}
    for line in _TABLE.strip().splitlines():
        measure, _, rest = line.partition(" ")
        for entry in rest.split("|"):
            size, *names = entry.split()
            table |= {name: (measure, Fraction(size)) for name in names}
    return table


_UNITS = _read_table()


def read_unit(text: str) -> Unit | None:
    """Return the unit that the words after a number begin with, None if they begin with none:
    ``plums``, ``people``.
    """
    measures: Counter[str] = Counter()
    size, sign, power, known = Fraction(1), 1, 1, False
    last: tuple[dict[str, int], Fraction] | None = None
    for token in list(_TOKEN.finditer(text))[:_MOST_TOKENS]:
        word = token[0]
        lower = word.lower()
        if token[1] or lower in ("squared", "cubed"):
            exponent = int(token[1]) if token[1] else 2 + (lower == "cubed")
            if last is not None:
                for measure, one in last[0].items():
                    measures[measure] += one * (exponent - 1)
                size *= last[1] ** (exponent - 1)
                last = None
        elif lower in ("/", "per", "pro", "par", "por"):
            sign, power = -1, 1
        elif lower in _ADJECTIVES:
            power = _ADJECTIVES[lower]
        elif (part := _named(word)) is not None:
            own = {measure: one * sign * power for measure, one in part.measures}
            scale = part.size ** (sign * power)
            for measure, one in own.items():
                measures[measure] += one
            size, last, power, known = size * scale, (own, scale), 1, True
        elif not known or sign < 0:
            if not known:
                return None
            break
        else:
            break
    left = tuple(sorted((measure, one) for measure, one in _volume(measures).items() if one))
    return Unit(left, size * Fraction(1, 1000) ** measures["liquid"]) if known else None


def _volume(measures: Counter[str]) -> Counter[str]:
    """Return litres as cubes of lengths."""
    counted = Counter(measures)
    counted["length"] += 3 * counted.pop("liquid", 0)
    return counted


def _named(word: str) -> Unit | None:
    if word in _BY_CASE:
        word = _BY_CASE[word] or ""
    lower = word.lower()
    if lower in _COMPOUND:
        return read_unit(_COMPOUND[lower])
    for name in (word, lower, lower.removesuffix("s"), lower.removesuffix("es")):
        if name in _UNITS:
            measure, size = _UNITS[name]
            return Unit(((measure, 1),), size)
    return None
