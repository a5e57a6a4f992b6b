r"""Which option of a question a response chooses: ``C. 18 m``, ``The answer is clearly (B).``, ``not A, it is
D``, ``La respuesta es la B``.

What is chosen last counts. What is denied is not chosen, two letters are no choice, and neither is a list of
the options. Where no letter is chosen, the text of an option may stand for it (`synth.grading.option_texts`).
"""

import re

from synth.grading.announcements import statements
from synth.grading.boxes import joined_boxes
from synth.grading.typesetting import ascii_form
from synth.grading.words import unset

LETTERS = "ABCDEFGHIJ"
_LONGEST, _MANY = 300, 100
_DECORATION = " \t\n*_`\"'\u201c\u201d\u2018\u2019"
_AROUND_LETTER = re.compile(
    r"\\(?:text[a-z]{0,6}|math[a-z]{2}|boxed|left|right|[,;:! ])|</?[a-z]{1,6}>|<(?=[A-J]>)|(?<=<[A-J])>|(?<!\w)['\u2019]|['\u2019](?!\w)"  # noqa: E501
    r"|[{}$*_`\"\u201c\u201d\u300c\u300d\u3010\u3011\\]"
)
_WORD_FOR_OPTION = (
    r"(?:option|choice|answer|letter|alternative|variant|opci\u00f3n|op\u00e7\u00e3o|alternativa|opzione|optie|antwort|buchstabe|r\u00e9ponse"
    r"|respuesta|letra|lettre|lettera"
    r"|odpowied\u017a|alternativet|\u0432\u0430\u0440\u0438\u0430\u043d\u0442|opsi|pilihan|se\u00e7enek|\u0627\u0644\u062e\u064a\u0627\u0631"
    r"|\u0935\u093f\u0915\u0932\u094d\u092a|\u9009\u9879|\u9078\u9805|\u9078\u629e\u80a2|\ubcf4\uae30)"
)
_LETTER = re.compile(
    r"\s*(?:(?:the|la|le|el|il|lo|die|der|das|de|o|a|l'|\u03b7|\u03c4\u03bf)\s)?"
    rf"(?:(?:first|second|third|fourth|fifth|last)\s(?:one|option|choice|answer),?\s?)?"
    rf"(?:(?:correct\s|right\s|best\s|richtige\s)?{_WORD_FOR_OPTION}(?:(?<=[a-z])(?![a-z])|(?<![a-z]))\s?(?:is\s|:\s?|\u662f)?){{0,2}}(?:la\s)?"
    r"(?P<open>[(\[]{1,2})?\s?(?P<letter>[A-Ja-j])(?:['\u2019][dt][\u0131i]r)?(?![A-Za-z0-9'\u2019\u00c0-\u024f-])\s?(?P<close>\]\]"
    r"|[)\].:,;\u3002\u3001])?(?P<rest>.*)",
    re.DOTALL | re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_ORDINAL = re.compile(
    r"(?:the\s)?(first|second|third|fourth|fifth)\s(?:option|choice|answer|alternative)", re.IGNORECASE
)
_ANOTHER = re.compile(
    r"[)\]\s]*(?:[,/&\u6216\u548c\u3001]|;(?=\s?[A-J]\s*\Z)|or\b|and\b|oder\b|und\b|ou\b|et\b|y\b|o\b)\s?(?:and\s|or\s|maybe\s|possibly\s|perhaps\s|even\s|also\s"
    r"|option\s){0,2}[(\[]?[A-J](?:[)\].,;:]|\s*\Z|\s(?:and|or|are|both|is)\b)"
)
_AFTER_ARTICLE = re.compile(r"\s*(?:\Z|[\n,;:\u2013\u2014-]|because\b|since\b|as\b|which\b|[^\x00-\x7f])")
_OPERATOR = re.compile(r"\s*[=+^<>/*]")
_IS_DENIED = re.compile(
    r"[)\]]?\s*(?:(?:is|are|was|were|would\sbe|must\sbe|seems|looks)\s(?:\w{1,12}ly\s|also\s|therefore\s|just\s|the\s){0,2}(?:not|hardly|wrong"
    r"|incorrect|false|out|too|ruled|eliminated|invalid|impossible|excluded)\b"
    r"|(?:can|could|may|should)\sbe\s(?:ruled|excluded|eliminated|discarded|dismissed|crossed)|isn't|aren't|wouldn't|cannot|can't|can\snot|does\snot"
    r"|doesn't|do\snot|don't|won't|fails|\u4e0d|\u9519|\u306f\u9055\u3046)",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?:i\s(?:believe|think|guess|suppose|would\ssay)(?=,)|none\sother\sthan)[\s,]*|"
    r"(?:(?:very|most|quite|almost|pretty|more)\s)?(?:clearly|obviously|likely|probably|definitely|certainly|therefore|thus|hence|so|then|simply|just"
    r"|surely|indeed|actually|evidently|plainly"
    r"|undoubtedly|apparently|presumably|perhaps|naturally|logically|consequently|of\scourse|in\sfact|in\sthis\scase|by\sfar|in\sthe\send|again|now"
    r"|still|indeed|also|without\s(?:a\s)?doubt|going\sto\sbe"
    r"|given\sby|going\sto\sbe|exactly|precisely|none\sother\sthan|found\sto\sbe|best|only|klar|eindeutig|wahrscheinlich|also|somit|daher"
    r"|nat\u00fcrlich|sicher|claramente|seguramente|donc|bien|clairement"
    r"|evidentemente|chiaramente|quindi|portanto|logicamente|dus|duidelijk|\u043e\u0447\u0435\u0432\u0438\u0434\u043d\u043e|\u5e94\u8be5\u662f"
    r"|\u660e\u663e\u662f|\u80af\u5b9a\u662f|\u663e\u7136\u662f)(?![\w'])[\s,:]*",
    re.IGNORECASE,
)
_NOT_BUT = re.compile(
    r"(?:n['\u2019]est\s)?\b(?:not|isn't|wasn't|nicht|pas|no|non|n\u00e3o|niet|\u4e0d\u662f)\b.{1,80}?(?:\bbut(?:\srather)?\b|\brather\b(?!\sthan)"
    r"|\binstead\b|\bit(?:'s|\sis|\shas\sto\sbe|\smust\sbe)\b|\bsondern\b|\bmais\b|\bsino\b|\bmas\b|\bma\b|\bmaar\b|[;,]\s?(?:so\s)?(?=\(?[B-J]\b)"
    r"|\u800c\u662f)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_AFTER = re.compile(
    r"[\s,;(\u2013\u2014-]{1,3}(?:and\s)?\b(?:not|rather\sthan|instead\sof|as\sopposed\sto|unlike|never|nor|nicht|und\snicht|et\snon|y\sno|e\snon"
    r"|e\sn\u00e3o|statt|anstatt|\u800c\u4e0d\u662f)\b[^.;\n]{0,160}",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\s*(?:definitely\s|certainly\s|clearly\s|probably\s)?(?:not|neither|never|none(?!\sother)|no|isn't|wasn't|cannot|can't|nicht|weder|pas|ni|non|n\u00e3o|niet|\u4e0d\u662f|\u4e0d)(?![\w'])",
    re.IGNORECASE,
)
_CUT = re.compile(r"(?<=[.!?])\s+(?=\S)|\n|\u3002")
_ANSWER_DENIED = re.compile(r"\banswer\s(?=(?:isn't|wasn't|cannot\sbe|can't\sbe)\s)", re.IGNORECASE)
_WRONG_BEFORE = re.compile(r"\b(?:wrong|incorrect|false|worst)\s\Z", re.IGNORECASE)
_NOT_BEFORE = re.compile(
    r"(?:\bnot|n't|\bnever|\bneither|\bnor|\bcannot|\bwouldn't|\brather\sthan|\binstead\sof|\bwhy|\bif|\bwhether|\bwrong|\bincorrect|\bfalse|\bdoubt(?:\sthat)?|\u4e0d"
    r"|\u4e0d\u80fd|\u4e0d\u5e94)\s*(?:\w+\s){0,2}\Z",
    re.IGNORECASE,
)
# After these words a letter is chosen.
_CHOSEN = re.compile(
    r"(?:\b(?:believe|think|find|consider|judge|take)\sthe\s(?:(?:correct|right|best|most\slikely)\s)?(?:answer|option|choice)\sto\sbe\b"
    r"|\b(?:option|choice|letter|selection|pick|guess|verdict|conclusion|alternative)\s(?:here\s)?(?:is|would\sbe|must\sbe|has\sto\sbe|should\sbe)\b"
    r"|\b(?:option|choice|letter|selection|pick|choose|select|verdict|conclusion)\s?[:=\u2192]"
    r"|\b(?:i|we|i'll|we'll|i'd|i'm|i\swould|i\swill|i\smust|we\smust|we\sshould|i\sam|let's|let\sus|you\sshould|one\sshould|must|should|to|will"
    r"|would|can|then|so|and)\s"
    r"(?:therefore\s|thus\s|then\s|would\s|will\s|have\sto\s)?(?:choose|chose|pick|select|go(?:ing)?\s(?:with|for)|say|answer|opt\sfor|vote\sfor"
    r"|settle\s(?:on|for)|stick\swith|conclude|mark|circle|tick|lean\stowards?)\b"
    r"|\b(?:choose(?:\sis)?|chose|pick|select|go\swith|chosen|selected|opt\sfor|i\sam\s(?:choosing|picking|selecting)|i'm\s(?:choosing|picking|selecting))\b"
    r"|\b(?:one|option|choice|answer|statement|match|fit|candidate)(?:\s(?:that|which|we|to)\s[^.\n]{1,60}?)?\s(?:is|would\sbe|must\sbe)\b"
    r"|\b(?:hence|therefore|thus|so|consequently|ergo|accordingly|overall|in\sconclusion|in\ssummary|finally|by\selimination|that\smakes\sit"
    r"|this\smakes\sit|making\sit|which\smakes\sit)\b"
    r"|\b(?:correct|solution|result|final|decision|in\sshort|in\ssum)\s?:|\b(?:giving|mark|tick|circle|left\swith|us\swith|remains\sis|left\sis|goes\sto)\b"
    r"|\b(?:it(?:'s|\sis|\smust\sbe|\shas\sto\sbe|\scan\sonly\sbe|\swould\sbe|\sshould\sbe)|(?:must|has\sto|can\sonly|should)\sbe|(?:that|this"
    r"|which)(?:'s|\sis|\smeans|\sgives|\swould\sbe)|that\sleaves|this\sleaves|leaves(?:\sus)?(?:\swith)?|leaving(?:\sonly)?|only|namely"
    r"|(?:match(?:es)?|corresponds?\sto|points?\sto|agrees?\swith|fits|supports|equals|aligns?\swith)(?:\sthe)?)\b"
    r"|\\(?:therefore|to|Rightarrow|implies)(?![a-z])|[\u2234\u2192\u21d2]|=>|->"
    r"|(?<!\u4e0d)(?<!\u4e0d\u80fd)\u9009(?:\u62e9|\u9879\u662f)?|(?<!\u4e0d)\u9078(?:\u64c7)?|\u9009\u9879\u4e3a|\u6545\u9009|\u5e94\u9009|\u9009\u9879"
    r"|\b(?:ich\sw\u00e4hle|je\schoisis|elijo|escojo|scelgo|escolho|ik\skies|jag\sv\u00e4ljer|wybieram|\u0432\u044b\u0431\u0438\u0440\u0430\u044e"
    r"|saya\smemilih|ch\u1ecdn|se\u00e7iyorum|also|daher|folglich|somit|donc|por\slo\stanto|por\stanto|quindi|logo|portanto|dus|richtig\sist"
    r"|correct\sest|es\scorrecta\sla|\u00e8\scorretta\sla)\b)"
    r"[\s:\uff1a,]{0,3}",
    re.IGNORECASE,
)
_TELLING = re.compile(r"correct|answer|right|true|richtig|korrekt|bonne|corret")
_STRONG = re.compile(r"option|choice|choose|pick|select|go|opt|w\u00e4hle|\u9009|\u9078", re.IGNORECASE)
# Before these words a letter is chosen.
_IS_CHOSEN = re.compile(
    r"(?<![\w'\u2019(])(?P<open>[(\[])?(?P<letter>[A-J])[)\]]?,?(?:\s?[(\[][^()\[\]\n]{1,60}[)\]])?[,]?"
    r"(?:\s(?:is|would\sbe|must\sbe|has\sto\sbe|seems(?:\sto\sbe)?|looks|appears(?:\sto\sbe)?|should\sbe|will\sbe|can\sbe|being|was|remains"
    r"|stands)\s(?:clearly\s|therefore\s|thus\s|definitely\s|obviously\s|indeed\s|the\sonly\s|also\s)?(?:the\s|our\s|my\s|your\s|a\s|an\s)?"
    r"(?:(?:correct|right|true|answer|proper|accurate|winner|valid|solution|choice|option|one)(?![a-z])"
    r"|(?:best|only|final|most\s\w{1,14}|chosen)(?:\s(?:\w{1,12}\s)?(?:answer|option|choice|one|fit|match|description)|[.,;!]|\s*\Z))"
    r"|\s(?:fits|matches|works|wins|holds|it\sis\b|it\sis,?\sthen|stands|remains)(?=[.,;!\s]|\Z)"
    r"|\sis(?=[.!]\s|[.!]?\s*\Z)|\s(?:richtig|korrekt)\b|\s(?:ist|w\u00e4re)\s(?:die\s)?(?:richtig|korrekt|Antwort|L\u00f6sung)"
    r"|\sest\s(?:la\s)?(?:bonne|correcte|exacte|r\u00e9ponse)|\ses\s(?:la\s)?(?:correcta|respuesta)|\s\u00e8\s(?:la\s)?(?:corretta|risposta|giusta)"
    r"|\s\u00e9\s(?:a\s)?(?:correta|resposta|certa)|\sis\s(?:het\s)?(?:juist|correct|antwoord)|\s(?:\u2014|-"
    r"|\u2013)\s\u043f\u0440\u0430\u0432\u0438\u043b\u044c\u043d\u044b\u0439"
    r"|\s?(?:\u662f|\u4e3a|\u70ba)?(?:\u6b63\u786e|\u6b63\u78ba)|\s?\u9009\u9879\u6b63\u786e|\s?(?:\u304c|\u306f)\u6b63\u89e3|\s?(?:\uac00"
    r"|\uc774)\s\uc815\ub2f5)"
)
_BOLD = re.compile(r"(?<=[^\n*])\*\*\s?[(\[]?(?P<letter>[A-J])[)\]]?\.?\s?\*\*")
_LONGEST_LIST, _FEWEST_JUDGED = 3_000, 3
_NEXT_JUDGED = re.compile(r"\n|\s(?=(?:[-*\u2022]\s)?[*(\[]{0,3}[A-J][*]{0,2}[).:\]])")
_JUDGED = re.compile(
    r"\s?(?:[-*\u2022]\s{1,3})?[*(\[]{0,3}(?P<letter>[A-J])[*]{0,2}(?:[).:\]]{1,2}|(?=\s?[\u2705\u274c\u2713\u2714\u2717\u2718]))[*]{0,2}\s{0,3}(?P<rest>.+)",
    re.DOTALL,
)
_RIGHT_OR_WRONG = (
    r"(?:(?P<wrong>incorrect|not\s(?:correct|right|true)|wrong|false|\u274c|\u2717|\u2718|\u274e|\u2716)"
    r"|(?P<right>correct|right|true|\u2705|\u2713|\u2714|\u2611))(?!\w)\ufe0f?"
)
_VERDICT = re.compile(rf"[*_\s]{{0,3}}{_RIGHT_OR_WRONG}(?=[.,;:!*)\s]|\Z)", re.IGNORECASE)
_VERDICT_AT_END = re.compile(
    rf"(?:[\u2013\u2014:(-]|\s)\s?[*_(]{{0,3}}{_RIGHT_OR_WRONG}[*_).!\s-]{{0,5}}\Z", re.IGNORECASE
)
_MOST_MENTIONED = 2
_MENTIONED = re.compile(
    rf"\b{_WORD_FOR_OPTION}\s[(\[]?[*_]{{0,2}}(?P<letter>[A-J])(?![\w'\u2019])(?![)\]*_]{{0,3}}\s(?:is|was|are|can|does|would|seems|can't|isn't|fails)\b)"
    r"|\u9009\u9879\s?(?P<letter2>[A-J])(?![\w\u4e0d])",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"(?:[-*\u2022>#]\s?)?[(\[]?(?P<letter>[A-J])(?:[)\].]{0,2}|[)\].:\uff1a\u3001]{1,2}\s{0,2}\S.{0,200}|\s[-\u2013\u2014:]\s.{1,200})"
)
_MARKED = re.compile(r"(?:(?<=\()|(?<=\s)|\A)[A-J](?=[).:])")
_KEYED = re.compile(
    r"[\"'](?:[a-z_ ]{0,20}?(?:answer|choice|option|letter|correct|selection|selected|prediction|response|result|label|pick|verdict|solution|ans"  # noqa: E501
    r"|antwort|r\u00e9ponse|respuesta|resposta|risposta)[a-z_ ]{0,12})[\"']"
    r"\s{0,4}:\s{0,4}(?:\[\s{0,3})?[\"']?(?P<value>[^\"'\n}\]]{1,200})",
    re.IGNORECASE,
)
_ELEMENT = re.compile(
    r"<(?P<tag>(?:final_?\s?)?(?:answer|choice|option|letter|ans|result))>\s{0,9}(?P<value>[^<>]{1,200}?)\s{0,9}</(?P=tag)>",
    re.IGNORECASE,
)


