r"""The answer that a text states, in a box, in tags, in words or as its last number; and the value of numbers as people and LaTeX write them.

    \boxed{1{,}234}    The answer is **$12**.    Answer: 3 1/2 cups    答案是50%。    #### 72

Only the end of a text is read, and every pattern is bounded, so that the time is linear in what is read.
"""

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

# A final answer stands at the end; a response that loops for megabytes is not read whole.
TAIL = 20_000
_BOX_TAIL = 200_000
_LONGEST_BOX = 2_000
_MANY_BOXES, _MANY_STATEMENTS = 20, 100
_LONGEST_NUMBER = 200
_LONGEST_STATEMENT = 400

_BOX = re.compile(r"\\(?:boxed|fbox|framebox(?:\[[^\]\n]{0,20}\]){0,2})(?:\s{0,3}(?P<brace>\{)|\s{1,3}(?P<bare>-?\d[\d,.]{0,30}|[A-Za-z](?![A-Za-z])))")
_TAGGED = re.compile(r"<answer>((?:(?!</?answer>).){1,4000})</answer>", re.DOTALL)
_STATEMENT = re.compile(
    r"(?<![a-z])answers?(?:\s{1,3}(?:to|for|of|in)\s[^.:\n]{1,80}?)?[\s*_]{0,4}"
    r"(?:(?<=[\s*_])(?:is|are|(?:sh|w)ould\sbe|must\sbe|will\sbe|equals)(?![a-z'\u2019])|(?=can(?:not|'t|\snot)\s|does\snot\s)|(?P<colon>[:=\uff1a]))[\s:*_\uff1a]*"
    r"|^[#*_ \t]{1,8}(?:the\s|final\s){0,2}answer[*_: \t]{0,6}\n[\s*_]*"
    r"|\u7b54\u6848(?:\u5e94\u8be5|\u5e94|\u5c31|\u6240\u4ee5)?(?:\u662f|\u4e3a|\u70ba|\u7b49\u4e8e|\s?[:\uff1a=])[\s:*_\uff1a]*"
    r"|(?P<reply>(?<!\w)\u7b54\s?[:\uff1a])\s*",
    re.IGNORECASE | re.MULTILINE,
)
_HASHES = re.compile(r"^####[ \t]+(.{1,80})$", re.MULTILINE)
_FILLERS = re.compile(
    r"(?:(?:therefore|thus|then|hence|so|simply|just|exactly|indeed|equal\sto|approximately|about|roughly|around|probably|likely|actually|still|again"
    r"|also|clearly|now|given\sby|the\s(?:number|integer|value)|\u7ea6|\u5927\u7ea6|\u7b49\u4e8e)(?![a-z])[\s:,*_]*){1,3}",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"[\"'(\s]{0,3}(?:(?:still\s|currently\s|therefore\s|simply\s)?(?:unknown|undefined|indeterminate|undetermined|impossible|none\b|infinit[ey]|infinitely)"
    r"|(?:not|cannot|can't|can\snot|does\snot)\s(?:be\s|possible|determin|defin|known|enough|exist)|(?:there\sis\s)?no\s(?:solution|answer|such)"
    r"|\u672a\u77e5|\u65e0\u6cd5|\u65e0\u89e3|\u4e0d\u5b58\u5728)",
    re.IGNORECASE,
)
_INLINE = re.compile(r"\$\$([^$]{1,400})\$\$|\$(?=\S)([^$\n]{1,400}?)(?<=\S)\$(?!\d)|\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]", re.DOTALL)

