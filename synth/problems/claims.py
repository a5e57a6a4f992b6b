"""Claims to be judged over an invented knowledge graph: supported, refuted, or not enough evidence.

    The crest of a person is the country of their birthplace. Nora was born in Velmora. Velmora lies in
    Karonia. Pia was born in Torsund. Torsund lies in Malavia. No relation leads from one thing to two others,
    and what the sentences leave open is unknown. Claim: Malavia is the crest of Nora. Is the claim supported
    or refuted, or is there not enough evidence?                                                    answer:
    refuted

Graph and rules are those of `synth.problems.knowledge_graph`. A claim follows a way through the graph. It is
supported where it names what the way leads to; refuted where it names another thing of that kind, since a
relation leads to one thing only; and there is not enough evidence where one fact of the way is left out. A
third of the items have each label, and what is claimed is named equally often under each. Item content for
`synth.problems.splits` is the whole graph with what is claimed of it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from synth.errors import StylerepError
from synth.problems.graph_reading import Telling, asked_relations, phrase, read_way, rule_sentences, tell
from synth.problems.knowledge_graph import Fact, Graph, draw_graph, draw_names, structure
from synth.problems.problem import Problem, Step, WrongTurn
from synth.problems.splits import generate

VERSION = 1

LABELS = ("supported", "refuted", "not enough evidence")

_OPENINGS = (
    "Here are some facts.",
    "Read these facts.",
    "The following is known.",
    "This is the evidence.",
    "The evidence is as follows.",
    "",
)
_CAVEATS = (
    "No relation leads from one thing to two others, and what the sentences leave open is unknown.",
    "Each relation has only one value for a thing. Facts may be missing here, and those are unknown.",
    "A thing never has two values for the same relation. The list of facts need not be complete.",
)
_ASKS = (
    "Claim: {claim}. Is the claim supported or refuted, or is there not enough evidence?",
    "Someone claims: {claim}. Answer with supported, refuted or not enough evidence.",
    "Judge this claim: {claim}. Is it supported, refuted, or is there not enough evidence?",
    (
        "Consider the claim: {claim}. Do the facts make it supported or refuted, or is there not enough"
        " evidence?"
    ),
)
_SUPPORTED = (
    "The claim names {y}, which is where the facts lead, so it is supported.",
    "The facts lead to {y} as the claim says, so the claim is supported.",
)
_REFUTED = (
    "The claim names {y}, but the facts lead to {z} only, so it is refuted.",
    "The facts lead to {z} and the claim says {y}, so the claim is refuted.",
)
_OPEN = (
    "No sentence tells the {noun} of {s}, so there is not enough evidence.",
    "The {noun} of {s} is not stated, which leaves not enough evidence to judge.",
)


@dataclass(frozen=True, slots=True)
class ClaimsConfig:
    """How hard the items are.

    `min_hops` and `max_hops` bound the facts that a claim rests on (2 to 8); `facts` is the number of facts
    stated, the same under each label (8 to 60, and at least twice `max_hops`); `rules` is the number of rules
    stated (0 to 4), of which the claim uses one wherever there is one.
    """

    min_hops: int = 2
    max_hops: int = 3
    facts: int = 14
    rules: int = 1

    def validate(self) -> None:
        """Raise StylerepError if the bounds make no sense."""
        if not 2 <= self.min_hops <= self.max_hops <= 8:
            raise StylerepError(
                f"claims: hops must satisfy 2 <= min <= max <= 8, got {self.min_hops} and {self.max_hops}."
            )
        if not max(8, 2 * self.max_hops) <= self.facts <= 60:
            raise StylerepError(
                f"claims: facts must be at least 8 and twice max_hops, and at most 60, got {self.facts}."
            )
        if not 0 <= self.rules <= 4:
            raise StylerepError(f"claims: rules must be between 0 and 4, got {self.rules}.")


def claims(split: str, seed: int = 0, config: ClaimsConfig | None = None) -> Iterator[Problem]:
    """Return the items of a split without end, item *i* always the same for one seed.

    *split* is ``train``, ``validation`` or ``test``.
    """
    config = config or ClaimsConfig()
    config.validate()
    return generate(
        "claims",
        VERSION,
        split,
        seed,
        lambda rng: _draft(rng, config),
        _content,
        lambda draft, item_id, rng: _problem(draft, item_id, rng, split),
    )


@dataclass(frozen=True, slots=True)
class _ClaimDraft:
    """The way is made of the first `hops` facts; `read` is how many of them can be read before one is
    `missing`.
    """

    graph: Graph
    hops: int
    label: str
    claimed: int
    read: int

    @property
    def missing(self) -> Fact | None:
        return self.graph.facts[self.read] if self.read < self.hops else None


def _draft(rng: random.Random, config: ClaimsConfig) -> _ClaimDraft:
    hops, label = rng.randint(config.min_hops, config.max_hops), rng.choice(LABELS)
    while True:
        read = rng.randrange(hops) if label == "not enough evidence" else hops
        graph = draw_graph(rng, hops, config.facts + (read < hops), config.rules)
        end = graph.facts[hops - 1].object
        stated = graph.facts if read == hops else graph.facts[:read] + graph.facts[read + 1 :]
        named = [fact.subject for fact in stated] + [fact.object for fact in stated]
        # All labels claim one of two things of a kind that are named equally often,
        # so that counting gives no label away.
        often = named.count(end)
        others = [
            i
            for i, kind in enumerate(graph.kinds)
            if kind == graph.kinds[end] and i != end and named.count(i) == often
        ]
        if often and others and 0 in named:
            other = rng.choice(others)
            claimed = {"supported": end, "refuted": other}.get(label, rng.choice((end, other)))
            return _ClaimDraft(graph, hops, label, claimed, read)


def _content(draft: _ClaimDraft) -> tuple[str, ...]:
    return (str(draft.hops), str(draft.claimed), str(draft.read), *structure(draft.graph))


def _problem(draft: _ClaimDraft, item_id: str, rng: random.Random, split: str) -> Problem:
    graph, way = draft.graph, draft.graph.facts[: draft.hops]
    names = draw_names(graph, rng)
    stated = [fact for fact in rng.sample(graph.facts, len(graph.facts)) if fact != draft.missing]
    told = tell(graph, names, stated, rng)
    rule = graph.rules[0] if graph.rules else None
    object_text, claimed = phrase(asked_relations(way, rule), names[way[0].subject]), names[draft.claimed]
    claim = (
        f"{object_text[0].upper()}{object_text[1:]} is {claimed}"
        if rng.random() < 0.5
        else f"{claimed} is {object_text}"
    )
    rules = rule_sentences(rng.sample(graph.rules, len(graph.rules)), rng)
    body = [*rules, *told.sentences()] if rng.random() < 0.5 else [*told.sentences(), *rules]
    parts = [rng.choice(_OPENINGS), *body, rng.choice(_CAVEATS), rng.choice(_ASKS).format(claim=claim)]
    steps = read_way(told, way[: draft.read], rule, rng, draft.missing.relation if draft.missing else None)
    return Problem(
        id=item_id,
        source="claims",
        question=" ".join(part for part in parts if part),
        answer=draft.label,
        answer_type="text",
        steps=(*steps, _verdict(draft, told, way, rng)),
        meta={
            "hops": draft.hops,
            "label": draft.label,
            "facts": len(stated),
            "missing": told.edge(draft.missing)[:2] if draft.missing else None,
            "split": split,
            "proof": [told.edge(fact) for fact in way[: draft.read]],
            **told.as_meta(),
        },
        wrong_answers=tuple(label for label in LABELS if label != draft.label),
    )


def _verdict(draft: _ClaimDraft, told: Telling, way: list[Fact], rng: random.Random) -> Step:
    """Return the step that compares where the facts lead with what is claimed."""
    y = told.names[draft.claimed]
    if draft.missing:
        s, noun, _ = told.edge(draft.missing)
        text = rng.choice(_OPEN).format(s=s, noun=noun)
        check = f"None of the sentences about {s} names the {noun}."
        named = WrongTurn(
            f"The claim must be right, since {y} is named in the facts.",
            f"The facts name {y}, yet none of them gives the {noun} of {s}.",
        )
        refuted = WrongTurn(
            "The claim is refuted, since nothing supports it.",
            f"Without the {noun} of {s} the claim can be true or false.",
        )
        return Step(text, (), (check,), (named, refuted))
    z, (s, noun, _) = told.names[way[-1].object], told.edge(way[-1])
    if draft.label == "supported":
        doubt = WrongTurn(
            "The facts leave open where the way leads.", f"The facts name {z} as the {noun} of {s}."
        )
        return Step(
            rng.choice(_SUPPORTED).format(y=y),
            (),
            (f"The way ends with {z} as the {noun} of {s}, and {y} is claimed.",),
            (doubt,),
        )
    both = WrongTurn(
        f"Both {y} and {z} can be right at once.", f"There is only one {noun} of {s}, and it is {z}."
    )
    doubt = WrongTurn(
        f"There is not enough evidence on {y} to judge.",
        f"The facts name {z} as the {noun} of {s}, which rules out {y}.",
    )
    return Step(
        rng.choice(_REFUTED).format(y=y, z=z),
        (),
        (f"The way ends with {z} as the {noun} of {s}, not with {y}.",),
        (both, doubt),
    )
