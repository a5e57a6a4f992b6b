"""The words that announce an answer, in English and some twenty other languages, and the language that a text
is in as far as numbers need it.
"""

import re
from typing import NamedTuple

from synth.grading.places import Place

MANY, LONGEST = 100, 400
_VERBS = (
    r"is|are|(?:sh|w|c)ould\s(?:be|then\sbe)|(?:must|will|can\sonly|has\sto|have\sto|ought\sto|(?:sh|w)ould)(?:\s(?:therefore|then|thus|also|clearly"
    r"|surely|indeed|only|simply|just|obviously))?\sbe|equals|was|becomes|remains"
    r"|(?:turns|comes|works)\sout\s(?:to\sbe|as)|comes\sto|(?:seems|appears)\sto\sbe"
)
_NOUNS = (
    "antwort|l['\u2019]option|\u0432\u0430\u0440\u0438\u0430\u043d\u0442|opci\u00f3n|op\u00e7\u00e3o|alternativa|opzione|optie|l\u00f6sung|ergebnis"
    "|endergebnis|r\u00e9ponse|r\u00e9sultat|respuesta|soluci\u00f3n|resultado|resposta|risposta|risultato|soluzione|antwoord|svaret|svarmuligheden|svarmulighed|svar|vastaus"
    "|odpowied\u017a|odpov\u011b\u010f|r\u0103spunsul|r\u0103spuns|v\u00e1lasz|\u043e\u0442\u0432\u0435\u0442"
    "|\u0432\u0456\u0434\u043f\u043e\u0432\u0456\u0434\u044c|cevap|yan\u0131t|sonu\u00e7"
    "|\u0111\u00e1p \u00e1n|c\u00e2u tr\u1ea3 l\u1eddi|k\u1ebft qu\u1ea3|tr\u1ea3"
    " l\u1eddi|jawabannya|jawaban|jawapan|sagot"
    "|\u0909\u0924\u094d\u0924\u0930|\u0989\u09a4\u09cd\u09a4\u09b0|\u0627\u0644\u0625\u062c\u0627\u0628\u0629|\u0627\u0644\u062c\u0648\u0627\u0628"
    "|\u067e\u0627\u0633\u062e"
    "|\u05d4\u05ea\u05e9\u05d5\u05d1\u05d4|\u05ea\u05e9\u05d5\u05d1\u05d4|\u03b1\u03c0\u03ac\u03bd\u03c4\u03b7\u03c3\u03b7"
)
_OTHER_VERBS = (
    "ist|lautet|betr\u00e4gt|w\u00e4re|est|es|\u00e9|\u00e8|is|\u00e4r|er|on|to|brzmi|jest|wynosi|je|este|az|\u044d\u0442\u043e|\u2014|\u2013|-|:|="
    "|\uff1a|l\u00e0"
    "|adalah|ialah|ay|\u0939\u0948|\u09b9\u09b2\u09cb|\u09b9\u09b2|\u0647\u064a|\u0647\u0648|\u0627\u0633\u062a|\u05d4\u05d9\u05d0"
    "|\u05d4\u05d9\u05d0:|\u03b5\u03af\u03bd\u03b1\u03b9"
)
_DENIED = r"(?!(?:no|nicht|kein|keine|pas|non|n\u00e3o|niet|inte|ikke|nie|\u043d\u0435|nije|de\u011fil|kh\u00f4ng|bukan|tidak)\s)"  # noqa: E501
_OTHER = (
    rf"(?<!\w)(?:{_NOUNS})(?:\s{_DENIED}[^\s.:;,=\d$\\(*]{{1,15}}){{0,6}}?[\s*_]{{0,4}}(?:(?:{_OTHER_VERBS})(?!\w)|(?=(?:no|nicht|n[\u2019']est|non"
    rf"|n\u00e3o|niet|inte|ikke|\u043d\u0435)\s)|(?<=[\s*_])(?=[(*]{{0,3}}[A-J\d](?:[).*'\u2019]|\s|\Z)))[\s:*_\uff1a]*"
    "|(?:\u7b54\u3048|\u6b63\u89e3|\u89e3\u7b54|\u56de\u7b54|\u7b54)(?:\u306e\u9078\u629e\u80a2)?(?:\u306f|\uff1a|:)[\\s:*_\uff1a\u3001]*"
    "|(?:\uc815\ub2f5|\ub300\ub2f5|\ub2f5\ubcc0|\ub2f5)(?:\uc740|\ub294|\uc774|\\s?[:\uff1a])[\\s:*_]*"
    "|\u0e04\u0e33\u0e15\u0e2d\u0e1a(?:\u0e17\u0e35\u0e48\u0e16\u0e39\u0e01\u0e15\u0e49\u0e2d\u0e07"
    "|\u0e2a\u0e38\u0e14\u0e17\u0e49\u0e32\u0e22)?\\s?(?:\u0e04\u0e37\u0e2d|:)\\s?(?:\u0e02\u0e49\u0e2d\\s?)?"
    "|\u7b54\u6848(?:\u5e94\u8be5|\u5e94|\u61c9\u8a72|\u5c31|\u6240\u4ee5)?(?:\u9009\u62e9|\u9078\u64c7|\u9009|\u9078|\u662f|\u4e3a|\u70ba"
    "|\u7b49\u4e8e|\u7b49\u65bc|\\s?[:\uff1a=])[\\s:*_\uff1a]*"
    "|(?P<reply>(?<!\\w)\u7b54\\s?[:\uff1a])\\s*"
)
_ENGLISH_STATEMENT = re.compile(
    r"ans(?:wers?(?:\s(?:choice|option|letter|value|key))?|(?![a-z])\.?)(?:\s{1,3}(?:to|for|of|in)\s[^.:\n]{1,80}?"
    r"|,\s(?:then|therefore|thus|of\scourse|again),|\s(?:here|then|thus|therefore))?[\s*_]{0,4}"
    rf"(?:(?<=[\s*_.,])(?:{_VERBS})(?![a-z'\u2019])|(?=can(?:not|'t|\snot)\s|does\snot\s)|(?P<colon>[:=\uff1a\u2192]|(?<=\bans\.)(?=\s)"
    rf"|[-\u2013\u2014]{{1,2}}>?(?=\s)|=>))[\s:*_\uff1a>]*",
    re.IGNORECASE,
)
_HEADING = re.compile(r"(?:answer|solution)[*_: \t]{0,6}\n[\s*_]*", re.IGNORECASE)
_BEFORE_HEADING = re.compile(r"(?:^|\n)[#*_ \t]{1,8}(?:(?:the|my|final|correct)\s){0,3}\Z", re.IGNORECASE)
_ENGLISH_NOUN = re.compile(r"ans|solution")
_OTHER_STATEMENT = re.compile(_OTHER, re.IGNORECASE)
_OTHER_WORDS = ("option", *(word for word in _NOUNS.split("|") if "[" not in word))
_OTHER_ASCII_WORDS = tuple(word for word in _OTHER_WORDS if word.isascii())
# Words of languages that write a comma before decimals, and words of English:
# which of them are more tells the language.
_FOREIGN = frozenset(
    "der das ist und ein eine nicht betr\u00e4gt ergibt daher somit antwort wir l\u00f6sung le les une des du"
    " r\u00e9ponse donc est nous la el los las una es por tanto respuesta son il che risposta \u00e8 quindi"
    " della um uma os \u00e9 s\u00e3o resposta portanto het een antwoord dus en och \u00e4r svaret svar det"
    " jest odpowied\u017a wynosi wi\u0119c \u043e\u0442\u0432\u0435\u0442 \u0440\u0430\u0432\u043d\u043e"
    " \u044d\u0442\u043e cevap yan\u0131t sonu\u00e7 ve jawaban adalah jadi dan \u0111\u00e1p \u00e1n l\u00e0"
    " k\u1ebft qu\u1ea3 vastaus odpov\u011b\u010f je tedy r\u0103spunsul este v\u00e1lasz"
    " \u03b5\u03af\u03bd\u03b1\u03b9 \u03b1\u03c0\u03ac\u03bd\u03c4\u03b7\u03c3\u03b7 euro".split()
)
_ENGLISH = frozenset(
    "the of and are so we it answer then there this that with for from which have has each".split()
)
_WORD = re.compile(r"[^\W\d_]+")
_GOLD_NAMED = re.compile(r"(?:solution|result|output|target|key)\s?[:=]\s{0,9}(?=\S)", re.IGNORECASE)
_LANGUAGE_TAIL = 3_000


