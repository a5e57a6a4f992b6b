r"""Congruences, ``n \equiv 3 \pmod 7``: residues and their modulus; and ratios of several parts, ``2:3:4``.
Texts are in the wording of `formula_form`.
"""

import re
from fractions import Fraction
from math import lcm

from synth.grading.answers_in_parts import SEPARATOR, signs, split_outside
from synth.grading.formula import rational, read_formula, same_value

_MODULUS = re.compile(
    r"\s*,?\s*(?:\(?\s*\\(?P<command>pmod|bmod|mod|pod)(?![A-Za-z])|\(?\s*(?:\\text\{\s*)?(?<![A-Za-z\\])mod(?:ulo)?(?![A-Za-z])\s*\}?)\s*"
    r"(?P<modulus>\{[^{}]{1,40}\}|\d{1,40}|[A-Za-z])\s*\}?\s*\)?"
)
_CONGRUENT = re.compile(r"\\equiv(?![A-Za-z])|\u2261")
_NOT = re.compile(r"\\not\s?(?:\\equiv(?![A-Za-z])|\u2261)|\\nequiv(?![A-Za-z])|\u2262")
_COLON = re.compile(":")
_MOST_RESIDUES, _LARGEST, _MOST_PARTS = 64, 10_000, 8

Residues = tuple[frozenset[Fraction], int]


def same_congruence(own: str, right: str) -> bool | None:
    """Say whether two congruences leave the same residues, None if neither text is one.

    The letter may be left out, the modulus may not; where the gold answer is a plain number,
    it is the residue itself.
    """
    if not (is_congruence(own) or is_congruence(right)):
        return None
    negated = [_NOT.search(text) is not None for text in (own, right)]
    if negated[0] != negated[1]:
        return False
    one, other = (residues(_NOT.sub(r"\\equiv ", text)) for text in (own, right))
    if one is None and other is None:
        return None
    if one is None or other is None:
        # "3 (mod 7)" for the residue 3, but no lone residue for the congruence.
        value = rational(right)
        return one is not None and value is not None and one[0] == {value} and 0 <= value < one[1]
    shared = lcm(one[1], other[1])
    return (one[1] == other[1] or shared <= _LARGEST) and _lifted(one, shared) == _lifted(other, shared)


def is_congruence(text: str) -> bool:
    r"""Say whether a text names a modulus, other than the operation ``17 \bmod 5``."""
    return any(
        found["command"] not in ("bmod", "mod") or _CONGRUENT.search(text)
        for found in _MODULUS.finditer(text)
    )


def residues(text: str) -> Residues | None:
    """Return the residues that a text lists and their modulus, None if it is no congruence of whole
    numbers.
    """
    found: list[Residues] = []
    begin = 0
    moduli = list(_MODULUS.finditer(text))
    if not 1 <= len(moduli) <= _MOST_RESIDUES or text[moduli[-1].end() :].strip(" .;"):
        return None
    for modulus in moduli:
        said = rational(modulus["modulus"].strip("{}"))
        *_, listed = _CONGRUENT.split(text[begin : modulus.start()])
        begin = modulus.end()
        values = [
            rational(variant)
            for piece in split_outside(listed, SEPARATOR)
            if piece
            for variant in signs(piece)
        ]
        if (
            said is None
            or said.denominator != 1
            or said < 1
            or not values
            or None in values
            or len(values) > _MOST_RESIDUES
        ):
            return None
        found.append((frozenset(value for value in values if value is not None), int(said)))
    shared = lcm(*(modulus for _, modulus in found))
    if len(found) == 1:
        return found[0]
    return (
        (frozenset().union(*(_lifted(one, shared) for one in found)), shared) if shared <= _LARGEST else None
    )


def same_ratio(own: str, right: str) -> bool | None:
    """Say whether two ratios of three parts or more are the same, part by part,
    None if they are no such ratios.
    """
    one, other = _ratio(own), _ratio(right)
    if not 3 <= max(len(one), len(other)) <= _MOST_PARTS or not all(one) or not all(other):
        return None
    if len(one) != len(other):
        return False
    return all(_same_product(one[i], other[j], one[j], other[i]) for i in range(len(one)) for j in range(i))


def _ratio(text: str) -> list[str]:
    return split_outside(text.rpartition("=")[2], _COLON)


def _same_product(a: str, b: str, c: str, d: str) -> bool:
    """Say whether a times b is c times d; what cannot be read has to be the same text."""
    one, other = read_formula(f"({a})({b})"), read_formula(f"({c})({d})")
    if one is None or other is None:
        return {a, b} == {c, d}
    return same_value(one, other) is True


def _lifted(one: Residues, modulus: int) -> frozenset[Fraction]:
    """Return residues as those of a multiple of their modulus."""
    return frozenset((value + step) % modulus for value in one[0] for step in range(0, modulus, one[1]))
