r"""An exact value and the approximation that stands beside it: ``\frac{7}{3} \approx 2.33``, ``7/3 (about
2.33)``, ``4\sqrt{3}, or roughly 6.93``.

Texts are in the wording of `formula_form`. The exact value is the answer; the approximation is as well, where
that was asked for, if it is one of that value.
"""

import re
from fractions import Fraction
from typing import NamedTuple

from synth.grading.answers_in_parts import split_outside
from synth.grading.formula import real

_ABOUT = r"(?:about|approximately|approx\.?|roughly|around|nearly|circa|ca\.|rounded to|rounded|environ|etwa|ungef\u00e4hr|aproximadamente|circa)"  # noqa: E501
_SAID = re.compile(
    rf"\s*(?:\\text\{{)?\s*[,(\[]?\s*(?:(?:or|which|that|i\.e\.|and|it|this|o|ou|oder|das)[\s,]{{1,2}}(?:is\s|are\s|equals\s|ist\s"
    rf"|est\s)?)?(?:equal to\s|is\s)?(?:\(\s?)?{_ABOUT}(?![a-z])[\s}}:]*"
)
_SIGN = re.compile(r"\\approx(?![A-Za-z])(?:\s?=)?|=\s?\\approx(?![A-Za-z])")
_BEGINS = re.compile(rf"\s*(?:\\approx(?![A-Za-z])|(?:\\text\{{)?\s*{_ABOUT}(?![a-z])\s*\}}?)\s*")
_IN_BRACKETS = re.compile(r"\s*[(\[]\s*\\approx(?![A-Za-z])\s*([^()\[\]]{1,60})[)\]]")
_EQUALS = re.compile(r"=")
_DECIMAL = re.compile(r"-?\d*\.\d+")
_FIRST_NUMBER = re.compile(r"[-+]?\s?(?:\\dollar\s?)?(?:\d+(?:\.\d+)?|\.\d+)")


class Values(NamedTuple):
    """What is said to be the value, and its approximations; where nothing is exact,
    `exact` is the approximation.
    """

    exact: str
    approximations: list[str]


def values(text: str) -> Values:
    """Return the exact value and the approximations that a text gives."""
    begun = _BEGINS.match(text)
    rest = text[begun.end() :] if begun and begun.end() < len(text) else text
    rest = _IN_BRACKETS.sub(r" \\approx \1", rest)
    if "approx" not in rest and not _SAID.search(rest) and "=" not in rest:
        return Values(rest.strip(), [])
    pieces: list[str] = []
    for piece in split_outside(rest, _SIGN):
        said = _SAID.search(piece, 1)
        pieces += (
            [piece[: said.start()], piece[said.end() :].rstrip(" )}]")]
            if said and re.search(r"\d", piece[said.end() :])
            else [piece]
        )
    exact, *others = [piece.strip().rstrip("(,").strip() for piece in pieces if piece.strip()] or [rest]
    if exact.count("(") > exact.count(")"):
        exact = exact.rstrip("( ")
    if others and _DECIMAL.fullmatch(exact) and not _DECIMAL.fullmatch(others[0]):  # 6.93 ≈ 4√3
        exact, others[0] = others[0], exact
    exact, equal = _said_equal(exact)
    return Values(
        exact,
        [
            *equal,
            *(
                other.rstrip(")").strip() if other.count(")") > other.count("(") else other
                for other in others
            ),
        ],
    )


def _said_equal(text: str) -> tuple[str, list[str]]:
    r"""Return the value before an equals sign and that behind it, where the latter is a decimal that only
    comes near: ``\frac{7}{3} = 2.33``.
    """
    chain = [side.strip() for side in split_outside(text, _EQUALS)]
    if len(chain) < 2 or not _DECIMAL.fullmatch(chain[-1]):
        return text, []
    before, last = real(chain[-2]), real(chain[-1])
    if (
        before is None
        or last is None
        or before == last
        or re.search(r"[-+*]|\\times", chain[-2].lstrip("-+"))
    ):
        return text, []
    return ("=".join(chain[:-1]), [chain[-1]]) if is_near(chain[-2], chain[-1]) else (text, [])


def is_near(exact: str, approximation: str) -> bool:
    """Say whether an approximation is right to the place of its last digit;
    true as well where that cannot be told.
    """
    value, found = real(exact), _FIRST_NUMBER.search(approximation)
    if value is None or found is None:
        return True
    written = re.sub(r"[^\d.]", "", found[0])
    whole, _, decimals = written.partition(".")
    place = (
        Fraction(1, 10 ** len(decimals))
        if decimals
        else Fraction(10 ** (len(whole) - len(whole.rstrip("0")) if whole.strip("0") else 0))
    )
    near = real(re.sub(r"[\s+]|\\dollar", "", found[0]))
    return near is not None and abs(float(value) - float(near)) <= float(place)
