r"""The answer in numbers that a text states: in a box, in tags, in words, or as its last number.

    \boxed{1{,}234}    The answer is **$12**.    Answer: 3 1/2 cups    Die Antwort ist 3,5.
    答案是50%。    #### 72

Only the end of a text is read, and every pattern is bounded, so that the time is linear in what is read.
"""

import functools
import re

from synth.grading.announcements import LONGEST, MANY, announcements, writes_decimal_commas
from synth.grading.boxes import BOX, box_place, inside, joined_boxes, last_box, says_or
from synth.grading.left_sides import names_a_value
from synth.grading.numbers import (
    APPROXIMATE,
    NUMBER,
    Number,
    number_value,
    plain_form,
    read_number,
    with_points,
)
from synth.grading.places import Place
from synth.grading.typesetting import ascii_form, without_repeats

__all__ = [
    "TAIL",
    "last_box",
    "last_formula",
    "number_value",
    "plain_form",
    "read_number",
    "stated_number",
    "states_formula",
]

# A final answer stands at the end; a response that loops for megabytes is not read whole.
TAIL = 20_000
_LAST_LINES = (400, 3_000)
_TAGGED = re.compile(r"<answer>((?:(?!</?answer>).){1,4000})</answer>", re.DOTALL)
_HASHES = re.compile(r"^####[ \t]+(.{1,80})$", re.MULTILINE)
_JSON = re.compile(
    r"\"(?:final[_ ]?)?(?:answer|result|value|solution)\"\s{0,3}:\s{0,3}\"?([^\"\n}]{1,120})", re.IGNORECASE
)
_FILLERS = re.compile(
    r"(?:(?:therefore|thus|then|hence|so|simply|just|exactly|indeed|equal\sto|approximately|about|roughly|around|probably|likely|actually|still|again"
    r"|also|clearly|now|given\sby|definitely|certainly|obviously|of\scourse|surely|most\slikely|in\sfact|precisely|the\s(?:number|integer|value)"
    r"|\u7ea6|\u5927\u7ea6|\u7b49\u4e8e"
    r"|also|genau|etwa|ungef\u00e4hr|exactement|environ|donc|exactamente|aproximadamente|circa|dus|\u0440\u0430\u0432\u043d\u043e"
    r"|\u0440\u0430\u0432\u0435\u043d"
    r"|\u0440\u0430\u0432\u043d\u0430)(?![a-z])[\s:,*_]*){1,3}",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"[\"'(\s]{0,3}(?:(?:still\s|currently\s|therefore\s|simply\s)?(?:unknown|undefined|indeterminate|undetermined|impossible|none\b|infinit[ey]|infinitely)"
    r"|(?:not|cannot|can't|can\snot|does\snot)\s(?:be\s|possible|determin|defin|known|enough|exist)|(?:there\sis\s)?no\s(?:solution|answer|such)"
    r"|\u672a\u77e5|\u65e0\u6cd5|\u65e0\u89e3|\u4e0d\u5b58\u5728)",
    re.IGNORECASE,
)
_INLINE = re.compile(
    r"\$\$([^$]{1,400})\$\$|\$(?=\S)([^$\n]{1,400}?)(?<=\S)\$(?!\d)|\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]",
    re.DOTALL,
)
_CONNECTED = re.compile(r"\s{0,3}(?:,|;|,?\s{0,3}(?:and|or|und|oder|et|ou|y|o|e)(?:\salso)?)\s{1,3}")
_ANY = re.compile(NUMBER)
_CUT_BOX = re.compile(rf"\s{{0,3}}({NUMBER})\s{{0,3}}(?:\\?[$)\].]|\n|\Z)")
_LIST = re.compile(
    r"[\s$]{0,3}(?:(?:or|and|to|oder|ou|o|und|et|y)\b|[-\u2013~\u3001\u6216\u548c\u81f3\u5230&])[\s$]{0,3}\d"
    r"|,\s?\$?\d[\d.]*\$?\s?(?:[,.;\n]|and\b|or\b|\Z)",
    re.IGNORECASE,
)
_THIN_SPACES = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_BOLD_RESULT = re.compile(r"=[\s$]{0,4}\*\*\s?([^*\n]{1,80}?)\s?\*\*[^\n=]{0,60}\Z")
_BOLD_RESULTS = re.compile(r"=[\s$]{0,4}\*\*\s?([^*\n]{1,80}?)\s?\*\*")
_LISTED = r"[-\u2212]?\d[\d./]{0,20}"
_LISTED_AT_END = re.compile(
    rf"(?:\bare:?\s|[A-Za-z]\s?=\s?)({_LISTED}(?:(?:,|;|,?\s(?:and|or))\s(?:[A-Za-z]\s?=\s?)?{_LISTED}){{1,8}})[.*\s]{{0,4}}\Z"
)
_BEFORE_COMMA = re.compile(r"(?<![\d.,(\[{])([-\u2212]?\d{1,30},)\Z")
_BARS = re.compile("\\d[\u0304\u0305\u0307]")
_MINUS = re.compile(r"(?:negative|minus)\s(?=[\d.$])", re.IGNORECASE)
_SPACED_GROUPS = re.compile(r"(?: \d{3}){1,6}(?![\d/]| \d)(?:\.\d{1,30})?")
_COMMA_THEN_DIGITS = re.compile(r",\d{1,30}(?![\d,])")
_GOES_ON = re.compile(
    r"\s?(?:[+\u00d7\u00f7^<>\u2248\u2243\u221a\u03c0=]|\*(?!\*)\s?[\d(]|[-\u2212]\s?[\w(\\]|/\s?[\w(]|\\(?:times|cdot|sqrt|pi|[dt]?frac|div|pm"
    r"|approx|sim|cong)|[(:]\d)"
    r"|_[\d{\\]|\sremainder\s|\s(?:hours?|minutes?|days?|weeks?|months?|years?|feet|foot|ft|yards?|pounds?|lbs?|dollars?)\s(?:and\s)?\d|\s?\(?(?:in\s)?base\s|[abcijknpqruxyz](?![a-z])"
)
_RELATION = re.compile(r"(?<![<>!:=])=(?!=)|\\approx(?![a-z])|\u2248")
_EXACTLY = re.compile(
    rf"({NUMBER})[\s$]{{0,3}},?\s(?:or\s|and\s|but\s)?(?:more\s)?(?:exactly|precisely)\s(?:equal\sto\s)?\$?({NUMBER})\$?",
    re.IGNORECASE,
)
_MARKS, _CLAUSE = re.compile(r"[ *_$]{0,6}"), re.compile(r"[,;:$]|[.!?]\s")
_EQUATION = re.compile(r"([-+]?(?!\w{3})[A-Za-z(][^\n=,;:!?$<>]{0,60})(?<![:<>!])=(?!=)\s?[-+]?[\d$]")
_APPROXIMATELY = re.compile(
    r"[\s,;(\[$)}]{0,6}(?:(?:or|which\sis|that\sis|i\.e\.|and\sthat\sis)[\s,]{1,2})?(?:\\text\s?\{\s?)?(?:about|approximately|approx\.?|roughly"
    r"|around|rounded\s(?:up\s|down\s)?to|(?:which\s)?rounds\s(?:up\s|down\s)?to|\u2248|\\approx)"
    rf"[\s$}}]{{1,4}}({NUMBER})",
    re.IGNORECASE,
)


