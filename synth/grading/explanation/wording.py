"""What a wording says: words for relations by where they stand around two things,
and what all kinds of questions have in common.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from synth.problems.knowledge_graph import RELATIONS

Edge = tuple[str, str, str]
"""Subject, relation and object of a step."""
Verdict = Literal["fact", "follows", "false", "open"]
GAP = ""
"""The object of a step that says that a fact is missing."""


class Statement(NamedTuple):
    """A step that a trace states, and what the facts say of it."""

    edge: Edge
    verdict: Verdict


# Pronouns, by what they stand for; OWNING are those that something belongs to.
HE, IT = frozenset("he him his".split()), frozenset("it its there this that here".split())
OWNING = frozenset("his her its".split())
KINDS = frozenset(kind for relation in RELATIONS.values() for kind in (relation.subject, relation.object))
"""Kinds of things in a knowledge graph: city, person, …"""
HAS = frozenset("have has had with".split())
_RELATIVE = frozenset("where which whom who".split())
_TAKES_AS = HAS | frozenset("elected elects uses took takes names named calls".split())

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# After an owner, "'s mother" or "'s only daughter"; _MORE: what is owned is an owner in turn.
OWNED = re.compile(r"['’]s?\s+([^\W\d_][\w-]*)(?:\s+([^\W\d_][\w-]*))?")
_MORE = re.compile(r"['’]s?\s")
_POSSESSIVE = re.compile(r"['’]s?\s|.*\bwhose\b", re.IGNORECASE | re.DOTALL)
# After a thing, "as a mentor".
_AS = re.compile(r"\W*\s*as\s+(?:(?:an?|its|the|his|her|their)\s+)?([^\W\d_][\w-]*)")
# Before an owner, "mother of", "mother(" or "mother of the father of".
_NOUN_OF = re.compile(
    r"([^\W\d_][\w-]*)(?:\s*\(|\s+(?:of|for|to)\s+(?:the\s+([a-z-]+)\s+(?:of\s+)?)?)[\"“'‘(\[]*$"
)
_OF = re.compile(r"\b(?:of|for|to)\b|\(")
# Between two things, that they are the same: "is", ": ", "… is called".
IS = re.compile(
    r"[^\w'’]*$|.*(?:^|\W)(?:is|was|are|be|being|called|named|names?|finds?|gives?|equals|means|get|see)\s*"
    r"(?:(?:the\s+[a-z]+|called|named|also|just|then|simply|therefore|again|indeed)\s*)?[:\"“'‘(]*\s*$",
    re.DOTALL | re.IGNORECASE,
)
# Between a noun and the thing that it names, all that may stand: "mother is Ida", "a son named Paul".
_DIRECT = re.compile(
    r"\W*(?:(?:is|was|are|were|be|being|called|named|equals|of|to|in|at)\W+(?:(?:the\s+[a-z]+|called|named|also|just|then|simply|therefore)\W*)?)?",
    re.IGNORECASE,
)
CLOSED = re.compile(r"\W*(?:\Z|[.,;:)])")
"""The end of a clause."""


@dataclass(frozen=True, slots=True)
class Role:
    """A word for a relation, and whether the first thing has it (1: "x's mentor is y"), is it (-1:
    "x is the mentor of y"), or either (0).
    """

    word: str
    has: int


class Question:
    """What a question says, and how relations between its things are worded.

    `nouns` are words for what something is to another, each under one key for all words of the same meaning;
    `verbs` are words that tell a relation, 1 where the first thing has it, -1 where the second has. A
    question with `gaps` may have facts missing. With `leads_on` a word such as "and" or "then" ties two
    things ("from A9 to D8 and then K2"); elsewhere it starts a clause of its own.
    """

    nouns: Mapping[str, str] = {}
    verbs: Mapping[str, int] = {}
    gaps = False
    leads_on = False

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self.facts: set[Edge] = {(edge[0], edge[1], edge[2]) for edge in meta["facts_stated"]}
        things = dict.fromkeys(
            thing for edge in [*meta["facts_stated"], *meta["proof"]] for thing in (edge[0], edge[2])
        )
        self.names: dict[str, str] = {name.partition(" ")[0]: name for name in things}  # by their first word

    def readings(self, before: str, x: str, between: str, y: str, after: str) -> list[Edge]:
        """Return the facts that a mention of *x* and then *y* may state, given the text before,
        between and after.
        """
        raise NotImplementedError

    def judge(self, edge: Edge) -> tuple[Verdict, Edge]:
        """Say whether a step is a fact (and which), follows from facts, is false, or open."""
        raise NotImplementedError

    def place(self, edge: Edge) -> object:
        """Return what only one fact can be true of: Nora's birthplace, for one."""
        return edge[:2]

    def fits(self, pronoun: str, thing: str) -> bool:
        """Say whether a pronoun can stand for a thing."""
        raise NotImplementedError

    def gap(self, thing: str, clause: str) -> list[Edge]:
        """Return what a clause that calls something missing can be about."""
        return []

    def joined(self, text: str) -> str:
        """Return the text with words of several parts made one."""
        return text

    def passes_over(self, text: str, begin: int, end: int) -> bool:
        """Say whether the sentence from *begin* to *end* cannot be read."""
        return False

    def roles(self, before: str, between: str, after: str) -> list[Role]:
        """Return the words for relations that tie two things, x and y, by where they stand."""
        told = words(between)
        if found := [word for word in told if word in self.nouns]:
            return self._noun_between(before, between, after, told, found)
        # x was born in y. ("leads" is for those who lead a country; "leads to" is none of it.)
        if verbs := [
            Role(word, self._verb(word, told))
            for word in told
            if word in self.verbs and not (word == "leads" and "to" in told)
        ]:
            return verbs
        # The mother of x is y (but not: the mother of the father of x). x is y's mother (but not:
        # y's mother's sister).
        owner, owned = self._owner_before(before), self._owned_after(after)
        if (owner or owned) and IS.match(between):
            return (
                [Role(owner[1].lower(), 1)] * (owner[2] not in self.nouns)
                if owner
                else [Role(owned[0], -1)] * (not owned[1])
                if owned
                else []
            )
        # x has y as a mentor.
        if _TAKES_AS & set(told) and (as_noun := _AS.match(after)):
            return [Role(as_noun[1].lower(), 1)] * (as_noun[1].lower() in self.nouns)
        # x is where y was born, x is the city y was born in: the verb comes last,
        # and it is y that has the relation.
        if told and (
            told[-1] == "where"
            or ({"is", "was"} & set(told) and (told[-1] in KINDS or told[-1] in _RELATIVE))
        ):
            return [
                Role(word, -self._verb(word, told) if "by" not in told else 1)
                for word in words(after)[:4]
                if word in self.verbs
            ]
        return []

    def _noun_between(
        self, before: str, between: str, after: str, told: list[str], found: list[str]
    ) -> list[Role]:
        """Return what the nouns *found* between x and y say: "x's mother is y", "x has a son, y", "x is the
        mother of y", "x - mother - y".
        """
        rest = between[between.lower().rfind(found[0]) + len(found[0]) :]
        possessive = _POSSESSIVE.match(between) is not None
        if (
            len({self.nouns[word] for word in found}) > 1
            or self._owned_after(after)
            or (possessive and rest.strip() and self._owner_before(before))
        ):
            # x is the mother of y's father, the mother of x's brother is y: nothing is said of the two
            return []
        if possessive or HAS & set(told[: told.index(found[0])]):
            left_open = "," in rest and not CLOSED.match(after)  # since Linda is x's mother, y …
            return [Role(found[0], 1)] if _DIRECT.fullmatch(rest) and not left_open else []
        return [Role(found[-1], -1 if {"of", "to", "for"} & set(told[told.index(found[0]) + 1 :]) else 0)]

    def _verb(self, word: str, told: list[str]) -> int:
        """Return which thing has what a verb tells: the second in "x founded y",
        the first in "x was founded by y".
        """
        return 1 if "by" in told else self.verbs[word]

    def _owner_before(self, before: str) -> re.Match[str] | None:
        """Return the noun of which the first thing is the owner ("the mother of x")."""
        found = noun_of(before)
        return found if found and found[1].lower() in self.nouns else None

    def _owned_after(self, after: str) -> tuple[str, bool] | None:
        """Return the noun of which the last thing is the owner ("y's mother"),
        and whether that has one in turn ("y's mother's sister").
        """
        found = OWNED.match(after)
        group = next((i for i in (1, 2) if found[i] and found[i].lower() in self.nouns), 0) if found else 0
        return (
            (found[group].lower(), _MORE.match(after, found.end(group)) is not None)
            if found and group
            else None
        )


def noun_of(text: str) -> re.Match[str] | None:
    """Return the noun with which a text ends that goes on with its owner: "the mother of"."""
    end = text[-60:]
    return _NOUN_OF.search(end) if _OF.search(end) else None


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; "mother-in-law" is one."""
    return [word.lower() for word in _WORD.findall(text)]