def option_letter(text: str) -> str | None:
    """Return the letter of the option that a short text names: ``B``, ``(b)``, ``B) 12 m``, ``option B``; the
    article "A" is none, and two letters" " are none.
    """
    plain = " ".join(_AROUND_LETTER.sub(" ", ascii_form(text[:_LONGEST])).split())
    if len(set(_MARKED.findall(plain))) > 2:
        return None
    if ordinal := _ORDINAL.fullmatch(plain):
        return LETTERS[_ORDINALS.index(ordinal[1].lower())]
    found = _LETTER.fullmatch(plain)
    return _certain(found) if found else None


def _certain(found: re.Match[str]) -> str | None:
    if _ANOTHER.match((found["close"] or "") + found["rest"]) or _IS_DENIED.match(
        (found["close"] or "") + found["rest"]
    ):
        return None
    letter, rest = found["letter"], found["rest"]
    if found["close"] == "." and re.match(r"[A-Za-z]\.", rest):  # e.g., A.M.
        return None
    if found["close"] or not rest.strip():
        certain = letter.isupper() or found["open"] is not None or not rest.strip() or found["close"] == ")"
        return letter.upper() if certain else None
    if letter.islower() or _OPERATOR.match(rest) or (letter in "AI" and not _AFTER_ARTICLE.match(rest)):
        return None
    return letter


