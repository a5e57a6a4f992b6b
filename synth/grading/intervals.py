r"""Sets of real numbers, however they are written: ``[3, 8)``, ``3 \le x < 8``, ``8 > x \ge 3``, ``x \ne 2``,
``|x| < 2``, ``\mathbb{R} \setminus \{2\}``.

Texts are in the wording of `formula_form`. The ends of an interval may be formulas without letters.
"""

import re
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from synth.grading.answers_in_parts import split_outside
from synth.grading.formula import Formula, close, drawn, read_formula, real

_Real = Fraction | float
_INFINITY = float("inf")
_RELATION = re.compile(r"\\(?:le|ge|ne)(?![A-Za-z])|[<>=]")
_UNION = re.compile(
    r"\\(?:cup|lor)(?![A-Za-z])|\\text\{[\s,;]*(?:or|oder|ou|o)[\s,;]*\}|(?<![A-Za-z\\])(?:or|U)(?![A-Za-z])|\u6216"
)
_BOTH = re.compile(
    r"\\(?:cap|land)(?![A-Za-z])|\\text\{[\s,;]*(?:and|but|und|et|y)[\s,;]*\}|(?<![A-Za-z\\])(?:and|but)(?![A-Za-z])|[,;\u4e14\u548c]"
)
_BUILDER = re.compile(r"\\\{\s*([A-Za-z])\s*(?:\\in\s*\\reals\s*)?(?:\||:|;)(.+)\\\}", re.DOTALL)
_MEMBER = re.compile(
    r"\s*(?:\\text\{[^{}]{0,60}\}\s*:?\s*|[A-Z]\s*=\s*|[A-Za-z]\s*:\s*)?(?:[A-Za-z]|\\[a-z]+)\s*\\in(?![A-Za-z])\s*(.+)",
    re.DOTALL,
)
_NAME = re.compile(r"\s*(?:[A-Z]|\\text\{[^{}]{1,40}\})(?:_\w|\([a-z]\))?\s*[=:]\s*(?=[\[(\]\\])")
_INTERVAL = re.compile(r"([\[(\]])(.+)([\])\[])", re.DOTALL)
_ALL = re.compile(
    r"\\reals|(?:\\text\{)?\s*(?:x\s+is\s+)?(?:all|any)\s(?:the\s)?reals?(?:\snumbers?)?(?:\sx)?\s*\}?",
    re.IGNORECASE,
)
_ALL_BUT = re.compile(
    r"(?:\\reals|(?:\\text\{)?\s*(?:all|any)\s(?:reals?)(?:\snumbers?)?\}?)\s*(?:\\setminus|-|\\text\{\s*(?:except|but|without)(?:\sfor)?\s*\}"
    r"|(?:except|but|without)(?:\sfor)?\}?)\s*(.+)",
    re.IGNORECASE | re.DOTALL,
)
_LOOKS = re.compile(
    r"[<>\u2260]|\b(?:greater|less|more|smaller|larger) than\b|\bat (?:least|most)\b|\\(?:le|ge|ne|cup|cap|reals|setminus|infty|emptyset)(?![A-Za-z])"  # noqa: E501
    r"|\ball\sreal|\A\s*(?:\[[^\[\]()]*\)|\([^\[\]()]*\]|\][^\[\]()]*[\[\]])\s*\Z"
)
_ALL_SUCH = re.compile(
    r"\A\\text\{\s*(?:for\s)?all(?:\sreal)?(?:\s(?:numbers?|values?(?:\sof)?))?\s*\}(?=\s*[A-Za-z]\s*(?:[<>]|\\[lg]e))"
)
_COMPARED = re.compile(
    r"\s*(?:all|any|every)?\s*(?:real)?\s*(?:numbers?|values?)?\s*[a-z]?\s*(?:is|are|that\sare|must\sbe)?\s*(?:strictly)?\s*"
    r"((?:greater|more|larger|bigger|less|smaller|fewer)\sthan(?:\sor\sequal\sto)?|at\sleast|at\smost|not\smore\sthan)\s*(-?[\d./]{1,20})\s*",
    re.IGNORECASE,
)
_VALUE_OF_FUNCTION = re.compile(r"(?<![A-Za-z\\])[a-zA-Z]\([a-z]\)")
_MOST = 32