@functools.lru_cache(maxsize=2)  # an answer is read for the style of its trace and then for itself
def stated_number(text: str) -> str | None:
    r"""Return the number that *text* ends up with, as it is written, or None if there is none.

    That is what stands last of: a box, ``<answer>…</answer>``, "the answer is …" with a number after it,
    ``#### …``. What holds no single number (``\boxed{2\sqrt{3}}``) is returned as it is: an answer, which
    equals no number. Where nothing states an answer, the last number counts, unless the last statement is
    that there is none ("The answer is unknown").
    """
    tail = text[-TAIL:]
    if not tail.isascii():
        tail = _THIN_SPACES.sub("", tail)
        tail = without_repeats(tail) if _BARS.search(tail) else tail
    if "repeating" in tail or "recurring" in tail:
        tail = without_repeats(tail)
    if "," in tail or "." in tail:
        tail = with_points(tail, writes_decimal_commas(tail))
    places = [*_boxed_number(tail), *_said(tail)]
    last = max(places, key=lambda place: place.start, default=None)
    if last is not None:
        return last.text or None
    return _bold_result(tail) or _last_number(tail)


def _bold_result(tail: str) -> str | None:
    """Return the last result in bold after an equals sign, if no other result follows it."""
    found = list(_BOLD_RESULTS.finditer(tail))[-1:]
    number = read_number(found[0][1]) if found and "=" not in tail[found[0].end() :] else None
    return number.text if number else None


