"""Plans how many items a comparison takes, before it's run."""

from harness_ext.compare.tables import TextTable
from harness_ext.stats import (
    detectable_difference,
    items_for_difference,
    items_for_equivalence,
    plan,
    simulated_power,
)
from synth.errors import StylerepError

_DISCORDANCES = (0.05, 0.10, 0.20, 0.30, 0.40)
_ITEMS = (100, 200, 500, 1000, 2000)
_POWER = 0.8
_LEAST = 1e-6
"""Smaller margins and shares take more items than there ever are."""


def plan_tables(margin: float, discordance: float | None = None, items: int | None = None) -> list[TextTable]:
    """Return how many items show equivalence within ± *margin*, or a difference, and what a given number can
    show, at 80 % power.

    *discordance* is the share of items that exactly one of two runs gets right, above 0 and at most 1; a
    table of usual ones if left out, and of usual numbers if *items* is.
    Raises StylerepError for a value outside its range.
    """
    if not _LEAST <= margin < 1:
        raise StylerepError(
            f"The margin is a difference of accuracies of at least {_LEAST:g} and below 1, got {margin}."
        )
    if discordance is not None and not _LEAST <= discordance <= 1:
        raise StylerepError(
            f"The discordance is a share of items of at least {_LEAST:g} and at most 1, got {discordance}."
        )
    if items is not None and not 1 <= items < 2**53:
        raise StylerepError(f"The number of items must be 1 or more, and below 2^53, got {items}.")
    shares = (discordance,) if discordance is not None else _DISCORDANCES
    points = f"{100 * margin:g}"
    needed = []
    for share in shares:
        same = plan("equivalence", share, margin=margin, power=_POWER)
        worse = items_for_equivalence(margin, share, margin / 2, _POWER) if share > margin / 2 else None
        apart = items_for_difference(margin, share, _POWER) if share >= margin else None
        needed.append(
            (
                f"{share:.2f}",
                f"{same.items:,}",
                f"{100 * same.simulated.estimate:.0f} %",
                _count(worse),
                _count(apart),
            )
        )
    shown = []
    for n in (items,) if items is not None else _ITEMS:
        for share in shares:
            least = detectable_difference(n, share, _POWER)
            power = simulated_power("equivalence", n, share, margin=margin).estimate
            shown.append(
                (
                    f"{n:,}",
                    f"{share:.2f}",
                    f"{100 * least:.1f}" if least is not None else "none",
                    f"{100 * power:.0f} %",
                )
            )
    return [
        TextTable(
            f"Items for {100 * _POWER:.0f} % power, alpha .05 (formula; power of the decision itself"
            " simulated, 10,000 draws)",
            (
                "discordance",
                f"items: equivalent within ±{points}, if truly equal",
                "simulated power",
                f"the same, if truly {100 * margin / 2:g} apart",
                f"different, if truly {points} apart",
            ),
            tuple(needed),
        ),
        TextTable(
            "What a number of items can show",
            (
                "items",
                "discordance",
                "smallest difference found, points",
                f"power to show equivalence within ±{points}, if equal",
            ),
            tuple(shown),
        ),
    ]


def _count(items: int | None) -> str:
    return "impossible" if items is None else f"{items:,}"
