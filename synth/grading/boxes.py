r"""What stands in boxes: ``\boxed{…}``, ``\fbox{…}``, braces balanced;
and several boxes that state one answer together.
"""

import re

from synth.grading.places import Place

LONGEST_BOX, _BOX_TAIL, _MANY_BOXES = 2_000, 200_000, 20
BOX = re.compile(
    r"\\(?:boxed|fbox|framebox(?:\[[^\]\n]{0,20}\]){0,2})(?:\s{0,3}(?P<brace>\{)|\s{1,3}(?P<bare>-?\d[\d,.]{0,30}|[A-Za-z](?![A-Za-z])))"
)
_NAME = r"(?:[A-Za-z]|\\[a-z]+)(?:_\{?\w{1,3}\}?)?\s{0,3}(?:=|&=)\s{0,3}"
_NAME_BEFORE = re.compile(rf"(?P<name>{_NAME})\Z")
_MARK = (
    r"(?:[\s$,;.&:*\u3001\uff0c\uff1b]|\\[(\[\])]|\\\\|\\[,;:!]|\\q?quad|[-+]\s|\d{1,2}[.)]\s|\([a-z]\)\s)"
)
_REMARK = (
    r"(?:\$?\s?\((?:(?:a\s)?(?:double|repeated|triple|simple|single)\s(?:root|zero|solution)"
    r"|(?:with\s(?:algebraic\s)?)?multiplicity\s\w{1,5})\))?"
)
# "and", "or" in the languages that models answer in, or nothing but marks of lists and formulas: the boxes
# before and after state one answer.
_JOINED = re.compile(
    rf"{_REMARK}{_MARK}{{0,12}}(?:(?:\\text\s?\{{)?\s?(?:and(?:\salso)?|or|und|oder|et|ou|y|o|e|i|en|of|och|eller|og|lub|albo|a|nebo|ve|veya|v\u00e0|ho\u1eb7c|dan|atau|ja|tai|\u0438|\u0438\u043b\u0438|\u0456|\u0430\u0431\u043e"
    rf"|\u03ba\u03b1\u03b9|\u03ae|\u3068|\u307e\u305f\u306f|\uadf8\ub9ac\uace0|\ub610\ub294|\u548c|\u6216|\u53ca|\\l?(?:or|and)|\\vee|\\wedge"
    rf"|as\swell\sas)\s?\}}?)?"
    rf"{_MARK}{{0,4}}(?:(?:the\s)?(?:second|third|fourth|other|next|another)(?:\s(?:one|solution|root|answer|value|number|zero|prime|factor))?\s(?:is"
    rf"|are|being|equals))?"
    rf"{_MARK}{{0,12}}(?:{_NAME})?\$?\s{{0,3}}"
)
_OR = re.compile(
    r"(?<!\w)(?:or|oder|ou|of|eller|lub|albo|veya|atau|\u0438\u043b\u0438|\u0430\u0431\u043e|\u03ae)(?!\w)|\u6216|\u307e\u305f\u306f|\ub610\ub294"
)


def last_box(text: str) -> str | None:
    r"""Return what stands in the last ``\boxed{…}`` of *text*, braces balanced,
    or None if there is none that ends and holds anything.
    """
    box = box_place(text[-_BOX_TAIL:])
    return box.text if box else None


def box_place(text: str) -> Place | None:
    """Return what stands in the last box that ends and holds anything, and where the box is."""
    for box in reversed(list(BOX.finditer(text))[-_MANY_BOXES:]):
        if found := inside(text, box):
            return Place(box.start(), box.end() + len(found), found)
    return None


def joined_boxes(text: str) -> Place | None:
    r"""Return what the last boxes state together if nothing but "and", "or" or a comma stands between them,
    ``4, -7``; else what the last one holds.

    A box after a sentence of its own is no part of it: that of a step, or one that was corrected. What is
    said twice counts once; names are kept where they are different ones.
    """
    boxes = [(box, found) for box in list(BOX.finditer(text))[-_MANY_BOXES:] if (found := inside(text, box))]
    if not boxes:
        return None
    own = [boxes[-1]]
    for before, after in zip(boxes[-2::-1], boxes[:0:-1], strict=False):
        end = before[0].end() + len(before[1]) + (before[0]["brace"] is not None)
        if end > after[0].start() or not _JOINED.fullmatch(text[end : after[0].start()]):
            break
        own.insert(0, before)
    last, found = own[-1]
    end = last.end() + len(found)
    if len(own) == 1:
        return Place(last.start(), end, found)
    names = [
        name["name"] if (name := _NAME_BEFORE.search(text, max(0, box.start() - 12), box.start())) else ""
        for box, _ in own
    ]
    several = len({re.sub(r"[\s&]", "", name) for name in names}) > 1
    said = [f"{name if several else ''}{one}" for name, (_, one) in zip(names, own, strict=True)]
    return Place(own[0][0].start(), end, ", ".join(dict.fromkeys(said)))


def says_or(text: str, box: Place) -> bool:
    r"""Say whether the last boxes leave a choice: ``\boxed{4}`` or ``\boxed{5}``."""
    return _OR.search(re.sub(r"\{[^{}]*\}", "", text[box.start : box.end])) is not None


def inside(text: str, box: re.Match[str]) -> str | None:
    """Return what a box holds, None if it does not end within 2,000 characters."""
    if not box["brace"]:
        return str(box["bare"])
    begin, depth, escaped = box.end(), 1, False
    for i, character in enumerate(text[begin : begin + LONGEST_BOX]):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return text[begin : begin + i].strip()
    return None