# A sign counts only where nothing stands before it that makes it a minus: "5-3" ends in 3.
_SIGN = r"(?:(?<![\w)\]}.])[-+\u2212]\s{0,2})?"
_WHOLE = r"(?:\d{1,3}(?:(?:,|\{,\}|,\\!|\\,|['\u2019\u00a0\u2009\u202f])\d{3}){1,20}(?!\d)|\d{1,2}(?:,\d\d){1,9},\d{3}(?!\d)|\d+)"
_POWER = r"(?:[eE][-+]?\d{1,3}(?!\w)|\s?(?:\\times|\\cdot|[\u00d7*x])\s?10\s?\^\s?\{?[-+\u2212]?\d{1,3}\}?)"
_SCALE = r"(?:\s?(?:hundred|thousand|million|billion|trillion)\b|\s?[\u4e07\u842c\u4ebf\u5104])"
_NUMBER = (
    rf"{_SIGN}(?:[$\u20ac\u00a3\u00a5\uffe5]|\\\$)?\s{{0,2}}"
    rf"(?:\\[dt]?frac\s?\{{\s?[-+]?\d{{1,60}}\s?\}}\s?\{{\s?\d{{1,60}}\s?\}}|\d{{1,9}} \d{{1,9}}/\d{{1,9}}(?![\d/])"
    rf"|(?:{_WHOLE}(?:\.\d+)?|\.\d+)(?:\s?/\s?\d+|{_POWER})?)"
    rf"(?:\s?\\?[%\uff05]|\spercent\b|{_SCALE})?"
)
_ANY = re.compile(_NUMBER)
_CUT_BOX = re.compile(rf"\s{{0,3}}({_NUMBER})\s{{0,3}}(?:\\?[$)\].]|\n|\Z)")
_LIST = re.compile(
    r"[\s$]{0,3}(?:(?:or|and|to)\b|[-\u2013~\u3001\u6216\u548c\u81f3\u5230&])[\s$]{0,3}\d"
    r"|,\s?\$?\d[\d.]*\$?\s?(?:[,.;\n]|and\b|or\b|\Z)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s?(?:[+\u00d7\u00f7^<>\u2248\u221a\u03c0=]|\*(?!\*)\s?[\d(]|[-\u2212]\s?[\w(\\]|/\s?[\w(]|\\(?:times|cdot|sqrt|pi|[dt]?frac|div|pm|approx)|[(:]\d)"
    r"|[abcijknpqruxyz](?![a-z])"
)
_RELATION = re.compile(r"(?<![<>!:=])=(?!=)|\\approx(?![a-z])|\u2248")
_NO_LEFT_SIDE = re.compile(r"[,;<>\u2260\u2264\u2265]|\\(?:neq?|leq?|geq?|lt|gt|in|pm)(?![a-z])|\b(?:or|and)\b")

_WRAPPERS = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|normal)?|math(?:rm|bf|it|sf)|mbox|hbox|boldsymbol|bm|bold|emph|underline|operatorname|boxed|fbox)\s?\{([^{}]*)\}"
)
_TYPESETTING = re.compile(r"\\(?:left|right|displaystyle|bf|rm|it|large|Large|huge|limits)(?![A-Za-z])|\\!")
_SPACES = re.compile(r"\\(?:[,;:> ]|q?quad(?![A-Za-z])|thinspace(?![A-Za-z]))|~")
_ORDINAL = re.compile(r"(?<=\d)\s?\^\s?\{?\s?(?:\\(?:text|mathrm|textrm)\s?\{\s?)?(?:st|nd|rd|th)\s?\}{0,2}(?![a-z])")
_DEGREES = re.compile(r"\^\s?(?:\\circ|\{\s?\\circ\s?\})|\\degree|\u00b0")
_ASCII = {**dict.fromkeys("\u2212\u2013\ufe63", "-"), **dict.fromkeys("\u00d7\u22c5\u00b7\u2715", "\\times "), "\u2044": "/", "\uffe5": "\u00a5"}
_SUPERSCRIPTS = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-")
_SUPERSCRIPT = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b]+")
_OPTION = re.compile(r"\(?[A-J][).:]\s+(?=[-+$.\d\\])")
_SHAPE = re.compile(
    r"(?P<sign>[-+]?)\s?(?:US)?(?:[$\u20ac\u00a3\u00a5\u20b9]|USD|RMB|Rs\.?)?\s?(?P<sign2>[-+]?)\s?"
    r"(?:(?P<mixed>\d{1,60})\s?(?:\\frac\s?\{\s?(?P<over>\d{1,60})\s?\}\s?\{\s?(?P<under>\d{1,60})\s?\}|\s(?P<over2>\d{1,60})\s?/\s?(?P<under2>\d{1,60}))"
    r"|\\frac\s?(?:\{\s?(?P<top>[-+]?[\d.,]{1,60})\s?\}|(?P<top1>\d))\s?(?:\{\s?(?P<bottom>[\d.,]{1,60})\s?\}|(?P<bottom1>\d))"
    r"|(?:(?P<number>\d[\d,.'\u2019 ]*|\.\d+)(?:\s?/\s?(?P<divisor>\d[\d,]*))?)?"
    r"(?:(?(number)\s?(?:\\times|\\cdot|\*|x)\s?)10\s?\^\s?(?:\{\s?)?(?P<power>[-+]?\d{1,3})\s?\}?"
    r"|(?<=\d)[eE](?P<exponent>[-+]?\d{1,3}))?)"
    r"\s?(?:(?P<percent>\\?%|percent\b|per\scent\b)|(?P<scale>hundred\b|thousand\b|million\b|billion\b|trillion\b|[\u4e07\u842c\u4ebf\u5104]))?\s?(?![\d^])(?P<unit>.*)",
    re.DOTALL,
)
_GROUPED = re.compile(r"\d+|\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d\d)+,\d{3}|\d{1,3}(?:['\u2019]\d{3})+|\d{1,3}(?: \d{3})+")
_DIGITS_ALONE = re.compile(r"[-+\u2212\d\s,./$\u20ac\u00a3]*")
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "\u4e07": 4, "\u842c": 4, "\u4ebf": 8, "\u5104": 8}
# What follows a number and leaves it as it is: apples, cm^2, km/h, dollars per day. A lone letter is a unit only where units have it.
_UNIT = re.compile(r"(?:(?:[^\W\d_]{2,20}|[mgshLlNJWVAKCF\u4e00-\u9fff])(?:\s?\^\s?\{?-?\d\}?)?[.$]?(?:\s?/\s?|\s|-|\\cdot\s?|\Z)){1,6}")
_NO_UNIT = re.compile(
    r"\b(?:or|and|to|times|plus|minus|over|sqrt|pi|mod|than|not)\b|\b(?:remainder|squared|cubed|factorial)\b|[\u6216\u548c\u81f3\u5230]", re.IGNORECASE
)
_DECORATION = re.compile(r"\\(?:left|right|text|mathrm|textbf|displaystyle|[,;:! ])|[\s${}*\\]")


