"""Families, the questions of the source ``kinship``."""

import re
from collections.abc import Mapping
from typing import Any

from synth.grading.explanation.wording import HE, IT, Edge, Question, Verdict, words
from synth.problems.kinship_tree import RULES, WORDS

_ARE = re.compile(
    r"\W*(?:are|were)\s+(?:both\s+)?(?:each other['’]s\s+)?(?:the\s+)?(?:full\s+)?([a-z-]+)", re.IGNORECASE
)
_GREAT = re.compile(r"\bgreat (?=great|grand|aunt|uncle|niece|nephew)", re.IGNORECASE)
_IN_LAW = re.compile(r"(?<=[a-z]) in law\b", re.IGNORECASE)


def _words_for_relatives() -> dict[str, tuple[str, int | None]]:
    """Return each word for a relative, one or several, with its kind and gender (0 a woman, 1 a man, None
    either): "aunts" is (pibling, 0).
    """
    kin: dict[str, tuple[str, int | None]] = {}
    for kind, forms in WORDS.items():
        for gender, form in enumerate(forms[:3]):
            for word in form.split(" or "):
                # "aunt or uncle" is for either, but each of the two words has its gender; a cousin has none
                known = gender if gender < 2 and forms[0] != forms[1] else kin.get(word, (kind, None))[1]
                plural = word.replace("child", "children") if word.endswith("child") else f"{word}s"
                kin[word] = kin[plural] = (kind, known)
    kin |= {
        "mom": ("parent", 0),
        "mum": ("parent", 0),
        "dad": ("parent", 1),
        "grandma": ("grandparent", 0),
        "grandpa": ("grandparent", 1),
    }
    kin |= {
        "wives": ("spouse", 0),
        "married": ("spouse", None),
        "partner": ("spouse", None),
        "nibling": ("nibling", None),
        "pibling": ("pibling", None),
    }
    return kin


KIN = _words_for_relatives()
"""Words for relatives: what someone is to another, and whether a woman (0), a man (1) or either (None)."""
_INVERSE = {kind: forms[3] for kind, forms in WORDS.items()}
_MUTUAL = frozenset(kind for kind, other in _INVERSE.items() if kind == other)


class ToldFamily(Question):
    """A family: an edge (a, word, b) says that a is the word of b."""

    nouns: Mapping[str, str] = {word: kind for word, (kind, _) in KIN.items()}

    def __init__(self, meta: Mapping[str, Any]) -> None:
        super().__init__(meta)
        self.genders: dict[str, int] = {
            a: gender for a, word, _ in self.facts if (gender := KIN[word][1]) is not None
        }
        if "women" in meta:
            women = set(meta["women"])
            self.genders = {name: int(name not in women) for name in self.names.values()}
        self.told = {frozenset((a, b)): (a, word, b) for a, word, b in self.facts}
        # who is tied to whom: (b, what the person is to b)
        self.beside: dict[str, list[tuple[str, str]]] = {}
        for a, word, b in self.facts:
            self.beside.setdefault(a, []).append((b, KIN[word][0]))
            self.beside.setdefault(b, []).append((a, _INVERSE[KIN[word][0]]))
        self._reached: dict[str, dict[str, str | None]] = {}

    def joined(self, text: str) -> str:
        """Return the text with "great aunt" as "great-aunt" and "sister in law" as "sister-in-law"."""
        return _IN_LAW.sub("-in-law", _GREAT.sub("great-", text))

    def readings(self, before: str, x: str, between: str, y: str, after: str) -> list[Edge]:
        """Return who is what to whom, both ways where the wording leaves it open;
        "x and y are siblings" makes each one the other's.
        """
        if (plural := _ARE.match(after)) and words(between) == ["and"]:
            word = plural[1].lower()
            return [(x, word, y)] if word in KIN and KIN[word][0] in _MUTUAL else []
        edges: list[Edge] = []
        for role in self.roles(before, between, after):
            if role.has <= 0 or (KIN[role.word][0] in _MUTUAL and KIN[role.word][1] is None):
                edges.append((x, role.word, y))
            if role.has >= 0:
                edges.append((y, role.word, x))
        return edges

    def judge(self, edge: Edge) -> tuple[Verdict, Edge]:
        """Compare with what the facts make of two people; the fact is returned as the question has it.

        "Paul is Rosa's father" is the fact that Rosa is Paul's daughter. What the rules of kinship leave open
        is open. A false step has the two in one order, so that both ways to say it are one.
        """
        a, word, b = edge
        kind, gender = KIN[word]
        told = self.told.get(frozenset((a, b)))
        known = self._between(a, b)
        if known is None:
            return "open", edge
        if known != kind or (gender is not None and self.genders.get(a, gender) != gender):
            return "false", (min(a, b), max(a, b), kind)
        return ("fact", told) if told else ("follows", edge)

    def place(self, edge: Edge) -> object:
        """Return the two people: they are one thing to each other."""
        return frozenset(edge) & set(self.names.values())

    def fits(self, pronoun: str, thing: str) -> bool:
        """Say whether a pronoun is of a person's gender, where that is known."""
        return pronoun not in IT and self.genders.get(thing) in (None, int(pronoun in HE))

    def _between(self, a: str, b: str) -> str | None:
        """Return what a is to b, told or by rules, from either end: the rules may lead from b to a only."""
        return self._from(a).get(b) or (_INVERSE[back] if (back := self._from(b).get(a)) else None)

    def _from(self, a: str) -> dict[str, str | None]:
        """Return what the person is to each other person, None where no rule tells."""
        if a not in self._reached:
            reached: dict[str, str | None] = {a: None}
            queue = [a]
            for person in queue:
                for other, kind in self.beside.get(person, ()):
                    if other not in reached:
                        so_far = reached[person]
                        reached[other] = (
                            kind if person == a else RULES.get((so_far, kind)) if so_far else None
                        )
                        queue.append(other)
            self._reached[a] = reached
        return self._reached[a]
