"""Shuffles a stream of activations within a bounded buffer, from which each is drawn several times."""

from collections.abc import Iterable, Iterator

import torch


def cohort_size(total: int, capacity: int, passes: int) -> int:
    """Return how many activations are read at a time, of *total*: all where they fit into a buffer of
    *capacity*, else so many that those of *passes* readings do.
    """
    return total if total <= capacity else max(1, capacity // passes)


def shuffled(
    stream: Iterable[torch.Tensor], size: int, passes: int, batch: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Yield batches of at most *batch* activations in a random order, each activation *passes* times in all.

    *stream* yields blocks (n, …). A cohort of *size* activations is read, and joins those that have been
    drawn fewer than *passes* times; a pass over all of them follows, in an order of its own, then the next
    cohort is read. So at most ``size * passes`` activations are held (`cohort_size` bounds that), and where
    all are one cohort it is plain training in epochs.
    """
    cohorts = _cohorts(stream, size)
    held: torch.Tensor | None = None
    drawn = torch.zeros(0, dtype=torch.long)
    while True:
        if (fresh := next(cohorts, None)) is not None:
            held = fresh if held is None else torch.cat([held, fresh])
            drawn = torch.cat([drawn, torch.zeros(len(fresh), dtype=torch.long)])
        if held is None or not len(held):
            return
        order = torch.randperm(len(held), generator=generator)
        for start in range(0, len(order), batch):
            yield held[order[start : start + batch]]
        drawn += 1
        if (done := drawn >= passes).any():
            held, drawn = held[~done], drawn[~done]


def steps_of(total: int, size: int, passes: int, batch: int) -> int:
    """Return how many batches `shuffled` yields of *total* activations."""
    sizes = [size] * (total // size) + ([total % size] if total % size else [])
    held = [sum(sizes[max(0, at - passes + 1) : at + 1]) for at in range(len(sizes) + passes - 1)]
    return sum(-(-count // batch) for count in held)


def _cohorts(stream: Iterable[torch.Tensor], size: int) -> Iterator[torch.Tensor]:
    """Yield *size* activations at a time, the last time fewer; each lot lies in one piece of memory from the
    start, since many small ones between a model's passes keep freed memory from being used again.
    """
    held: torch.Tensor | None = None
    count = 0
    for block in stream:
        rest = block
        while len(rest):
            if held is None:
                held = block.new_empty((size, *block.shape[1:]))
            taken = min(size - count, len(rest))
            held[count : count + taken] = rest[:taken]
            rest, count = rest[taken:], count + taken
            if count == size:
                yield held
                held, count = None, 0
    if held is not None:
        yield held[:count]
