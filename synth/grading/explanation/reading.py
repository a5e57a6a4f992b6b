"""What a trace states, from its start to its end: which mentions are read together,
what pronouns stand for, what is denied or in doubt.
"""

import re
from collections.abc import Iterable

from synth.grading.explanation.mentions import Mark, Pronouns, mentions, sentences, without_markup
from synth.grading.explanation.wording import (
    CLOSED,
    HAS,
    KINDS,
    OWNED,
    OWNING,
    Question,
    Statement,
    noun_of,
    words,
)

_LONGEST = 160  # characters between two things that are tied
_MOST = 500  # mentions in one sentence; those after are no explanation
_NEAR = 80  # characters before and after them that are looked at
_DENIED = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without|wrong|false|incorrect|incorrectly|instead|rather|whether|unlike)\b|n['’]t\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\W*(?:is|was|would be|must be)\s+(?:wrong|false|incorrect|impossible|not (?:right|true|correct|stated|given|the case))\b",  # noqa: E501
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:if|suppose|supposing|assume|assuming|maybe|perhaps|might|may|could|would|possibly|unless|imagine)\b",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"\b(?:unknown|missing|unstated|unspecified|unclear|undetermined|absent|nothing|nowhere|none of|without|lacks?|omitted|"  # noqa: E501
    r"no (?:[a-z]+ )?(?:sentence|fact|statement|information|info|mention|evidence|data|line|record|clue|entry)s?|"  # noqa: E501
    r"(?:not|never|cannot|[a-z]{1,9}n['’]t) (?:[a-z]+ ){0,2}(?:say|said|tell|told|stated?|given?|know|known|mention(?:ed)?|specif(?:y|ied)|"  # noqa: E501
    r"provided?|list(?:ed)?|find|found|determined?|included?|have|available))\b",
    re.IGNORECASE,
)
_GENERIC = re.compile(rf"\b(?:an?|any|each|every) (?:{'|'.join(sorted(KINDS))})\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:]|\b(?:but|yet|so|while|although|and)\b", re.IGNORECASE)
_NEW_CLAUSE = re.compile(r"\b(?:and|but|then|so|while)\s+|;", re.IGNORECASE)
_AND = re.compile(r",?\s*(?:and|&)\s*\Z", re.IGNORECASE)
_PLURAL = re.compile(r"\s*(?:both\s+)?(?:are|were|have|had|share)\b|['’]s?\s", re.IGNORECASE)


def read_statements(trace: str, question: Question) -> list[Statement]:
    """Return the statements of a trace in their order, each as often as it is said."""
    return _ReadTrace(question.joined(without_markup(trace)), question).statements