def _last_number(tail: str) -> str | None:
    """Return the last number of a text; with what stands before its comma if that is no list and no pair:
    12,5.
    """
    # In most texts it stands in the last lines; to look through the whole takes ten times as long.
    begins = (tail.find("\n", len(tail) - size) + 1 for size in _LAST_LINES if len(tail) > size)
    numbers = next((found for begin in (*begins, 0) if (found := list(_ANY.finditer(tail, begin))[-1:])), [])
    if not numbers:
        return None
    before = _BEFORE_COMMA.search(tail, max(0, numbers[0].start() - 40), numbers[0].start())
    return (
        before[1] if before and tail[numbers[0].end() : numbers[0].end() + 1] not in (")", "]", "}") else ""
    ) + numbers[0][0].strip()


def states_formula(rest: str) -> bool:
    """Say whether what follows an announcement is a formula or a number, not words."""
    return rest.startswith(("$", "\\(", "\\[")) or _ANY.match(rest) is not None


def last_formula(text: str) -> str | None:
    """Return the last formula in dollars or number of a text that ends with a sentence or formula, and leaves
    no box open or empty after it.
    """
    tail = text[-TAIL:].rstrip()
    if (
        result := _BOLD_RESULT.search(tail, max(0, len(tail) - 200))
        or _LISTED_AT_END.search(tail, max(0, len(tail) - 200))
    ) and "\\boxed" not in tail:
        return result[1].strip()
    tail = tail.rstrip("*_ \n")
    if not tail.endswith((".", "!", "$", "\\)", "\\]", "\u3002")):
        return None
    formulas = list(_INLINE.finditer(tail))
    numbers = list(_ANY.finditer(tail, formulas[-1].end() if formulas else 0))
    last = (numbers or formulas)[-1:]
    if not last or BOX.search(tail, last[0].start()):
        return None
    if not numbers and (joined := _joined_formulas(tail, formulas)):
        return joined
    return _formula_in(last[0]) or None


def _joined_formulas(tail: str, formulas: list[re.Match[str]]) -> str:
    """Return the last formulas as one list if nothing but "and", "or" or a comma stands between them:
    the roots are $6$ and $-1$.
    """
    own = formulas[-1:]
    for before, after in zip(formulas[-2::-1], formulas[:0:-1], strict=False):
        if not _CONNECTED.fullmatch(tail, before.end(), after.start()) or len(own) > 8:
            break
        own.insert(0, before)
    return ", ".join(_formula_in(one) for one in own) if len(own) > 1 else ""


def _formula_in(found: re.Match[str]) -> str:
    return next(part for part in (*found.groups(), found[0]) if part is not None).strip()


def _boxed_number(tail: str) -> list[Place]:
    """Return the last box as an answer in numbers; one whose brace is missing counts if it holds a number and
    the formula or the line ends there.
    """
    boxes = list(BOX.finditer(tail))[-1:]
    if boxes and inside(tail, boxes[0]) is None and (cut := _CUT_BOX.match(tail, boxes[0].end())):
        return [Place(boxes[0].start(), cut.end(), cut[1].strip())]
    box = box_place(tail)
    if box is None:
        return []
    joined = joined_boxes(tail)
    if joined is not None and joined.start != box.start and says_or(tail, joined) and joined.text != box.text:
        return [joined]
    number = read_number(box.text)
    return [box._replace(text=_approximated(number, tail, box.end) if number else box.text)]


def _said(tail: str) -> list[Place]:
    """Return the last answers in numbers that are stated in words, in tags, after hashes: at most one of
    each; an empty one says that there is none.
    """
    found: list[Place] = []
    for announced in reversed(announcements(tail)):
        said = _said_number(tail[announced.end : announced.end + LONGEST], announced.with_colon)
        if said is not None:
            found.append(Place(announced.start, announced.end, said))
            break
    for pattern in (_TAGGED, _HASHES, _JSON):
        marked = [
            (match, number)
            for match in list(pattern.finditer(tail))[-MANY:]
            if (number := read_number(match[1]))
        ][-1:]
        found += [Place(match.start(), match.end(), number.text) for match, number in marked]
    return found