class RealInterval(NamedTuple):
    """The real numbers between two ends, and whether the ends belong to them."""

    low: _Real
    low_closed: bool
    high: _Real
    high_closed: bool


_EMPTY = ("\\emptyset", "\\{\\}", "\\text{no solution}")
_LINE = RealInterval(-_INFINITY, False, _INFINITY, False)


def looks_like_numbers_between(text: str) -> bool:
    """Say whether a text can be nothing but an inequality or a set of intervals."""
    return _LOOKS.search(text) is not None


def same_intervals(one: list[RealInterval], other: list[RealInterval]) -> bool:
    """Say whether two unions of intervals, as `intervals` gives them, hold the same numbers."""
    return len(one) == len(other) and all(
        a.low_closed == b.low_closed
        and a.high_closed == b.high_closed
        and _same_end(a.low, b.low)
        and _same_end(a.high, b.high)
        for a, b in zip(one, other, strict=True)
    )


def intervals(text: str) -> list[RealInterval] | None:
    """Return the set that a text says in its simplest form, from the left, None if it says none."""
    plain = _ALL_SUCH.sub("", text.strip(), count=1)
    if said := _COMPARED.fullmatch(plain.replace("\\text", "").replace("{", " ").replace("}", " ")):
        plain = f"x {_relation(said[1].lower())} {said[2]}"
    if builder := _BUILDER.fullmatch(plain):
        plain = builder[2]
    plain = _NAME.sub("", plain, count=1)
    parts = split_outside(plain, _UNION)
    if len(parts) > _MOST:
        return None
    found: list[RealInterval] = []
    for part in parts:
        one = _intersection(part)
        if one is None:
            return None
        found += one
    return _simplest(found)


def _relation(said: str) -> str:
    """Return the sign for "greater than", "at most" and the like."""
    if said.startswith(("at least", "greater", "more", "larger", "bigger")):
        return "\\ge" if "equal" in said or "least" in said else ">"
    return "\\le" if "equal" in said or "most" in said or said.startswith("not") else "<"


def _intersection(text: str) -> list[RealInterval] | None:
    plain = text.strip()
    if (whole := _atom(plain)) is not None:
        return whole
    parts = [part for part in split_outside(plain, _BOTH) if part]
    if not 1 < len(parts) <= _MOST:
        return None
    sets = []
    for part in parts:
        # "x ≠ 1, 2" says x ≠ 1 and x ≠ 2.
        one = _atom(part)
        if one is None and re.match(r"[A-Za-z]\s*\\ne", parts[0]):
            one = _atom(f"x \\ne {part}")
        if one is None:
            return None
        sets.append(_simplest(one))
    common = sets[0]
    for one in sets[1:]:
        common = [shared for a in common for b in one if (shared := _shared(a, b))]
    # "x < 1 and x > 6" lists the two parts of a solution.
    return common or [interval for one in sets for interval in one]


def _atom(text: str) -> list[RealInterval] | None:
    plain = text.strip()
    if member := _MEMBER.fullmatch(plain):
        plain = member[1].strip()
        if _UNION.search(plain):
            return intervals(plain)
    if (
        plain.startswith("(")
        and plain.endswith(")")
        and (_UNION.search(plain) or _RELATION.search(plain))
        and _wrapped(plain)
    ):
        return intervals(plain[1:-1])
    if _ALL.fullmatch(plain) or plain in _EMPTY:
        return [] if plain in _EMPTY else [_LINE]
    return _left_over(plain) or _between(plain) or _inequality(plain)