class _ReadTrace:
    """Reads the statements of a text.

    What is passed on: `names`, the mentions of one sentence, and in it `i`, the one at hand; `begin` and
    `end` of the sentence; `after`, where the next mention starts; `last`,
    the things named last in the sentences before.
    """

    def __init__(self, text: str, question: Question) -> None:
        self.text, self.question = text, question
        self.statements: list[Statement] = []
        marks = mentions(text, question.names)
        self.pronouns = Pronouns(text if marks else "")
        self._read(marks)

    def _read(self, marks: list[Mark]) -> None:
        """Read sentence by sentence; one that is said again, after the same things, is not read again."""
        first, begin = 0, 0
        last: tuple[str, ...] = ()
        read: dict[tuple[str, tuple[str, ...]], list[Statement]] = {}
        for end, asked in sentences(self.text):
            after = first
            while after < len(marks) and marks[after].start < end:
                after += 1
            if own := marks[first:after]:
                if not asked:
                    key = (self.text[begin:end].strip(), last)
                    if key not in read:
                        so_far = len(self.statements)
                        self._sentence(begin, end, own[:_MOST], last)
                        read[key] = self.statements[so_far:]
                    else:
                        self.statements += read[key]
                last = tuple(dict.fromkeys(mark.thing for mark in own[-3:]))
            first, begin = after, end

    def _sentence(self, begin: int, end: int, names: list[Mark], last: tuple[str, ...]) -> None:
        """Read each mention with the pronouns around it, and with the mention before or, for the first,
        the sentence before.
        """
        if self.question.passes_over(self.text, begin, end):
            return
        for i, mark in enumerate(names):
            previous = names[i - 1] if i else None
            start = previous.end if previous else begin
            after = names[i + 1].start if i + 1 < len(names) else end
            if pronoun := self.pronouns.within(max(start, mark.start - _LONGEST), mark.start, last=True):
                self._pronoun_before(start, names, i, pronoun, () if i else last, begin, after)
            if (
                pronoun := self.pronouns.within(mark.end, min(after, mark.end + _NEAR))
            ) and pronoun.thing in OWNING:
                self._pronoun_after(names, i, pronoun, last if i < 2 else (), after)
            if previous and previous.thing != mark.thing:
                before = names[i - 2].end if i > 1 else begin
                self._pair(max(before, previous.start - _NEAR), names, i, min(after, mark.end + _NEAR))
            elif not previous:
                self._left_out(begin, mark, last, after)
        if self.question.gaps:
            self._gaps(begin, end, names)

    def _pair(self, before: int, names: list[Mark], i: int, after: int) -> None:
        """Read what two neighbours say, and what they say with a thing that one of them is joined to by
        "and".
        """
        x, y = names[i - 1], names[i]
        between = self.text[x.end : y.start]
        if len(between) > _LONGEST:
            return
        left, right = self.text[before : x.start], self.text[y.end : after]
        pronoun = self.pronouns.within(x.end, y.start)
        if clause := _last(_NEW_CLAUSE, between):
            # Otto is the mayor of x and works for y: of Otto or of x, so not for sure.
            rest = between[clause.end() :]
            if (rest.strip() or OWNED.match(right)) and not self.pronouns.within(
                x.end + clause.end(), y.start
            ):
                subjects = (names[i - 2].thing, x.thing) if i > 1 else (x.thing,)
                self._state(left if i < 2 else "", subjects, " " + rest, (y.thing,), right, sure=False)
            if not self.question.leads_on and not noun_of(left) and between.strip().lower() != "and":
                return
        elif (
            pronoun and not noun_of(left) and not (pronoun.thing in OWNING and HAS & set(words(between)[:1]))
        ):
            return  # x sings, her mother is y: the pronoun is read, not x; but "x has his mother, y" is of x
        self._state(left, (x.thing,), between, (y.thing,), right)
        if self.question.leads_on:
            return
        # A (x's mother) works for y.
        if i > 1 and (closed := between.find(")")) >= 0 and "(" in self.text[names[i - 2].end : x.start]:
            self._state("", (names[i - 2].thing,), between[closed + 1 :], (y.thing,), right)
        # A and x are the parents of y.
        if (
            i > 1
            and _AND.fullmatch(self.text, max(names[i - 2].end, x.start - 12), x.start)
            and _PLURAL.match(between)
        ):
            self._state("", (names[i - 2].thing,), between, (y.thing,), right)
        # x is the mother of y and B.
        if (
            i + 1 < len(names)
            and _AND.match(self.text, y.end, min(names[i + 1].start, y.end + 12))
            and CLOSED.match(self.text, names[i + 1].end)
        ):
            self._state(left, (x.thing,), between, (names[i + 1].thing,), "")

    def _stands_for(self, pronoun: Mark, names: list[Mark], i: int, last: tuple[str, ...]) -> tuple[str, ...]:
        """Return which things a pronoun near a mention can stand for: of those named just before."""
        named = dict.fromkeys((*(one.thing for one in reversed(names[max(0, i - 3) : i])), *last))
        return tuple(
            thing for thing in named if thing != names[i].thing and self.question.fits(pronoun.thing, thing)
        )

    def _pronoun_before(
        self,
        start: int,
        names: list[Mark],
        i: int,
        pronoun: Mark,
        last: tuple[str, ...],
        begin: int,
        after: int,
    ) -> None:
        """Read what the last pronoun before a mention says of it: "he was born in Velmora",
        "her son Paul" (as if "Ida's son Paul").

        Not in what holds of all ("the crest of a person is the country …"), nor across clauses.
        """
        mark = names[i]
        between = self.text[pronoun.end : mark.start]
        things = self._stands_for(pronoun, names, i, last)
        if (
            not things
            or _NEW_CLAUSE.search(between)
            or not words(between)
            or _GENERIC.search(self.text, max(begin, mark.start - _LONGEST), mark.start)
        ):
            return
        owning = pronoun.thing in OWNING
        left = "" if owning else self.text[max(start, pronoun.start - _NEAR) : pronoun.start]
        right = self.text[mark.end : min(after, mark.end + _NEAR)]
        self._state(
            left, things, "'s" + between if owning else between, (mark.thing,), right, sure=len(things) == 1
        )

    def _pronoun_after(
        self, names: list[Mark], i: int, pronoun: Mark, last: tuple[str, ...], after: int
    ) -> None:
        """Read what a thing is to the owner that a pronoun names:
        "Ida is his mother" (as if "Ida is Paul's mother").
        """
        things = self._stands_for(pronoun, names, i, last)
        right = "'s" + self.text[pronoun.end : min(after, pronoun.end + _NEAR)]
        self._state(
            "",
            (names[i].thing,),
            self.text[names[i].end : pronoun.start],
            things,
            right,
            sure=len(things) == 1,
        )

    def _left_out(self, begin: int, mark: Mark, last: tuple[str, ...], after: int) -> None:
        """Read a sentence that starts without its subject: "- born in Velmora", "→ K2"."""
        head = self.text[begin : mark.start].strip()
        if (
            head
            and len(head) <= _NEAR
            and last
            and not self.pronouns.within(begin, mark.start)
            and not {"of", "for"} & set(words(head))
        ):
            self._state(
                "",
                last,
                f" {head} ",
                (mark.thing,),
                self.text[mark.end : min(after, mark.end + _NEAR)],
                sure=False,
            )

    def _state(
        self,
        before: str,
        xs: Iterable[str],
        between: str,
        ys: Iterable[str],
        after: str,
        *,
        sure: bool = True,
    ) -> None:
        """Note what a wording says, if it asserts anything: a fact if one reading is one,
        else what follows, else what is false.

        With several *xs* or *ys* (all that a pronoun can stand for) each pair is a reading. One that is open
        keeps the rest from being false.
        """
        said = [
            edge
            for x in xs
            for y in ys
            if x != y
            for edge in self.question.readings(before, x, between, y, after)
        ]
        if (
            not said
            or _DENIED.search(_CLAUSE.split(before)[-1])
            or _DENIED.search(between)
            or _REFUSED.match(after)
        ):
            return
        judged = [self.question.judge(edge) for edge in dict.fromkeys(said)]
        sure = sure and not _HEDGED.search(before) and not _HEDGED.search(between)
        for wanted in ("fact", "follows", "open", "false"):
            for verdict, edge in judged:
                if verdict == wanted:
                    if verdict != "open" and (sure or verdict != "false"):
                        self.statements.append(Statement(edge, verdict))
                    return

    def _gaps(self, begin: int, end: int, names: list[Mark]) -> None:
        """Read clauses about one thing that call something about it missing:
        "but the country of Velmora is not given".
        """
        if end - begin > 20 * _LONGEST or not _ABSENT.search(self.text, begin, end):
            return
        at, i = begin, 0
        for stop in (*(found.start() for found in _CLAUSE.finditer(self.text, begin, end)), end):
            own = []
            while i < len(names) and names[i].start < stop:
                own.append(names[i])
                i += 1
            if len({mark.thing for mark in own}) == 1 and _ABSENT.search(clause := self.text[at:stop]):
                for edge in self.question.gap(own[0].thing, clause):
                    self.statements.append(Statement(edge, self.question.judge(edge)[0]))
            at = stop


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the last place where a pattern is found."""
    found = list(pattern.finditer(text))
    return found[-1] if found else None
