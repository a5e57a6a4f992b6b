r"""Plausible wrong answers beside a right one in LaTeX: a number off, a sign lost,
numerator and denominator swapped.
"""

import random
import re
from collections.abc import Iterator

from synth.grading.answers import is_right

_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)|\d*\.\d+|\d+")
_TEXT = re.compile(r"\\text(?:bf|rm)?\s?\{\s*\(?([^{}()]+)\)?\s*\}")
_NAME = re.compile(r"(?<![\\\w$])[A-Za-z]{3,}(?![\w$])")
_FACTOR = re.compile(r"[\w.\\{}^ ]+")
_OPPOSITES = (
    "even odd",
    "yes no",
    "true false",
    "east west north south",
    "left right",
    "positive negative",
    "rational irrational",
    "always sometimes never",
)
_STOP_WORDS = frozenset(
    "The What How Who Which Find Let When Where Given Each There This That Two Three Suppose Determine"
    " Compute Express Enter Your If".split()
)
_WANTED = 3


def wrong_latex(answer: str, rng: random.Random, question: str = "") -> tuple[str, ...]:
    """Return three wrong answers in the form of the right one, or as many as there are; none is judged
    right.
    """
    wrong: list[str] = []
    for candidate in _candidates(answer, rng, question):
        if candidate not in wrong and not is_right(candidate, answer, "latex"):
            wrong.append(candidate)
            if len(wrong) == _WANTED:
                break
    return tuple(wrong)


def _candidates(answer: str, rng: random.Random, question: str) -> Iterator[str]:
    if text := _TEXT.fullmatch(answer):
        yield from (answer.replace(text[1], other) for other in _other_words(text[1], rng, question))
        return
    numbers = list(_NUMBER.finditer(answer))
    kinds = ["near", "near", "far", *["swap"] * (len(numbers) > 1), "sign"]
    rng.shuffle(kinds)
    if numbers:
        yield from (_changed(answer, numbers, kind, rng) for kind in kinds)
        yield from (_changed(answer, numbers, "near", rng) for _ in range(12))
    plain = answer if _FACTOR.fullmatch(answer) or answer.startswith("(") else f"({answer})"
    yield answer[1:].strip() if answer.startswith("-") else f"-{plain}"
    if " - " in answer or " + " in answer:
        yield re.sub(r" ([-+]) ", lambda sign: " + " if sign[1] == "-" else " - ", answer, count=1)
    yield from (f"{factor} {plain}" for factor in ("2", "3", "\\frac{1}{2}", "4"))


def _changed(answer: str, numbers: list[re.Match[str]], kind: str, rng: random.Random) -> str:
    at = rng.choice(numbers)
    if kind == "sign":
        return answer[1:].strip() if answer.startswith("-") else f"-{answer}"
    if kind == "swap":
        one, other = sorted(rng.sample(numbers, 2), key=lambda number: number.start())
        return (
            answer[: one.start()]
            + other[0]
            + answer[one.end() : other.start()]
            + one[0]
            + answer[other.end() :]
        )
    value = int(re.sub(r"[.,]", "", at[0])[:15])
    far = (2 * value, value + 10, value // 2 if value > 3 else value + 3)
    new = rng.choice(far) if kind == "far" else max(1, value + rng.choice((-2, -1, 1, 2, 3)))
    return answer[: at.start()] + _written_like(new, at[0]) + answer[at.end() :]


def _written_like(value: int, number: str) -> str:
    """Write the digits of *value* as those of a number stand: with its point, or with commas at thousands."""
    if "," in number:
        return f"{value:,}"
    decimals = len(number.partition(".")[2])
    if not decimals:
        return str(value)
    digits = str(value).zfill(decimals + (not number.startswith(".")))
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def _other_words(word: str, rng: random.Random, question: str) -> list[str]:
    """Return what stands for a word that is wrong: another letter, its opposite,
    another such word of the question.
    """
    if len(word) == 1:
        others = [letter for letter in ("ABCDE" if word.isupper() else "abcde") if letter != word]
    else:
        group = next((group.split() for group in _OPPOSITES if word.lower() in group.split()), [])
        names = set(_NAME.findall(question)) - _STOP_WORDS
        named = sorted(
            name
            for name in names
            if name[0].isupper() == word[0].isupper() and (name[0].isupper() or len(name) > 4)
        )
        rng.shuffle(named)
        others = [other for other in group if other != word.lower()] or named
        return [*others, f"not {word}", "neither"]
    rng.shuffle(others)
    return others
