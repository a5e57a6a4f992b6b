"""How much seeds differ, pooled over all arms of a comparison, task by task."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from harness_ext.compare.conditions import Condition
from harness_ext.compare.hypotheses_file import BetweenSeeds
from harness_ext.compare.pairing import FloatArray, Key, draws_of, label, scores_of
from harness_ext.runs.stopped import stopped_early
from harness_ext.stats import SeedPool, pool_seeds
from harness_ext.stats.pooled_seeds import FEWEST
from synth.errors import StylerepError
from synth.schema import shown

_CHOICES = get_args(BetweenSeeds)
_BASE = "base"


@dataclass(frozen=True, slots=True)
class PooledSeeds:
    """What the arms of a task say of how much seeds differ, and which arms stand out."""

    task: str
    pool: SeedPool
    outstanding: tuple[str, ...]

    def __str__(self) -> str:
        """One sentence on how many arms, how much their seeds differ and what that weighs; another on arms
        that stand out.
        """
        pool = self.pool
        text = (
            f"{self.task}: how much seeds differ is pooled over {pool.arms} arms (on {pool.own_df} degrees of"
            f" freedom): a standard deviation of {100 * pool.points:.1f} points, which counts as"
            f" {pool.df:.1f} degrees of freedom beside a comparison's own."
        )
        if self.outstanding:
            text += (
                f" The seeds of {' and of '.join(self.outstanding)} differ more than that, so that these are"
                " judged by their own."
            )
        return text


def check_between_seeds(choice: str | None, declared: str | None, path: str = "") -> str:
    """Return where the spread between seeds is taken from; raise StylerepError for an unknown word, or where
    claims *declared* another one.
    """
    if choice is not None and choice not in _CHOICES:
        raise StylerepError(f"--between-seeds is {' or '.join(_CHOICES)}, found {shown(choice)}.")
    if choice is not None and declared is not None and choice != declared:
        raise StylerepError(
            f"--between-seeds {choice}: the claims of {path} say {declared}, and what they say was declared"
            " beforehand; leave the option out."
        )
    return declared or choice or _CHOICES[0]


def pooled_seeds(found: Sequence[Condition]) -> dict[Key, PooledSeeds]:
    """Return what the trained arms of several seeds say of how much seeds differ, for every task on which two
    conditions can be compared.

    Raises StylerepError for a task on which fewer than three arms have several seeds that differ, or on which
    their items have unequal numbers of draws.
    """
    keys = list(dict.fromkeys(key for one in found for key in one.tasks))
    pools = {}
    for key in keys:
        there = [one for one in found if key in one.tasks]
        if len(there) < 2 or any(stopped_early(run.manifest, key[0]) for one in there for run in one.runs):
            continue
        pools[key] = _pooled(key, there)
    return pools


def pool_of(pools: Mapping[Key, PooledSeeds], key: Key) -> SeedPool | None:
    """Return the pool of a task, None where there is none."""
    return pools[key].pool if key in pools else None


def _pooled(key: Key, there: Sequence[Condition]) -> PooledSeeds:
    arms = _trained(one for one in there if len(one.runs) > 1 and one.arm != _BASE)
    draws = sorted({draws_of(run, key) or 1 for one in arms for run in one.runs})
    if len(draws) > 1:
        raise StylerepError(
            f"{label(key)}: arms have {' and '.join(map(str, draws))} draws of an item, so that the spread"
            " between their seeds can't be pooled; let each comparison take its own (between seeds: each)."
        )
    try:
        pool = pool_seeds([_outcomes(one, key) for one in arms])
    except ValueError as error:
        raise StylerepError(
            f"{label(key)}: the spread between seeds is pooled over {FEWEST} arms or more that have two or"
            f" more seeds each, which answer differently; here are {len(arms)} of several seeds. Let each"
            " comparison take its own (between seeds: each)."
        ) from error
    return PooledSeeds(label(key), pool, tuple(arms[place].name for place in pool.outstanding))


def _trained(arms: Iterable[Condition]) -> list[Condition]:
    """Return arms, each training once: not those of another decoding of the same adapters."""
    found: dict[object, Condition] = {}
    for one in arms:
        adapters = tuple(run.manifest.get("adapter_sha256") for run in one.runs)
        found.setdefault(adapters if all(adapters) else one.name, one)
    return list(found.values())


def _outcomes(one: Condition, key: Key) -> FloatArray:
    """Return the accuracy of each item that all seeds have, shape (seeds, items)."""
    first, *others = (run.tasks[key] for run in one.runs)
    shared = [item for item in first if all(item in other for other in others)]
    return np.array([scores_of(run, key, shared) for run in one.runs])
