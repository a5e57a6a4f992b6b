"""The measurement of learnability beside training runs, and counts what is read."""

from pathlib import Path

from benchmarks.learnability import compared


def test_reading_takes_less_than_an_epoch(tiny_model: Path) -> None:
    found = compared(str(tiny_model), 3, "hc", 20)
    assert 0 < found["tokens read"] <= found["tokens of rows"]
    assert found["ms a token of one epoch"] > 0
    # adapters of rank 16 are large beside layers this narrow
    assert 0 < found["operations of reading, % of one epoch"] < 70
