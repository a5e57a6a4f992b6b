"""A training that is watched without a terminal says where it is."""

import io
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from distill.training import progress
from distill.training.progress import TrainingProgress


def lines_of(seconds_a_step: float, steps: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    out = io.StringIO()
    shown = TrainingProgress(Console(file=out, width=200), "hc on 8 rows")
    state: Any = SimpleNamespace(global_step=0, max_steps=steps)
    shown.on_train_begin(None, state, None)
    for step in range(1, steps + 1):
        clock[0] += seconds_a_step
        state.global_step = step
        shown.on_step_end(None, state, None)
    return out.getvalue().splitlines()


def test_quick_steps_are_told_at_the_first_and_at_every_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    told = lines_of(0.1, 100, monkeypatch)
    assert [line.split(": ")[1].split(",")[0] for line in told] == [
        "1/100 steps",
        *(f"{step}/100 steps" for step in range(10, 101, 10)),
    ]
    assert told[0].endswith("0 s passed, 10 s left")


def test_slow_steps_leave_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    told = lines_of(7, 100, monkeypatch)
    passed = [float(line.split("loss …, ")[1].split(" s passed")[0]) for line in told]
    assert max(later - sooner for sooner, later in itertools.pairwise(passed)) <= 21
