"""Compare two runs on the same items, and say what the difference of their accuracies supports.

    python examples/compare_two_runs.py                        # outcomes made up here
    python examples/compare_two_runs.py runs/base runs/hc      # run folders of yours:
    the first is the baseline

Needs no model and no network, and takes seconds.
"""

import random
import sys

import stylerep


def made_up(items: int = 300) -> tuple[list[int], list[int]]:
    """Return right (1) and wrong (0) answers of two runs to the same items,
    which are easy for both or hard for both.
    """
    draw = random.Random(0)
    difficulty = [draw.random() for _ in range(items)]
    return tuple(
        [int(hard + draw.gauss(0, 0.1) < accuracy) for hard in difficulty] for accuracy in (0.52, 0.60)
    )


if folders := sys.argv[1:]:
    print(stylerep.compare(*folders, margin=0.05))
    sys.exit()

base, styled = made_up()
found = stylerep.compare(base, styled, margin=0.05)
print(found)
print(f"\nThe verdict is one of four: {found.verdict}.")
if found.interval:
    print(
        f"The difference lies between {found.interval.low:+.3f} and {found.interval.high:+.3f}, at a level of"
        f" {found.interval.level:.0%}."
    )
print(f"Its signature says how it was made: {found.signature}")

print("\nThe first 60 items alone would have said:")
print(stylerep.compare(base[:60], styled[:60], margin=0.05))

print("\nBefore a run: how many items does it take?")
print(stylerep.plan(margin=0.05, discordance=0.2, items=300))
