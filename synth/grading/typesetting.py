r"""One wording for the many that LaTeX and Unicode have for a formula.

\left[ -2,\infty \right)  [-2, ∞)  $[-2,\, +\infty)$         all become [-2,\infty)
12\,345  12{,}345  12 345  1_000                              become digits alone
0.\overline{36}  0.(36)  0.3636…                              become the fraction that they are
"""

import functools
import re
import unicodedata

_SUBSCRIPTS = str.maketrans("\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089", "0123456789")
_SUPERSCRIPTS = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b\u207a\u207f", "0123456789-+n"
)
_SUPERSCRIPT = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b\u207a\u207f]+")
_SUBSCRIPT = re.compile("[\u2080-\u2089]+")
_ASCII = {
    **dict.fromkeys("\u2212\u2013\ufe63", "-"),
    **dict.fromkeys("\u00d7\u22c5\u00b7\u2715", "\\times "),
    "\u2044": "/",
    "\u2215": "/",
    "\uffe5": "\u00a5",
}
_SIGNS = {
    "\u2264": "\\le ",
    "\u2a7d": "\\le ",
    "\u2265": "\\ge ",
    "\u2a7e": "\\ge ",
    "\u2260": "\\ne ",
    "\u221e": "\\infty ",
    "\u222a": "\\cup ",
    "\u2229": "\\cap ",
    "\u2208": "\\in ",
    "\u211d": "\\reals ",
    "\u2216": "\\setminus ",
    "\u2205": "\\emptyset ",
    "\u2228": "\\lor ",
    "\u2227": "\\land ",
    "\u00b1": "\\pm ",
    "\u2213": "\\mp ",
    "\u00f7": "\\div ",
    "\u2248": "\\approx ",
    "\u2243": "\\approx ",
    "\u2245": "\\approx ",
    "\u03c0": "\\pi ",
    "\u03b8": "\\theta ",
    "\u03c9": "\\omega ",
    "\u03b1": "\\alpha ",
    "\u03b2": "\\beta ",
    "\u03bb": "\\lambda ",
    "\u03bc": "\\mu ",
    "\u03c6": "\\phi ",
    "\u2223": "|",
    "\u27e8": "\\langle ",
    "\u27e9": "\\rangle ",
    "\u2032": "'",
    "\u2192": "\\to ",
    "\u21d2": "\\to ",
    "\u00b0": "^{\\circ}",
}
_ROOT = re.compile("\u221a\\s?(?:(\\d{1,30})|(?=[({]))")

