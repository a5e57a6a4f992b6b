r"""The final answer of a response, and whether it is right: one judge for tasks, synthesis and teaching.

| answer type | the answer that a response states | right if |
|---|---|---|
| ``number`` | its last ``\boxed{…}``, "the answer is …", or any number | of the same exact value |
| ``text`` | its last ``\boxed{…}``, ``<answer>…</answer>`` or "the answer is …" | the same words; case, articles and punctuation do not count |
| ``expression`` | likewise | made of the same numbers and of the same value; "= value" may follow |
| ``latex`` | likewise | the same formula, typesetting aside, the same number, or equal by math-verify |
| ``gym`` | likewise | reasoning-gym gives it full marks |

What a model writes is untrusted: nothing is evaluated by Python, and math-verify works in a process with a time limit.
"""

import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from synth.arithmetic import evaluate
from synth.final_answer import last_box, number_value, stated_number
from synth.same_formula import same_formula
from synth.sentences import sentences
from synth.style import split_response

_TAIL = 20_000
_TAGGED = re.compile(r"<answer>((?:(?!</?answer>).){1,4000})</answer>", re.DOTALL)
_STATEMENT = re.compile(r"\banswer(?:\s+is\b|\s*:|\s*=)[\s:*_]*", re.IGNORECASE)
_DECORATION = " \t\n*_`\"'\u201c\u201d\u2018\u2019"
_WRAPPED = re.compile(r"(\$\$?|\\\(|\\\[)(.*?)(\$\$?|\\\)|\\\])", re.DOTALL)
_WORDS = re.compile(r"(?<!\w)[-+\u2212]?\d+(?:,\d{3})*(?:\.\d+)?|\w+(?:['\u2019]\w+)*|[<>=\u2264\u2265\u2260\u00b1\u221a\u221e%\u00b0+*/^]")
_ARTICLES = ("a", "an", "the")
_NUMBERS = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_ARITHMETIC = re.compile(r"[\d\s.+*/()-]+")
_SIGNS = {"\\times": "*", "\\cdot": "*", "\\div": "/", "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u00f7": "/", "\u2212": "-", "[": "(", "]": ")"}
_PLAIN_NUMBER = re.compile(r"[-+\u2212]?\s?[$\u20ac\u00a3]?\s?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d)\.)?(?:\s?/\s?\d+)?")
_LONGEST_NUMBER = 60


def final_answer(response: str, answer_type: str = "number") -> str | None:
    """Return the answer that a response states, as text, or None if it states none.

    A response cut off inside its trace has none. Only a number is also looked for where nothing states it to be the answer.
    """
    split = split_response(response)
    if answer_type == "number":
        return stated_number(split.answer)
    tail = split.answer[-_TAIL:]
    if (box := last_box(tail)) is not None:
        return box or None
    after_trace = response[split.start + len(split.trace) :] if split.tagged else response
    if not split.truncated and (tagged := _TAGGED.findall(after_trace[-_TAIL:])):
        return _bare(tagged[-1]) or None
    statements = [found.end() for found in _STATEMENT.finditer(tail)]
    return _bare(_stated(tail[statements[-1] :], answer_type)) or None if statements else None


def is_right(stated: str | None, gold: str, answer_type: str = "number", meta: Mapping[str, Any] | None = None) -> bool:
    """Say whether a stated answer is right, given the right one; nothing stated is never right.

    *meta* is that of the problem, for an answer that reasoning-gym judges.
    """
    if stated is None:
        return False
    match answer_type:
        case "number":
            value = number_value(stated)
            return value is not None and value == number_value(gold)
        case "text":
            return _words(stated) == _words(gold)
        case "expression":
            return _same_expression(stated, gold)
        case "latex":
            return _same_latex(stated, gold)
        case "gym":
            from synth.problems.gym import gym_score

            return bool(gym_score(stated, meta or {}) >= 1.0)
    raise ValueError(f"there is no answer type {answer_type!r}")


def plain_number(text: str) -> Fraction | None:
    """Return the exact value of a text that is one number and nothing else (``$1,234.50``, ``-3``, ``1/2``), else None."""
    plain = text.strip()
    return number_value(plain) if len(plain) <= _LONGEST_NUMBER and _PLAIN_NUMBER.fullmatch(plain) else None


