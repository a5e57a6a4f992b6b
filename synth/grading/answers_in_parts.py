r"""Answers of several parts: ``x = 4 or x = -7``, ``\{4, -7\}``, ``3 \pm \sqrt{2}``, ``(1, 2)``; texts are in
the wording of `formula_form`.
"""

import re
from typing import NamedTuple

_OPENING, _CLOSING = (
    re.compile(r"[(\[{]|\\\{|\\langle(?![A-Za-z])|\\begin"),
    re.compile(r"[)\]}]|\\\}|\\rangle(?![A-Za-z])|\\end"),
)
_CONNECTED = "and|or|und|oder|et|ou|y|o|e|and also|or else"
SEPARATOR = re.compile(
    rf"\\text\{{[\s,;]*(?:{_CONNECTED})[\s,;]*\}}|\\text\{{\s*[,;]\s*\}}|(?<![A-Za-z\\{{])(?:and|or)(?![A-Za-z])|\\l(?:or|and)(?![A-Za-z])"
    rf"|\\\\(?!\s*\Z)|[,;\u3001\u6216\u548c\uff0c\uff1b]"
)
_NAME = (
    r"(?:\\(?:vec|overrightarrow)\{[A-Z]{2}\}|\([A-Za-z](?:\s?,\s?[A-Za-z]){1,3}\)|[A-Z]{2,4}|\|[A-Z]{2}\||m?\\angle\s?[A-Z]{1,3}|[A-Za-z]|\\[A-Za-z]+)"
    r"(?:_\{[^{}=]{1,12}\}|_\w)?'{0,3}(?:\^\{-1\})?(?:\s?\([\w,\s]{1,12}\))?"
)
_NAMED = re.compile(
    rf"\s*(?P<name>{_NAME}|\\text\{{[^{{}}=]{{1,60}}\}}(?:\s?of\s\w+)?)\s*(?:=|:(?=\s))\s*(?P<rest>[^=].*)",
    re.DOTALL,
)
_MEMBER = re.compile(rf"\s*{_NAME}\s*\\in(?![A-Za-z])\s*(?P<rest>.+)", re.DOTALL)
_CASES = re.compile(
    r"\\begin\{(cases|aligned|align\*?|gathered|array)\}(?:\{[lcr|\s]*\})?(.*)\\end\{\1\}", re.DOTALL
)
_BOTH = re.compile(
    r"\A\s*\\text\{\s*(?:either|both|all of|the (?:solutions?|answers?|roots?) (?:are|is))\s*:?\s*\}|\A\s*(?:either|both)\s(?=.)",  # noqa: E501
    re.IGNORECASE,
)
_MOST_PARTS = 64


class AnswerPart(NamedTuple):
    """One answer of several: the name before its equals sign, if it has one, and the rest."""

    name: str
    text: str


class Tuple(NamedTuple):
    """Parts whose order counts, and the brackets around them."""

    brackets: str
    parts: list[str]


def split_outside(text: str, separator: re.Pattern[str]) -> list[str]:
    """Split a text at the separators that stand within no brackets."""
    parts, begin, depth, at = [], 0, 0, 0
    while at < len(text):
        if opening := _OPENING.match(text, at):
            if depth == 0 and (found := separator.match(text, at)):
                parts.append(text[begin:at])
                begin = at = found.end()
                continue
            depth += 1
            at = opening.end()
        elif closing := _CLOSING.match(text, at):
            depth = max(0, depth - 1)
            at = closing.end()
        elif depth == 0 and (found := separator.match(text, at)) and found.end() > at:
            parts.append(text[begin:at])
            begin = at = found.end()
        elif text.startswith("\\text{", at):
            at += 6
            depth += 1
        else:
            at += 2 if text[at] == "\\" and at + 1 < len(text) and not text[at + 1].isalpha() else 1
    return [part.strip() for part in [*parts, text[begin:]]]


def named(text: str) -> AnswerPart:
    """Return a text as a name and what it is said to be equal to; the name is "" where there is none."""
    found = _NAMED.fullmatch(text)
    return (
        AnswerPart(re.sub(r"\s", "", found["name"]), found["rest"].strip())
        if found
        else AnswerPart("", text.strip())
    )


def answers(text: str) -> list[AnswerPart]:
    r"""Return the answers that a text lists, each once for every sign that ``\pm`` may have;
    a text that lists nothing is one answer.
    """
    if (cases := _CASES.fullmatch(text.strip())) and "&" not in cases[2].replace("&=", "="):
        text = ",".join(row for row in cases[2].replace("&=", "=").split("\\\\") if row.strip())
    text = _BOTH.sub("", text, count=1)
    if member := _MEMBER.fullmatch(text):
        text = member["rest"]
    whole = named(text)
    body = whole.text if _is_set(whole.text) else text
    if _is_set(body):
        body = body.strip()[2:-2]
        whole = AnswerPart("", body)
    parts: list[AnswerPart] = []
    for piece in split_outside(body, SEPARATOR)[:_MOST_PARTS]:
        if not piece:
            continue
        part = named(piece)
        parts += [AnswerPart(part.name, variant) for variant in signs(part.text)]
    return parts or [whole]


def signs(text: str) -> list[str]:
    r"""Return a text with ``\pm`` as the two it stands for, with all signs upper or all lower."""
    if not re.search(r"\\[pm][pm](?![A-Za-z])|\+/-|\+-", text):
        return [text]
    plain = text.replace("+/-", "\\pm ").replace("+-", "\\pm ")
    upper = re.sub(r"\\mp(?![A-Za-z])", "-", re.sub(r"\\pm(?![A-Za-z])", "+", plain))
    lower = re.sub(r"\\mp(?![A-Za-z])", "+", re.sub(r"\\pm(?![A-Za-z])", "-", plain))
    return [upper.strip(), lower.strip()]


def as_tuple(text: str) -> Tuple | None:
    r"""Return the parts of ``(1, 2)``, ``[1, 2]`` or ``\langle 1, 2 \rangle``,
    None if a text is nothing of the kind.
    """
    plain = text.strip()
    for opening, closing in (("(", ")"), ("[", "]"), ("\\langle", "\\rangle"), ("<", ">")):
        if plain.startswith(opening) and plain.endswith(closing) and _closes_at_end(plain, opening, closing):
            parts = split_outside(plain[len(opening) : -len(closing)], re.compile("[,;]"))
            return (
                Tuple("(" if opening in ("\\langle", "<") else opening, parts)
                if len(parts) > 1 and all(parts)
                else None
            )
    return None


def _is_set(text: str) -> bool:
    plain = text.strip()
    return (
        plain.startswith("\\{")
        and plain.endswith("\\}")
        and plain.count("\\{") == 1
        and not re.search(r"[|:<>]|\\(?:le|ge|in)(?![A-Za-z])", plain)
    )


def _closes_at_end(text: str, opening: str, closing: str) -> bool:
    """Say whether the bracket that a text begins with is closed by the one that it ends with."""
    depth = 0
    for i, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and opening in "([" and i < len(text) - len(closing):
            return False
    return True
