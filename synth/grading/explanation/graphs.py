"""Knowledge graphs with rules, the questions of the sources ``kg`` and ``claims``."""

import re
from collections.abc import Mapping
from typing import Any

from synth.grading.explanation.wording import GAP, IT, Edge, Question, Verdict, words
from synth.problems.knowledge_graph import RELATIONS

_NOUNS = {  # for each relation
    "birthplace": "birthplace hometown",
    "employer": "employer employee",
    "mentor": "mentor mentee",
    "university": "university student graduate alumnus alumna",
    "seat": "seat headquarters",
    "founder": "founder",
    "owner": "owner subsidiary",
    "location": "location",
    "rector": "rector",
    "country": "country",
    "mayor": "mayor",
    "language": "language",
    "currency": "currency",
    "president": "president",
}
# Nouns for the one who has the relation, where both things are of one kind, so that kinds do not tell.
_TURNED = frozenset("mentee subsidiary".split())
_VERBS = {  # those with a minus say it of the second thing, as "x founded y" does
    "birthplace": "born birth native hails",
    "employer": "works worked working work job employed -employs",
    "mentor": "-mentors -mentored -mentoring",
    "university": (
        "studied studies study studying degree attended attends attending graduated educated alma enrolled"
    ),
    "seat": "based headquartered seated in",
    "founder": "-founded -founds -established -started -created",
    "owner": "belongs belonged belonging -owned -owns",
    "location": "stands located situated lies in",
    "rector": "-led -leads -headed -heads",
    "country": "lies located situated in belongs part",
    "mayor": "elected -governs",
    "language": "spoken speaks speak",
    "currency": "pays money uses used pay paid",
    "president": "-presides -leads led",
}
_NOUN_KEYS = {word: word for wordings in _NOUNS.values() for word in wordings.split()}
_VERB_ROLES = {
    word.removeprefix("-"): -1 if word[0] == "-" else 1
    for wordings in _VERBS.values()
    for word in wordings.split()
}
_ANOTHER = re.compile(r"\b(?:other|another|only|else)\b", re.IGNORECASE)


def _meanings() -> dict[str, tuple[str, ...]]:
    """Return the relations that each word may mean: "in" is said of seats, locations and countries."""
    means: dict[str, tuple[str, ...]] = {}
    for table in (_NOUNS, _VERBS):
        for relation, wordings in table.items():
            for wording in wordings.split():
                word = wording.removeprefix("-")
                means[word] = (*means.get(word, ()), relation)
    return means


_MEANS = _meanings()


class ToldGraph(Question):
    """A knowledge graph with rules: an edge (s, relation, o) says that the relation of s is o."""

    verbs = _VERB_ROLES
    gaps = True

    def __init__(self, meta: Mapping[str, Any]) -> None:
        super().__init__(meta)
        self.rules: dict[str, tuple[str, str]] = {
            rule[0]: (rule[1], rule[2]) for rule in meta.get("rules", ())
        }
        self.nouns = {**_NOUN_KEYS, **{name: name for name in self.rules}}
        self.objects = {(s, relation): o for s, relation, o in self.facts}
        self.missing = tuple(meta.get("missing") or ())
        self.kinds: dict[str, str] = {}
        for s, relation, o in [*self.facts, *((edge[0], edge[1], edge[2]) for edge in meta["proof"])]:
            if relation in RELATIONS:
                self.kinds[s], self.kinds[o] = RELATIONS[relation].subject, RELATIONS[relation].object

    def readings(self, before: str, x: str, between: str, y: str, after: str) -> list[Edge]:
        """Return an edge for each relation that the words may mean,
        in the direction that the kinds of the things allow.

        "Nora, birthplace Velmora" and "Velmora, birthplace of Nora" are one edge: a person is born in a city.
        Where the kinds leave both directions, as with mentors, the wording tells;
        where it does not tell either, both are readings.
        """
        edges: list[Edge] = []
        for role in self.roles(before, between, after):
            has = -role.has if role.word in _TURNED else role.has
            for relation in (role.word,) if role.word in self.rules else _MEANS[role.word]:
                if relation in self.rules:
                    ways = [(x, y)] * (has >= 0) + [(y, x)] * (has <= 0)
                else:
                    kinds = (RELATIONS[relation].subject, RELATIONS[relation].object)
                    ways = [
                        (s, o) for s, o in ((x, y), (y, x)) if (self.kinds.get(s), self.kinds.get(o)) == kinds
                    ]
                    if len(ways) == 2 and has:
                        ways = [(x, y) if has > 0 else (y, x)]
                edges += [(s, relation, o) for s, o in ways]
        return edges

    def judge(self, edge: Edge) -> tuple[Verdict, Edge]:
        """Look an edge up; that of a rule (Nora's crest is Karonia) follows where its two relations lead
        there, and is open where one is not known.
        """
        s, relation, o = edge
        if o == GAP:
            return (
                "fact"
                if self.missing == (s, relation)
                else "false"
                if (s, relation) in self.objects
                else "open"
            ), edge
        if relation in self.rules:
            first, second = self.rules[relation]
            reached = self.objects.get((self.objects.get((s, first), ""), second))
            return ("open" if reached is None else "follows" if reached == o else "false"), edge
        return ("fact" if edge in self.facts else "false"), edge

    def fits(self, pronoun: str, thing: str) -> bool:
        """Say whether a pronoun can stand for a thing: "he" and "she" for people, "it" for all else."""
        return (pronoun in IT) != (self.kinds.get(thing) == "person")

    def gap(self, thing: str, clause: str) -> list[Edge]:
        """Return the one relation of a thing that a clause such as "the country of Velmora is not given" is
        about, if it is one.

        "No other country is given" says that one is.
        """
        if _ANOTHER.search(clause):
            return []
        relations = {
            relation
            for word in words(clause)
            if word in _MEANS
            for relation in _MEANS[word]
            if RELATIONS[relation].subject == self.kinds.get(thing)
        }
        return [(thing, relation, GAP) for relation in relations] if len(relations) == 1 else []
