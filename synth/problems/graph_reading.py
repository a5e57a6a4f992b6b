"""How a knowledge graph is told, and read fact by fact:
each reading with its checks and with what may be read wrongly.
"""

import random
from dataclasses import dataclass

from synth.problems.knowledge_graph import RELATIONS, Fact, Graph, Rule
from synth.problems.problem import Step, WrongTurn

_RULE_FORMS = (
    "The {name} of a {kind} is the {second} of {their} {first}.",
    "By definition, the {name} of a {kind} is the {second} of {their} {first}.",
    "What is called the {name} of a {kind} is the {second} of {their} {first}.",
)
_READINGS = (
    "The facts say that {fact}.",
    "One sentence tells us that {fact}.",
    "The {noun} of {s} is needed, and the facts say that {fact}.",
    "For the {noun} of {s} we read that {fact}.",
    "We look up the {noun} of {s} and find {o}.",
    "At this point the {noun} of {s} counts, and it is {o}.",
)
_CHECKS = (
    "Only one sentence tells the {noun} of {s}, and it names {o}.",
    "Read from the other side, {o} is the {noun} of {s}.",
    "No other {kind} is given as the {noun} of {s}.",
)


@dataclass(frozen=True, slots=True)
class Telling:
    """A graph in words: the names of its things, the facts that are told and each one's form (without a full
    stop).
    """

    graph: Graph
    names: list[str]
    forms: dict[Fact, str]

    def sentences(self) -> list[str]:
        """Return the facts that are told, each as a sentence."""
        return [form[0].upper() + form[1:] + "." for form in self.forms.values()]

    def edge(self, fact: Fact) -> list[str]:
        """Return subject, relation and object in words."""
        return [self.names[fact.subject], fact.relation, self.names[fact.object]]

    def as_meta(self) -> dict[str, list[list[str]]]:
        """Return all facts in the order in which they are told,
        and each rule as its name and the two relations that it joins.
        """
        return {
            "facts_stated": [self.edge(fact) for fact in self.forms],
            "rules": [[rule.name, rule.first, rule.second] for rule in self.graph.rules],
        }


def tell(graph: Graph, names: list[str], facts: list[Fact], rng: random.Random) -> Telling:
    """Put some facts of a graph into words, in the order given."""
    forms = {
        fact: rng.choice(RELATIONS[fact.relation].forms).format(x=names[fact.subject], y=names[fact.object])
        for fact in facts
    }
    return Telling(graph, names, forms)


def rule_sentence(rule: Rule, form: str = _RULE_FORMS[0]) -> str:
    """Return a rule as a sentence."""
    return form.format(
        name=rule.name,
        kind=rule.kind,
        second=rule.second,
        first=rule.first,
        their="their" if rule.kind == "person" else "its",
    )


def rule_sentences(rules: list[Rule], rng: random.Random) -> list[str]:
    """Return each rule as a sentence, in varied forms."""
    return [rule_sentence(rule, rng.choice(_RULE_FORMS)) for rule in rules]


def phrase(relations: list[str], start: str) -> str:
    """Return what is reached from *start* over the relations: "the country of the birthplace of Nora"."""
    return "".join(f"the {relation} of " for relation in reversed(relations)) + start


def asked_relations(way: list[Fact], rule: Rule | None) -> list[str]:
    """Return the relations of a way, the first two that a rule joins under the name it gives them."""
    relations = [fact.relation for fact in way]
    at = joint(way, rule)
    if rule and at is not None:
        relations[at : at + 2] = [rule.name]
    return relations


def joint(way: list[Fact], rule: Rule | None) -> int | None:
    """Return where on the way a rule's two relations first follow each other, None where they do not."""
    return next(
        (
            i
            for i in range(len(way) - 1)
            if rule and (way[i].relation, way[i + 1].relation) == (rule.first, rule.second)
        ),
        None,
    )


def read_way(
    told: Telling, way: list[Fact], rule: Rule | None, rng: random.Random, more: str | None = None
) -> list[Step]:
    """Return the steps that read a way fact by fact, and apply the rule where it has been read.

    *more* is the relation that is asked for behind the way, if there is one.
    """
    steps, at = [], joint(way, rule)
    for i, fact in enumerate(way):
        following = way[i + 1].relation if i + 1 < len(way) else more
        steps.append(_read(told, fact, following, rng))
        if rule and at == i - 1:
            steps.append(_apply(told, way[at], fact, rule))
    return steps


def _read(told: Telling, fact: Fact, following: str | None, rng: random.Random) -> Step:
    s, noun, o = told.edge(fact)
    words = {"s": s, "noun": noun, "o": o, "fact": told.forms[fact], "kind": RELATIONS[noun].object}
    turns = {}
    for other in rng.sample(list(told.forms), len(told.forms)):
        os, other_noun, oo = told.edge(other)
        if other_noun == noun and other.object != fact.object:
            turns[f"The {noun} of {s} is {oo}."] = f"{oo} is the {noun} of {os}, and for {s} it is {o}."
        elif other.subject == fact.subject and other.object != fact.object:
            turns[f"The way from {s} leads on to {oo}."] = (
                f"{oo} is the {other_noun} of {s}, while it is the {noun} that counts."
            )
        elif other.object == fact.subject and other.subject != fact.object:
            turns[f"The way from {s} leads on to {os}."] = (
                f"{s} is the {other_noun} of {os}, so that fact leads to {s}, not from it."
            )
    if following:
        turns[f"With {o} the end of the way is reached."] = (
            f"{o} is only the {noun} of {s}, and its {following} is still to be found."
        )
    turns[f"Nothing is said about the {noun} of {s}."] = f"One sentence does say that {told.forms[fact]}."
    chosen = rng.sample(list(turns.items()), min(2, len(turns)))
    checks = rng.sample(_CHECKS, 2)
    return Step(
        rng.choice(_READINGS).format(**words),
        (),
        tuple(check.format(**words) for check in checks),
        tuple(WrongTurn(*turn) for turn in chosen),
    )


def _apply(told: Telling, first: Fact, second: Fact, rule: Rule) -> Step:
    x, _, y = told.edge(first)
    z = told.names[second.object]
    false = f"The {rule.name} of {x} is nothing but the {rule.first} of {x}."
    return Step(
        f"{rule_sentence(rule)[:-1]}, so the {rule.name} of {x} is {z}.",
        (),
        (f"The {rule.first} of {x} is {y}, and the {rule.second} of {y} is {z}.",),
        (WrongTurn(false, rule_sentence(rule)),),
    )