_WORDS_SET = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|sc|normal|up|md)?|mbox|hbox|mathrm|mathtt|mathsf|textnormal)\s{0,3}\{([^{}]{0,300})\}"
)
_LETTERS_SET = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|mathit|(?:vec|overrightarrow)(?!\s?\{\s?[A-Z]{2}\s?\})|mathcal|emph|underline|boxed|fbox|bold|hat|widehat|tilde|operatorname\*?)\s{0,3}\{([^{}]{0,300})\}"
)
_LETTER_SET = re.compile(r"\\(?:mathbf|boldsymbol|bm|vec|hat)\s{0,3}(?=[A-Za-z](?![A-Za-z]))")
_SIZES = re.compile(
    r"\\(?:left|middle|right|[bB]igg?[lrm]?|displaystyle|textstyle|limits|nolimits|bf|rm|it|large|Large|huge)(?![A-Za-z])\.?"
)
_SPACES = re.compile(r"\\(?:[,;:> \n]|q?quad(?![A-Za-z])|thinspace(?![A-Za-z])|hspace\s?\{[^{}]{0,20}\})|~")
_NAMES = {
    "leq": "le",
    "leqslant": "le",
    "leqq": "le",
    "geq": "ge",
    "geqslant": "ge",
    "geqq": "ge",
    "neq": "ne",
    "lt": "<",
    "gt": ">",
    "vee": "lor",
    "wedge": "land",
    "infin": "infty",
    "R": "reals",
    "varnothing": "emptyset",
    "lbrace": "\\{",
    "rbrace": "\\}",
    "lbrack": "[",
    "rbrack": "]",
    "mid": "|",
    "vert": "|",
    "lvert": "|",
    "rvert": "|",
    "backslash": "setminus",
    "colon": ":",
    "ast": "*",
    "dfrac": "frac",
    "tfrac": "frac",
    "cfrac": "frac",
    "dbinom": "binom",
    "tbinom": "binom",
    "simeq": "approx",
    "cong": "approx",
    "thickapprox": "approx",
    "sim": "approx",
    "doteq": "approx",
    "fallingdotseq": "approx",
    "degree": "^{\\circ}",
    "cdot": "times",
    "Rightarrow": "to",
    "rightarrow": "to",
    "implies": "to",
    "longrightarrow": "to",
    "textdegree": "^{\\circ}",
    "dotsc": "ldots",
    "dots": "ldots",
    "cdots": "ldots",
    "lparen": "(",
    "rparen": ")",
    "varphi": "phi",
    "varepsilon": "epsilon",
    "exponentialE": "e",
    "imaginaryI": "i",
    "cr": "\x00",
    "tabularnewline": "\x00",
}
_COLOUR = re.compile(r"\\(?:text)?color\s?\{[^{}]{0,30}\}")
_MINUS = re.compile(r"\\text\{\s*(?:negative|minus)\s*\}")
_TO_BASE_TEN = re.compile(r"\\lg(?![A-Za-z])")
_MIXED = re.compile(r"(?<![\d.,/])(\d{1,9})\s{1,3}(\d{1,9})/(\d{1,9})(?![\d/.])")
_PRIME = re.compile(r"\^\s?(?:\{\s?\\prime(?:\s?\\prime){0,3}\s?\}|\\prime(?![A-Za-z]))")
_PHANTOM = re.compile(r"\\[hv]?phantom\s?\{[^{}]{0,20}\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_BLACKBOARD = re.compile(r"\\(?:mathbb|Bbb|mathds)\s?\{?\s?R\s?\}?")

_ORDINAL = re.compile(
    r"(?<=\d)\s?(?:\^\s?\{?\s?(?:\\text\{\s?(?:st|nd|rd|th)\s?\}|(?:st|nd|rd|th)(?![a-z]))\s?\}?|(?:st|nd|rd|th)(?![A-Za-z]))"
)

_GROUPS = re.compile(
    r"(?<![\d.,_])[1-9]\d{0,2}(?:(?:\{,\}\s?(?:\\!)?|~|,\s{0,2}\\!\s?|,|\\,|\\ |\\thinspace |['\u2019])\d{3}){1,20}(?![\d])(?!,\d)"  # noqa: E501
    r"|(?<![\d.,_])\d{1,3}(?:\\?_\d{3}){1,20}(?![\d_}])|(?<![\d.,_])\d{1,3}(?:[ ]\d{3}){1,20}(?!\d)|(?<![\d.,_])\d{1,2}(?:,\d\d){1,9},\d{3}(?!\d)"  # noqa: E501
)
CONTINENTAL = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3}){1,9})(?:,|\{,\})(\d{1,60})(?![\d.,]?\d)")
_TEXT_OF_NUMBER = re.compile(r"\\text\{\s*([-+]?\$?\d[\d.,/:]{0,30})(?![\d.,/:])([^{}]{0,200})\}")
_TEXT_JOINING = re.compile(r"\\text\{\s*(and|or)\s+([-+]?\d[^{}]{0,100})\}")
_RAISED_TEXT = re.compile(r"\\textsuperscript\{(\d)\}")
_COMMA_OF_DECIMALS = re.compile(r"(?<=\d)\{,\}(?=\d)")
_REPEATING = re.compile(
    r"(?<![\d.])(\d{0,30})\.(\d{0,30})(?:\\(?:overline|bar|dot|overbar|widebar)\s?(?:\{\s?(\d{1,40})\s?\}|(\d))(?:\\dot\s?\{?(\d)\}?)?|\((\d{1,40})\))"
)
_COMMA_OF_REPEATS = re.compile(r"(?<=\d)(?:\{,\}|,)(?=\d{0,30}\\(?:overline|bar|dot)(?![A-Za-z]))")
_SAID_TO_REPEAT = re.compile(
    r"(?<![\d.])(\d{0,30})\.(\d{1,3})(?!\d)[$}\s,]{0,3}(?:\\text\{\s?)?\(?(?:repeating|recurring)(?![a-z])\)?\s?\}?"
)
_DOTTED = re.compile(r"(?<![\d.])(\d{0,30}\.\d{0,30})\\dot\s?\{?(\d)\}?(\d{1,30})\\dot\s?\{?(\d)\}?")
_OVERBAR = re.compile("(?<![\\d.])(\\d{0,30}\\.\\d{0,30}?)((?:\\d[\u0305\u0304\u0307])+)")
_AND_SO_ON = re.compile(r"(?<![\d.])(\d{1,30})\.(\d{2,60})\s?(?:\.\.\.|\\[lc]?dots[cbo]?(?![A-Za-z])|\u2026)")
_SCIENTIFIC = re.compile(r"(?<![\w.])(\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})[eE]([-+]?\d{1,3})(?![\w.])")
_PLAIN_WORDS = re.compile(
    r"(?<![A-Za-z\\])(sqrt|sin|cos|tan|arcsin|arccos|arctan|log|ln|exp|pi|infinity|inf)(?![A-Za-z])"
)
_PLAIN_NAMES = {"infinity": "\\infty", "inf": "\\infty"}


