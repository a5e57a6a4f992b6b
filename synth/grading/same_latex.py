r"""Whether two answers in LaTeX are the same: what kind of answer they are is read first,
then their parts are compared by value.

| kind | compared |
|---|---|
| numbers with units, times, scales, directions, in a base | `quantities` |
| inequalities and sets of intervals | `intervals` |
| matrices and vectors | entry by entry (`matrices`) |
| lists, sets, ± | in any order, each answer once (`several`); tuples in theirs |
| equations | up to a factor (`equations`) |
| formulas | by value (`formula`); by math-verify (`same_formula`) only if they cannot be read here |
"""

import re
from contextvars import ContextVar

from synth.grading import approximations, equations, quantities
from synth.grading.answers_in_parts import AnswerPart, answers, as_tuple, named, split_outside
from synth.grading.congruences import same_congruence, same_ratio
from synth.grading.formula import rational, read_formula, same_value
from synth.grading.geometry import same_figure
from synth.grading.intervals import intervals, looks_like_numbers_between, same_intervals
from synth.grading.matrices import Matrix, column, is_matrix, matrix, unit_vectors
from synth.grading.same_formula import LONGEST, bracket_depth, same_formula
from synth.grading.typesetting import formula_form
from synth.grading.words import same_words

_DEEPEST, _DEEPEST_BRACKETS = 4, 14
# A list of formulas that cannot be read here may not keep math-verify busy for each pair of them.
_MOST_CALLS = 4
_calls_left: ContextVar[list[int]] = ContextVar("calls_left")
_CONDITION = re.compile(
    r"[\s,;]*(?:\\text\{[\s,(]*(?:for|where|if|when|whenever|with|provided|assuming|given|as long as|such that|unless|f\u00fcr|pour|para|si)(?![a-z])"  # noqa: E501
    r"|(?<![A-Za-z\\])(?:for|where|if|when|whenever|with|provided|assuming)(?![A-Za-z])|\\forall|\\quad).*\Z",
    re.DOTALL,
)
_IN_BRACKETS = re.compile(
    r"\s*\((?:\\text\{[^{}]{0,30}\})?\s*[^()]{1,20}(?:\\(?:ne|ge|le|in)(?![A-Za-z])|[<>])[^()]{1,40}\)\Z"
)
_ENDS_WITH_CONDITION = re.compile(r"\s*[^=]{1,60}(?:\\(?:ne|ge|le|in)(?![A-Za-z])|[<>]).{1,80}", re.DOTALL)
_PROSE = re.compile(r"\A\s*\\text\{[^{}]{0,80}(?:\s(?:is|are|equals|be)|:|=)\s*\}\s*(?=\S)", re.IGNORECASE)
_EXACTLY = re.compile(
    r"\A\s*(?:about|approximately|roughly)\s([^,\s]{1,40}),?\s(?:or\s|and\s|but\s)?(?:exactly|precisely)\s(?=\S)(.+)\Z"
)
_RESTATED = re.compile(
    r"[,;\s]*\\text\{[\s,;(]*(?:i\.\s?e\.|that is|or equivalently|equivalently|or in other words|in other words|meaning)[\s,:]*\}"  # noqa: E501
)
_FUNCTION = re.compile(r"\\?[A-Za-z]+'{0,3}\([\w,\s]+\)")
_GROUPED = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)")
_DECIMAL_COMMA = re.compile(r"([-+]?\d+),(\d+)")
_LOGARITHM = re.compile(r"\\log(?![A-Za-z])(?!\s?_)")
_SOME_WORD = re.compile(r"\\text\{|(?<![A-Za-z\\])[A-Za-z]{4,}")


def same_latex(stated: str, gold: str) -> bool:
    """Say whether an answer in LaTeX is the gold one."""
    if len(stated) > 2 * LONGEST or len(gold) > 4 * LONGEST or bracket_depth(stated) > _DEEPEST_BRACKETS:
        return stated.strip() == gold.strip()
    _calls_left.set([_MOST_CALLS])
    own, right = (
        _EXACTLY.sub(r"\2 \\approx \1", _PROSE.sub("", formula_form(text), count=1))
        for text in (stated, gold)
    )
    if _squeezed(own) == _squeezed(right):
        return bool(right)
    if len(forms := _RESTATED.split(own)) == 2 and all(forms):
        return any(_same(form, right) for form in forms)
    return _same_or_near(own, right) or _same_by_commas(own, right, stated, gold)


def _same_or_near(own: str, right: str) -> bool:
    """Compare exact values, and what is said to come near them where that was asked for."""
    own_values, right_values = approximations.values(own), approximations.values(right)
    if any(_same(own_values.exact, form) for form in (right_values.exact, *right_values.approximations)):
        return True
    return any(
        _same(form, right_values.exact)
        for form in own_values.approximations
        if approximations.is_near(own_values.exact, form)
    )


