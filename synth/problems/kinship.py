"""Kinship: how two people of a family are related, over facts that each name a close relation.

    Ida is the mother of Paul. Rosa is the daughter of Paul. Otto is Ida's husband.
    What is Ida to Rosa?                                                              answer: grandmother

After the relational graphs of Zhou et al. (2024, arXiv:2409.12437): a graph is expanded by composing rules
(the mother of a parent is a grandmother), and a random walk over it is asked for, told with facts beside the
way. The family grows as the walk goes, so it is one that can be: a person has one mother, one father and at
most one spouse, and all children of a couple are theirs together. The question says so, and under it each
rule of `synth.problems.kinship_tree` has one outcome. The facts form a tree; so there is one way from one
person to the other, and one answer. Item content for `synth.problems.splits` is the relations along the way,
with how each is told.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from synth.errors import StylerepError
from synth.problems.kinship_tree import CLOSE, ONWARD, RULES, WORDS, FamilyTree
from synth.problems.problem import Problem, Step, WrongTurn
from synth.problems.splits import generate

VERSION = 1

_WOMEN = (
    "Ada Alma Anna Bea Cara Clara Dora Edith Elif Ella Emma Eva Flora Gita Greta Hana Helen Ida Ines Ivy Jana"
    " Julia Kira Lara Lena Lily Lucia Maya Mia Mona Nadia Nina Nora Olga Pia Rosa Ruth Sara Tara Tilda Uma"
    " Vera Wilma Yara Zoe"
).split()
_MEN = (
    "Adam Amir Arno Ben Bruno Carl Dario David Emil Erik Felix Finn Georg Hugo Ivan Jack Jonas Kofi Lars Leo"
    " Liam Luca Marc Milo Nils Noah Omar Oscar Otto Paul Pedro Quinn Raj Remy Rolf Samir Simon Theo Timo Urs"
    " Victor Walid Will Yuri Zeno"
).split()

_FACTS = ("{a} is the {w} of {b}", "{a} is {b}'s {w}", "{b}'s {w} is called {a}", "{b} has a {w} named {a}")
_OPENINGS = (
    "Here is what we know about a family.",
    "Some facts about a family:",
    "A family is described by these sentences.",
    "The following is said about the people of one family.",
    "Read these facts about some relatives.",
    "",
)
_ASSUMPTIONS = (
    "Siblings share both parents, and nobody has married twice.",
    "Everyone marries at most once, and all children have the same parents as their siblings.",
    "Nobody has a second marriage, and all siblings are full siblings.",
    "There are no half-siblings or step-parents in this family, and no second marriages.",
)
_ASKS = (
    "What is {a} to {b}?",
    "How is {a} related to {b}? Say what {a} is to {b}.",
    "Which relative of {b} is {a}?",
    "{a} is {b}'s what?",
    "Which word completes this: {a} is the … of {b}?",
    "Name in one word what {a} is to {b}.",
)
_FIRST = (
    "The facts say that {fact}.",
    "One sentence tells us that {fact}.",
    "It starts with {a}: {fact}.",
    "The first link is that {fact}.",
)
_ONWARDS = (
    "{a} is the {old} of {x} and {fact}, so {a} is the {new} of {y}.",
    "As {fact}, it follows that {a} is the {new} of {y}.",
    "That {fact} makes {a} the {new} of {y}.",
    "{fact}, which makes {a} the {new} of {y}.",
    "The next link is that {fact}, so {a} is the {new} of {y}.",
)


@dataclass(frozen=True, slots=True)
class KinshipConfig:
    """How hard the items are.

    `min_hops` and `max_hops` bound the facts on the way from one person to the other (2 to 8); `distractors`
    (2 to 20) is the number of facts beside the way.
    """

    min_hops: int = 2
    max_hops: int = 4
    distractors: int = 4

    def validate(self) -> None:
        """Raise StylerepError if the bounds make no sense."""
        if not 2 <= self.min_hops <= self.max_hops <= 8:
            raise StylerepError(
                f"kinship: hops must satisfy 2 <= min <= max <= 8, got {self.min_hops} and {self.max_hops}."
            )
        if not 2 <= self.distractors <= 20:
            raise StylerepError(f"kinship: distractors must be between 2 and 20, got {self.distractors}.")


def kinship(split: str, seed: int = 0, config: KinshipConfig | None = None) -> Iterator[Problem]:
    """Return the items of a split without end, item *i* always the same for one seed.

    *split* is ``train``, ``validation`` or ``test``.
    """
    config = config or KinshipConfig()
    config.validate()
    return generate(
        "kinship",
        VERSION,
        split,
        seed,
        lambda rng: _draft(rng, config),
        _content,
        lambda draft, item_id, rng: _problem(draft, item_id, rng, split, config),
    )


@dataclass(frozen=True, slots=True)
class _Fact:
    subject: int
    word: str
    object: int


@dataclass(frozen=True, slots=True)
class _KinshipDraft:
    """The way goes over people 0, 1, 2, …; `kinds[i]` is what person i is to the next."""

    family: FamilyTree
    kinds: tuple[str, ...]
    way: tuple[_Fact, ...]


def _draft(rng: random.Random, config: KinshipConfig) -> _KinshipDraft:
    hops = rng.randint(config.min_hops, config.max_hops)
    while True:
        family, kinds, reached = FamilyTree(rng), [rng.choice(CLOSE)], ""
        while family.relative(len(kinds) - 1, kinds[-1]) is not None:
            reached = RULES[reached, kinds[-1]] if reached else kinds[0]
            if len(kinds) == hops:
                way = (
                    _tell(family, 0, kinds[0], 1, forward=True),
                    *(_tell(family, i, kinds[i], i + 1, rng.random() < 0.5) for i in range(1, hops)),
                )
                return _KinshipDraft(family, tuple(kinds), way)
            if not ONWARD[reached]:
                break
            kinds.append(rng.choice(ONWARD[reached]))


def _tell(family: FamilyTree, a: int, kind: str, b: int, forward: bool) -> _Fact:
    """Return the fact that *a* is the *kind* of *b*, told from either side."""
    if forward:
        return _Fact(a, WORDS[kind][family.genders[a]], b)
    return _Fact(b, WORDS[WORDS[kind][3]][family.genders[b]], a)


def _content(draft: _KinshipDraft) -> tuple[str, ...]:
    return tuple(f"{fact.subject < fact.object} {fact.word}" for fact in draft.way)


def _problem(
    draft: _KinshipDraft, item_id: str, rng: random.Random, split: str, config: KinshipConfig
) -> Problem:
    family, hops = draft.family, len(draft.kinds)
    facts = [*draft.way, *_beside(family, rng, config.distractors)]
    names = _names(family.genders, rng)
    forms = {
        fact: rng.choice(_FACTS).format(a=names[fact.subject], w=fact.word, b=names[fact.object])
        for fact in facts
    }
    order = list(facts)
    rng.shuffle(order)
    told = [forms[fact] + "." for fact in order]
    parts = [rng.choice(_OPENINGS), *told, rng.choice(_ASSUMPTIONS)]
    parts = parts if rng.random() < 0.5 else [parts[-1], *parts[:-1]]
    question = " ".join(
        part for part in (*parts, rng.choice(_ASKS).format(a=names[0], b=names[hops])) if part
    )

    reached = [draft.kinds[0]]
    for kind in draft.kinds[1:]:
        reached.append(RULES[reached[-1], kind])
    gender = family.genders[0]
    answer = WORDS[reached[-1]][gender]
    others = list(WORDS)
    rng.shuffle(others)
    wrong = [
        WORDS[reached[-1]][1 - gender],
        *(WORDS[kind][gender] for kind in (WORDS[reached[-1]][3], reached[-2], *others)),
    ]
    return Problem(
        id=item_id,
        source="kinship",
        question=question,
        answer=answer,
        answer_type="text",
        steps=tuple(_step(i, draft, reached, names, forms, rng) for i in range(hops)),
        meta={
            "hops": hops,
            "people": len(names),
            "split": split,
            "proof": [[names[fact.subject], fact.word, names[fact.object]] for fact in draft.way],
            "facts_stated": [[names[fact.subject], fact.word, names[fact.object]] for fact in order],
            "women": [name for name, gender in zip(names, family.genders, strict=True) if gender == 0],
        },
        wrong_answers=tuple(word for word in dict.fromkeys(wrong) if word != answer)[:4],
    )


def _beside(family: FamilyTree, rng: random.Random, count: int) -> list[_Fact]:
    """Return facts that each tie someone new to someone of the family."""
    facts: list[_Fact] = []
    while len(facts) < count:
        person, kind = rng.randrange(len(family.genders)), rng.choice(CLOSE)
        new = family.relative(person, kind)
        if new is not None:
            facts.append(_tell(family, person, kind, new, rng.random() < 0.5))
    return facts


def _names(genders: list[int], rng: random.Random) -> list[str]:
    left = [iter(rng.sample(pool, genders.count(gender))) for gender, pool in enumerate((_WOMEN, _MEN))]
    return [next(left[gender]) for gender in genders]


def _leaves(person: int, hops: int, facts: list[_Fact]) -> list[int]:
    """Return who is tied to the person, lies beside the way, and is named in no other fact."""
    named = [one for fact in facts for one in (fact.subject, fact.object)]
    tied = [fact.subject + fact.object - person for fact in facts if person in (fact.subject, fact.object)]
    return [one for one in tied if one > hops and named.count(one) == 1]


def _step(
    i: int,
    draft: _KinshipDraft,
    reached: list[str],
    names: list[str],
    forms: dict[_Fact, str],
    rng: random.Random,
) -> Step:
    """Return the step over fact *i* of the way, from what person 0 is to person i to what they are to person
    i + 1.
    """
    genders, a, x, y = draft.family.genders, names[0], names[i], names[i + 1]
    fact = forms[draft.way[i]]
    new = WORDS[reached[i]]
    word = new[genders[0]]
    other_side = f"Seen from the other side, {y} is the {WORDS[new[3]][2]} of {a}."
    turns = []
    if leaves := _leaves(i, len(draft.kinds), list(forms)):
        leaf = names[rng.choice(leaves)]
        why = f"{leaf} is named in one sentence only, so no way goes on from there."
        turns.append(WrongTurn(f"The way to {names[len(draft.kinds)]} leads on through {leaf}.", why))
    if draft.kinds[i] in ("parent", "child"):
        back = WORDS[draft.kinds[i]][genders[i + 1]]
        turns.append(
            WrongTurn(
                f"The sentence makes {y} the {back} of {x}.",
                f"The facts say that {fact}, not the other way round.",
            )
        )
    if i == 0:
        turns.append(
            WrongTurn(
                f"The sentence makes {a} the {new[1 - genders[0]]} of {y}.",
                f"The facts say that {fact}, so {a} is the {word}.",
            )
        )
        text = rng.choice(_FIRST).format(fact=fact, a=a)
        return Step(
            text, (), (other_side, f"The sentence on {a} and {y} calls {a} the {word}."), tuple(turns[:2])
        )
    old = WORDS[reached[i - 1]][genders[0]]
    rule = f"The {old} of a person's {WORDS[draft.kinds[i]][2]} is that person's {word}"
    if old != word:
        turns.append(WrongTurn(f"That leaves {a} as the {old} of {y} too.", f"{rule}, not the {old}."))
    near = rng.choice([kind for kind in WORDS if WORDS[kind][genders[0]] not in (word, old)])
    false = WORDS[near][genders[0]]
    turns.append(WrongTurn(f"That makes {a} the {false} of {y}.", f"{rule}, not the {false}."))
    rng.shuffle(turns)
    text = rng.choice(_ONWARDS).format(a=a, old=old, x=x, fact=fact, new=word, y=y)
    return Step(text, (), (f"{rule}.", other_side), tuple(turns[:2]))