def ascii_form(text: str) -> str:
    """Return a text with ASCII digits, full-width signs and minus signs,
    and without characters that nobody sees.
    """
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


def raised(text: str) -> str:
    """Return a text with ``^{2}`` and ``_{2}`` in place of raised and lowered digits."""
    plain = _SUPERSCRIPT.sub(lambda found: "^" + _in_braces(found[0].translate(_SUPERSCRIPTS)), text)
    return _SUBSCRIPT.sub(lambda found: f"_{{{found[0].translate(_SUBSCRIPTS)}}}", plain)


def _in_braces(text: str) -> str:
    return text if len(text) == 1 else f"{{{text}}}"


def without_groups(text: str) -> str:
    """Return a text whose numbers have no separators between thousands, and a point before their decimals
    where LaTeX sets a comma (``7{,}5``).
    """
    text = CONTINENTAL.sub(lambda found: found[1].replace(".", "") + "." + found[2], text)
    return _COMMA_OF_DECIMALS.sub(".", _GROUPS.sub(lambda found: re.sub(r"\D", "", found[0]), text))


def without_repeats(text: str) -> str:
    r"""Return a text with fractions in place of decimals that repeat: ``0.1\overline{6}``, ``0.1(6)``,
    ``0.1666…`` are ``\frac{15}{90}``.

    Dots alone say that digits repeat only where the last of them, or the last few,
    stand there at least twice.
    """
    text = _COMMA_OF_REPEATS.sub(".", text)
    if "." in text and ("epeating" in text or "ecurring" in text):
        text = _SAID_TO_REPEAT.sub(r"\1.\\overline{\2}", text)
    if "." not in text:
        return text
    text = _DOTTED.sub(lambda found: f"{found[1]}\\overline{{{found[2]}{found[3]}{found[4]}}}", text)
    plain = _OVERBAR.sub(lambda found: found[1] + "\\overline{" + re.sub(r"[^0-9]", "", found[2]) + "}", text)
    plain = _REPEATING.sub(_fraction_of_repeating, plain)
    return _AND_SO_ON.sub(_fraction_of_dots, plain)


def _fraction_of_repeating(found: re.Match[str]) -> str:
    first = found[3] or found[4]
    return _repeated(found[1], found[2], found[6] or first + (found[5] or ""))


