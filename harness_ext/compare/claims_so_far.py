"""What the runs that are there say of claims, while others are still to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from harness_ext.compare.conditions import Condition
from harness_ext.compare.hypotheses import Finding, Outcome, findings_of
from harness_ext.compare.hypotheses_file import Hypothesis

_UNKNOWN, _LEAST = 0.5, 0.05


@dataclass(frozen=True, slots=True)
class SoFar:
    """The findings of a claim that are in, whether they are `all_in`, and out of how many claims it is one.

    What is settled here stays so, whatever the others will say: a claim is met once all is in and its p is at
    most alpha over the number of claims, where Holm's adjusted p is at most alpha however those turn out; and
    not met as soon as the contrary of something that it needs is shown.
    """

    findings: tuple[Finding, ...]
    all_in: bool
    alpha: float
    claims: int

    @property
    def outcome(self) -> Outcome | None:
        """Met or not met; None while it is open."""
        if any(one.p_contrary <= self.alpha for one in self.findings):
            return Outcome.NOT_MET
        weakest = max((one.p for one in self.findings), default=1.0)
        return Outcome.MET if self.all_in and weakest <= self.alpha / self.claims else None

    @property
    def share(self) -> float:
        """How much of the evidence that settles it is in, between 1/20 and 1: for it, that of the weakest
        finding; against it, that of the strongest, whichever is more. One half before the first finding.
        """
        if not self.findings:
            return _UNKNOWN
        weakest = max(one.p for one in self.findings)
        # one that isn't shown at alpha keeps the claim from being met, whatever the others will show
        speaks_for = _part(weakest, self.alpha / self.claims) if weakest <= self.alpha else 0.0
        against = max(_part(one.p_contrary, self.alpha) for one in self.findings)
        return min(1.0, max(speaks_for, against, _LEAST))


def findings_so_far(claim: Hypothesis, found: Sequence[Condition]) -> list[Finding]:
    """Return the findings of a claim for the models that have both arms of a part of it by now."""
    if claim.kind == "all":
        return [finding for part in claim.parts for finding in findings_so_far(part, found)]
    first, second = ({one.model for one in found if name in (one.arm, one.name)} for name in claim.arms)
    return findings_of(claim, found, partial=False) if first & second else []


def _part(p: float, enough: float) -> float:
    return 1.0 if p <= 0 else log(p) / log(enough)
