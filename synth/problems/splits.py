"""Splits of generated problems, disjoint by construction.

The hash of an item's content (what makes it the problem it is, without its surface) decides which split it
may appear in, whatever the seed. So nothing of a test split occurs in training, not even under other names.
"""

import random
from collections.abc import Callable, Hashable, Iterator
from typing import TypeVar

from synth.errors import StylerepError
from synth.problems.problem import Problem
from synth.seeding import digest, generator

# Tenths of the hash space of all items that belong to each split.
SPLITS = {"train": range(0, 8), "validation": range(8, 9), "test": range(9, 10)}

Draft = TypeVar("Draft")


def belongs(split: str, *content: Hashable) -> bool:
    """Say whether an item of this content may appear in the split."""
    return digest(*content) % 10 in SPLITS[split]


def generate(
    source: str,
    version: int,
    split: str,
    seed: int,
    draw: Callable[[random.Random], Draft],
    content: Callable[[Draft], tuple[Hashable, ...]],
    finish: Callable[[Draft, str, random.Random], Problem],
) -> Iterator[Problem]:
    """Yield the items of a split without end, item *i* always the same for one seed.

    Item *i* has a generator of its own, seeded by (source, version, split, seed, i). `draw` drafts items from
    it until one's `content` belongs to the split; `finish` makes the problem, given its id. Raises
    StylerepError for an unknown split.
    """
    if split not in SPLITS:
        raise StylerepError(f"{source}: there is no split {split!r}; it has {', '.join(SPLITS)}.")
    index = 0
    while True:
        rng = generator(source, version, split, seed, index)
        draft = draw(rng)
        while not belongs(split, source, version, *content(draft)):
            draft = draw(rng)
        yield finish(draft, f"{source}-{version}-{split}-{seed}-{index}", rng)
        index += 1
