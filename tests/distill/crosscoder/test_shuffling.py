"""Activations are drawn as often as asked for, in a random order, from a bounded buffer."""

from collections import Counter

import pytest
import torch

from distill.crosscoder.shuffling import cohort_size, shuffled, steps_of


@pytest.mark.parametrize(
    ("total", "capacity", "passes", "batch"), [(50, 100, 3, 8), (50, 12, 3, 4), (7, 2, 4, 3), (40, 10, 1, 10)]
)
def test_each_activation_is_drawn_as_often_as_there_are_passes(
    total: int, capacity: int, passes: int, batch: int
) -> None:
    values = torch.arange(total)
    size = cohort_size(total, capacity, passes)
    made = list(shuffled(values.split(3), size, passes, batch, torch.Generator().manual_seed(0)))
    assert Counter(torch.cat(made).tolist()) == dict.fromkeys(range(total), passes)
    assert len(made) == steps_of(total, size, passes, batch)
    assert max(map(len, made)) <= batch


def test_no_more_activations_are_read_ahead_than_the_buffer_holds() -> None:
    read = drawn = 0

    def stream() -> object:
        nonlocal read
        for value in torch.arange(600).split(5):
            read += len(value)
            yield value

    size = cohort_size(600, 60, 3)
    for batch in shuffled(stream(), size, 3, 10, torch.Generator().manual_seed(0)):
        drawn += len(batch)
        # of those read, all but the buffer's are done with: drawn three times
        assert read - drawn / 3 <= 60
    assert drawn == 1800


def test_the_order_hangs_on_the_seed() -> None:
    def order(seed: int) -> list[int]:
        batches = shuffled(torch.arange(30).split(4), 30, 1, 30, torch.Generator().manual_seed(seed))
        return torch.cat(list(batches)).tolist()

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1) != list(range(30))