def _said_number(rest: str, sentence_announced: bool) -> str | None:
    """Return what number is said after an announcement; "" if that there is none,
    None if nothing of the kind.
    """
    rest = rest.lstrip("*_\"'`( \u201c\u201e")
    if filler := _FILLERS.match(rest):
        rest = rest[filler.end() :].lstrip("*_\"'`( ")
    if _NONE.match(rest):
        return ""
    if exact := _EXACTLY.match(rest):
        rest = f"{exact[2]} \\approx {exact[1]}{rest[exact.end() :]}"
    rest = _MINUS.sub("-", rest, count=1) if _MINUS.match(rest) else rest
    if name := re.match(r"[A-Za-z](?:_\w|\(\w\))?\s?=\s?(?=[-+$.\d\\])", rest):
        rest = rest[name.end() :]
    if (formula := _INLINE.match(rest)) is not None:
        found_inside = next(part for part in formula.groups() if part is not None)
        number = read_number(found_inside)
        if _LIST.match(rest, formula.end()):
            return rest.partition("\n")[0].strip()
        if BOX.search(found_inside):
            return None
        return _approximated(number, rest, formula.end()) if number else found_inside.strip() or None
    rest = ascii_form(rest)
    found = _ANY.match(rest)
    if found is None and (equation := _EQUATION.match(rest)) and not names_a_value(equation[1]):
        return _last_result(rest.partition("\n")[0].rstrip(". "))
    return _whole_number(rest, found) if found else _only_number(rest) if sentence_announced else None


def _whole_number(rest: str, found: re.Match[str]) -> str:
    """Return a number that *rest* begins with, or what it is equal to;
    all of the line where it is part of a list or of a larger formula.
    """
    line = rest.partition("\n")[0]
    if (comma := _COMMA_THEN_DIGITS.match(rest, found.end())) and found[0][-1:].isdigit():
        both = found[0].strip() + comma[0]
        return f"({both})" if rest.startswith(")", comma.end()) else both
    if (groups := _SPACED_GROUPS.match(rest, found.end())) and re.fullmatch(
        r"[-+]?[1-9]\d{0,2}", found[0].strip()
    ):
        return found[0].strip() + groups[0].replace(" ", "")
    if _LIST.match(rest, found.end()):
        return line.strip()
    if _GOES_ON.match(rest, found.end()):
        sentence = re.split(r"[.!?](?=\s|\Z)", line, maxsplit=1)[0]
        if (whole := read_number(sentence)) is not None and APPROXIMATE.search(whole.text):
            return whole.text
        return _last_result(line)
    number = read_number(found[0])
    return _approximated(number, rest, found.end()) if number else found[0].strip()


def _last_result(line: str) -> str:
    """Return the number behind the last equals sign of a line,
    all of the line where that belongs to an equation: ``5x - 10 = 0``.
    """
    signs = list(_RELATION.finditer(line))
    if not signs:
        return line.strip()
    result = _ANY.match(line, _MARKS.match(line, signs[-1].end()).end())  # type: ignore[union-attr]  # it matches nothing, too
    side = _CLAUSE.split(line[signs[-2].end() if len(signs) > 1 else 0 : signs[-1].start()])[-1]
    return result[0].strip() if result and (signs[-1][0] != "=" or names_a_value(side)) else line.strip()


def _approximated(number: Number, text: str, at: int) -> str:
    """Return a number as it is written, with the approximation that is said right after it: ``7/3``,
    about 2.33.
    """
    said = _APPROXIMATELY.match(text, at)
    if said is None or number.near or len(number.text) > 80:
        return number.text
    return f"{number.text} \\approx {said[1].strip()}"


def _only_number(rest: str) -> str | None:
    """Return the number of a sentence that is the answer as a whole, if it has just one."""
    sentence = re.split(r"[.!?](?=\s|\Z)|\n|\u3002", rest, maxsplit=1)[0]
    numbers = _ANY.findall(ascii_form(sentence))
    return str(numbers[0]).strip() if len(numbers) == 1 and not BOX.search(sentence) else None