def _same_by_commas(own: str, right: str, stated: str, gold: str) -> bool:
    """Compare with commas read in their other way."""
    # 3,5 is a list of two numbers unless the gold answer is one number; 1,234,567 may be a list as well.
    if (decimal := _DECIMAL_COMMA.fullmatch(own)) and _DECIMAL_COMMA.fullmatch(right) is None:
        return _same(f"{decimal[1]}.{decimal[2]}", right)
    if "," in right and _GROUPED.search(stated):
        return _same(formula_form(stated.replace(",", ", ")), right)
    return bool(_GROUPED.search(gold)) and "," in own and _same(own, formula_form(gold.replace(",", ", ")))


def _same(own: str, right: str, depth: int = 0) -> bool:
    """Compare two texts in the wording of `formula_form`, kind by kind;
    what is no answer of a kind leaves the decision to the next.
    """
    if _squeezed(own) == _squeezed(right):
        return bool(right)
    if depth > _DEEPEST or not own or not right:
        return False
    own, right = _unconditional(own), _unconditional(right)
    for verdict in (
        _same_kind,
        _same_base,
        _same_set,
        _same_matrix,
        _same_list,
        _same_quantity,
        _same_tuple,
        _same_equation,
    ):
        if (same := verdict(own, right, depth)) is not None:
            return same
    return _same_leaf(own, right)


def _squeezed(text: str) -> str:
    return re.sub(r"\{(\w)\}", r"\1", re.sub(r"\s", "", text)).rstrip(".")


def _unconditional(text: str) -> str:
    r"""Return a formula without the condition behind it: ``for x \ne 2``, ``, x > 0``, ``(n \ge 1)``."""
    if found := _CONDITION.search(text, 1):
        text = text[: found.start()].strip() or text
    if not looks_like_numbers_between(text):
        return text
    if (found := _IN_BRACKETS.search(text)) and found.start() > 0:
        text = text[: found.start()].strip()
    parts = split_outside(text, re.compile(","))
    if (
        len(parts) == 2
        and not looks_like_numbers_between(parts[0])
        and _ENDS_WITH_CONDITION.fullmatch(parts[1])
    ):
        return parts[0]
    return text


def _same_kind(own: str, right: str, _depth: int) -> bool | None:
    """Compare congruences, ratios and names of figures."""
    for verdict in (same_congruence, same_ratio, same_figure):
        if (same := verdict(own, right)) is not None:
            return same
    return None


def _same_base(own: str, right: str, _depth: int) -> bool | None:
    return quantities.same_base(named(own).text, named(right).text)


def _same_quantity(own: str, right: str, depth: int) -> bool | None:
    one, other = quantities.read_quantity(_last_side(own)), quantities.read_quantity(_last_side(right))
    if one is None and other is None:
        return None
    one, other = one or _bare(_last_side(own)), other or _bare(_last_side(right))
    verdict = quantities.same_quantity(one, other)
    return _same(one.core, other.core, depth + 1) if verdict is None else verdict


def _bare(text: str) -> quantities.Quantity:
    return quantities.Quantity(text, rational(text), 1, "", "", None, None, False)


def _last_side(text: str) -> str:
    """Return what stands behind the last equals sign,
    unless letters that name nothing stand before or behind it.
    """
    sides = equations.sides(text)
    letters = [
        re.search(r"[A-Za-z]", re.sub(r"\\(?:text\{[^{}]*\}|[A-Za-z]+)", "", side)) is not None
        for side in sides
    ]
    named_first = bool(named(text).name)
    return sides[-1] if len(sides) > 1 and not letters[-1] and (named_first or not any(letters)) else text


def _same_set(own: str, right: str, depth: int) -> bool | None:
    if not (looks_like_numbers_between(own) or looks_like_numbers_between(right)):
        return None
    one, other = intervals(own), intervals(right)
    if one is not None and other is not None:
        return same_intervals(one, other)
    if (one is None) != (other is None):
        return None if (one or other) == [] or "\\{" in own + right else False
    return equations.same_relation(own, right)


def _same_matrix(own: str, right: str, depth: int) -> bool | None:
    if not (is_matrix(own) or is_matrix(right) or own.startswith("[[") or right.startswith("[[")):
        return None
    one, other = matrix(own), matrix(right)
    if one is None and other is None:
        return None
    if one is None or other is None:
        rows = one or other or []
        cells, rest = [cell for row in rows for cell in row], right if one else own
        if 1 not in (len(rows), len(rows[0])):
            return False
        entries, sum_of_units = column(rest), unit_vectors(cells)
        if entries is None and sum_of_units and re.search("[ijk]", rest):
            return _same(sum_of_units, named(rest).text, depth + 1)
        return entries is not None and _each(cells, entries, depth)
    return _shape(one) == _shape(other) and _each(
        [cell for row in one for cell in row], [cell for row in other for cell in row], depth
    )


