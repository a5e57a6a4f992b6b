"""Invented knowledge graphs: grown with preferential attachment, some relations implied by rules.

After Wang et al. (2025, arXiv:2504.03635, sections 4 and 5.2). A graph is seeded with the way that is asked
for and grows by one fact at a time, each tied to what is there, to an object with a chance that grows with
how often the relation already points at it (one plus that number). Rules of the form (x, new, z) <- (x,
first, y) and (y, second, z) name relations that no fact states. Every relation has at most one object for a
subject, so following relations has one outcome.
"""

import math
import random
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that facts state: between which kinds of things, and how ("{x}" its subject,
    "{y}" its object).
    """

    subject: str
    object: str
    forms: tuple[str, ...]


RELATIONS = {
    "birthplace": Relation(
        "person",
        "city",
        ("{x} was born in {y}", "{y} is the city where {x} was born", "{y} is the birthplace of {x}"),
    ),
    "employer": Relation(
        "person", "company", ("{x} works for {y}", "{y} is the employer of {x}", "{x} has a job at {y}")
    ),
    "mentor": Relation(
        "person", "person", ("{y} is the mentor of {x}", "{x} has {y} as a mentor", "{x} is mentored by {y}")
    ),
    "university": Relation(
        "person",
        "university",
        ("{x} studied at {y}", "{x} has a degree from {y}", "{y} is the university of {x}"),
    ),
    "seat": Relation(
        "company", "city", ("{x} has its seat in {y}", "{y} is the seat of {x}", "{x} is based in {y}")
    ),
    "founder": Relation(
        "company", "person", ("{x} was founded by {y}", "{y} founded {x}", "{y} is the founder of {x}")
    ),
    "owner": Relation(
        "company", "company", ("{x} belongs to {y}", "{y} is the owner of {x}", "{x} is owned by {y}")
    ),
    "location": Relation(
        "university", "city", ("{x} stands in {y}", "{y} is the location of {x}", "{x} can be found in {y}")
    ),
    "rector": Relation(
        "university", "person", ("{y} is the rector of {x}", "{x} has {y} as its rector", "{x} is led by {y}")
    ),
    "country": Relation(
        "city", "country", ("{x} lies in {y}", "{x} is a city in {y}", "{y} is the country of {x}")
    ),
    "mayor": Relation(
        "city", "person", ("{y} is the mayor of {x}", "{x} has {y} as its mayor", "{x} elected {y} as mayor")
    ),
    "language": Relation(
        "country",
        "language",
        ("{x} has {y} as its language", "{y} is spoken in {x}", "{y} is the language of {x}"),
    ),
    "currency": Relation(
        "country",
        "currency",
        ("{x} pays with the {y}", "the {y} is the currency of {x}", "{x} uses the {y} as money"),
    ),
    "president": Relation(
        "country",
        "person",
        ("{y} is the president of {x}", "{x} has {y} as its president", "{y} presides over {x}"),
    ),
}
OUT = {
    kind: tuple(name for name, relation in RELATIONS.items() if relation.subject == kind)
    for kind in ("person", "company", "university", "city", "country")
}
_INTO = {
    kind: tuple(name for name, relation in RELATIONS.items() if relation.object == kind)
    for kind in (*OUT, "language", "currency")
}
_STARTS = ("person",) * 4 + ("company",) * 2 + ("city", "university")
# What rules define has a name that says nothing, so that the rule must be read.
_RULE_NAMES = (
    "crest",
    "anchor",
    "beacon",
    "emblem",
    "token",
    "banner",
    "pillar",
    "lodestar",
    "hallmark",
    "keystone",
)


class Fact(NamedTuple):
    """A stated fact: the relation leads from a subject to an object, both numbers of things in a `Graph`."""

    subject: int
    relation: str
    object: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What relation *name* of a thing of kind *kind* is: the *second* of its *first*."""

    name: str
    kind: str
    first: str
    second: str


@dataclass(slots=True)
class Graph:
    """Things by number with their kinds, and the facts about them;
    the first facts are the way that is asked for.
    """

    kinds: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    _of_kind: dict[str, list[int]] = field(default_factory=dict)
    _taken: set[tuple[int, str]] = field(default_factory=set)
    _pointed_at: dict[str, list[int]] = field(default_factory=dict)

    def thing(self, kind: str) -> int:
        """Add a thing and return its number."""
        self.kinds.append(kind)
        self._of_kind.setdefault(kind, []).append(len(self.kinds) - 1)
        return len(self.kinds) - 1

    def state(self, subject: int, relation: str, thing: int) -> None:
        """Add a fact."""
        self.facts.append(Fact(subject, relation, thing))
        self._taken.add((subject, relation))
        self._pointed_at.setdefault(relation, []).append(thing)

    def grow(self, rng: random.Random) -> None:
        """Add one fact that is tied to what is there."""
        new = rng.random() < 0.4
        if new:
            relation = rng.choice(_INTO[self.kinds[rng.randrange(len(self.kinds))]])
            subject = self.thing(RELATIONS[relation].subject)
        else:
            subject = rng.randrange(len(self.kinds))
            open_ones = [
                name for name in OUT.get(self.kinds[subject], ()) if (subject, name) not in self._taken
            ]
            if not open_ones:
                return
            relation = rng.choice(open_ones)
        kind = RELATIONS[relation].object
        known = [i for i in self._of_kind.get(kind, ()) if i != subject]
        if not known or (not new and rng.random() < 0.25):
            self.state(subject, relation, self.thing(kind))
        else:
            self.state(
                subject,
                relation,
                rng.choice(known + [i for i in self._pointed_at.get(relation, ()) if i != subject]),
            )


