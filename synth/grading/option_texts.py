r"""Which option is meant by its text instead of its letter:
``The speed is 75 km/h.`` where option B says ``B)75``.
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from synth.grading.numbers import NUMBER, read_number
from synth.grading.options import LETTERS, affirmed, option_letter
from synth.grading.same_formula import LONGEST
from synth.grading.typesetting import formula_form
from synth.grading.words import unset, words

_LONGEST_STATED = 2 * LONGEST
_LETTER_BEFORE = re.compile(r"\s*[(\[]?\s?(?P<letter>[A-Ja-j])\s?[)\].:]{1,2}\s*(?=\S)")
_LISTED = re.compile(r"\s*(?:option|choice)\s?[(\[]?[A-J][)\].:]", re.IGNORECASE)
_NEGATIONS = frozenset(
    "not no neither nor never isn't aren't doesn't cannot can't wrong incorrect nicht kein pas non n\u00e3o"
    " niet \u4e0d".split()
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n|\u3002")
_NUMBER = re.compile(NUMBER)


def same_option(stated: str, gold: str, options: Sequence[object]) -> bool:
    """Say whether two texts name the same option, by its letter or by its text among *options*."""
    texts = [without_letter(str(option), index) for index, option in enumerate(options[: len(LETTERS)])]
    right = (
        option_letter(gold)
        if option_letter(gold) and gold.strip() not in texts
        else _of_text(gold, texts) or option_letter(gold)
    )
    if not texts or option_letter(gold):
        right = option_letter(gold)
    own = option_letter(stated) or _of_text(stated, texts)
    return own is not None and own == right


def without_letter(text: str, index: int) -> str:
    """Return the text of an option without the letter that stands before it,
    if that is the letter of its place.
    """
    found = _LETTER_BEFORE.match(text)
    if numbered := re.match(rf"\s*\(?{index + 1}[.)]\s+(?=\S)", text):
        return text[numbered.end() :]
    return (
        text[found.end() :]
        if found and index < len(LETTERS) and found["letter"].upper() == LETTERS[index]
        else text
    )


def _of_text(stated: str, texts: Sequence[str]) -> str | None:
    """Return the letter of the one option whose text is stated, as a whole or within a sentence that denies
    nothing; the last such sentence counts.
    """
    if len(stated) > _LONGEST_STATED or not texts:
        return None
    for text in dict.fromkeys((stated, affirmed(stated))):
        if text and (letter := _of_whole(text, texts)):
            return letter
    parts = _SENTENCE.split(stated)
    listed = [part for part in parts if _LISTED.match(part)]
    for sentence in reversed([part for part in parts if len(listed) < 2 or part not in listed]):
        if sentence.strip() and (letter := _within(affirmed(sentence, anywhere=True), texts)):
            return letter
    return None


def _of_whole(stated: str, texts: Sequence[str]) -> str | None:
    own, *others = (words(text) for text in (stated, *texts))
    form, forms = formula_form(stated), [formula_form(text) for text in texts]
    number = read_number(stated)
    numbers = [read_number(text) for text in texts]
    for alike in (
        [other == own for other in others],
        [form != "" and form.replace(" ", "") == other.replace(" ", "") for other in forms],
        [
            number is not None and other is not None and not set(number.values).isdisjoint(other.values)
            for other in numbers
        ],
    ):
        if sum(alike) == 1:
            return LETTERS[alike.index(True)]
    return None


def _within(sentence: str, texts: Sequence[str]) -> str | None:
    """Return the letter of the one option whose words, or whose number, stand in a sentence."""
    own = words(sentence)
    if not own or _NEGATIONS & set(own):
        return None
    line = f" {' '.join(own)} "
    found = {
        i: f" {' '.join(option)} "
        for i, option in enumerate(words(text) for text in texts)
        if option and f" {' '.join(option)} " in line
    }
    longest = [
        i
        for i, option in found.items()
        if not any(option in other and option != other for other in found.values())
    ]
    if len(longest) == 1:
        return LETTERS[longest[0]]
    return None if longest else _of_number(sentence, texts)


def _of_number(sentence: str, texts: Sequence[str]) -> str | None:
    said = {
        value
        for found in _NUMBER.findall(unset(sentence))
        if (number := read_number(str(found)))
        for value in number.values[:1]
    }
    values: list[Fraction | None] = [
        number.values[0] if (number := read_number(text)) else None for text in texts
    ]
    alike = [value is not None and value in said for value in values]
    return LETTERS[alike.index(True)] if sum(alike) == 1 else None
