r"""Answers in words, and the words that stand in LaTeX: ``\text{great-uncle}``, ``\textbf{Refuted}``,
``the knight.`` alike.
"""

import re
import unicodedata

from synth.grading.typesetting import ascii_form

_WORDS = re.compile(
    r"(?<!\w)[-+\u2212]?\d+(?:,\d{3})*(?:\.\d+)?|\w+(?:['\u2019]\w+)*(?:#(?!\w))?|[<>=\u2264\u2265\u2260\u00b1\u221a\u221e%\u00b0+*/^]"
)
_ARTICLES = ("a", "an", "the")
_COMMANDS = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|sc|normal|up|md)?|math(?:rm|bf|it|sf|tt)|mbox|hbox|boldsymbol|bm|emph|underline|operatorname\*?|boxed"
    r"|fbox)\s{0,3}\{([^{}]{0,400})\}"
)
_SIZES = re.compile(r"\\(?:left|right|displaystyle|bf|rm|it|sf|large|Large)(?![A-Za-z])")
_SPACES = re.compile(r"\\(?:[,;:!> ]|q?quad(?![A-Za-z]))|~")
_COLOUR = re.compile(r"\\(?:text)?color\s?\{[^{}]{0,30}\}")
_ESCAPED = re.compile(r"\\([#$%&_{}])")
_ACCENTS = {
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "=": "\u0304",
    ".": "\u0307",
    "H": "\u030b",
    "c": "\u0327",
    "v": "\u030c",
    "u": "\u0306",
    "k": "\u0328",
    "r": "\u030a",
}
_ACCENTED = re.compile(
    r"\\(?:(['`^\"~=.])|([Hcvukr])(?=[{\s]))\s?(?:\{(\\?[A-Za-z])\}|(\\[ij](?![A-Za-z]))|([A-Za-z]))"
)
_DEEPEST = 4


def unset(text: str) -> str:
    r"""Return a text without the commands that set words in LaTeX; a text without a backslash stays as it
    is.
    """
    if "\\" not in text:
        return text
    text = _ACCENTED.sub(_accented, text)
    plain = _SPACES.sub(" ", _SIZES.sub(" ", _COLOUR.sub("", text)))
    for _ in range(_DEEPEST):
        plain = _COMMANDS.sub(r"\1", plain)
    return _ESCAPED.sub(r"\1", plain)


def _accented(found: re.Match[str]) -> str:
    r"""Return a letter with the accent that LaTeX sets on it: ``caf\'e``, ``Erd\H{o}s``."""
    letter = (found[3] or found[4] or found[5]).replace("\\i", "i").replace("\\j", "j")
    return unicodedata.normalize("NFC", letter + _ACCENTS[found[1] or found[2]])


def words(text: str) -> list[str]:
    """Return the words, numbers and signs of a text, small letters only and without articles,
    unless it has nothing else.
    """
    plain = unset(text).casefold().replace("\u2212", "-").replace("\u2019", "'").replace("\u266f", "#")
    found: list[str] = _WORDS.findall(plain)
    return [word for word in found if word not in _ARTICLES] or found or plain.split()


def same_words(stated: str, gold: str) -> bool:
    """Say whether two texts are the same words; case, articles,
    punctuation and the commands that set them do not count.
    """
    return words(stated) == words(gold) or words(ascii_form(stated)) == words(ascii_form(gold))