def _fraction_of_dots(found: re.Match[str]) -> str:
    decimals = found[2]
    for length in range(1, len(decimals) // 2 + 1):
        block = decimals[-length:]
        # A single digit has to stand there twice, a block of more digits as well.
        if decimals.endswith(block * 2):
            return _repeated(found[1], decimals.removesuffix(block), block)
    return f"{found[1]}.{decimals}"


def _repeated(whole: str, once: str, block: str) -> str:
    before = int((whole + once) or "0")
    top, bottom = int(whole + once + block) - before, 10 ** len(once) * (10 ** len(block) - 1)
    return f"\\frac{{{top}}}{{{bottom}}}"


@functools.lru_cache(maxsize=4096)
def formula_form(text: str) -> str:
    r"""Return a formula in one wording: no dollars, sizes or spaces of LaTeX, words as ``\text{…}``,
    numbers without separators.
    """
    plain = raised(_ROOT.sub(lambda found: f"\\sqrt{{{found[1]}}}" if found[1] else "\\sqrt", text))
    if not plain.isascii():
        plain = "".join(_SIGNS.get(character, character) for character in plain)
    plain = without_repeats(ascii_form(plain))
    plain = _PRIME.sub(lambda found: "'" * found[0].count("prime"), plain.replace("\\$", "\\dollar "))
    if plain.count("$") == 1:
        plain = plain.replace("$", "\\dollar ")
    plain = _RAISED_TEXT.sub(
        r"^\1", CONTINENTAL.sub(lambda found: found[1].replace(".", "") + "." + found[2], plain)
    )
    plain = (
        _MINUS.sub("-", _COLOUR.sub("", _PHANTOM.sub("", plain)))
        .replace("\\&", "\\text{and}")
        .replace("\\text{:}", ":")
        .replace("{:}", ":")
        .replace("\\text{,}", ",")
        .replace("\\%", "%")
        .replace("\\\\", "\x00")
    )
    plain = _GROUPS.sub(lambda found: re.sub(r"\D", "", found[0]), plain)
    plain = _COMMA_OF_DECIMALS.sub(".", plain).replace("{,}", ",")
    plain = _SPACES.sub(" ", _SIZES.sub("", plain.replace("\\!", "")))
    for _ in range(3):
        plain = _LETTERS_SET.sub(r"\1", _WORDS_SET.sub(r"\\text{\1}", plain))
    for _ in range(4 if "\\text" in plain else 0):  # \text{6 and -1}
        plain = _TEXT_OF_NUMBER.sub(
            r"\1 \\text{\2}", _TEXT_JOINING.sub(r"\\text{ \1 } \\text{\2}", plain)
        ).replace("\\text{}", "")
    plain = _ORDINAL.sub("", _LETTER_SET.sub("", plain))
    plain = _TO_BASE_TEN.sub(r"\\log_{10}", plain)
    plain = _BLACKBOARD.sub(r"\\reals ", plain)
    plain = (
        _COMMAND.sub(_renamed, plain)
        .replace("<=", "\\le ")
        .replace(">=", "\\ge ")
        .replace("!=", "\\ne ")
        .replace("=>", "\\to ")
        .replace("->", "\\to ")
    )
    plain = _PLAIN_WORDS.sub(
        lambda found: _PLAIN_NAMES.get(found[1], f"\\{found[1]}") + " ",
        _SCIENTIFIC.sub(r"\1\\times 10^{\2}", plain),
    )
    plain = _MIXED.sub(r"\1\\frac{\2}{\3}", plain)
    return " ".join(re.sub(r"\\[()\[\]]", " ", plain).replace("$", " ").replace("\x00", "\\\\").split())


def _renamed(found: re.Match[str]) -> str:
    name = _NAMES.get(found[1], found[1])
    return f"\\{name}" if name.isalpha() and (len(name) > 1 or name == found[1]) else name
