"""Families in the making: what relatives are called, which relations follow from which,
and who can still be added.
"""

import random

# What A is to B: the word for a woman, for a man, for either, and what B is to A.
WORDS = {
    "parent": ("mother", "father", "parent", "child"),
    "child": ("daughter", "son", "child", "parent"),
    "sibling": ("sister", "brother", "sibling", "sibling"),
    "spouse": ("wife", "husband", "spouse", "spouse"),
    "grandparent": ("grandmother", "grandfather", "grandparent", "grandchild"),
    "grandchild": ("granddaughter", "grandson", "grandchild", "grandparent"),
    "great-grandparent": ("great-grandmother", "great-grandfather", "great-grandparent", "great-grandchild"),
    "great-grandchild": ("great-granddaughter", "great-grandson", "great-grandchild", "great-grandparent"),
    "pibling": ("aunt", "uncle", "aunt or uncle", "nibling"),
    "nibling": ("niece", "nephew", "niece or nephew", "pibling"),
    "great-pibling": ("great-aunt", "great-uncle", "great-aunt or great-uncle", "great-nibling"),
    "great-nibling": ("great-niece", "great-nephew", "great-niece or great-nephew", "great-pibling"),
    "cousin": ("cousin", "cousin", "cousin", "cousin"),
    "parent-in-law": ("mother-in-law", "father-in-law", "parent-in-law", "child-in-law"),
    "child-in-law": ("daughter-in-law", "son-in-law", "child-in-law", "parent-in-law"),
    "sibling-in-law": ("sister-in-law", "brother-in-law", "sibling-in-law", "sibling-in-law"),
}

# (what A is to B, what B is to C): what A is to C, for three different people. Aunts and uncles are by blood.
# What is left out has no one outcome: a child of one's grandparent may be a parent, an aunt or an uncle.
RULES = {
    ("parent", "parent"): "grandparent",
    ("parent", "child"): "spouse",
    ("parent", "sibling"): "parent",
    ("parent", "spouse"): "parent-in-law",
    ("child", "parent"): "sibling",
    ("child", "child"): "grandchild",
    ("child", "sibling"): "nibling",
    ("child", "spouse"): "child",
    ("sibling", "parent"): "pibling",
    ("sibling", "child"): "child",
    ("sibling", "sibling"): "sibling",
    ("sibling", "spouse"): "sibling-in-law",
    ("spouse", "parent"): "parent",
    ("spouse", "child"): "child-in-law",
    ("spouse", "sibling"): "sibling-in-law",
    ("grandparent", "parent"): "great-grandparent",
    ("grandparent", "sibling"): "grandparent",
    ("grandchild", "child"): "great-grandchild",
    ("grandchild", "sibling"): "great-nibling",
    ("grandchild", "spouse"): "grandchild",
    ("pibling", "parent"): "great-pibling",
    ("pibling", "sibling"): "pibling",
    ("nibling", "parent"): "cousin",
    ("nibling", "child"): "grandchild",
    ("cousin", "sibling"): "cousin",
    ("great-grandparent", "sibling"): "great-grandparent",
    ("great-grandchild", "spouse"): "great-grandchild",
    ("great-pibling", "sibling"): "great-pibling",
    ("great-nibling", "child"): "great-grandchild",
    ("parent-in-law", "spouse"): "parent",
    ("parent-in-law", "parent"): "grandparent",
    ("child-in-law", "spouse"): "child-in-law",
}
CLOSE = ("parent", "child", "sibling", "spouse")
ONWARD = {kind: tuple(close for close in CLOSE if (kind, close) in RULES) for kind in WORDS}


class FamilyTree:
    """People as numbers from 0, each with a gender (0 for a woman, 1 for a man),
    and couples with a place for each gender.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.genders = [rng.randrange(2)]
        self._couples: list[list[int | None]] = []
        self._parents: list[int | None] = [None]
        self._own: list[int | None] = [None]

    def relative(self, person: int, kind: str) -> int | None:
        """Add someone whose *kind* (one of `CLOSE`) the person is, and return their number;
        None where the place is taken.
        """
        couple = self._couple_of(self._parents if kind in ("child", "sibling") else self._own, person)
        if kind in ("parent", "sibling"):
            return self._add(self._rng.randrange(2), parents=couple)
        places = [gender for gender in (0, 1) if self._couples[couple][gender] is None]
        if not places:
            return None
        gender = self._rng.choice(places)
        self._couples[couple][gender] = len(self.genders)
        return self._add(gender, own=couple)

    def _couple_of(self, table: list[int | None], person: int) -> int:
        couple = table[person]
        if couple is None:
            couple = table[person] = len(self._couples)
            self._couples.append([None, None])
            if table is self._own:
                self._couples[couple][self.genders[person]] = person
        return couple

    def _add(self, gender: int, parents: int | None = None, own: int | None = None) -> int:
        self.genders.append(gender)
        self._parents.append(parents)
        self._own.append(own)
        return len(self.genders) - 1