def affirmed(text: str, anywhere: bool = False) -> str:
    """Return a clause without what it denies: of "not A but C" and of "C, not A" the C; nothing of "not
    C".
    """
    plain = text
    if found := (_NOT_BUT.search if anywhere else _NOT_BUT.match)(plain.lstrip()):
        return affirmed(plain.lstrip()[found.end() :])
    if _DENIES.match(plain):
        return ""
    return _NOT_AFTER.sub("", plain, count=2)


def stated_option(tail: str, tagged: str | None) -> str | None:
    """Return the letter of an option, or the text that stands for one: what is chosen last, else what the
    response begins or ends with, else its" " last line.
    """
    tail = ascii_form(tail)
    box = joined_boxes(tail)
    after = tail[box.end :] if box else tail
    chosen = _chosen(after)
    if box is not None:
        return chosen or box.text
    if tagged is not None:
        return (
            _bare(
                tagged
                if len(tagged) <= _LONGEST and "\n" not in tagged.strip()
                else stated_option(tagged, None) or tagged
            )
            or None
        )
    return (
        chosen
        or _judged(tail)
        or _line_letter(tail)
        or _announced_text(tail)
        or _mentioned(tail)
        or _last_text(tail)
    )


def _chosen(tail: str) -> str | None:
    """Return the letter that is announced or chosen last, None if none is."""
    plain = unset(tail)
    for mark in ("**", "`", "$", "__"):
        plain = plain.replace(mark, "")
    places = [
        (one.start(), plain[one.end() : one.end() + _LONGEST])
        for one in list(_ANSWER_DENIED.finditer(plain))[-_MANY:]
    ]
    places += [
        (place.start, place.text)
        for place in statements(plain)
        if not _WRONG_BEFORE.search(plain, max(0, place.start - 12), place.start)
    ]
    found = [(start, letter) for start, text in places if (letter := _first_letter(text, False))]
    for one in list(_CHOSEN.finditer(plain))[-_MANY:]:
        if not _NOT_BEFORE.search(plain, max(0, one.start() - 24), one.start()):
            letter = _first_letter(plain[one.end() : one.end() + _LONGEST], not _STRONG.search(one[0]))
            found += [(one.start(), letter)] if letter else []
    for one in list(_IS_CHOSEN.finditer(plain))[-_MANY:]:
        told = (
            one["letter"] not in "AI"
            or one["open"]
            or plain[: one.start()].rstrip()[-1:] in (",", ":", ";", "")
            or _TELLING.search(one[0])
        )
        if (
            told
            and not _NOT_BEFORE.search(plain, max(0, one.start() - 24), one.start())
            and not _listed_before(plain, one.start())
        ):
            found.append((one.start(), one["letter"]))
    for keyed in [*list(_KEYED.finditer(plain))[-_MANY:], *list(_ELEMENT.finditer(plain))[-_MANY:]]:
        found += [(keyed.start(), letter)] if (letter := option_letter(keyed["value"])) else []
    return max(found, default=(0, None))[1]


