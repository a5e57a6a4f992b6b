r"""The final answer of a response, and whether it is right: one judge for tasks, synthesis and teaching.

| answer type | the answer that a response states | right if |
|---|---|---|
| ``number`` | its last ``\boxed{…}``, "the answer is …", ``<answer>…</answer>``; else its last number | of the same exact value, or a root or power that is |
| ``option`` | its last ``\boxed{B}``, "the answer is (B)", "option B"; else a last line ``B`` | the same letter, or the text of that option in *meta* |
| ``text`` | its last ``\boxed{…}``, ``<answer>…</answer>`` or "the answer is …" | the same words; case, articles and punctuation do not count |
| ``expression`` | likewise | made of the same numbers and of the same value; "= value" may follow |
| ``latex`` | likewise; else its last number or formula in dollars | the same formula, typesetting aside, the same number, or equal by math-verify |
| ``gym`` | likewise, but none unless stated | reasoning-gym gives it full marks |

What a model writes is untrusted: nothing is evaluated by Python, and math-verify works in a process with limits (see `synth.grading.same_formula`).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from synth.arithmetic import evaluate
from synth.formats import split_response
from synth.grading.final_answer import (
    TAIL,
    Place,
    ascii_form,
    box_place,
    last_formula,
    number_value,
    read_number,
    stated_number,
    statements,
    states_formula,
)
from synth.grading.same_formula import LONGEST, same_formula
from synth.sentences import sentences

_LONGEST_STATED, _LONGEST_OPTION, _MANY_CHOICES = 10_000, 300, 100
_DECORATION = " \t\n*_`\"'\u201c\u201d\u2018\u2019"
_WRAPPED = re.compile(r"(\$\$?|\\\(|\\\[)(.*?)(\$\$?|\\\)|\\\])", re.DOTALL)
_WORDS = re.compile(r"(?<!\w)[-+\u2212]?\d+(?:,\d{3})*(?:\.\d+)?|\w+(?:['\u2019]\w+)*|[<>=\u2264\u2265\u2260\u00b1\u221a\u221e%\u00b0+*/^]")
_ARTICLES = ("a", "an", "the")
_NUMBERS = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_ARITHMETIC = re.compile(r"[\d\s.+*/()-]+")
_SIGNS = {"\\times": "*", "\\cdot": "*", "\\div": "/", "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u00f7": "/", "\u2212": "-", "[": "(", "]": ")"}
_PLAIN_NUMBER = re.compile(r"[-+\u2212]?\s?[$\u20ac\u00a3]?\s?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d)\.)?(?:\s?/\s?\d+)?")
_LONGEST_NUMBER = 60
# A formula that stands for a number: it has a root, a power, a factorial, a logarithm, but is no mere sum or product of numbers, and has no letters.
_BEYOND_ARITHMETIC = re.compile(r"\\(?:sqrt|[dt]?binom|log|ln|sin|cos|tan|lfloor|lceil)(?![a-z])|\^|!")
_COMMANDS = re.compile(r"\\[A-Za-z]+")


def final_answer(response: str, answer_type: str = "number") -> str | None:
    """Return the answer that a response states, as text, or None if it states none.

    A response cut off inside its trace has none. What is stated last counts, a box before words; only a formula or a number
    that is announced after the last box beats it.
    """
    split = split_response(response)
    tagged = split.stated
    tail = split.answer[-TAIL:]
    if answer_type == "number":
        own = stated_number(tail)
        # The tags around an answer are gone from what follows a trace.
        number = read_number(tagged) if split.tagged and tagged is not None and box_place(tail) is None else None
        return number.text if number else own
    announced = statements(tail)
    if answer_type == "option":
        return _stated_option(tail, tagged, announced)
    if (box := box_place(tail)) is not None:
        later = announced[-1] if announced and announced[-1].start > box.end and answer_type != "text" else None
        return (_bare(_stated(later.text, answer_type)) if later and states_formula(later.text) else "") or box.text
    if tagged is not None:
        return _bare(tagged) or None
    if announced:
        return _bare(_stated(tail[announced[-1].end :], answer_type)) or None
    return last_formula(tail) if answer_type == "latex" else None


def is_right(stated: str | None, gold: str, answer_type: str = "number", meta: Mapping[str, Any] | None = None) -> bool:
    """Say whether a stated answer is right, given the right one; nothing stated is never right, nor what has over 10,000 characters.

    *meta* is that of the problem: for an answer that reasoning-gym judges, and the texts of the ``options`` in their order.
    """
    if stated is None or (len(stated) > _LONGEST_STATED and answer_type != "gym"):
        return False
    match answer_type:
        case "number":
            right = _same_number(stated, gold)
        case "option":
            right = _same_option(stated, gold, (meta or {}).get("options") or ())
        case "text":
            right = _words(stated) == _words(gold)
        case "expression":
            right = _same_expression(stated, gold)
        case "latex":
            right = _same_latex(stated, gold)
        case "gym":
            from synth.problems.gym import gym_score

            right = gym_score(stated, meta or {}) >= 1.0
        case _:
            raise ValueError(f"there is no answer type {answer_type!r}")
    return right


def plain_number(text: str) -> Fraction | None:
    """Return the exact value of a text that is one number and nothing else (``$1,234.50``, ``-3``, ``1/2``), else None."""
    plain = text.strip()
    return number_value(plain) if len(plain) <= _LONGEST_NUMBER and _PLAIN_NUMBER.fullmatch(plain) else None


def _stated(rest: str, answer_type: str) -> str:
    """Return what stands between the words that announce an answer and the end of its sentence or line."""
    if answer_type == "gym" and "\n" in (paragraph := re.split(r"\n\s*\n", rest, maxsplit=1)[0]).strip():
        return paragraph  # a grid, a list of moves
    found = sentences(rest)
    first = found[0].partition("\u3002")[0] if found else ""
    formula = re.match(r"(\$\$?|\\\[|\\\(|\\begin)", first)
    return first if formula else first.partition("\n")[0]


def _bare(text: str) -> str:
    """Return an answer without quotes, emphasis, a full stop or dollar signs around it."""
    bare = text.strip(_DECORATION)
    while bare.endswith((".", ",", ";", "\u3002")):
        bare = bare[:-1].rstrip(_DECORATION)
    if (wrapped := _WRAPPED.fullmatch(bare)) and "$" not in wrapped[2].replace("\\$", ""):
        bare = wrapped[2].strip().removesuffix(".").strip()
    return bare


_LETTERS = "ABCDEFGHIJ"
_AROUND_LETTER = re.compile(r"\\(?:text[a-z]{0,6}|math[a-z]{2}|boxed|left|right|[,;:! ])|[{}$*_`\"'\u201c\u201d\\]")
_LETTER = re.compile(
    r"\s*(?:the\s)?(?:(?:correct\s|right\s)?(?:option|choice|answer|letter|\u9009\u9879)\s?(?:is\s|:\s?|\u662f)?)?"
    r"(?P<open>[(\[])?\s?(?P<letter>[A-Ja-j])(?![A-Za-z0-9\u2019-])\s?(?P<close>[)\].:,;\u3002\u3001])?(?P<rest>.*)",
    re.DOTALL | re.IGNORECASE,
)
_ANOTHER = re.compile(r"[)\]\s]*(?:[,/&\u6216\u548c\u3001]|or\b|and\b)\s?(?:and\s|or\s)?[(\[]?[A-J](?:[)\].,;:]|\s*\Z|\s(?:and|or|are|both)\b)")
_AFTER_ARTICLE = re.compile(r"\s*(?:\Z|[\n,;:\u2013\u2014-]|because\b|since\b|[^\x00-\x7f])")
_OPERATOR = re.compile(r"\s*[=+^<>/*]")
_CHOSEN = re.compile(
    r"(?:\b(?:option|choice)\s(?:is|would\sbe)\b|\b(?:choose|chose|pick|select|go\swith)\b|(?<!\u4e0d)\u9009(?:\u62e9|\u9879\u662f)?|\u9009\u9879\u4e3a)"
    r"[\s:\uff1a]{0,3}",
    re.IGNORECASE,
)
_IS_CORRECT = re.compile(
    r"(?<![\w'])[(\[]?(?P<letter>[A-J])[)\]]?[*_]{0,2}"
    r"(?:\sis\s(?:the\s)?(?:correct|right|best)(?:\s(?:answer|option|choice|one)|[.,;!*]|\s*\Z)|\s?(?:\u662f|\u4e3a)?\u6b63\u786e)"
)
_BOLD = re.compile(r"(?<=[^\n*])\*\*\s?[(\[]?(?P<letter>[A-J])[)\]]?\.?\s?\*\*")
_MENTIONED = re.compile(
    r"\b(?:option|choice)\s[(\[]?[*_]{0,2}(?P<letter>[A-J])(?![\w'\u2019])(?![)\]*_]{0,3}\s(?:is|was|are|can|does|would|seems)\b)"
    r"|\u9009\u9879\s?(?P<letter2>[A-J])(?![\w\u4e0d])",
    re.IGNORECASE,
)
_LONE_LINE = re.compile(r"[(\[]?(?P<letter>[A-J])(?:[)\].]{0,2}|[).:]\s.{1,200})")
_TOKEN = re.compile(r"<\|[^|<>]{1,30}\|>|</?s>|</?answer>")
_NEGATIONS = frozenset("not no neither nor never isn't aren't \u4e0d".split())


def option_letter(text: str) -> str | None:
    """Return the letter of the option that a short text names: ``B``, ``(b)``, ``B) 12 m``, ``option B``; the article "A" is none, and two letters are none."""
    found = _LETTER.fullmatch(_AROUND_LETTER.sub(" ", ascii_form(text[:_LONGEST_OPTION])).strip())
    if found is None or _ANOTHER.match((found["close"] or "") + found["rest"]):
        return None
    letter, rest = found["letter"], found["rest"]
    if found["close"] or not rest.strip():
        certain = letter.isupper() or found["open"] is not None or not rest.strip() or found["close"] == ")"
        return letter.upper() if certain else None
    if letter.islower() or _OPERATOR.match(rest) or (letter in "AI" and not _AFTER_ARTICLE.match(rest)):
        return None
    return letter


def _stated_option(tail: str, tagged: str | None, announced: Sequence[Place]) -> str | None:
    """Return the letter of an option, or the text that stands for one: what is chosen last, else what the end of the response is."""
    box, (at, chosen) = box_place(tail), _chosen_letter(tail, announced)
    if box is not None and box.start > at:
        return box.text
    if tagged is not None:
        return _bare(tagged) or None
    said = (text for place in reversed(announced) if (text := _bare(_stated(place.text, "text"))))
    return chosen or _last_line_letter(tail) or next(said, None) or _mentioned_letter(tail) or _only_line(tail)


def _chosen_letter(tail: str, announced: Sequence[Place]) -> tuple[int, str]:
    """Return the letter that is announced or chosen last, and where; -1 and nothing if none is."""
    ends = [place.end for place in announced] + [found.end() for found in list(_CHOSEN.finditer(tail))[-_MANY_CHOICES:]]
    letters = [(end, letter) for end in ends if (letter := option_letter(tail[end : end + _LONGEST_OPTION].lstrip().partition("\n")[0]))]
    letters += [(found.end(), found["letter"]) for found in _IS_CORRECT.finditer(tail)]
    return max(letters, default=(-1, ""))


def _mentioned_letter(tail: str) -> str | None:
    found = (list(_BOLD.finditer(tail)) or list(_MENTIONED.finditer(tail)))[-1:]
    return next((letter.upper() for letter in found[0].groups() if letter), None) if found else None


def _only_line(tail: str) -> str | None:
    line = _bare(_TOKEN.sub("", tail))
    return line if line and "\n" not in line and len(line) <= _LONGEST_OPTION else None


def _last_line_letter(tail: str) -> str | None:
    """Return the letter that the last line is, unless it ends a list of options."""
    lines = [line for line in (_TOKEN.sub("", line).strip(_DECORATION + "$#>") for line in tail[-2 * _LONGEST_OPTION :].split("\n")) if line]
    if not lines or (len(lines) > 1 and _LONE_LINE.fullmatch(lines[-2])):
        return None
    found = _LONE_LINE.fullmatch(lines[-1])
    return found["letter"] if found else None


def _same_option(stated: str, gold: str, options: Sequence[Any]) -> bool:
    texts = [str(option) for option in options[: len(_LETTERS)]]
    right = option_letter(gold) or _option_of_text(gold, texts)
    own = option_letter(stated) or _option_of_text(stated, texts)
    return own is not None and own == right


def _option_of_text(stated: str, texts: Sequence[str]) -> str | None:
    """Return the letter of the one option whose text is stated, as a whole or within a sentence that denies nothing."""
    if len(stated) > LONGEST:
        return None
    words, *own = (_words(_AROUND_LETTER.sub(" ", text)) for text in (stated, *texts))
    formula, number = _latex_form(stated), read_number(stated)
    for alike in (
        [option == words for option in own],
        [formula != "" and formula == _latex_form(text) for text in texts],
        [number is not None and (other := read_number(text)) is not None and number.values == other.values for text in texts],
    ):
        if sum(alike) == 1:
            return _LETTERS[alike.index(True)]
    if any(alike) or _NEGATIONS & set(words):
        return None
    line = f" {' '.join(words)} "
    within = {i: f" {' '.join(option)} " for i, option in enumerate(own) if option and f" {' '.join(option)} " in line}
    longest = [i for i, option in within.items() if not any(option in other and option != other for other in within.values())]
    return _LETTERS[longest[0]] if len(longest) == 1 else None


def _same_number(stated: str, gold: str) -> bool:
    own, right = read_number(stated), read_number(gold)
    if right is None:
        return False
    if own is not None:
        # "50%" is 50 and 0.5, "3 million" 3 and 3,000,000; where both are written so, their full values are compared.
        both = len(own.values) > 1 and len(right.values) > 1
        return own.values[-1] == right.values[-1] if both else not set(own.values).isdisjoint(right.values)
    letters = re.search(r"[A-Za-z]", _COMMANDS.sub("", stated))
    if len(stated) > LONGEST or letters or not _BEYOND_ARITHMETIC.search(stated):
        return False
    return same_formula(_latex_form(stated), _latex_form(gold))


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
_ORDINAL = re.compile(r"(?<=\d)\s?\^\s?(?:\{\s?)?\\(?:text|mathrm|textrm)\s?\{\s?(?:st|nd|rd|th)\s?\}(?:\s?\})?")
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
    if len(stated) > 2 * LONGEST and stated != gold:
        return False
    own, right = _latex_form(stated), _latex_form(gold)
    if own == right:
        return bool(right)
    if "\\text" in gold and _PLAIN_WORDS.fullmatch(_TEXT.sub(r"\1", gold).strip()):
        return _words(_TEXT.sub(r"\1", stated)) == _words(_TEXT.sub(r"\1", gold))
    right_value = plain_number(right)
    if right_value is not None and (number := read_number(stated)) is not None:
        return right_value in number.values
    return same_formula(own, right)


def _latex_form(text: str) -> str:
    """Return a formula in one wording of those that LaTeX has for it."""
    plain = _UNIT.sub("", _bare(text)).replace("\u2212", "-").replace("\\$", "").replace("{,}", ",").replace(",\\!", ",")
    plain = _ORDINAL.sub("", plain).replace("\\varnothing", "\\emptyset")
    plain = _DEGREES.sub("", _SPACING.sub(" ", _TEXT.sub(r" \1 ", plain)))
    plain = _SHORT_ROOT.sub(r"\\sqrt{\1}", _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", _FRACTION.sub(r"\\frac", plain)))
    plain = _ONE_SIGN.sub(r"\1\2", _BLANK.sub("", plain)).strip()
    return plain if plain_number(plain) is not None else _SLASH.sub(r"\\frac{\1}{\2}", plain)
