"""Lays token sequences out as a tree, so that what they begin with in common stands once.

1 2 3 4        1 2 3 4
1 2 5     ->       5        three tokens after 1 2, not five
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Span = tuple[int, int]
"""A part of the layout, from its first token to the one after its last."""


@dataclass(frozen=True, slots=True)
class WantedTokens:
    """A sequence of token ids, and from which token on (1 or later) its tokens are to be scored."""

    ids: Sequence[int]
    start: int


@dataclass(frozen=True, slots=True)
class TreeBranch:
    """Tokens from `start` to `stop` of the layout. As many as `before` precede them in their sequence: the
    first ones of the sequence that was laid out last.
    """

    start: int
    stop: int
    before: int


@dataclass(slots=True)
class TokenTree:
    """Sequences laid out in one row of tokens.

    `ids` and `positions` are those of the row, and `branches` part it. Of sequence number i of those given,
    ``places[i]`` says where in the row stand the tokens before those wanted: the token that is wanted follows
    there.
    """

    ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    branches: list[TreeBranch] = field(default_factory=list)
    places: list[list[int]] = field(default_factory=list)


def lay_out(sequences: Sequence[WantedTokens]) -> TokenTree:
    """Lay sequences out; the last token of each is only asked for, and need not be read.

    They share the most where they are in the order of their tokens (`in_order`), but any order is right.
    """
    tree = TokenTree()
    before: Sequence[int] = ()
    path: tuple[Span, ...] = ()
    for sequence in sequences:
        read = sequence.ids[: len(sequence.ids) - 1]
        shared = _shared(before, read)
        start, path = len(tree.ids), _cut(path, shared)
        if shared < len(read):
            tree.branches.append(TreeBranch(start, start + len(read) - shared, shared))
            tree.ids.extend(read[shared:])
            tree.positions.extend(range(shared, len(read)))
            path = _joined(path, (start, len(tree.ids)))
        places = [place for first, end in path for place in range(first, end)]
        tree.places.append(places[sequence.start - 1 :])
        before = read
    return tree


def in_order(sequences: Sequence[WantedTokens]) -> list[int]:
    """Return the numbers of sequences in the order in which neighbours share the most."""
    return sorted(range(len(sequences)), key=lambda number: list(sequences[number].ids))


def in_passes(
    sequences: Sequence[WantedTokens], order: Sequence[int], tokens: int, wanted: int | None
) -> Iterator[list[int]]:
    """Cut sequences, given by number in their order, into passes of at most *tokens* tokens and *wanted*
    tokens to score (None: any number); a sequence that is longer has a pass of its own.
    """
    part: list[int] = []
    held = asked = 0
    for number in order:
        one = sequences[number]
        own = len(one.ids) - (_shared(sequences[part[-1]].ids, one.ids) if part else 0)
        scored = len(one.ids) - one.start
        if part and (held + own > tokens or (wanted is not None and asked + scored > wanted)):
            yield part
            part, held, asked, own = [], 0, 0, len(one.ids)
        part.append(number)
        held, asked = held + own, asked + scored
    if part:
        yield part


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two sequences begin with in common."""
    most = min(len(one), len(other))
    if one[:most] == other[:most]:
        return most
    low, high = 0, most  # the first low tokens are the same, the first high ones are not
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _cut(path: tuple[Span, ...], length: int) -> tuple[Span, ...]:
    """Return the first *length* tokens of a path."""
    kept: list[Span] = []
    for start, stop in path:
        if length <= 0:
            break
        kept.append((start, min(stop, start + length)))
        length -= stop - start
    return tuple(kept)


def _joined(path: tuple[Span, ...], span: Span) -> tuple[Span, ...]:
    if path and path[-1][1] == span[0]:
        return (*path[:-1], (path[-1][0], span[1]))
    return (*path, span)