def _stated(rest: str, answer_type: str) -> str:
    """Return what stands between the words that announce an answer and the end of its sentence or line."""
    if answer_type == "gym" and "\n" in (paragraph := re.split(r"\n\s*\n", rest, maxsplit=1)[0]).strip():
        return paragraph  # a grid, a list of moves
    found = sentences(rest)
    first = found[0] if found else ""
    formula = re.match(r"(\$\$?|\\\[|\\\(|\\begin)", first)
    return first if formula else first.partition("\n")[0]


def _bare(text: str) -> str:
    """Return an answer without quotes, emphasis, a full stop or dollar signs around it."""
    bare = text.strip(_DECORATION)
    while bare.endswith((".", ",", ";")):
        bare = bare[:-1].rstrip(_DECORATION)
    if (wrapped := _WRAPPED.fullmatch(bare)) and "$" not in wrapped[2].replace("\\$", ""):
        bare = wrapped[2].strip().removesuffix(".").strip()
    return bare


def _words(text: str) -> list[str]:
    plain = text.casefold().replace("\u2212", "-").replace("\u2019", "'")
    words: list[str] = _WORDS.findall(plain)
    return [word for word in words if word not in _ARTICLES] or words or plain.split()


def _same_expression(stated: str, gold: str) -> bool:
    own, _, result = _arithmetic(stated).partition("=")
    right, _, _ = _arithmetic(gold).partition("=")
    value = evaluate(own) if _ARITHMETIC.fullmatch(own) else None
    if value is None or value != evaluate(right) or _numbers(own) != _numbers(right):
        return False
    return not result.strip() or plain_number(result) == value


def _arithmetic(text: str) -> str:
    plain = re.sub(r"\\(?:left|right)|[$]", "", text)
    for sign, plain_sign in _SIGNS.items():
        plain = plain.replace(sign, plain_sign)
    return plain.strip()


def _numbers(expression: str) -> Counter[Fraction]:
    return Counter(Fraction(number) for number in _NUMBERS.findall(expression))


_TEXT = re.compile(r"\\(?:text(?:bf|it|rm)?|mathrm|mathbf|mbox)\s?\{([^{}]*)\}")
_SPACING = re.compile(r"\\(?:left|right|displaystyle)(?![A-Za-z])|\\[,;:! ]|~|\$")
_DEGREES = re.compile(r"\^\s?(?:\\circ|\{\s?\\circ\s?\})|\u00b0")
_FRACTION = re.compile(r"\\[dt]frac")
_SHORT_FRACTION = re.compile(r"\\frac\s?(\d)\s?(\d)")
_SHORT_ROOT = re.compile(r"\\sqrt\s?(\d)")
_SLASH = re.compile(r"(?<![\w.])(\d+)/(\d+)(?![\w.])")
_ONE_SIGN = re.compile(r"([_^])\{(\w)\}")
_UNIT = re.compile(r"(?<=[\w})])[\s\\,]*\\(?:text|mathrm|mbox|textrm)\s?\{\s*[A-Za-z][A-Za-z .]*\}(?:\s?\^\s?\{?[23]\}?)?\Z")
_BLANK = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z\s,.'()-]*|\([A-Za-z]\)")


def _same_latex(stated: str, gold: str) -> bool:
    own, right = _latex_form(stated), _latex_form(gold)
    if own == right:
        return bool(right)
    if "\\text" in gold and _PLAIN_WORDS.fullmatch(_TEXT.sub(r"\1", gold).strip()):
        return _words(_TEXT.sub(r"\1", stated)) == _words(_TEXT.sub(r"\1", gold))
    value, right_value = plain_number(own), plain_number(right)
    if value is not None and right_value is not None:
        return value == right_value
    return same_formula(own, right)


def _latex_form(text: str) -> str:
    """Return a formula in one wording of those that LaTeX has for it."""
    plain = _UNIT.sub("", _bare(text)).replace("\u2212", "-").replace("\\$", "").replace("{,}", ",").replace(",\\!", ",")
    plain = _DEGREES.sub("", _SPACING.sub(" ", _TEXT.sub(r" \1 ", plain)))
    plain = _SHORT_ROOT.sub(r"\\sqrt{\1}", _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", _FRACTION.sub(r"\\frac", plain)))
    plain = _ONE_SIGN.sub(r"\1\2", _BLANK.sub("", plain)).strip()
    return plain if plain_number(plain) is not None else _SLASH.sub(r"\\frac{\1}{\2}", plain)