def _left_over(plain: str) -> list[RealInterval] | None:
    """Return single numbers, and what is left of a set without some numbers."""
    if (but := _ALL_BUT.fullmatch(plain)) and (rest := _without(but[1])) is not None:
        return rest
    pieces = split_outside(plain, re.compile(r"\\setminus(?![A-Za-z])"))
    if (
        len(pieces) == 2
        and (whole := _atom(pieces[0])) is not None
        and (rest := _without(pieces[1]) or _outside(_between(pieces[1]))) is not None
    ):
        return [shared for a in whole for b in rest if (shared := _shared(a, b))]
    if points := _points(plain):
        return [RealInterval(point, True, point, True) for point in points]
    return None


def _wrapped(text: str) -> bool:
    depth = 0
    for i, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and i < len(text) - 1:
            return False
    return True


def _points(text: str) -> list[_Real]:
    if not (text.startswith("\\{") and text.endswith("\\}")):
        return []
    values = [real(part) for part in split_outside(text[2:-2], re.compile("[,;]"))]
    return (
        [value for value in values if value is not None]
        if None not in values and len(values) <= _MOST
        else []
    )


def _without(text: str) -> list[RealInterval] | None:
    plain = text.strip().strip("{}").strip()
    plain = re.sub(r"^\s*[A-Za-z]\s*=\s*", "", plain)
    listed = re.sub(
        r"(?:and|or)(?![a-z])", ",", plain.replace("\\text", "").replace("{", "").replace("}", "")
    )
    points = _points(text.strip()) or _points("\\{" + listed + "\\}")
    if not points:
        return None
    ends = [-_INFINITY, *sorted(points), _INFINITY]
    return [RealInterval(low, False, high, False) for low, high in pairwise(ends)]


def _outside(one: list[RealInterval] | None) -> list[RealInterval] | None:
    """Return the numbers below and above an interval."""
    if not one:
        return None
    below, above = (
        RealInterval(-_INFINITY, False, one[0].low, not one[0].low_closed),
        RealInterval(one[0].high, not one[0].high_closed, _INFINITY, False),
    )
    return [side for side in (below, above) if side.low < side.high]


def _between(text: str) -> list[RealInterval] | None:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        return None
    ends = split_outside(found[2], re.compile("[,;]"))
    if len(ends) != 2:
        return None
    low, high = _end(ends[0]), _end(ends[1])
    if low is None or high is None or low > high:
        return None
    return [_open_at_infinity(RealInterval(low, found[1] == "[", high, found[3] == "]"))]


def _open_at_infinity(one: RealInterval) -> RealInterval:
    return one._replace(
        low_closed=one.low_closed and one.low != -_INFINITY,
        high_closed=one.high_closed and one.high != _INFINITY,
    )


def _end(text: str) -> _Real | None:
    plain = text.strip().replace(" ", "")
    if plain in ("\\infty", "+\\infty"):
        return _INFINITY
    return -_INFINITY if plain == "-\\infty" else real(text)


def _inequality(text: str) -> list[RealInterval] | None:
    """Return what a chain of relations says of its one letter; with the letter at the end of one relation,
    or in the middle of two.
    """
    text = _VALUE_OF_FUNCTION.sub("y", text)
    relations, terms = _RELATION.findall(text), [term.strip() for term in _RELATION.split(text)]
    if not 1 <= len(relations) <= 2 or not all(terms):
        return None
    formulas = [
        (i, formula)
        for i, term in enumerate(terms)
        if _end(term) is None and (formula := read_formula(term)) and len(formula.letters) == 1
    ]
    if len(formulas) != 1 or (len(relations) == 2 and formulas[0][0] != 1):
        return None
    at, formula = formulas[0]
    found = [_LINE]
    for i, relation in enumerate(relations):
        bound = _end(terms[i + 1 if at == i else i])
        if bound is None:
            return None
        one = _solved(formula, relation if at == i else _MIRRORED[relation], bound)
        if one is None:
            return None
        found = [shared for a in found for b in one if (shared := _shared(a, b))]
    return found


