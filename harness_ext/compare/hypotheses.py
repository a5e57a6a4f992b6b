"""Judges the hypotheses that a file declared before the runs (docs/reference/comparing.md)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from harness_ext.compare.between_seeds import PooledSeeds, pool_of
from harness_ext.compare.conditions import Condition
from harness_ext.compare.hypotheses_file import ALL, Claims, Hypothesis, title
from harness_ext.compare.metric import of_metric
from harness_ext.compare.pairing import Key, Pair, label, paired
from harness_ext.compare.style import shared_scores
from harness_ext.compare.watched_pairs import WHY
from harness_ext.stats import Effect, effect_of_families, feature_tost, holm
from synth.errors import StylerepError
from synth.privacy.home_folders import without_home

_NONE: Mapping[Key, PooledSeeds] = {}


class Outcome(Enum):
    """What the runs say of a claim."""

    MET = "met"
    NOT_MET = "not met"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a claim needs, for one model and task: its p, the p of its contrary, and the numbers
    behind them.
    """

    claim: str
    where: str
    p: float
    p_contrary: float
    says: str
    signature: str


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim and its outcome. `p` is the largest of its findings'; `p_holm` is adjusted over the file's
    claims.
    """

    claim: Hypothesis
    outcome: Outcome
    p: float
    p_holm: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcomes of a file of claims. Of `runs` runs, `recorded` hold the file's hash in their
    manifests.
    """

    path: str
    sha256: str
    alpha: float
    results: tuple[ClaimResult, ...]
    recorded: int
    runs: int

    @property
    def outcome(self) -> Outcome:
        """Not met where any claim is not, else inconclusive where any is, else met."""
        outcomes = {result.outcome for result in self.results}
        return next((one for one in (Outcome.NOT_MET, Outcome.INCONCLUSIVE) if one in outcomes), Outcome.MET)


def judge(
    claims: Claims,
    found: Sequence[Condition],
    partial: bool,
    lacking: Collection[str] = (),
    pools: Mapping[Key, PooledSeeds] = _NONE,
) -> Judgement:
    """Judge every claim on the conditions found.

    A claim is met where its p, the greatest of all that it needs (Berger 1982, Technometrics 24:295),
    adjusted by Holm over the claims of the file, is at most alpha; not met where the contrary of something
    that it needs is shown at alpha, unadjusted; else inconclusive. A part of a claim about an arm of which
    there is no run, and that *lacking* names, isn't shown. *pools* say, task by task, how much seeds differ.
    Raises StylerepError where a claim names another arm, or a task, that the runs do not have.
    """
    findings = [findings_of(claim, found, partial, lacking, pools) for claim in claims.claims]
    p_values = [max(finding.p for finding in needed) for needed in findings]
    results = []
    for claim, needed, p, p_holm in zip(claims.claims, findings, p_values, holm(p_values), strict=True):
        refuted = any(finding.p_contrary <= claims.alpha for finding in needed)
        outcome = (
            Outcome.MET if p_holm <= claims.alpha else Outcome.NOT_MET if refuted else Outcome.INCONCLUSIVE
        )
        results.append(ClaimResult(claim, outcome, p, p_holm, tuple(needed)))
    runs = [run for one in found for run in one.runs]
    recorded = sum(run.manifest.get("claims_sha256") == claims.sha256 for run in runs)
    return Judgement(
        without_home(str(claims.path)), claims.sha256, claims.alpha, tuple(results), recorded, len(runs)
    )


def findings_of(
    claim: Hypothesis,
    found: Sequence[Condition],
    partial: bool,
    lacking: Collection[str] = (),
    pools: Mapping[Key, PooledSeeds] = _NONE,
) -> list[Finding]:
    """Return all that a claim needs, for every model that has its arms; raise StylerepError where none has,
    unless one of the arms is *lacking*.
    """
    if claim.kind == "all":
        return [
            finding for part in claim.parts for finding in findings_of(part, found, partial, lacking, pools)
        ]
    if missing := next((arm for arm in claim.arms if arm in lacking and arm not in _known(found)), None):
        return [
            Finding(
                claim.name,
                "no model",
                1.0,
                1.0,
                f"{title(claim.kind, claim.arms)}: {missing} was not run",
                "",
            )
        ]
    findings = []
    for task in _every_task(found) if claim.tasks == (ALL,) else claim.tasks:
        pairs = _claimed(claim, task, found, partial, pools)
        if claim.across == "families" and claim.kind != "style_equivalent":
            families = {one.family or one.model for one, _ in pairs}
            if len(families) < 2 or len(families) < len(pairs):
                raise StylerepError(
                    f"The claim {claim.name!r} is across families, and {task} has {len(pairs)} models of"
                    f" {len(families)}; it needs one each of two or more."
                )
            effects = [pair.effect() for _, pair in pairs]
            if any(pair.watched for _, pair in pairs):
                raise StylerepError(
                    f"The claim {claim.name!r} is across families, and on {task} a run stopped early: {WHY};"
                    " evaluate it on all items."
                )
            errors = [effect.error for effect in effects if effect.error]
            if len(errors) < len(effects):
                raise StylerepError(
                    f"The claim {claim.name!r}: on {task}, a family's difference has no standard error."
                )
            whole = effect_of_families([effect.estimate for effect in effects], errors)
            findings.append(_finding(claim, f"{len(pairs)} families, {task}", whole, pairs[0][1].metric))
        elif claim.kind == "style_equivalent":
            findings += [
                finding
                for one, pair in pairs
                for finding in _style_findings(claim, f"{one.model or one.name}, {task}", pair)
            ]
        else:
            findings += [
                _finding(claim, f"{one.model or one.name}, {task}", pair.effect(), pair.metric)
                for one, pair in pairs
            ]
    return findings


