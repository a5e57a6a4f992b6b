"""The order of items that are watched."""

from hypothesis import given
from hypothesis import strategies as st

from harness_ext.runs.item_order import in_order, order_digest

items = st.lists(st.tuples(st.sampled_from(["sums", "words"]), st.text("ab01", min_size=1)), unique=True)


@given(items, st.integers(0, 3))
def test_the_order_is_that_of_the_items_alone(some: list[tuple[str, str]], seed: int) -> None:
    ordered = in_order(some, seed)
    assert sorted(ordered) == sorted(some)
    assert in_order(reversed(some), seed) == ordered
    assert in_order(some[: len(some) // 2], seed) == [
        item for item in ordered if item in some[: len(some) // 2]
    ]


def test_another_seed_or_task_is_another_order() -> None:
    some = [("sums", str(number)) for number in range(50)]
    orders = [
        [item for _, item in in_order(some, 0)],
        [item for _, item in in_order(some, 1)],
        [item for _, item in in_order([("words", item) for _, item in some], 0)],
        [item for _, item in some],
    ]
    assert len({tuple(order) for order in orders}) == 4
    assert len({order_digest(in_order(some, seed)) for seed in range(3)}) == 3
