"""The generated sources make problems wherever their options may stand."""

import itertools

import pytest

from synth.errors import StylerepError
from synth.problems import load_problems


@pytest.mark.parametrize(
    ("source", "edges"),
    [
        ("arith", {"min_steps": [1, 8], "max_steps": [1, 8], "max_number": [20, 21, 23, 24, 10_000]}),
        ("chain", {"min_hops": [1, 12], "max_hops": [1, 12], "distractors": [2, 40]}),
        ("kinship", {"min_hops": [2, 8], "max_hops": [2, 8], "distractors": [2, 20]}),
        ("kg", {"min_hops": [2, 6], "max_hops": [2, 6], "facts": [8, 12, 60], "rules": [0, 4]}),
        ("claims", {"min_hops": [2, 5], "max_hops": [2, 5], "facts": [8, 12, 60], "rules": [0, 4]}),
        (
            "countdown",
            {
                "min_numbers": [3, 6],
                "max_numbers": [3, 6],
                "max_number": [5, 100],
                "max_target": [20, 10_000],
            },
        ),
    ],
)
def test_every_source_makes_problems_at_the_edges_of_its_options_or_refuses_them(
    source: str, edges: dict[str, list[int]]
) -> None:
    made = 0
    for values in itertools.product(*edges.values()):
        spec = ":".join(f"{name}={value}" for name, value in zip(edges, values, strict=True))
        try:
            problems = load_problems(f"{source}:train:{spec}", 40)
        except StylerepError:  # bounds that contradict each other
            continue
        made += 1
        assert len({one.id for one in problems}) == 40
    assert made >= 4