class Place(NamedTuple):
    """Something that a text states to be its answer, and where it stands."""

    start: int
    end: int
    text: str


class Number(NamedTuple):
    """A number that was read: how it is written without name, unit and typesetting, and its value; a second one if it is a percentage or in millions."""

    text: str
    values: tuple[Fraction, ...]


def stated_number(text: str) -> str | None:
    r"""Return the number that *text* ends up with, as it is written, or None if there is none.

    That is what stands last of: a box, ``<answer>…</answer>``, "the answer is …" with a number after it, ``#### …``. What holds
    no single number (``\boxed{2\sqrt{3}}``) is returned as it is: an answer, which equals no number. Where nothing states an
    answer, the last number counts, unless the last statement is that there is none ("The answer is unknown").
    """
    tail = text[-TAIL:]
    places = [*_boxed_number(tail), *_said(tail)]
    last = max(places, key=lambda place: place.start, default=None)
    if last is not None:
        return last.text or None
    numbers = _ANY.findall(tail)
    return str(numbers[-1]).strip() if numbers else None


def last_box(text: str) -> str | None:
    r"""Return what stands in the last ``\boxed{…}`` of *text*, braces balanced, or None if there is none that ends and holds anything."""
    box = box_place(text[-_BOX_TAIL:])
    return box.text if box else None


def box_place(text: str) -> Place | None:
    """Return what stands in the last box that ends and holds anything, and where the box is."""
    for box in reversed(list(_BOX.finditer(text))[-_MANY_BOXES:]):
        if inside := _inside(text, box):
            return Place(box.start(), box.end() + len(inside), inside)
    return None


def statements(text: str) -> list[Place]:
    """Return the last hundred places in which words announce an answer ("the answer is"), each with the 400 characters that follow."""
    found = list(_STATEMENT.finditer(text))[-_MANY_STATEMENTS:]
    return [Place(one.start(), one.end(), text[one.end() : one.end() + _LONGEST_STATEMENT]) for one in found]


def states_formula(rest: str) -> bool:
    """Say whether what follows an announcement is a formula or a number, not words."""
    return rest.startswith(("$", "\\(", "\\[")) or _ANY.match(rest) is not None


def last_formula(text: str) -> str | None:
    """Return the last formula in dollars or number of a text that ends with a sentence or formula, and leaves no box open or empty after it."""
    tail = text[-TAIL:].rstrip("*_ \n")
    if not tail.endswith((".", "!", "$", "\\)", "\\]", "\u3002")):
        return None
    formulas = list(_INLINE.finditer(tail))
    numbers = list(_ANY.finditer(tail, formulas[-1].end() if formulas else 0))
    last = (numbers or formulas)[-1:]
    if not last or _BOX.search(tail, last[0].start()):
        return None
    return next(part for part in (*last[0].groups(), last[0][0]) if part is not None).strip() or None


