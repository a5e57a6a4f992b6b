"""Which runs of a study that stops once settled are whole, and what the others are compared with as they
are written.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness_ext.compare.hypotheses_file import Claims, Hypothesis

BASE = "base"


def compared_with(claims: "Claims | None", arms: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the arms whose whole runs each of *arms*, as runs name them, is compared with; none for one
    that's whole itself, since claims need it beside arms that come after it.

    Whole are ``base``, and the fewest others that a greedy choice finds for every claim to have a whole one:
    again and again the arm of most claims that have none, of equals that of most claims, then the first. The
    rest stop once the claims with them are settled, or, without a claim, their comparison with ``base``.
    """
    pairs = dict.fromkeys(
        part.arms for claim in (claims.claims if claims else ()) for part in claim.leaves if part.arms
    )
    whole = [BASE]
    while left := [pair for pair in pairs if not set(pair) & set(whole)]:
        counts = {arm: [sum(arm in pair for pair in some) for some in (left, pairs)] for arm in arms}
        whole.append(max(arms, key=lambda arm: counts[arm]))
    found = {}
    for arm in arms:
        partners = [one for one in whole if (one, arm) in pairs or (arm, one) in pairs]
        found[arm] = () if arm in whole else tuple(partners) or (BASE,)
    return found


def questions_of(claims: "Claims | None", arm: str) -> list[object]:
    """Return all that a run's end depends on of the claims about its arm."""
    if claims is None:
        return []
    own = [[claim.name, *_told(part)] for claim in claims.claims for part in claim.leaves if arm in part.arms]
    return [claims.alpha, len(claims.claims), own] if own else []


def _told(part: "Hypothesis") -> list[object]:
    return [part.kind, list(part.arms), list(part.tasks), part.margin]
