"""Power at the number of items that was planned."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.statistics.rows import Array, Rng, Scenario
from benchmarks.statistics.scenarios.counting import over_unique
from benchmarks.statistics.scenarios.true_data import counted
from harness_ext.stats import PairedCounts, Verdict, decide, effect_of_counts, plan


def powers(
    question: Any, discordance: float, difference: float, margin: float, rng: Rng, column: str, draws: int
) -> Array:
    """Decide on the number of items that `plan` gives: as `plan` simulates it,
    or the verdicts of `decide` on fresh tables.
    """
    planned = plan(
        question,
        discordance,
        difference,
        accuracy=0.6,
        margin=margin,
        draws=draws,
        seed=int(rng.integers(1 << 31)),
    )
    if column == "simulated by plan":
        return np.arange(draws) < round(planned.simulated.estimate * draws)
    wanted = {"difference": (Verdict.DIFFERENT,), "equivalence": (Verdict.EQUIVALENT,)}[question] + (
        Verdict.DIFFERENT_WITHIN_MARGIN,
    )

    def reached(*cells: int) -> float:
        effect = effect_of_counts(PairedCounts(*cells))
        assert effect.p is not None
        return float(decide(effect, effect.p, margin) in wanted)

    return over_unique(reached, *counted(rng, planned.items, draws, discordance, difference))


def planned_power() -> Iterator[Scenario]:
    """Yield verdicts on as many items as `plan` asks for."""
    for question, discordance, difference, margin in (
        ("difference", 0.2, 0.05, 0.5),
        ("difference", 0.1, 0.03, 0.5),
        ("difference", 0.4, 0.1, 0.5),
        ("equivalence", 0.2, 0.0, 0.05),
        ("equivalence", 0.1, 0.0, 0.02),
        ("equivalence", 0.4, 0.0, 0.1),
        ("equivalence", 0.2, 0.02, 0.05),
        ("equivalence", 0.05, 0.0, 0.05),
    ):
        items = plan(question, discordance, difference, accuracy=0.6, margin=margin, draws=1).items  # type: ignore[arg-type]
        within = f" within ± {margin:g}" if question == "equivalence" else ""
        name = (
            f"{question}{within}, discordance {discordance:g}, true difference {difference:g}: {items:,}"
            " items"
        )
        run = partial(powers, question, discordance, difference, margin)
        yield Scenario(
            "Power at the planned number of items (0.8)",
            {name: 0.8},
            "power",
            ("simulated by plan", "verdicts"),
            run,
            4,
        )