def _listed_before(plain: str, at: int) -> bool:
    """Say whether a letter is the last of several: "B, C or D is right"."""
    return re.search(r"(?<![\w'])[A-J]\)?(?:,|\s(?:or|and))\s\(?\Z", plain[max(0, at - 12) : at]) is not None


def _first_letter(rest: str, alone: bool) -> str | None:
    """Return the letter that follows an announcement, adverbs and denials aside; where it has to stand
    *alone*, only one that ends its clause.
    """
    line = affirmed(
        _CUT.split(rest.lstrip(" \n:*\"'"), maxsplit=1)[0]
        if not re.match(r"\s*[(\[]?[A-J][).]", rest)
        else rest.lstrip().partition("\n")[0]
    )
    for _ in range(4):
        line = line.lstrip(" ,:;\"'*-\u2013\u2014")
        filler = _FILLER.match(line)
        if not filler:
            break
        line = affirmed(line[filler.end() :])
    found = _LETTER.fullmatch(" ".join(_AROUND_LETTER.sub(" ", line[:_LONGEST]).split()))
    letter = _certain(found) if found else None
    if not letter or not found or not alone:
        return letter
    if (
        letter in "AI"
        and not found["open"]
        and found["close"] not in (")", ".", ":")
        and found["rest"].strip(" .!")
    ):
        return None
    ends = (
        not found["rest"].strip(" .!)")
        or found["close"] in (")", ".", ":", ",", ";")
        or re.match(r"\s*(?:\(|because|since|as\b|,|[-\u2013\u2014]|then\b)", found["rest"])
    )
    return letter if ends else None


