r"""Equations and inequalities in letters: ``y = 2x + 1`` and ``2x - y + 1 = 0`` are the same line. Texts are
in the wording of `formula_form`.
"""

import re
from fractions import Fraction

from synth.grading.answers_in_parts import split_outside
from synth.grading.formula import POINTS, Formula, Value, close, read_formula

_EQUALS, _RELATION = re.compile("="), re.compile(r"\\(?:le|ge)(?![A-Za-z])|[<>=]")


def sides(text: str) -> list[str]:
    """Return what stands left and right of the equals signs of a text; one side where there is none."""
    return split_outside(text, _EQUALS)


def same_relation(one: str, other: str) -> bool | None:
    """Say whether two equations, or two inequalities, hold for the same letters' values;
    None if either cannot be read.

    One is the other multiplied by a number, or says the other solved for a letter.
    """
    own, right = _difference(one), _difference(other)
    if own is None or right is None:
        return None
    (left, relation), (left2, relation2) = own, right
    if relation != relation2:
        return False
    ratios = []
    for point in range(POINTS):
        top, bottom = _at(left, point), _at(left2, point)
        if top is None or bottom is None:
            continue
        if bottom == 0 or top == 0:
            return None
        ratios.append(top / bottom)
    if len(ratios) < POINTS - 1:
        return None
    if not all(close(ratio, ratios[0]) for ratio in ratios[1:]):
        return _shares_solution(one, other) if relation == "=" else False
    return relation == "=" or (isinstance(ratios[0], Fraction) and ratios[0] > 0)


def _difference(text: str) -> tuple[tuple[Formula, Formula], str] | None:
    relations, terms = _RELATION.findall(text), _RELATION.split(text)
    if len(relations) != 1 or len(terms) != 2:
        return None
    left, right = (read_formula(term.strip()) for term in terms)
    if left is None or right is None:
        return None
    relation = relations[0]
    if relation in (">", "\\ge"):  # a > b says b < a
        left, right, relation = right, left, {">": "<", "\\ge": "\\le"}[relation]
    return (left, right), relation


def _at(pair: tuple[Formula, Formula], point: int) -> Value | None:
    left, right = pair[0].at(point), pair[1].at(point)
    if left is None or right is None:
        return None
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left - right
    return complex(left) - complex(right)


def _shares_solution(one: str, other: str) -> bool | None:
    r"""Say whether one equation is solved for a letter that the other has once, to the first power:
    ``y = 1/x`` and ``xy = 1``.
    """
    for solved, whole in ((one, other), (other, one)):
        left, right = (side.strip() for side in _EQUALS.split(solved))
        if not re.fullmatch(r"[A-Za-z]", left) or left in right:
            continue
        put_in = re.sub(
            rf"(?<![A-Za-z\\]){left}(?![A-Za-z])",
            lambda _: f"({right})",  # noqa: B023 - used at once
            re.sub(rf"(?<=[A-Za-z]){left}(?![A-Za-z])", f" {left}", whole),
        )
        if f"{left}^" in whole.replace(" ", "") or (sides_of := _difference(put_in)) is None:
            return None
        values = [_at(sides_of[0], point) for point in range(POINTS)]
        return all(value is not None and close(1 + value, Fraction(1)) for value in values)
    return False