def draw_graph(rng: random.Random, hops: int, facts: int, rules: int) -> Graph:
    """Return a graph of at least *hops* facts, of which the first *hops* lead on from one to the next over
    new things.

    The first of the rules fits two relations in a row on the way.
    """
    graph = Graph()
    at = graph.thing(rng.choice(_STARTS))
    for left in range(hops, 0, -1):
        relation = rng.choice(
            [name for name in OUT[graph.kinds[at]] if left == 1 or RELATIONS[name].object in OUT]
        )
        following = graph.thing(RELATIONS[relation].object)
        graph.state(at, relation, following)
        at = following
    names = rng.sample(_RULE_NAMES, rules)
    for number, name in enumerate(names):
        if number == 0:
            i = rng.randrange(hops - 1)
            first, second = graph.facts[i].relation, graph.facts[i + 1].relation
        else:
            first = rng.choice([one for one, relation in RELATIONS.items() if relation.object in OUT])
            second = rng.choice(OUT[RELATIONS[first].object])
        graph.rules.append(Rule(name, RELATIONS[first].subject, first, second))
    while len(graph.facts) < facts:
        graph.grow(rng)
    return graph


def structure(graph: Graph) -> tuple[str, ...]:
    """Return what makes a graph the graph it is, whatever its things are called."""
    return (
        *(f"{fact.subject} {fact.relation} {fact.object}" for fact in graph.facts),
        *(f"{rule.first} {rule.second}" for rule in graph.rules),
    )


_ROOTS = (
    "Vel Kar Tor Bren Mal Dor Sul Nar Fel Gar Hal Jor Lun Mir Ost Pel Quor Ras Sel Tam Ulm Ver Wes Zan Bal"
    " Cor Dren Far".split()
)
_ENDINGS = {
    "city": ("mora", "sund", "haven", "dale", "bury", "grad"),
    "country": ("avia", "onia", "istan", "oria"),
    "company": ("tec", "works", "line", "gen"),
    "university": ("field College", "stead College", "mont College"),
    "language": ("ish", "ese", "ic"),
    "currency": ("mark", "thal", "crown"),
}
_NAMES = {
    kind: tuple(root + ending for root in _ROOTS for ending in endings) for kind, endings in _ENDINGS.items()
}
_NAMES["person"] = tuple(
    "Ada Alma Amir Anna Arno Bea Ben Bruno Carl Cara Clara Dario David Dora Edith Elif Ella Emil Erik Eva"
    " Felix Flora Gita Hana Hugo Ida Ines Ivan Jack Jana Jonas Julia Kira Kofi Lara Lars Lena Leo Lily Luca"
    " Marc Maya Mia Milo Nadia Nils Nora Olga Omar Otto Paul Pedro Pia Raj Rosa Ruth Samir Sara Simon Tara"
    " Theo Tilda Uma Vera Victor Wilma Yara Yuri Zeno Zoe".split()
)


def draw_names(graph: Graph, rng: random.Random) -> list[str]:
    """Return a name for every thing, fitting its kind, none twice."""
    left = {
        kind: iter(rng.sample(_NAMES[kind], graph.kinds.count(kind))) for kind in dict.fromkeys(graph.kinds)
    }
    return [next(left[kind]) for kind in graph.kinds]


def graph_search_entropy(facts: list[tuple[int, str, int]]) -> float:
    """Return the graph search entropy of a connected graph in bits: N (log2 λ + H_r),
    after Wang et al. (2025, section 5.2).

    A is the symmetric 0/1 adjacency matrix of the N things that facts name (a walk may take a fact either
    way), λ its largest eigenvalue, ψ the eigenvector: log2 λ is the entropy rate of the maximal-entropy
    random walk, S_ik = (A_ik / λ) (ψ_k / ψ_i) its transitions, and ρ_i = ψ_i² / Σψ² where it stays (Burda et
    al. 2009; the first version of the paper prints ψ_i for ψ_i²). H_r = -Σ_i ρ_i Σ_r S_ir log2 S_ir is the
    entropy rate of the relations it takes, S_ir the sum of S_ik over all facts of relation r between i and k;
    where several facts tie the same two things, they share S_ik equally.
    """
    import numpy as np

    number = {
        thing: i for i, thing in enumerate(dict.fromkeys(thing for a, _, b in facts for thing in (a, b)))
    }
    between: dict[tuple[int, int], list[str]] = {}
    for a, relation, b in facts:
        for pair in ((number[a], number[b]), (number[b], number[a])):
            between.setdefault(pair, []).append(relation)
    adjacency = np.zeros((len(number), len(number)))
    for pair in between:
        adjacency[pair] = 1.0
    values, vectors = np.linalg.eigh(adjacency)
    top, vector = float(values[-1]), [abs(float(entry)) for entry in vectors[:, -1]]
    taken: dict[tuple[int, str], float] = {}
    for (i, k), relations in between.items():
        for relation in relations:
            taken[i, relation] = taken.get((i, relation), 0.0) + vector[k] / (
                top * vector[i] * len(relations)
            )
    rate = -sum(vector[i] ** 2 * share * math.log2(share) for (i, _), share in taken.items())
    return float(len(number) * (math.log2(top) + rate))