def _every_task(found: Sequence[Condition]) -> list[str]:
    return list(dict.fromkeys(label(key) for one in found for key in one.tasks))


def _claimed(
    claim: Hypothesis,
    task: str,
    found: Sequence[Condition],
    partial: bool,
    pools: Mapping[Key, PooledSeeds],
) -> list[tuple[Condition, Pair]]:
    """Return the two conditions of a claim, paired, for every model that has both on a task."""
    sides = [[one for one in found if name in (one.arm, one.name)] for name in claim.arms]
    for name, side in zip(claim.arms, sides, strict=True):
        if not side:
            raise StylerepError(
                f"The claim {claim.name!r} names {name}, which is no arm and no run here"
                f" ({', '.join(_known(found))})."
            )
    pairs = []
    for one in sides[0]:
        others = [other for other in sides[1] if other.model == one.model]
        if len(others) > 1 or sum(other.model == one.model for other in sides[0]) > 1:
            raise StylerepError(
                f"The claim {claim.name!r}: several runs of {one.model or 'one model'} are of these arms;"
                " compare them in calls of their own."
            )
        for other in others:
            keys: list[Key] = [
                key for key in one.tasks if key in other.tasks and task in (key[0], label(key))
            ]
            pairs += [(one, paired(one, other, key, partial, pool_of(pools, key))) for key in keys]
    if not pairs:
        raise StylerepError(
            f"The claim {claim.name!r}: no model has {' and '.join(claim.arms)} on the task {task}."
        )
    return pairs


def _known(found: Sequence[Condition]) -> list[str]:
    return list(dict.fromkeys(name for one in found for name in (one.arm, one.name) if name))


_TESTS: dict[str, tuple[Callable[[Effect, float], float], Callable[[Effect, float], float]]] = {
    "better": (
        lambda effect, _: effect.p if effect.p is not None and effect.estimate > 0 else 1.0,
        lambda effect, _: effect.p_below(0.0),
    ),
    "different": (
        lambda effect, _: 1.0 if effect.p is None else effect.p,
        lambda effect, margin: effect.p_inside(margin),
    ),
    "equivalent": (
        lambda effect, margin: effect.p_inside(margin),
        lambda effect, margin: effect.p_outside(margin),
    ),
    "noninferior": (
        lambda effect, margin: effect.p_above(-margin),
        lambda effect, margin: effect.p_below(-margin),
    ),
    "not_equivalent": (
        lambda effect, margin: effect.p_outside(margin),
        lambda effect, margin: effect.p_inside(margin),
    ),
}
"""Of each kind, the p of the claim and that of its contrary, from the effect and the margin."""


def tests_of(kind: str) -> tuple[Callable[[Effect, float], float], Callable[[Effect, float], float]]:
    """Return the p of a claim of a kind, and that of its contrary, from the effect and the margin."""
    return _TESTS[kind]


def _finding(claim: Hypothesis, where: str, effect: Effect, metric: str) -> Finding:
    shown, contrary = _TESTS[claim.kind]
    result = of_metric(effect.result(0.95), metric)
    limits = (
        f" [{100 * result.interval.low:+.1f}, {100 * result.interval.high:+.1f}]" if result.interval else ""
    )
    margin = "" if claim.kind in ("better", "different") else f", margin {100 * claim.margin:g}"
    note = f" ({result.note})" if result.note else ""
    says = (
        f"{title(claim.kind, claim.arms)}: {100 * result.estimate:+.1f}{limits} points{margin}, n"
        f" {result.n}{note}"
    )
    return Finding(
        claim.name, where, shown(effect, claim.margin), contrary(effect, claim.margin), says, result.signature
    )


def _style_findings(claim: Hypothesis, where: str, pair: Pair) -> list[Finding]:
    """Return one finding a style score: equivalence within ± style_margin pooled standard deviations."""
    if pair.watched:
        raise StylerepError(
            f"The claim {claim.name!r}: a run of {where} stopped early, and there is no test of style for"
            f" that: {WHY}; evaluate it on all items."
        )
    there = shared_scores(pair)
    if missing := [name for name in claim.style if name not in there]:
        raise StylerepError(
            f"The claim {claim.name!r}: not every response of {where} has the style score {missing[0]}; there"
            f" are: {', '.join(there) or 'none'}."
        )
    findings = []
    for name in claim.style:
        one, two = (side.mean(axis=0) for side in pair.values(name))
        (result,) = feature_tost(one[:, None], two[:, None], claim.style_margin)
        if result.interval is None:
            alike = bool(np.array_equal(one, two))
            p, contrary = (0.0, 1.0) if alike and len(one) > 1 else (1.0, 1.0)
            says = (
                f"{name} of {claim.arms[0]} and {claim.arms[1]}:"
                f" {'the same everywhere' if alike else result.note}"
            )
        else:
            p = result.p if result.p is not None else 1.0
            beyond = result.interval.low > claim.style_margin or result.interval.high < -claim.style_margin
            contrary = 0.0 if beyond else 1.0
            says = (
                f"{name} of {claim.arms[0]} less that of {claim.arms[1]}: {result.estimate:+.2f}"
                f" [{result.interval.low:+.2f}, {result.interval.high:+.2f}] standard deviations (90 %),"
                f" margin {claim.style_margin:g}, n {result.n}"
            )
        findings.append(Finding(claim.name, where, p, contrary, says, result.signature))
    return findings
