import pickle

import numpy as np
import pytest

from harness_ext.runs.scored_items import ScoredItem, ScoredItems

ROWS = {
    "a": {"acc": 1.0, "words": 3.0},
    "b": {"acc": 0.0},
    "c": {"words": 5.0, "acc": 0.5},
    "d": {},
    "e": {"acc": 1.0, "words": 7.0},
}


@pytest.fixture
def items() -> ScoredItems:
    made = ScoredItems("strict")
    assert all(made.add(doc_hash, metrics) for doc_hash, metrics in ROWS.items())
    return made


def test_columns_hold_what_rows_had(items: ScoredItems) -> None:
    assert not items.add("c", {"acc": 1.0})
    assert {doc_hash: item.metrics for doc_hash, item in items.items()} == ROWS
    assert items["b"] == ScoredItem("b", "strict", {"acc": 0.0})
    assert (list(items), len(items), "d" in items, "x" in items) == (list("abcde"), 5, True, False)
    assert items.metrics == ["acc", "words"]
    np.testing.assert_array_equal(items.columns()["words"], [3, np.nan, 5, np.nan, 7])


def test_scores_are_of_the_items_at_some_places_in_their_order(items: ScoredItems) -> None:
    places = items.places(["e", "a", "c"])
    np.testing.assert_array_equal(items.scores("words", places), [7, 3, 5])
    assert (
        items.have_all("words", places),
        items.have_all("words", items.places(["a", "b"])),
        items.have_all("other", places),
    ) == (True, False, False)
    assert items.common_metrics() == []
    with pytest.raises(KeyError):
        items.places(["x"])
    with pytest.raises(KeyError):
        items.scores("other", places)


def test_items_of_one_layout_come_whole_from_another_process() -> None:
    made = ScoredItems()
    for number in range(5):
        made.add(str(number), {"acc": number / 4, "words": number})
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert {**again} == {**made}
    assert again.common_metrics() == ["acc", "words"]
