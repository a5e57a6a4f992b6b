"""Whether rendered sets have the style they are to have."""

from pathlib import Path

import pytest

from synth.problems import Problem, Step, WrongTurn, load_problems
from synth.style import load_lexicon, style_scores
from synth.style.profile import build_profile, load_profile
from synth.traces.rendering import render

HELD = (
    "pivot_density",
    "pivot_density_realization",
    "pivot_density_verification",
    "pivot_density_exploration",
    "opener_density",
    "first_person_density",
    "equation_density",
    "stage_share_framing",
    "stage_share_exploration",
    "stage_share_verification",
    "stage_share_synthesis",
)


def test_a_set_rendered_from_real_problems_has_the_style_of_real_traces(real_data: Path) -> None:
    problems = load_problems(str(real_data / "benchmarks/gsm8k_train.jsonl"), 700)
    lexicon = load_lexicon("en")
    made = build_profile(
        "made", [style_scores(row["hc"].trace, lexicon) for row in render(problems, ["hc"], 5)], lexicon
    )
    target = load_profile("long-reasoning")
    ratios = {name: made.means[name] / target.means[name] for name in HELD}
    # python -m benchmarks.synthesis style holds 2,000 problems to 10 %; these are fewer,
    # and drawn with another seed.
    assert all(0.85 < ratio < 1.15 for ratio in ratios.values()), ratios
    assert made.deviations["pivot_density"] == pytest.approx(target.deviations["pivot_density"], rel=0.25)


def test_wrong_turns_and_checks_of_a_source_are_used() -> None:
    steps = tuple(
        Step(
            f"The pair {a} -> {b} leads from {a} to {b}.",
            checks=(f"Read backwards, {b} comes from {a} and from nowhere else.",),
            wrong_turns=(
                WrongTurn(
                    f"From {a} it goes on to X.", f"No pair {a} -> X is given, so {a} does not lead to X."
                ),
            ),
        )
        for a, b in ("AB", "BC", "CD", "DE")
    )
    problems = [
        Problem(
            f"p{i}", "own", "Pairs are given. Where does A lead?", "E", "text", steps, wrong_answers=("D",)
        )
        for i in range(60)
    ]
    rows = render(problems, ["hc", "hc_w"], dials={"pivot_density_realization": 1.5, "wrong_turns": 1.0})
    turned = [row["hc"] for row in rows if row["hc"].wrong_turns]
    assert len(turned) > 10
    for row in turned:
        for turn in row.wrong_turns:
            text = row.trace[turn["start"] : turn["end"]]
            assert "goes on to X" in text
            assert "so " in text.partition("No pair")[2]
    assert sum("Read backwards" in row["hc"].trace for row in rows) > 20
    assert all(row["hc_w"].stated_answer == "D" for row in rows)


def test_a_problem_of_one_step_without_arithmetic_can_be_told() -> None:
    row = render(
        [Problem("p", "own", "What is it?", "4", "number", (Step("It is what it is, which is 4."),))], ["hc"]
    )[0]["hc"]
    assert "It is what it is, which is 4." in row.trace
    assert row.trace.rstrip(".").endswith(("4", "answer", "question"))