def number_value(text: str) -> Fraction | None:
    """Return the exact value of a number written in digits alone: ``$1,234.50``, ``−3``, ``1/2``, ``3 1/2``; see `read_number` for others."""
    number = read_number(text) if len(text) <= _LONGEST_NUMBER and _DIGITS_ALONE.fullmatch(text) else None
    return number.values[0] if number else None


def read_number(text: str) -> Number | None:
    """Read a text that is one number, whatever names it (``x =``) or follows it (units), else return None. Over 200 characters are none."""
    if len(text) > _LONGEST_NUMBER:
        return None
    plain = _plain(text)
    relations = list(_RELATION.finditer(plain))
    if relations and (_NO_LEFT_SIDE.search(plain[: relations[-1].start()]) or not plain[: relations[-1].start()].strip()):
        return None
    plain = plain[relations[-1].end() :].strip() if relations else plain
    shape = _SHAPE.fullmatch(_OPTION.sub("", plain, count=1))
    if shape is None or not _is_unit(shape["unit"]):
        return None
    value = _value(shape)
    if value is None:
        return None
    end = shape.start("unit")
    written = shape.string[:end].strip()
    if shape["percent"]:
        return Number(written, (value, value / 100))
    return Number(written, (value, value * 10 ** _SCALES[shape["scale"]]) if shape["scale"] else (value,))


def plain_form(text: str) -> str:
    """Return a formula without its spaces, dollar signs, braces and typesetting commands, to compare wordings."""
    return _DECORATION.sub("", text.replace("dfrac", "frac").replace("tfrac", "frac"))


def ascii_form(text: str) -> str:
    """Return a text with ASCII digits, full-width signs and minus signs, and without characters that nobody sees."""
    if text.isascii():
        return text
    return "".join(map(_ascii, text))


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    plain = _ASCII.get(character, character)
    match unicodedata.category(character):
        case "Nd":
            plain = str(unicodedata.decimal(character))
        case "Cf":
            plain = ""
        case "Zs":
            plain = " "
        case "No":
            over, _, under = unicodedata.normalize("NFKC", character).partition("\u2044")
            plain = f"\\frac{{{over}}}{{{under}}}" if over and under else character
        case _ if "\uff01" <= character <= "\uff5e":
            plain = chr(ord(character) - 0xFEE0)
    return plain


def _plain(text: str) -> str:
    """Return a short text without typesetting and without what stands around it."""
    plain = _SUPERSCRIPT.sub(lambda found: f"^{{{found[0].translate(_SUPERSCRIPTS)}}}", ascii_form(text))
    if "\\" in plain or "{" in plain:
        plain = plain.replace("{,}", ",").replace("\\$", "$").replace("\\(", "").replace("\\)", "").replace("\\[", "").replace("\\]", "")
        plain = re.sub(r"\\[dtc]frac", r"\\frac", _TYPESETTING.sub("", _ORDINAL.sub("", plain)))
        for _ in range(3):
            plain = _WRAPPERS.sub(r" \1 ", plain)
        plain = _DEGREES.sub(" degrees", _SPACES.sub(" ", plain))
    plain = _DEGREES.sub(" degrees", plain)
    plain = " ".join(plain.split()).strip("*_`\"'\u201c\u201d ").rstrip(".,;:\u3002").strip("*_`\"'\u201c\u201d ")
    for opening, closing in (("$$", "$$"), ("$", "$"), ("{", "}"), ("(", ")")):
        if plain.startswith(opening) and plain.endswith(closing) and len(plain) > 2 * len(opening):
            plain = plain[len(opening) : -len(closing)].strip()
    return plain.rstrip(".,;").strip()


def _is_unit(unit: str) -> bool:
    return not unit or (_UNIT.fullmatch(unit) is not None and not _NO_UNIT.search(unit))


def _value(shape: re.Match[str]) -> Fraction | None:
    part = shape.groupdict()
    if part["sign"] and part["sign2"]:
        return None
    sign = -1 if "-" in (part["sign"], part["sign2"]) else 1
    try:
        if part["mixed"]:
            return sign * (int(part["mixed"]) + Fraction(int(part["over"] or part["over2"]), int(part["under"] or part["under2"])))
        top, bottom = part["top"] or part["top1"], part["bottom"] or part["bottom1"]
        if top and bottom:
            return sign * _decimal(top) / _decimal(bottom)
        power = part["power"] or part["exponent"]
        if part["number"] is None and power is None:
            return None
        value = _decimal(part["number"]) if part["number"] else Fraction(1)
        value /= _decimal(part["divisor"]) if part["divisor"] else 1
        return sign * value * Fraction(10) ** int(power or 0)
    except (ValueError, ZeroDivisionError):
        return None


