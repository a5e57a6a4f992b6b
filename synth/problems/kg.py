"""Multi-hop questions over an invented knowledge graph, with relations that only a rule implies.

    The crest of a person is the country of their birthplace. Nora was born in Velmora. Velmora lies in
    Karonia. Karonia has Velish as its language. Pia was born in Torsund.
    What is the language of the crest of Nora?    answer: Velish

After Wang et al. (2025, arXiv:2504.03635); the graph, its rules and its graph search entropy, which `meta`
reports over the facts that the question states, are those of `synth.problems.knowledge_graph`. Item content
for `synth.problems.splits` is the whole graph with the way that is asked for, whatever its things are called.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from synth.errors import StylerepError
from synth.problems.graph_reading import asked_relations, joint, phrase, read_way, rule_sentences, tell
from synth.problems.knowledge_graph import (
    RELATIONS,
    Graph,
    draw_graph,
    draw_names,
    graph_search_entropy,
    structure,
)
from synth.problems.problem import Problem
from synth.problems.splits import generate

VERSION = 1

_OPENINGS = (
    "Here are some facts.",
    "Read these facts.",
    "The following is known.",
    "These facts come from an archive.",
    "A small world is described here.",
    "",
)
_ASKS = (
    "What is {phrase}?",
    "Name {phrase}.",
    "Which {kind} is {phrase}?",
    "Find out which {kind} is {phrase}.",
    "Say which {kind} is {phrase}.",
)


@dataclass(frozen=True, slots=True)
class KgConfig:
    """How hard the items are.

    `min_hops` and `max_hops` bound the facts on the way to the answer (2 to 8); `facts` is the number of
    facts stated in all (8 to 60, and at least twice `max_hops`); `rules` is the number of rules stated (0 to
    4), of which the question needs one wherever there is one.
    """

    min_hops: int = 2
    max_hops: int = 4
    facts: int = 14
    rules: int = 1

    def validate(self) -> None:
        """Raise StylerepError if the bounds make no sense."""
        if not 2 <= self.min_hops <= self.max_hops <= 8:
            raise StylerepError(
                f"kg: hops must satisfy 2 <= min <= max <= 8, got {self.min_hops} and {self.max_hops}."
            )
        if not max(8, 2 * self.max_hops) <= self.facts <= 60:
            raise StylerepError(
                f"kg: facts must be at least 8 and twice max_hops, and at most 60, got {self.facts}."
            )
        if not 0 <= self.rules <= 4:
            raise StylerepError(f"kg: rules must be between 0 and 4, got {self.rules}.")


def kg(split: str, seed: int = 0, config: KgConfig | None = None) -> Iterator[Problem]:
    """Return the items of a split without end, item *i* always the same for one seed.

    *split* is ``train``, ``validation`` or ``test``.
    """
    config = config or KgConfig()
    config.validate()
    return generate(
        "kg",
        VERSION,
        split,
        seed,
        lambda rng: _draft(rng, config),
        _content,
        lambda draft, item_id, rng: _problem(draft, item_id, rng, split),
    )


@dataclass(frozen=True, slots=True)
class _GraphDraft:
    graph: Graph
    hops: int


def _draft(rng: random.Random, config: KgConfig) -> _GraphDraft:
    hops = rng.randint(config.min_hops, config.max_hops)
    return _GraphDraft(draw_graph(rng, hops, config.facts, config.rules), hops)


def _content(draft: _GraphDraft) -> tuple[str, ...]:
    return (str(draft.hops), *structure(draft.graph))


def _problem(draft: _GraphDraft, item_id: str, rng: random.Random, split: str) -> Problem:
    graph, hops = draft.graph, draft.hops
    names = draw_names(graph, rng)
    facts = rng.sample(graph.facts, len(graph.facts))
    told, way = tell(graph, names, facts, rng), graph.facts[:hops]
    rule = graph.rules[0] if graph.rules else None
    relations = asked_relations(way, rule)
    kind = RELATIONS[way[-1].relation].object
    rules = rule_sentences(rng.sample(graph.rules, len(graph.rules)), rng)
    body = [*rules, *told.sentences()] if rng.random() < 0.5 else [*told.sentences(), *rules]
    ask = rng.choice(_ASKS).format(phrase=phrase(relations, names[way[0].subject]), kind=kind)
    answer = names[way[-1].object]
    same_kind = [name for name, one in zip(names, graph.kinds, strict=True) if one == kind]
    wrong = [*rng.sample(same_kind, len(same_kind)), *(names[fact.object] for fact in reversed(way)), *names]
    return Problem(
        id=item_id,
        source="kg",
        question=" ".join(part for part in (rng.choice(_OPENINGS), *body, ask) if part),
        answer=answer,
        answer_type="text",
        steps=tuple(read_way(told, way, rule, rng)),
        meta={
            "hops": hops,
            "things": len(names),
            "facts": len(facts),
            "rule_at": joint(way, rule),
            "graph_search_entropy": round(
                graph_search_entropy([(fact.subject, fact.relation, fact.object) for fact in facts]), 3
            ),
            "split": split,
            "proof": [told.edge(fact) for fact in way],
            **told.as_meta(),
        },
        wrong_answers=tuple(name for name in dict.fromkeys(wrong) if name != answer)[:4],
    )