_MIRRORED = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le", "=": "=", "\\ne": "\\ne"}


def _solved(formula: Formula, relation: str, bound: _Real) -> list[RealInterval] | None:
    """Return where a formula of one letter, linear or the absolute value of such a one,
    has that relation to a number.
    """
    inner, absolute = (
        (formula, False) if formula.node[0] != "abs" else (formula._replace(node=formula.node[1]), True)
    )
    line = _line(inner)
    if line is None:
        return None
    slope, shift = line
    found: list[RealInterval] = []
    for one in _sides(relation, bound, absolute):
        ends = (
            sorted(((one.low - shift) / slope, (one.high - shift) / slope))
            if isinstance(bound, Fraction) or slope
            else []
        )
        turned = slope < 0
        found.append(
            RealInterval(
                ends[0],
                one.high_closed if turned else one.low_closed,
                ends[1],
                one.low_closed if turned else one.high_closed,
            )
        )
    return _simplest([_open_at_infinity(one) for one in found])


def _sides(relation: str, bound: _Real, absolute: bool) -> list[RealInterval]:
    closed = relation in ("\\le", "\\ge", "=")
    low, high = (-bound if absolute else -_INFINITY), (bound if absolute else _INFINITY)
    match relation:
        case "<" | "\\le":
            return (
                [RealInterval(low, closed and absolute, bound, closed)] if not absolute or bound >= 0 else []
            )
        case ">" | "\\ge":
            if absolute:
                return [
                    RealInterval(-_INFINITY, False, low, closed),
                    RealInterval(high, closed, _INFINITY, False),
                ]
            return [RealInterval(bound, closed, _INFINITY, False)]
        case "=":
            return [
                RealInterval(value, True, value, True)
                for value in sorted({bound, low} if absolute else {bound})
            ]
    points = sorted({bound, low} if absolute else {bound})
    ends = [-_INFINITY, *points, _INFINITY]
    return [RealInterval(a, False, b, False) for a, b in pairwise(ends)]


def _line(formula: Formula) -> tuple[Fraction, Fraction] | None:
    """Return slope and value at zero of a formula that is linear in its one letter."""
    (letter,) = formula.letters
    xs, ys = (
        [drawn(letter, point) for point in range(3)],
        [value for point in range(3) if isinstance(value := formula.at(point), Fraction)],
    )
    if len(ys) != 3:
        return None
    slope = (ys[1] - ys[0]) / (xs[1] - xs[0])
    shift = ys[0] - slope * xs[0]
    return (slope, shift) if slope and ys[2] == slope * xs[2] + shift else None


def _shared(one: RealInterval, other: RealInterval) -> RealInterval | None:
    low = max(((one.low, not one.low_closed), (other.low, not other.low_closed)))
    high = min(((one.high, one.high_closed), (other.high, other.high_closed)))
    shared = RealInterval(low[0], not low[1], high[0], high[1])
    empty = shared.low > shared.high or (
        shared.low == shared.high and not (shared.low_closed and shared.high_closed)
    )
    return None if empty else shared


def _simplest(found: list[RealInterval]) -> list[RealInterval]:
    """Return a union with its parts in their order, and those made one that touch."""
    joined: list[RealInterval] = []
    for one in sorted(found, key=lambda interval: (interval.low, not interval.low_closed)):
        last = joined[-1] if joined else None
        if last and (
            one.low < last.high or (_same_end(one.low, last.high) and (one.low_closed or last.high_closed))
        ):
            high = max((last.high, last.high_closed), (one.high, one.high_closed))
            joined[-1] = RealInterval(last.low, last.low_closed, high[0], high[1])
        else:
            joined.append(one)
    return joined


def _same_end(one: _Real, other: _Real) -> bool:
    infinite = _INFINITY in (abs(one), abs(other))
    return one == other if infinite else close(_value(one), _value(other))


def _value(end: _Real) -> Fraction | complex:
    return end if isinstance(end, Fraction) else complex(end)
