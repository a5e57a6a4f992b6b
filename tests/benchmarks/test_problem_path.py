"""Counting modules and returns of one problem's way."""

import sys
from pathlib import Path

import pytest
import torch

from benchmarks.problem_path.__main__ import Count, Step, count, steps_of
from benchmarks.problem_path.watch import Watch
from synth.problems import load_problems

ROOT = str(Path(__file__).resolve().parents[2])


def test_a_return_is_a_step_into_a_module_of_an_earlier_step() -> None:
    way = [("start", "a"), ("a", "b"), ("b", "c"), ("a", "c"), ("c", "a"), ("d", "b")]
    assert count(Step(caller, module, True) for caller, module in way) == Count(modules=4, returns=3)
    assert count([]) == Count(0, 0)


def test_a_pair_counts_once_and_is_in_hand_if_it_ever_was(tmp_path: Path) -> None:
    (tmp_path / "calls.1").write_text("1 start a 0\n5 a b 1\n")
    (tmp_path / "calls.2").write_text("2 a b 0\n3 a c 0\n7 a c 0\n")
    assert steps_of(tmp_path) == [Step("start", "a", False), Step("a", "c", False), Step("a", "b", True)]


@pytest.mark.parametrize(
    ("value", "held"),
    [
        ("before. How many are left? after", True),
        (["x", {"y": ("How many are left?",)}], True),
        ([9, 5, 6, 7, 9], True),
        (torch.tensor([[0, 0, 0], [5, 6, 7]]), True),
        (torch.tensor([[0.0, 5.0]]), False),
        ([55, 6, 7], False),
        ("many", False),
        ({"a": 1}, False),
    ],
)
def test_a_problem_is_in_hand_as_text_or_tokens(value: object, held: bool) -> None:
    watch = Watch(ROOT, ["How many are left?"], [[5, 6, 7]], "unused")
    assert watch._holds([value]) == held


def test_calls_between_modules_are_seen_and_others_not(tmp_path: Path) -> None:
    (problem,) = load_problems("arith:train", 1)
    watch = Watch(ROOT, [problem.question], [], str(tmp_path / "calls.0"))
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        load_problems("arith:train", 1)
    finally:
        sys.setprofile(before)
    steps = steps_of(tmp_path)
    assert Step("synth.problems.splits", "synth.problems.arith", True) in steps
    assert all(step.module.startswith("synth.") or step.module == "synth" for step in steps)
    assert not [step for step in steps if step.caller == step.module]