class Announcement(NamedTuple):
    """The words that announce an answer: where they stand,
    and whether they end a phrase of their own, "Answer:".
    """

    start: int
    end: int
    with_colon: bool


def statements(text: str) -> list[Place]:
    """Return the last hundred places in which words announce an answer ("the answer is"),
    each with the 400 characters that follow.
    """
    return [Place(one.start, one.end, text[one.end : one.end + LONGEST]) for one in announcements(text)]


def announcements(text: str) -> list[Announcement]:
    """Return the last hundred announcements themselves.

    The words are looked for first, and what stands around them only where they are:
    some six times faster than one pattern for all.
    """
    lower = text.lower()
    lower = lower if len(lower) == len(text) else text
    found = [one for noun in _ENGLISH_NOUN.finditer(lower) if (one := _in_english(text, noun.start()))]
    if (
        any(word in lower for word in (_OTHER_ASCII_WORDS if text.isascii() else _OTHER_WORDS))
        or not text.isascii()
    ):
        found += [
            Announcement(one.start(), one.end(), one["reply"] is not None)
            for one in _OTHER_STATEMENT.finditer(text)
        ]
        found.sort()
    return found[-MANY:]


def _in_english(text: str, at: int) -> Announcement | None:
    before = text[at - 1 : at]
    if before.isascii() and before.isalpha():
        return None
    if said := _ENGLISH_STATEMENT.match(text, at):
        return Announcement(at, said.end(), said["colon"] is not None)
    heading = _HEADING.match(text, at)
    if heading and _BEFORE_HEADING.search(text[max(0, at - 40) : at]):
        return Announcement(at, heading.end(), False)
    return None


def unannounced(gold: str) -> str:
    """Return a gold answer without the words that announce it: ``ANSWER: 36``, ``#### 36``,
    ``The answer is B``.
    """
    plain = gold.strip()
    if plain.startswith("####"):
        return plain[4:].strip()
    if not plain or len(plain) > LONGEST or plain[0] in "\\$-+.(" or plain[0].isdigit():
        return plain
    if named := _GOLD_NAMED.match(plain):
        return plain[named.end() :].strip() or plain
    announced = announcements(plain)
    # "ANSWER: 36", "The answer is 36": nothing but an article or an adjective stands before it.
    if not announced or len(plain[: announced[0].start].split()) > 3:
        return plain
    rest = plain[announced[0].end :].strip()
    return rest.rstrip("*").strip() or plain


def writes_decimal_commas(text: str) -> bool:
    """Say whether the end of a text is in a language that writes ``3,5`` for three and a half."""
    found = _WORD.findall(text[-_LANGUAGE_TAIL:].lower())
    foreign = sum(word in _FOREIGN or "\u0370" <= word[0] <= "\u04ff" for word in found)
    return bool(foreign > sum(word in _ENGLISH for word in found))
