r"""Splits a text with LaTeX in it into sentences, never within a formula.

    so $s_1 = 4.$  Hence, $s_2 = \frac{24}{s_1} = \boxed{6}.$        two sentences

Formulas in a line of their own, and drawings (``[asy]…[/asy]``), stay with the sentence that they stand in.
"""

import re
from typing import NamedTuple

_OPENING = re.compile(r"\\\\|\$\$|\$|\\\[|\\\(|\\begin\s?\{(?P<name>[A-Za-z]+\*?)\}|\[asy\]|\\.", re.DOTALL)
_CLOSING = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "[asy]": "[/asy]"}
# As pandoc reads a dollar: it opens a formula before what is no blank,
# and closes one after what is no blank and before no digit.
_INLINE = re.compile(
    r"\$(?=[^\s$])(?:\\.|[^$\\])*?(?<=[^\s\\])\$(?!\d)|\$\s(?:\\.|[^$\\])*?[\\^_=<>](?:\\.|[^$\\])*?\$",
    re.DOTALL,
)
_LONGEST_INLINE = 500
_BLANK_LINE = re.compile(r"\n\s*\n")
# A row of marks is looked at once, from its beginning, however long it is.
_END = re.compile(
    r"(?P<stop>(?<![.!?\u2026])[.!?\u2026]++)[\"'\u2019\u201d)\]*_]*(?=\s|\Z)|(?P<paragraph>\n[ \t]*\n\s*)|(?P<item>\n)(?=[ \t]*(?:[-*\u2022]|\(?\d{1,2}[.)])\s)"  # noqa: E501
)
_ABBREVIATIONS = frozenset(
    "e.g i.e fig figs eq eqs eqn cf vs dr mr mrs ms prof st thm prop lem sec ch pp approx resp al w.r.t viz"
    " inc jr sr u.s ex def rem vol".split()
)
_LAST_WORD = re.compile(r"[\w.]*\Z")


class _Formula(NamedTuple):
    start: int
    end: int
    content_end: int
    display: bool


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, in time linear in its length; joined,
    they are the text but for white space.
    """
    parts, begin = [], 0
    for end in _ends(text):
        if part := text[begin:end].strip():
            parts.append(part)
        begin = end
    if part := text[begin:].strip():
        parts.append(part)
    return parts


def _ends(text: str) -> list[int]:
    """Return the places after which a sentence begins."""
    formulas = _formulas(text)
    ends = [formula.end for formula in formulas if _ends_with(text, formula)]
    outside = 0
    for formula in [*formulas, _Formula(len(text), len(text), len(text), False)]:
        for found in _END.finditer(text, outside, formula.start):
            if (not found["stop"] or _stops(text, found)) and (
                not found["paragraph"] or _new_paragraph(text, found, formula)
            ):
                ends.append(found.end())
        outside = formula.end
    return sorted(ends)


def _stops(text: str, found: re.Match[str]) -> bool:
    # touched by a formula, or \\! in one
    if not text[found.end() : found.end() + 1].isspace() or text[found.start() - 1 : found.start()] == "\\":
        return False
    rest = text[found.end() : found.end() + 80].lstrip()
    if rest and (rest[0].islower() or rest[0] in ",;:)]}=+<>\u2264\u2265"):
        return False
    if found["stop"] != ".":
        return True
    word = _LAST_WORD.search(text, max(0, found.start() - 20), found.start())
    last = word[0] if word else ""
    if last.lower() in _ABBREVIATIONS or (last.lower() == "no" and rest[:1].isdigit()):
        return False
    line = text.rfind("\n", 0, found.start()) + 1
    # 1. An item of a list
    return not (
        last.isdigit()
        and len(last) <= 2
        and not text[line : found.start()].removesuffix(last).strip(" \t(*#")
    )


def _new_paragraph(text: str, found: re.Match[str], formula: _Formula) -> bool:
    """Say whether a blank line ends a sentence: it does not beside a displayed formula in its midst."""
    stopped = text[max(0, found.start() - 40) : found.start()].rstrip().endswith((".", "!", "?"))
    before_display = found.end() >= formula.start and formula.display
    return stopped or not (before_display or text[found.end() : found.end() + 1].islower())


def _ends_with(text: str, formula: _Formula) -> bool:
    """Say whether a sentence ends with a formula: with its full stop, or, for a display,
    because the next begins.
    """
    rest = text[formula.end : formula.end + 80]
    after = rest.lstrip()
    if not after:
        return False
    if text[max(0, formula.content_end - 40) : formula.content_end].rstrip().endswith((".", "!", "?")):
        return (formula.display or rest[0].isspace()) and not (after[0].islower() or after[0] in ",;:.)")
    return formula.display and bool(re.match(r"[A-Z](?:[a-z]|\s)", after))


def _formulas(text: str) -> list[_Formula]:
    found: list[_Formula] = []
    missing: set[str] = set()
    at = 0
    while opening := _OPENING.search(text, at):
        word = opening[0]
        formula = None
        if word == "$":
            formula = _inline(text, opening.start())
        elif word in _CLOSING and word not in missing:
            close = text.find(_CLOSING[word], opening.end())
            if close < 0:
                missing.add(word)
            else:
                formula = _Formula(opening.start(), close + len(_CLOSING[word]), close, word != "\\(")
        elif (name := opening["name"]) and name not in missing:
            formula = _environment(text, opening, name)
            if formula is None:
                missing.add(name)
        if formula is None:
            at = opening.end()
        else:
            found.append(formula)
            at = formula.end
    return found


def _inline(text: str, start: int) -> _Formula | None:
    inline = _INLINE.match(text, start, start + _LONGEST_INLINE)
    if inline is None or _BLANK_LINE.search(inline[0]):
        return None
    return _Formula(start, inline.end(), inline.end() - 1, False)


def _environment(text: str, opening: re.Match[str], name: str) -> _Formula | None:
    """Return an environment with those of its name that lie in it."""
    depth = 0
    for mark in re.compile(rf"\\(begin|end)\s?\{{{re.escape(name)}\}}").finditer(text, opening.start()):
        depth += 1 if mark[1] == "begin" else -1
        if depth == 0:
            return _Formula(opening.start(), mark.end(), mark.start(), True)
    return None