def _judged(tail: str) -> str | None:
    """Return the letter of the one option that is marked right in a list of judgements that a response ends
    with: ``A) Incorrect``, ``B: right``.
    """
    verdicts: dict[str, bool] = {}
    for part in reversed(_NEXT_JUDGED.split(tail[-_LONGEST_LIST:].strip())):
        if not part.strip(" \t-*\u2022,;|"):
            continue
        item = _JUDGED.match(part[:_LONGEST])
        said = item and (_VERDICT.match(item["rest"]) or _VERDICT_AT_END.search(item["rest"]))
        if item is None or not said or item["letter"] in verdicts:
            break
        verdicts[item["letter"]] = said["right"] is not None
    right = [letter for letter, verdict in verdicts.items() if verdict]
    return right[0] if len(verdicts) >= _FEWEST_JUDGED and len(right) == 1 else None


def _line_letter(tail: str) -> str | None:
    """Return the letter that the last line is, or the first one,
    unless lines of other letters stand beside it: the options, once more.
    """
    lines = [
        line
        for line in (unset(line).strip(_DECORATION + "$#>") for line in tail[: 2 * _LONGEST].split("\n"))
        if line
    ][:4]
    ends = [
        line
        for line in (unset(line).strip(_DECORATION + "$#>") for line in tail[-2 * _LONGEST :].split("\n"))
        if line
    ][-4:]
    if ends and (last := _LINE.fullmatch(ends[-1])):
        before = _LINE.fullmatch(ends[-2]) if len(ends) > 1 else None
        # A bare letter below the options is the choice.
        if before is None or (len(ends[-1].strip("()[]. ")) == 1 and len(ends[-2].strip("()[]. ")) > 1):
            return _of_line(last)
    if (
        lines
        and (first := _LINE.fullmatch(lines[0]))
        and not (
            len(lines) > 1 and (other := _LINE.fullmatch(lines[1])) and other["letter"] != first["letter"]
        )
    ):
        return _of_line(first)
    short = lines[-1] if len(lines) == 1 and len(lines[0]) <= _LONGEST else ""
    return _first_letter(short, True) if short and _FILLER.match(short) else None


