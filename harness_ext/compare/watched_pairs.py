"""Pairs of runs of which one stopped early: their items in order, and why nothing but a sequence is allowed.

A test for a fixed number of items takes that number as given. Where outcomes decided it, its p is too small
and its interval too short, so that it is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness_ext.runs.item_order import in_order
from harness_ext.runs.run_folder import Run
from harness_ext.runs.stopped import stopped_early, stopping_of
from synth.errors import StylerepError

WHY = "its outcomes decided how many items it has, and a test for a fixed number of items would find too much"


@dataclass(frozen=True, slots=True)
class Watched:
    """By which margin bets were tuned, and how many items there are in all; None where they stand for others
    like them.
    """

    margin: float
    population: int | None


def watched_items(
    ones: Sequence[Run], twos: Sequence[Run], key: tuple[str, str]
) -> tuple[tuple[str, ...], Watched]:
    """Return the items that both runs have, in the order in which they were asked, and how they were watched.

    Raises StylerepError for several seeds, for orders that differ, and where a run's items aren't the first
    ones of its order, so that something else than the rule chose them.
    """
    runs = list({id(run): run for run in (*ones, *twos)}.values())
    early = [run for run in runs if stopped_early(run.manifest, key[0])]
    if len(runs) > 2:
        raise StylerepError(
            f"{early[0].folder} stopped early on {key[0]}, and one of several seeds can't be: {WHY}; compare"
            " it alone, with --by arm,seed,task."
        )
    rules = [rule for run in early if (rule := stopping_of(run.manifest, key[0]))]
    if len({(rule["order_seed"], rule["items"]) for rule in rules}) > 1:
        raise StylerepError(
            f"{early[0].folder} and {early[1].folder} stopped early on {key[0]} in different orders or sets"
            " of items; compare each with a run of all items."
        )
    whole = max((set(run.tasks[key]) for run in runs), key=len)
    for run in early:
        own = set(run.tasks[key])
        if missing := sorted(own - whole):
            raise StylerepError(
                f"{key[0]}: {len(missing)} of {len(own)} items of {run.folder} are missing from the other run"
                f" (doc_hash {missing[0][:12]}); compare it with a run of all items."
            )
        if len(whole) == rules[0]["items"] or len(early) == 2:
            ordered = in_order([(key[0], item) for item in whole], rules[0]["order_seed"])
            if {item for _, item in ordered[: len(own)]} != own:
                raise StylerepError(
                    f"{run.folder}: its items of {key[0]} aren't the first ones of the order that its"
                    " manifest names, so that its sequence can't be read; evaluate it again."
                )
    shared = set.intersection(*(set(run.tasks[key]) for run in runs))
    items = in_order([(key[0], item) for item in shared], rules[0]["order_seed"])
    about_set = all(rule["about"] == "set" for rule in rules)
    return tuple(item for _, item in items), Watched(
        float(rules[0]["margin"]), int(rules[0]["items"]) if about_set else None
    )


def stopped_notes(runs: Sequence[Run], key: tuple[str, str]) -> list[str]:
    """Say of each run that stopped early what this report therefore leaves out."""
    return [
        f"{run.folder.name} stopped early on {key[0]}, after {rule['used']:,} of {rule['items']:,} items:"
        f" {WHY}. Its difference is a confidence sequence's"
        f" {'about these items' if rule['about'] == 'set' else 'about items like them'}; the margin declared"
        f" before was {100 * rule['margin']:g} points. Tests of style, shares, families and the interval of"
        " its accuracy are left out."
        for run in {id(run): run for run in runs}.values()
        if stopped_early(run.manifest, key[0]) and (rule := stopping_of(run.manifest, key[0]))
    ]
