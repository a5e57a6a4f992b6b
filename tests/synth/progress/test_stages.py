"""Stages count what is done, and cost nothing where nobody looks."""

import pytest

from synth import progress
from synth.progress import Stage, at_work, current, each, is_shown, stage, turn_to


def test_the_innermost_stage_is_the_one_at_work() -> None:
    assert current() is None
    with stage("outer") as outer:
        with stage("inner", 3, "rows") as inner:
            assert current() is inner
        assert current() is outer
    assert current() is None


def test_items_are_counted_when_the_next_is_asked_for() -> None:
    seen = []
    for item in each(["a", "b", "c"], "reading", unit="files"):
        one = current()
        assert one is not None
        seen.append((item, one.done, one.total, one.unit))
    assert seen == [("a", 0, 3, "files"), ("b", 1, 3, "files"), ("c", 2, 3, "files")]
    assert current() is None
    assert list(each(iter("ab"), "reading")) == ["a", "b"]


def test_a_stage_that_fails_is_no_longer_at_work() -> None:
    with pytest.raises(ValueError, match="broken"), stage("breaking"):
        raise ValueError("broken")
    assert current() is None


def test_turning_to_other_work_counts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    turn_to("nobody is at work")
    clock = [10.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with stage("reading", 5) as one:
        one.advance(5)
        clock[0] = 12.0
        turn_to("writing", 2, "pages")
    assert (one.label, one.done, one.total, one.unit, one.began) == ("writing", 0, 2, "pages", 12.0)


def test_time_left_goes_by_what_is_done_and_shrinks_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    one = Stage("reading", 100)
    assert one.seconds_left(5.0) is None
    clock[0] = 10.0
    one.advance(20)
    assert one.seconds_left(10.0) == 40
    assert one.seconds_left(25.0) == 25
    assert one.seconds_left(99.0) == 0
    told = one.onwards()
    told(5)
    told(30)
    assert one.done == 50
    assert Stage("of no known length").seconds_left(1.0) is None


def test_whether_anyone_looks_is_known() -> None:
    assert not is_shown()
    with progress.shown_by("a display"), at_work(Stage("work")):
        assert is_shown()
    assert not is_shown()