def _of_line(found: re.Match[str]) -> str | None:
    rest = found[0][found.end("letter") - found.start() :]
    if _ANOTHER.match(rest) or re.match(r"\.[A-Za-z]\.", rest) or len(set(_MARKED.findall(found[0]))) > 2:
        return None
    return (
        None
        if _IS_DENIED.match(rest.lstrip(").:] "))
        or re.search(r"(?:^|[.:,;\s])(?:wrong|incorrect|false|too \w+)\b", rest)
        else str(found["letter"])
    )


def _announced_text(tail: str) -> str | None:
    """Return the text that is announced last: that of an option, or none of theirs."""
    for place in reversed(statements(tail)):
        if _WRONG_BEFORE.search(tail, max(0, place.start - 12), place.start):
            continue
        text = place.text.lstrip()
        line = text.partition("\n")[0]
        if bare := _bare(re.split(r"(?<=[^\s.][a-z)\d][.!?])\s+(?=[A-Z])|\u3002", line, maxsplit=1)[0]):
            return bare
    keyed = list(_KEYED.finditer(tail))[-1:]
    return _bare(keyed[0]["value"]) if keyed else None


def _mentioned(tail: str) -> str | None:
    bold, mentioned = list(_BOLD.finditer(tail)), list(_MENTIONED.finditer(tail))
    if (
        not bold
        and len({letter.upper() for one in mentioned for letter in one.groups() if letter}) > _MOST_MENTIONED
    ):
        return None  # the options gone through, or said again
    found = (bold or mentioned)[-1:]
    if found and (
        _NOT_BEFORE.search(tail, max(0, found[0].start() - 24), found[0].start())
        or found[0][0].endswith(" I")
    ):
        return None
    return next((letter.upper() for letter in found[0].groups() if letter), None) if found else None


def _last_text(tail: str) -> str | None:
    """Return the last line, in which the text of an option may stand,
    unless it is one of a list of the options.
    """
    lines = [
        line
        for line in (_bare(line) for line in tail[-4 * _LONGEST :].split("\n"))
        if line and re.search(r"\w", line)
    ]
    if not lines or len(lines[-1]) > 2 * _LONGEST:
        return None
    listed = len(lines) > 1 and _LINE.fullmatch(lines[-1]) and _LINE.fullmatch(lines[-2])
    return None if listed else lines[-1]


def _bare(text: str | None) -> str:
    """Return an answer without quotes, emphasis, a full stop or dollar signs around it."""
    bare = (text or "").strip(_DECORATION + "$")
    while bare.endswith((".", ",", ";", "\u3002")):
        bare = bare[:-1].rstrip(_DECORATION)
    return bare


__all__ = ["LETTERS", "affirmed", "option_letter", "stated_option"]
