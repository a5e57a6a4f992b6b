"""Hypotheses declared beforehand in a file, and whether the runs bear them out (docs/comparing.md)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from harness_ext.compare.conditions import Condition
from harness_ext.compare.metric import of_metric
from harness_ext.compare.pairing import Key, Pair, label, paired
from harness_ext.compare.style import score_of, shared_scores
from harness_ext.stats import Effect, effect_of_families, feature_tost, holm
from synth.errors import StylerepError

_PAIRED = ("better", "different", "equivalent", "noninferior", "not_equivalent", "style_equivalent")
_KINDS = (*_PAIRED, "style_suffices", "all")
_STYLE_FEATURES = ("pivot_density", "pivot_kinds", "style_adherence")
_ACROSS = ("each", "families")
_ALL = "all"


class Outcome(Enum):
    """What the runs say of a claim."""

    MET = "met"
    NOT_MET = "not met"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Claim:
    """One hypothesis: `kind` of the arms named, or, for "all", every one of `parts` (an intersection–union claim)."""

    name: str
    kind: str
    arms: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    margin: float = 0.05
    style_margin: float = 0.3
    style: tuple[str, ...] = _STYLE_FEATURES
    across: str = "each"
    parts: tuple["Claim", ...] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a file, and the SHA-256 of its bytes."""

    path: Path
    sha256: str
    alpha: float
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a claim needs: of which model, task and kind, with the p of it and of its contrary, and the numbers it rests on."""

    claim: str
    where: str
    p: float
    p_contrary: float
    says: str
    signature: str


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim and what came of it. `p` is the greatest of its findings', `p_holm` that adjusted over the claims of the file."""

    claim: Claim
    outcome: Outcome
    p: float
    p_holm: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of a file of claims. `recorded` counts the runs, out of `runs`, whose manifests hold the file's hash since they were evaluated."""

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


def claims_digest(path: Path) -> str:
    """Return the SHA-256 of a claims file, after reading it as one: a file that cannot be used is refused."""
    return load_claims(path).sha256


