"""Whether two answers in numbers are the same number."""

import re

from synth.grading.formula import read_formula, same_value
from synth.grading.left_sides import names_a_value
from synth.grading.numbers import decimal_comma, read_number
from synth.grading.same_formula import LONGEST, same_formula
from synth.grading.same_latex import same_latex
from synth.grading.typesetting import formula_form

# A formula that stands for a number: it has a root, a power, a factorial, a logarithm, but is no mere sum or
# product of numbers, and has no letters.
_BEYOND_ARITHMETIC = re.compile(
    r"\\(?:sqrt|[dt]?binom|log|ln|sin|cos|tan|lfloor|lceil|b?mod)(?![a-z])|\^|!|\u221a"
)
_COMMANDS = re.compile(r"\\[A-Za-z]+")


def same_number(stated: str, gold: str) -> bool:
    """Say whether a text is the gold number: of the same exact value,
    or an approximation of it that the gold answer is.
    """
    own, right = (
        read_number(stated) or read_number(decimal_comma(stated) or ""),
        read_number(gold) or read_number(decimal_comma(gold) or ""),
    )
    if right is None:  # a time, a number in another base, a formula
        return same_latex(stated, gold)
    if own is not None:
        # "50%" is 50 and 0.5, "3 million" 3 and 3,000,000; where both are written so,
        # their full values are compared.
        if len(own.values) > 1 and len(right.values) > 1:
            return own.values[-1] == right.values[-1]
        return not set(own.values).isdisjoint(right.values) or not set(own.near).isdisjoint(right.values)
    letters = re.search(r"[A-Za-z]", _COMMANDS.sub("", stated))
    named = "=" not in stated or names_a_value(stated.split("=")[-2])
    if len(stated) > LONGEST or letters or not named or not _BEYOND_ARITHMETIC.search(stated):
        return False
    form, right_form = formula_form(stated.rpartition("=")[2]), formula_form(gold)
    one, other = read_formula(form), read_formula(right_form)
    if one is not None and other is not None and (same := same_value(one, other)) is not None:
        return same
    return same_formula(form, right_form)