def _decimal(text: str) -> Fraction:
    """Return the value of digits with a point and separators of thousands; raises ValueError where they stand anywhere else."""
    sign = -1 if text.startswith("-") else 1
    whole, _, decimals = text.strip().lstrip("+-").rstrip(",").partition(".")
    if (whole and not _GROUPED.fullmatch(whole)) or (decimals and not decimals.isdecimal()) or not (whole or decimals):
        raise ValueError(text)
    digits = re.sub(r"\D", "", whole) + decimals
    return Fraction(sign * int(digits), 10 ** len(decimals))


def _inside(text: str, box: re.Match[str]) -> str | None:
    if not box["brace"]:
        return str(box["bare"])
    begin, depth, escaped = box.end(), 1, False
    for i, character in enumerate(text[begin : begin + _LONGEST_BOX]):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return text[begin : begin + i].strip()
    return None


def _boxed_number(tail: str) -> list[Place]:
    """Return the last box as an answer in numbers; one whose brace is missing counts if it holds a number and the formula or the line ends there."""
    boxes = list(_BOX.finditer(tail))[-1:]
    if boxes and _inside(tail, boxes[0]) is None and (cut := _CUT_BOX.match(tail, boxes[0].end())):
        return [Place(boxes[0].start(), cut.end(), cut[1].strip())]
    box = box_place(tail)
    if box is None:
        return []
    number = read_number(box.text)
    return [box._replace(text=number.text) if number else box]


def _said(tail: str) -> list[Place]:
    """Return the last answers in numbers that are stated in words, in tags, after hashes: at most one of each; an empty one says that there is none."""
    found: list[Place] = []
    for announced in reversed(list(_STATEMENT.finditer(tail))[-_MANY_STATEMENTS:]):
        said = _said_number(tail[announced.end() : announced.end() + _LONGEST_STATEMENT], bool(announced["colon"] or announced["reply"]))
        if said is not None:
            found.append(Place(announced.start(), announced.end(), said))
            break
    for pattern in (_TAGGED, _HASHES):
        marked = [(match, number) for match in list(pattern.finditer(tail))[-_MANY_STATEMENTS:] if (number := read_number(match[1]))][-1:]
        found += [Place(match.start(), match.end(), number.text) for match, number in marked]
    return found


def _said_number(rest: str, sentence_announced: bool) -> str | None:
    """Return what number is said after an announcement; "" if that there is none, None if nothing of the kind."""
    rest = rest.lstrip("*_\"'`( \u201c\u201e")
    if filler := _FILLERS.match(rest):
        rest = rest[filler.end() :].lstrip("*_\"'`( ")
    if _NONE.match(rest):
        return ""
    if name := re.match(r"[A-Za-z](?:_\w|\(\w\))?\s?=\s?(?=[-+$.\d\\])", rest):
        rest = rest[name.end() :]
    if (formula := _INLINE.match(rest)) is not None:
        inside = next(part for part in formula.groups() if part is not None)
        number = read_number(inside)
        if _LIST.match(rest, formula.end()):
            return rest.partition("\n")[0].strip()
        return None if _BOX.search(inside) else number.text if number else inside.strip() or None
    rest = ascii_form(rest)
    found = _ANY.match(rest)
    return _whole_number(rest, found) if found else _only_number(rest) if sentence_announced else None


def _whole_number(rest: str, found: re.Match[str]) -> str:
    """Return a number that *rest* begins with, or what it is equal to; all of the line where it is part of a list or of a larger formula."""
    line = rest.partition("\n")[0]
    if _LIST.match(rest, found.end()):
        return line.strip()
    if _GOES_ON.match(rest, found.end()):
        results = [_ANY.match(line, sign.end() + (line[sign.end() : sign.end() + 1] == " ")) for sign in _RELATION.finditer(line)]
        return results[-1][0].strip() if results and results[-1] else line.strip()
    return found[0].strip()


def _only_number(rest: str) -> str | None:
    """Return the number of a sentence that is the answer as a whole, if it has just one."""
    sentence = re.split(r"[.!?](?=\s|\Z)|\n|\u3002", rest, maxsplit=1)[0]
    numbers = _ANY.findall(ascii_form(sentence))
    return str(numbers[0]).strip() if len(numbers) == 1 and not _BOX.search(sentence) else None