def load_claims(path: Path) -> Claims:
    """Read a claims file; raise StylerepError, naming claim and key, for what is missing, unknown or out of range."""
    try:
        data = path.read_bytes()
        content = yaml.safe_load(data)
    except OSError as error:
        raise StylerepError(f"{path}: this claims file cannot be read ({error.strerror}).") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StylerepError(f"{path}: this is not valid YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(content, dict) or not isinstance(content.get("claims"), list) or not content["claims"]:
        raise StylerepError(f"{path}: expected the key claims with a list of claims.")
    top = {key: value for key, value in content.items() if key != "claims"}
    if unknown := sorted(set(map(str, top)) - {"alpha", "margin", "style_margin", "task", "across"}):
        raise StylerepError(f"{path}: there is no key {unknown[0]!r}; beside claims there may be alpha, margin, style_margin, task and across.")
    alpha = _number(top.pop("alpha", 0.05), 0.5, f"{path}: 'alpha'")
    claims = tuple(_claim(item, top, f"{path}, claim {number}") for number, item in enumerate(content["claims"], 1))
    names = [claim.name for claim in claims]
    if twice := [name for name in names if names.count(name) > 1]:
        raise StylerepError(f"{path}: two claims are named {twice[0]!r}.")
    return Claims(path, hashlib.sha256(data).hexdigest(), alpha, claims)


def _claim(item: Any, defaults: Mapping[str, Any], where: str) -> Claim:
    if not isinstance(item, dict):
        raise StylerepError(f"{where}: expected a claim such as {{name: …, equivalent: [hc, st], task: style_gsm8k}}, found {item!r}.")
    kinds = [key for key in item if key in _KINDS]
    if len(kinds) != 1:
        raise StylerepError(f"{where}: a claim has exactly one of {', '.join(_KINDS)}; found {', '.join(kinds) or 'none'}.")
    (kind,) = kinds
    if unknown := sorted(set(map(str, item)) - {kind, "name", "task", "margin", "style_margin", "style", "across"}):
        raise StylerepError(f"{where}: there is no key {unknown[0]!r}.")
    values = {**defaults, **item}
    tasks = _names(values.get("task"), f"{where}: 'task'")
    across = values.get("across", "each")
    if across not in _ACROSS:
        raise StylerepError(f"{where}: 'across' is each (every model) or families (random effects over families), found {across!r}.")
    margin = _number(values.get("margin", 0.05), 1, f"{where}: 'margin'")
    style_margin = _number(values.get("style_margin", 0.3), 10, f"{where}: 'style_margin'")
    style = _names(values["style"], f"{where}: 'style'") if "style" in values else _STYLE_FEATURES
    if kind == "all":
        if not isinstance(item[kind], list) or not item[kind]:
            raise StylerepError(f"{where}: 'all' must be a list of claims.")
        shared = {key: values[key] for key in ("task", "margin", "style_margin", "across") if key in values}
        parts = tuple(_claim(part, shared, f"{where}, part {number}") for number, part in enumerate(item[kind], 1))
        return Claim(str(item.get("name") or " and ".join(part.name for part in parts)), kind, (), tasks, margin, style_margin, style, across, parts)
    if not tasks:
        raise StylerepError(f"{where}: 'task' is missing; name the tasks that the claim is about, or write: task: all.")
    if kind == "style_suffices":
        arms = item[kind]
        if not isinstance(arms, dict) or set(arms) != {"hc", "st", "base", "control"} or not all(isinstance(arm, str) for arm in arms.values()):
            raise StylerepError(f"{where}: 'style_suffices' names the arms: {{hc: hc, st: st, base: base, control: hc_len}}.")
        made = [("better", "hc", "base"), ("equivalent", "hc", "st"), ("style_equivalent", "hc", "st"), ("not_equivalent", "control", "st")]
        parts = tuple(
            Claim(_title(what, (arms[one], arms[two])), what, (arms[one], arms[two]), tasks, margin, style_margin, style, across) for what, one, two in made
        )
        return Claim(str(item.get("name") or "style suffices"), "all", (), tasks, margin, style_margin, style, across, parts)
    names = _names(item[kind], f"{where}: {kind!r}")
    if len(names) != 2 or names[0] == names[1]:
        raise StylerepError(f"{where}: {kind!r} names two different arms or runs, such as [hc, st]; found {item[kind]!r}.")
    return Claim(str(item.get("name") or _title(kind, names)), kind, names, tasks, margin, style_margin, style, across)


def _title(kind: str, arms: Sequence[str]) -> str:
    words = {"better": "{} better than {}", "different": "{} different from {}", "equivalent": "{} equivalent to {}"}
    words |= {"noninferior": "{} not inferior to {}", "not_equivalent": "{} not equivalent to {}", "style_equivalent": "style of {} equivalent to that of {}"}
    return words[kind].format(*arms)


def _names(value: Any, where: str) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if value is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not names:
        raise StylerepError(f"{where} must be a name or a list of names, found {value!r}.")
    return tuple(names)


def _number(value: Any, below: float, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < below:
        raise StylerepError(f"{where} must be a number between 0 and {below:g}, found {value!r}.")
    return float(value)


def judge(claims: Claims, found: Sequence[Condition], partial: bool) -> Judgement:
    """Judge every claim on the conditions found.

    A claim is met where its p, the greatest of all that it needs (Berger 1982, Technometrics 24:295), adjusted by Holm over the claims of the file, is at
    most alpha; not met where the contrary of something that it needs is shown at alpha, unadjusted; else inconclusive. Raises StylerepError where a claim
    names an arm or a task that the runs do not have.
    """
    findings = [_findings(claim, found, partial) for claim in claims.claims]
    p_values = [max(finding.p for finding in needed) for needed in findings]
    results = []
    for claim, needed, p, p_holm in zip(claims.claims, findings, p_values, holm(p_values), strict=True):
        refuted = any(finding.p_contrary <= claims.alpha for finding in needed)
        outcome = Outcome.MET if p_holm <= claims.alpha else Outcome.NOT_MET if refuted else Outcome.INCONCLUSIVE
        results.append(ClaimResult(claim, outcome, p, p_holm, tuple(needed)))
    runs = [run for one in found for run in one.runs]
    recorded = sum(run.manifest.get("claims_sha256") == claims.sha256 for run in runs)
    return Judgement(str(claims.path), claims.sha256, claims.alpha, tuple(results), recorded, len(runs))


def _findings(claim: Claim, found: Sequence[Condition], partial: bool) -> list[Finding]:
    if claim.kind == "all":
        return [finding for part in claim.parts for finding in _findings(part, found, partial)]
    findings = []
    for task in _every_task(found) if claim.tasks == (_ALL,) else claim.tasks:
        pairs = _claimed(claim, task, found, partial)
        if claim.across == "families" and claim.kind != "style_equivalent":
            families = {one.family or one.model for one, _ in pairs}
            if len(families) < 2 or len(families) < len(pairs):
                raise StylerepError(
                    f"The claim {claim.name!r} is across families, and {task} has {len(pairs)} models of {len(families)}; it needs one each of two or more."
                )
            effects = [pair.effect() for _, pair in pairs]
            errors = [effect.error for effect in effects if effect.error]
            if len(errors) < len(effects):
                raise StylerepError(f"The claim {claim.name!r}: on {task}, a family's difference has no standard error.")
            whole = effect_of_families([effect.estimate for effect in effects], errors)
            findings.append(_finding(claim, f"{len(pairs)} families, {task}", whole, pairs[0][1].metric))
        elif claim.kind == "style_equivalent":
            findings += [finding for one, pair in pairs for finding in _style_findings(claim, f"{one.model or one.name}, {task}", pair)]
        else:
            findings += [_finding(claim, f"{one.model or one.name}, {task}", pair.effect(), pair.metric) for one, pair in pairs]
    return findings


def _every_task(found: Sequence[Condition]) -> list[str]:
    return list(dict.fromkeys(label(key) for one in found for key in one.tasks))


def _claimed(claim: Claim, task: str, found: Sequence[Condition], partial: bool) -> list[tuple[Condition, Pair]]:
    """Return the two conditions of a claim, paired, for every model that has both on a task."""
    sides = [[one for one in found if name in (one.arm, one.name)] for name in claim.arms]
    for name, side in zip(claim.arms, sides, strict=True):
        if not side:
            raise StylerepError(f"The claim {claim.name!r} names {name}, which is no arm and no run here ({', '.join(_known(found))}).")
    pairs = []
    for one in sides[0]:
        others = [other for other in sides[1] if other.model == one.model]
        if len(others) > 1 or sum(other.model == one.model for other in sides[0]) > 1:
            raise StylerepError(f"The claim {claim.name!r}: several runs of {one.model or 'one model'} are of these arms; compare them in calls of their own.")
        for other in others:
            keys: list[Key] = [key for key in one.tasks if key in other.tasks and task in (key[0], label(key))]
            pairs += [(one, paired(one, other, key, partial)) for key in keys]
    if not pairs:
        raise StylerepError(f"The claim {claim.name!r}: no model has {' and '.join(claim.arms)} on the task {task}.")
    return pairs


def _known(found: Sequence[Condition]) -> list[str]:
    return list(dict.fromkeys(name for one in found for name in (one.arm, one.name) if name))


_TESTS: dict[str, tuple[Callable[[Effect, float], float], Callable[[Effect, float], float]]] = {
    "better": (lambda effect, _: effect.p if effect.p is not None and effect.estimate > 0 else 1.0, lambda effect, _: effect.p_below(0.0)),
    "different": (lambda effect, _: 1.0 if effect.p is None else effect.p, lambda effect, margin: effect.p_inside(margin)),
    "equivalent": (lambda effect, margin: effect.p_inside(margin), lambda effect, margin: effect.p_outside(margin)),
    "noninferior": (lambda effect, margin: effect.p_above(-margin), lambda effect, margin: effect.p_below(-margin)),
    "not_equivalent": (lambda effect, margin: effect.p_outside(margin), lambda effect, margin: effect.p_inside(margin)),
}
"""Of each kind, the p of the claim and that of its contrary, from the effect and the margin."""


def _finding(claim: Claim, where: str, effect: Effect, metric: str) -> Finding:
    shown, contrary = _TESTS[claim.kind]
    result = of_metric(effect.result(0.95), metric)
    limits = f" [{100 * result.interval.low:+.1f}, {100 * result.interval.high:+.1f}]" if result.interval else ""
    margin = "" if claim.kind in ("better", "different") else f", margin {100 * claim.margin:g}"
    note = f" ({result.note})" if result.note else ""
    says = f"{_title(claim.kind, claim.arms)}: {100 * result.estimate:+.1f}{limits} points{margin}, n {result.n}{note}"
    return Finding(claim.name, where, shown(effect, claim.margin), contrary(effect, claim.margin), says, result.signature)


def _style_findings(claim: Claim, where: str, pair: Pair) -> list[Finding]:
    """Return one finding a style score: equivalence within ± style_margin pooled standard deviations."""
    there = shared_scores(pair)
    if missing := [name for name in claim.style if name not in there]:
        raise StylerepError(
            f"The claim {claim.name!r}: not every response of {where} has the style score {missing[0]}; there are: {', '.join(there) or 'none'}."
        )
    findings = []
    for name in claim.style:
        one, two = (side.mean(axis=0) for side in pair.values(score_of(name)))
        (result,) = feature_tost(one[:, None], two[:, None], claim.style_margin)
        if result.interval is None:
            alike = bool(np.array_equal(one, two))
            p, contrary = (0.0, 1.0) if alike and len(one) > 1 else (1.0, 1.0)
            says = f"{name} of {claim.arms[0]} and {claim.arms[1]}: {'the same everywhere' if alike else result.note}"
        else:
            p = result.p if result.p is not None else 1.0
            beyond = result.interval.low > claim.style_margin or result.interval.high < -claim.style_margin
            contrary = 0.0 if beyond else 1.0
            says = (
                f"{name} of {claim.arms[0]} less that of {claim.arms[1]}: {result.estimate:+.2f} [{result.interval.low:+.2f}, {result.interval.high:+.2f}] "
                f"standard deviations (90 %), margin {claim.style_margin:g}, n {result.n}"
            )
        findings.append(Finding(claim.name, where, p, contrary, says, result.signature))
    return findings