def _shape(rows: Matrix) -> tuple[int, int]:
    return len(rows), len(rows[0])


def _each(one: list[str], other: list[str], depth: int) -> bool:
    return len(one) == len(other) and all(_same(a, b, depth + 1) for a, b in zip(one, other, strict=True))


def _same_list(own: str, right: str, depth: int) -> bool | None:
    one, other = _distinct(answers(own)), _distinct(answers(right))
    if len(one) == 1 and len(other) == 1:
        return (
            None
            if (one[0].text, other[0].text) == (named(own).text, named(right).text)
            else _same_part(one[0], other[0], depth)
        )
    if len(one) != len(other):
        # "(1, 2)" for "1, 2", or the other way about: the order is that of the tuple.
        pairs = [
            (as_tuple(single[0].text), many)
            for single, many in ((one, other), (other, one))
            if len(single) == 1
        ]
        return any(
            listed
            and listed.brackets == "("
            and "\\{" not in own + right
            and _each(listed.parts, [part.text for part in many], depth)
            for listed, many in pairs
        )
    left = list(other)
    for part in one:
        match = next((candidate for candidate in left if _same_part(part, candidate, depth)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _distinct(parts: list[AnswerPart]) -> list[AnswerPart]:
    """Return answers without those that are said twice."""
    once: list[AnswerPart] = []
    for part in parts:
        if not any(
            part.name == other.name and (part.text == other.text or _surely_same(part.text, other.text))
            for other in once
        ):
            once.append(part)
    return once


def _surely_same(one: str, other: str) -> bool:
    own, right = read_formula(one), read_formula(other)
    return own is not None and right is not None and same_value(own, right) is True


def _same_part(one: AnswerPart, other: AnswerPart, depth: int) -> bool:
    """Compare two parts of lists; of two named ones the letters have to be the same, whatever their
    indices.
    """
    if one.name and other.name and one.name.partition("_")[0] != other.name.partition("_")[0]:
        return False
    return _same(one.text, other.text, depth + 1)


def _same_tuple(own: str, right: str, depth: int) -> bool | None:
    one, other = as_tuple(named(own).text), as_tuple(named(right).text)
    if one is None and other is None:
        return None
    return (
        one is not None
        and other is not None
        and one.brackets == other.brackets
        and _each(one.parts, other.parts, depth)
    )


def _same_equation(own: str, right: str, depth: int) -> bool | None:
    ours, theirs = equations.sides(own), equations.sides(right)
    if len(ours) == 1 and len(theirs) == 1:
        return None
    if len(ours) > 1 and len(theirs) > 1:
        one, other = named(own), named(right)
        function = any(_FUNCTION.fullmatch(part.name) for part in (one, other))
        letters = {part.name.replace("'", "").replace("^{-1}", "") for part in (one, other)}
        if len(letters) == 1 and one.name != other.name:  # a function and its derivative
            return False
        if (
            one.name
            and other.name
            and (one.name == other.name or function)
            and _same(one.text.split("=")[-1], other.text.split("=")[-1], depth + 1)
        ):
            return True
        return equations.same_relation(own, right) or False
    return _same_named(own, right, ours, theirs, depth)


def _same_named(own: str, right: str, ours: list[str], theirs: list[str], depth: int) -> bool:
    """Compare what only one of two texts gives a name to: the other is the value of the letter."""
    if len(theirs) > 1:  # what an equation says a letter is
        part = named(right)
        return bool(part.name) and _same(own, part.text.split("=")[-1], depth + 1)
    if (
        len(ours) == 2
        and re.fullmatch(r"[A-Za-z](?:_\w)?", ours[1].strip())
        and not re.search("[A-Za-z]", ours[0])
    ):
        return _same(ours[0], right, depth + 1)  # "5 = x"
    whole = read_formula(ours[0])
    # "2x = 10" states no number; "x = 5" and "3 + 4 = 7" do.
    if (
        not named(own).name
        and whole is not None
        and whole.letters
        and (last := read_formula(ours[-1])) is not None
        and not last.letters
    ):
        return False
    return _same(ours[-1], right, depth + 1)


def _same_leaf(own: str, right: str) -> bool:
    # A logarithm without a base is the natural one or that to base ten: whichever makes them equal.
    for base in ("\\ln ", "\\log_{10} ") if _LOGARITHM.search(own + right) else ("",):
        one, other = (
            # The function is used at once.
            read_formula(_LOGARITHM.sub(lambda _: base, text) if base else text)  # noqa: B023
            for text in (own, right)
        )
        same = same_value(one, other) if one is not None and other is not None else None
        if same or (same is not None and base != "\\ln "):
            return same
    if _SOME_WORD.search(right) or _SOME_WORD.search(own):
        return same_words(own, right)
    left = _calls_left.get([_MOST_CALLS])
    left[0] -= 1
    return left[0] >= 0 and same_formula(own, right)
